//! The heartbeat streams of a life: one to every node, opened by the member and kept open.
//!
//! A thread with a small runtime of its own moves their frames, so that nothing the program's async
//! runtime does can delay an answer. The nodes are those that the client was given and those that
//! they tell of; a stream that breaks is opened again within [`RETRY_MIN`], later within
//! [`RETRY_MAX`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{
    Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    header::{CONNECTION, HOST, UPGRADE},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpStream, lookup_host},
    runtime,
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

use crate::{
    client::Client,
    endpoint::Endpoint,
    failover::backoff,
    heartbeat::FRAME_LEN,
    heartbeat_stream::{self, carry},
    id::{GroupId, Incarnation, MemberId},
    random,
    session::responder::Pong,
};

/// Until a broken stream is opened again, at first: well within the time in which a quorum of nodes
/// would take its end for the member's.
const RETRY_MIN: Duration = Duration::from_millis(25);
/// So many tries are that close together: what starts again within that time, a proxy say, is found
/// in it, and not after a pause that had doubled meanwhile.
const RETRIES_CLOSE: u32 = 10;
/// Until a stream that cannot be opened is tried again, at the longest.
const RETRY_MAX: Duration = Duration::from_secs(1);
/// A stream that lasted longer is opened again like one that never failed.
const STREAM_LONG: Duration = Duration::from_secs(2);
/// How long opening a stream may take, name resolution included.
const DIAL_TIME_MAX: Duration = Duration::from_secs(2);
/// How often the nodes are asked for at least: a node gives every member its boot grace of ten
/// seconds to find it.
const LEARN_EVERY: Duration = Duration::from_secs(8);
/// Pongs that wait for one stream: one to each node that may ask, and some. What comes on top is
/// lost, as a datagram would be.
const PONGS_MAX: usize = 16;
/// Without a ping for so long the connection is probed, which also keeps it known to a NAT on the
/// way.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
/// Between two such probes.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
/// The stack of the thread, in bytes; it parses the list of nodes.
const STACK_BYTES: usize = 1 << 20;

/// Answers a ping that came from this address, if it is one of a life here.
pub(crate) type Answer = dyn Fn(SocketAddr, &[u8; FRAME_LEN]) -> Option<Pong> + Send + Sync;

/// The thread that moves the frames of all streams of a hub. It ends with this.
#[derive(Debug)]
pub(crate) struct StreamThread {
    runtime: runtime::Handle,
    _stop: oneshot::Sender<()>,
}

impl StreamThread {
    pub(crate) fn start() -> io::Result<Self> {
        let own = runtime::Builder::new_current_thread().enable_all().build()?;
        let runtime = own.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new().name("gms-stream".to_owned()).stack_size(STACK_BYTES).spawn(
            move || {
                let _ = own.block_on(stopped);
            },
        )?;
        Ok(Self { runtime, _stop: stop })
    }

    /// Keeps the streams of a life until the result is dropped.
    pub(crate) fn keep(
        &self,
        client: &Client,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
        answer: Arc<Answer>,
    ) -> Kept {
        let streams = Arc::new(Streams {
            // Its connections must be driven by this thread, not by the program's runtime.
            client: client.with_own_connections(),
            path: heartbeat_stream::path(group, member, incarnation),
            answer,
            open: Mutex::default(),
        });
        Kept(self.runtime.spawn(keep(streams)).abort_handle())
    }
}

/// The kept streams of a life; dropping it closes them.
#[derive(Debug)]
pub(crate) struct Kept(AbortHandle);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the streams of a life share.
struct Streams {
    client: Client,
    path: String,
    answer: Arc<Answer>,
    /// Where pongs go, by the address of the node.
    open: Mutex<BTreeMap<SocketAddr, mpsc::Sender<[u8; FRAME_LEN]>>>,
}

/// Opens a stream to every node, and to those that come later; lets go of nodes that went.
async fn keep(streams: Arc<Streams>) {
    let given: BTreeSet<Endpoint> = streams.client.endpoints().iter().cloned().collect();
    let mut nodes = given.clone();
    let mut kept: BTreeMap<Endpoint, AbortHandle> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        kept.retain(|endpoint, task| {
            let stays = nodes.contains(endpoint);
            if !stays {
                task.abort();
            }
            stays
        });
        for endpoint in &nodes {
            kept.entry(endpoint.clone())
                .or_insert_with(|| tasks.spawn(keep_one(Arc::clone(&streams), endpoint.clone())));
        }
        while tasks.try_join_next().is_some() {}
        match streams.client.nodes().await {
            Ok(told) => {
                let urls = told.value.nodes.into_iter().filter_map(|node| node.api_url);
                nodes = urls.filter_map(|url| url.parse().ok()).chain(given.clone()).collect();
            }
            Err(error) => tracing::debug!(%error, "the nodes are not known anew"),
        }
        if nodes.iter().all(|endpoint| kept.contains_key(endpoint)) {
            sleep(backoff(LEARN_EVERY, LEARN_EVERY, 0, random::number())).await;
        }
    }
}

/// Keeps one stream open.
async fn keep_one(streams: Arc<Streams>, endpoint: Endpoint) {
    let mut failures = 0_u32;
    loop {
        let began = Instant::now();
        if let Err(error) = streams.stream(&endpoint).await {
            tracing::debug!(%endpoint, %error, "no heartbeat stream");
        }
        failures = if began.elapsed() > STREAM_LONG { 0 } else { failures + 1 };
        let rounds = failures.saturating_sub(RETRIES_CLOSE);
        sleep(backoff(RETRY_MIN, RETRY_MAX, rounds, random::number())).await;
    }
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, mpsc::Sender<[u8; FRAME_LEN]>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream and answers on it until it ends.
    async fn stream(&self, endpoint: &Endpoint) -> io::Result<()> {
        let dialed = timeout(DIAL_TIME_MAX, self.dial(endpoint)).await;
        let (stream, place, mut pongs) =
            dialed.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        carry(stream, &mut pongs, |ping| self.answer(place.at, ping)).await
    }

    /// Answers where the pong is wanted: to the node that asked, and if the life is suspected, to
    /// all.
    fn answer(&self, from: SocketAddr, ping: &[u8; FRAME_LEN]) {
        if let Some(pong) = (self.answer)(from, ping) {
            let open = self.open();
            for queue in pong.to.iter().filter_map(|to| open.get(to)) {
                let _ = queue.try_send(pong.frame);
            }
        }
    }

    async fn dial(
        &self,
        endpoint: &Endpoint,
    ) -> io::Result<(TokioIo<Upgraded>, Place<'_>, mpsc::Receiver<[u8; FRAME_LEN]>)> {
        let found: Vec<SocketAddr> =
            lookup_host((endpoint.host(), endpoint.port())).await?.collect();
        if found.iter().any(|at| self.open().contains_key(at)) {
            return Err(io::Error::other("another endpoint leads to the same node"));
        }
        let stream = TcpStream::connect(&found[..]).await?;
        stream.set_nodelay(true)?;
        keep_alive(&stream)?;
        let (queue, pongs) = mpsc::channel(PONGS_MAX);
        let place = Place::take(self, stream.peer_addr()?, queue)?;
        let request = Request::get(&self.path)
            .header(HOST, endpoint.authority())
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, heartbeat_stream::UPGRADE)
            .body(Empty::new())
            .map_err(io::Error::other)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let (ended, upgraded) = tokio::join!(connection.with_upgrades(), upgrade(sender, request));
        let upgraded = upgraded?;
        ended.map_err(io::Error::other)?;
        Ok((TokioIo::new(upgraded), place, pongs))
    }
}

async fn upgrade(
    mut sender: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> io::Result<Upgraded> {
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(io::Error::other(format!("it answers {}", response.status())));
    }
    hyper::upgrade::on(response).await.map_err(io::Error::other)
}

/// Lets the system find out that the other side is gone without a word.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_EVERY)?;
    Ok(())
}

/// The place of an open stream among those of its life; given back when it ends.
struct Place<'a> {
    streams: &'a Streams,
    at: SocketAddr,
}

impl<'a> Place<'a> {
    fn take(
        streams: &'a Streams,
        at: SocketAddr,
        queue: mpsc::Sender<[u8; FRAME_LEN]>,
    ) -> io::Result<Self> {
        let mut open = streams.open();
        if open.contains_key(&at) {
            return Err(io::Error::other("another endpoint leads to the same node"));
        }
        open.insert(at, queue);
        Ok(Self { streams, at })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.streams.open().remove(&self.at);
    }
}
