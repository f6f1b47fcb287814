//! Members that no datagram reaches: they open the connections on which they are asked. On real
//! nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use gms::{
    answer::Write,
    api::{Band, Joined},
    evidence::{Cause, Verdict},
    heartbeat::{FRAME_LEN, Key, Unverified},
    heartbeat_stream::path,
    id::GroupId,
    liveness::{Kind, Liveness},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    session::{
        event::SessionEvent,
        handle::Session,
        options::{SessionOptions, SessionPings, SessionStream},
        responder::{Responder, Statement},
    },
};
use rustix::net::sockopt::set_socket_linger;
use support::{PATIENCE, TestCluster, eventually, member, request};

fn group() -> GroupId {
    "g".parse().unwrap()
}

async fn session(cluster: &TestCluster, id: &str, stream: SessionStream) -> Session {
    // Nobody listens at this address, neither for connections nor for datagrams.
    let mut options = SessionOptions::new(group(), member(id), "127.0.0.1:1".parse().unwrap());
    options.pings = SessionPings::Stream;
    options.stream = stream;
    options.rejoin = false;
    Session::join(&cluster.client(), options).await.unwrap()
}

/// Waits until a member's monitor calls it ok, having heard it just now.
async fn is_ok(cluster: &TestCluster, id: &str) {
    let options = LivenessOptions { group: Some(group()), member: Some(member(id)) };
    let mut feed = LivenessFeed::new(&cluster.client(), &options);
    let hears = async {
        loop {
            if let LivenessItem::Member(seen) = feed.next().await.unwrap()
                && seen.state == Band::Ok
                && seen.age_ms.is_some_and(|age| age < 1_000)
            {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, hears).await.unwrap();
}

/// Waits until so many streams are open at each of these nodes.
async fn streams(cluster: &TestCluster, nodes: &[u64], wanted: usize) {
    eventually("the streams", async || {
        for id in nodes {
            if cluster.status(*id).await?.counts.watchers != wanted {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// A member in the contract's own terms: a connection to each node, and a thread for each.
struct Plain {
    joined: Joined,
    responder: Arc<Mutex<Responder>>,
    streams: BTreeMap<SocketAddr, (TcpStream, JoinHandle<()>)>,
}

impl Plain {
    async fn join(cluster: &TestCluster, id: &str) -> Self {
        let mut join = request(id, "127.0.0.1:1");
        join.liveness = Some(Liveness::of(Kind::Stream));
        let joined = cluster.client().join(&group(), &join, &Write::default()).await.unwrap().value;
        let key = Key::from_hex(&joined.key).unwrap();
        let incarnation = joined.member.incarnation;
        let responder = Responder::new(incarnation, key, Instant::now(), Duration::from_secs(1));
        let responder = Arc::new(Mutex::new(responder));
        let mut plain = Self { joined, responder, streams: BTreeMap::new() };
        for node in &cluster.nodes {
            plain.open(node.api);
        }
        plain
    }

    fn open(&mut self, node: SocketAddr) {
        let mut socket = open(node, &self.joined).unwrap();
        let handle = socket.try_clone().unwrap();
        let responder = Arc::clone(&self.responder);
        let thread = std::thread::spawn(move || {
            let mut ping = [0; FRAME_LEN];
            while socket.read_exact(&mut ping).is_ok() {
                let (now, read) = (Instant::now(), Unverified::read(&ping).unwrap());
                let said = Statement::default();
                let answer = responder.lock().unwrap().handle_ping(now, node, &read, said);
                if let Ok(pong) = answer
                    && socket.write_all(&pong.frame).is_err()
                {
                    return;
                }
            }
        });
        assert!(self.streams.insert(node, (handle, thread)).is_none());
    }

    /// Ends a stream by RST: a socket without time to linger is closed so.
    fn reset(&mut self, node: SocketAddr) {
        let (socket, thread) = self.streams.remove(&node).unwrap();
        set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
        // Ends the thread, and with it the other handle, before this one closes the socket.
        socket.shutdown(Shutdown::Read).unwrap();
        thread.join().unwrap();
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        for (socket, thread) in std::mem::take(&mut self.streams).into_values() {
            let _ = socket.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
    }
}

/// Opens a heartbeat stream; the answer's head otherwise.
fn open(node: SocketAddr, joined: &Joined) -> Result<TcpStream, String> {
    let mut socket = TcpStream::connect(node).unwrap();
    let path = path(&group(), &joined.member.id, joined.member.incarnation);
    let upgrade = "Connection: Upgrade\r\nUpgrade: gms-heartbeat/1";
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {node}\r\n{upgrade}\r\n\r\n").unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    if head.starts_with("HTTP/1.1 101 ") { Ok(socket) } else { Err(head) }
}

#[tokio::test]
async fn a_member_without_any_datagram_is_ok_and_gone_at_once_when_its_sockets_close() {
    let cluster = TestCluster::start(3).await;
    let session = session(&cluster, "m", SessionStream::Without).await;
    streams(&cluster, &[1, 2, 3], 1).await;
    is_ok(&cluster, "m").await;

    // The runtime is kept busy for longer than a lease lasts; the pongs do not wait for it.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        assert!(session.is_valid(), "after {:?}", began.elapsed());
        std::hint::spin_loop();
    }

    let began = Instant::now();
    drop(session);
    eventually("the removal", async || cluster.members(2, "g").await.is_empty().then_some(()))
        .await;
    let took = began.elapsed();
    let why = cluster.client().why(&group(), &member("m")).await.unwrap().value;
    let evidence = why.removal.unwrap().evidence;
    assert_eq!(evidence.cause, Cause::Fin, "{evidence:?} after {took:?}");
    let affirmed = evidence.observers.iter().filter(|of| of.verdict == Verdict::DeadAffirmed);
    assert!(affirmed.count() >= 2, "{evidence:?}");
}

#[tokio::test]
async fn a_member_lives_through_the_restart_of_a_node() {
    let mut cluster = TestCluster::start(3).await;
    let session = session(&cluster, "m", SessionStream::Views).await;
    let events = session.events();
    is_ok(&cluster, "m").await;
    for id in [1, 2, 3] {
        cluster.node_mut(id).kill();
        cluster.node_mut(id).start();
        cluster.leader().await;
        // The heartbeat stream is there again, whether or not the session's is too.
        eventually("its stream", async || {
            (cluster.status(id).await?.counts.watchers >= 1).then_some(())
        })
        .await;
        is_ok(&cluster, "m").await;
    }
    eventually("its lease", async || session.is_valid().then_some(())).await;
    let incarnation = session.incarnation();
    assert_eq!(cluster.members(1, "g").await, ["m"]);
    session.leave().await.unwrap();
    while let Some(event) = events.next().await {
        assert!(!matches!(event, SessionEvent::Removed { .. }), "{event:?}");
    }
    let left = cluster.client().why(&group(), &member("m")).await.unwrap().value;
    assert_eq!((left.incarnation, left.removal), (incarnation, None));
    streams(&cluster, &[1, 2, 3], 0).await;
}

#[tokio::test]
async fn a_stream_that_is_reset_is_refuted_by_the_others_and_may_be_opened_again() {
    let cluster = TestCluster::start(3).await;
    let mut plain = Plain::join(&cluster, "m").await;
    is_ok(&cluster, "m").await;
    for node in &cluster.nodes {
        plain.reset(node.api);
        // Another member's death is decided after the reset: what it tells was not believed.
        let other = Plain::join(&cluster, "other").await;
        is_ok(&cluster, "other").await;
        drop(other);
        eventually("the other's removal", async || {
            (cluster.members(2, "g").await == ["m"]).then_some(())
        })
        .await;
        plain.open(node.api);
        streams(&cluster, &[node.id], 1).await;
        is_ok(&cluster, "m").await;
    }
    let present = cluster.client().member(&group(), &member("m")).await.unwrap().value;
    assert_eq!(present.member.incarnation, plain.joined.member.incarnation);
}

#[tokio::test]
async fn a_life_that_is_over_opens_no_stream_and_loses_those_it_had() {
    let cluster = TestCluster::start(3).await;
    let former = Plain::join(&cluster, "m").await;
    is_ok(&cluster, "m").await;
    let mut join = request("m", "127.0.0.1:1");
    join.liveness = Some(Liveness::of(Kind::Stream));
    join.instance = Some("another".to_owned());
    join.key = Some(former.joined.key.clone());
    cluster.client().join(&group(), &join, &Write::default()).await.unwrap();
    streams(&cluster, &[1, 2, 3], 0).await;
    for node in &cluster.nodes {
        let head = open(node.api, &former.joined).unwrap_err();
        assert!(head.starts_with("HTTP/1.1 410 "), "{head}");
    }
}

#[tokio::test]
async fn a_member_that_never_opens_its_streams_is_removed_after_the_grace() {
    let cluster = TestCluster::start_with(3, &["--boot-grace", "1s"]).await;
    let mut join = request("m", "127.0.0.1:1");
    join.liveness = Some(Liveness::of(Kind::Stream));
    cluster.client().join(&group(), &join, &Write::default()).await.unwrap();
    eventually("the removal", async || cluster.members(2, "g").await.is_empty().then_some(()))
        .await;
    let why = cluster.client().why(&group(), &member("m")).await.unwrap().value;
    assert_eq!(why.removal.unwrap().evidence.cause, Cause::Silence);
}
