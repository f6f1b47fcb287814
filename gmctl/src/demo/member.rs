//! One member of a demo: a process that joins, answers its pings, and comes back when it may.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use gms::{
    client::{Client, Options},
    endpoint::Endpoint,
    session::{event::SessionEvent, handle::Session, hub::SessionHub, options::SessionOptions},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    demo::{lifeline, plan::MemberPlan},
    exit::Exit,
};

/// The hidden first argument of a member's process.
pub const ROLE: &str = "__member";
/// The order to leave.
pub const LEAVE: &str = "leave";
/// Between two tries to join while there is no cluster yet.
const JOIN_PAUSE: Duration = Duration::from_millis(50);

/// What a member's process is told.
#[derive(Serialize, Deserialize)]
struct Order {
    endpoints: Vec<String>,
    plan: MemberPlan,
}

/// The arguments of a member's process.
pub fn arguments(plan: &MemberPlan, endpoints: &[String]) -> io::Result<Vec<OsString>> {
    let order = Order { endpoints: endpoints.to_vec(), plan: plan.clone() };
    Ok(vec![serde_json::to_string(&order)?.into()])
}

/// The whole life of a member's process.
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let order = arguments.next().and_then(|text| serde_json::from_str(text.to_str()?).ok());
    let Some(order) = order else {
        return Exit::Usage.into();
    };
    let (leave, leaves) = mpsc::channel(1);
    lifeline::hold(move |line| {
        if line == LEAVE {
            // A second order to leave says nothing new.
            let _ = leave.try_send(());
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(live(order, leaves)).into(),
        Err(_) => Exit::Refused.into(),
    }
}

async fn live(order: Order, mut leaves: mpsc::Receiver<()>) -> Exit {
    let endpoints: Result<Vec<Endpoint>, _> =
        order.endpoints.iter().map(|url| url.parse()).collect();
    let Ok(Ok(client)) = endpoints.map(|list| Client::new(list, Options::default())) else {
        return Exit::Usage;
    };
    let Some(session) = join(&client, &order.plan).await else {
        return Exit::Refused;
    };
    let events = session.events();
    loop {
        tokio::select! {
            _ = leaves.recv() => {
                return match session.leave().await {
                    Ok(()) => Exit::Ok,
                    Err(_) => Exit::Timeout,
                };
            }
            event = events.next() => {
                if matches!(event, None | Some(SessionEvent::Ended(_))) {
                    return Exit::Ok;
                }
            }
        }
    }
}

/// Joins, trying until there is a cluster to join. The member is where its pings are answered.
async fn join(client: &Client, plan: &MemberPlan) -> Option<Session> {
    let near = "127.0.0.1:1".parse().ok()?;
    let hub = SessionHub::bind(&near, None, None).await.ok()?;
    let mut options =
        SessionOptions::new(plan.group.clone(), plan.id.clone(), hub.ping_to().clone());
    options.tags = plan.tags.clone();
    options.hub = Some(hub);
    loop {
        match Session::join(client, options.clone()).await {
            Ok(session) => return Some(session),
            Err(why) => {
                // The demo keeps what its processes print in their logs.
                let _ = writeln!(io::stderr(), "not joined yet: {why}");
                sleep(JOIN_PAUSE).await;
            }
        }
    }
}
