//! Child processes of a measurement that are members, but for single ones with a session, which the
//! demo has: a crowd in one process, and a server without a session.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use gms::{
    address::Address,
    answer::Write,
    api::JoinRequest,
    client::{Client, Options},
    endpoint::Endpoint,
    id::{GroupId, MemberId},
    liveness::Liveness,
    session::{
        handle::Session,
        hub::SessionHub,
        options::{SessionOptions, SessionStream},
    },
    view::Tags,
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, UdpSocket},
    time::sleep,
};

use crate::{demo::lifeline, exit::Exit};

/// The hidden first argument of a crowd's process.
pub const CROWD: &str = "__crowd";
/// The hidden first argument of a server's process.
pub const SERVER: &str = "__server";
/// Joins of a crowd under way at the same time.
const JOINS_AT_ONCE: usize = 64;
/// Between two tries to join.
const JOIN_PAUSE: Duration = Duration::from_millis(50);
/// How often one member tries.
const JOIN_TRIES: usize = 100;

/// What such a process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The nodes.
    pub endpoints: Vec<String>,
    /// The group.
    pub group: GroupId,
    /// The member's name, or what the names of a crowd begin with.
    pub name: String,
    /// How many members.
    pub count: usize,
    /// Whether each holds a stream, so that a kernel tells of its death.
    pub streams: bool,
    /// How a server is watched; by `tcp` when absent.
    pub liveness: Option<Liveness>,
}

impl Order {
    /// The arguments of the process.
    pub fn arguments(&self) -> io::Result<Vec<OsString>> {
        Ok(vec![serde_json::to_string(self)?.into()])
    }

    /// The names of its members.
    pub fn ids(&self) -> Vec<MemberId> {
        let names: Vec<String> = match self.count {
            1 => vec![self.name.clone()],
            count => (0..count).map(|n| format!("{}-{n}", self.name)).collect(),
        };
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }

    fn client(&self) -> Option<Client> {
        let endpoints: Result<Vec<Endpoint>, _> =
            self.endpoints.iter().map(|url| url.parse()).collect();
        Client::new(endpoints.ok()?, Options::default()).ok()
    }
}

/// The whole life of a crowd's process.
pub fn crowd(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    live(arguments, |order| Box::pin(be_crowd(order)))
}

/// The whole life of a server's process.
pub fn server(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    live(arguments, |order| Box::pin(be_server(order)))
}

type Life = std::pin::Pin<Box<dyn Future<Output = Option<()>>>>;

fn live(mut arguments: impl Iterator<Item = OsString>, life: fn(Order) -> Life) -> ExitCode {
    let order = arguments.next().and_then(|text| serde_json::from_str(text.to_str()?).ok());
    let Some(order) = order else {
        return Exit::Usage.into();
    };
    lifeline::hold(|_| {});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.ok().and_then(|runtime| runtime.block_on(life(order))) {
        Some(()) => Exit::Ok.into(),
        None => Exit::Refused.into(),
    }
}

async fn be_crowd(order: Order) -> Option<()> {
    let client = order.client()?;
    let hub = SessionHub::bind(&own_address(&client).await?, None, None).await.ok()?;
    let joins = order.ids().into_iter().map(|id| {
        let mut options = SessionOptions::new(order.group.clone(), id, hub.ping_to().clone());
        options.hub = Some(hub.clone());
        options.stream = if order.streams { SessionStream::Held } else { SessionStream::Without };
        let client = client.clone();
        async move { join(&client, options).await }
    });
    let sessions: Vec<_> = stream::iter(joins).buffer_unordered(JOINS_AT_ONCE).collect().await;
    if sessions.iter().any(Option::is_none) {
        return None;
    }
    std::future::pending().await
}

/// Where the nodes can reach this process: the address it would talk to the first one from. The
/// port says nothing.
async fn own_address(client: &Client) -> Option<Address> {
    let socket = UdpSocket::bind("0.0.0.0:0").await.ok()?;
    socket.connect(client.endpoints().first()?.authority()).await.ok()?;
    socket.local_addr().ok()?.to_string().parse().ok()
}

async fn join(client: &Client, options: SessionOptions) -> Option<Session> {
    for _ in 0..JOIN_TRIES {
        match Session::join(client, options.clone()).await {
            Ok(session) => return Some(session),
            Err(why) => {
                // What its processes print is kept in their logs.
                let _ = writeln!(io::stderr(), "{} not joined yet: {why}", options.id);
                sleep(JOIN_PAUSE).await;
            }
        }
    }
    None
}

async fn be_server(order: Order) -> Option<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.ok()?;
    let address: Address = listener.local_addr().ok()?.to_string().parse().ok()?;
    let request = JoinRequest {
        id: order.name.parse().ok()?,
        address,
        liveness: order.liveness.clone(),
        tags: Tags::new(),
        hold: None,
        instance: None,
        key: None,
        replace: false,
    };
    order.client()?.join(&order.group, &request, &Write::default()).await.ok()?;
    loop {
        // A connection that is not accepted well is one that the other side closed again.
        let _ = listener.accept().await;
    }
}
