//! The peer port against strangers, garbage and nodes that lost their disk; the service's calls.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use gms::id::NodeId;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::watch,
};

use super::{
    error::StartError,
    identity::ClusterId,
    peer::{
        call::{CallError, SERVICE_BODY_LEN_MAX},
        dial::Dialing,
        frame::{FrameReader, Kind, encode},
        handshake::Local,
        lane::Lane,
        message::{Answer, Ask},
    },
    record::{CoverRecord, VoteRecord},
    test_cluster::{CLUSTER, Cluster, SOON, join, proposing},
    types::{SnapshotMeta, Vote},
};
use crate::{
    host::{disk::Disk as _, net::Stream, real_disk::RealDisk, world::Host},
    membership::{
        command::{Command, NodeFacts},
        state::State,
    },
};

fn stranger(cluster: ClusterId, node: u64) -> Local {
    Local { cluster, node: NodeId(node), lineage: "0".repeat(32) }
}

async fn dial(
    at: SocketAddr,
    local: Local,
    to: u64,
    lane: Lane,
) -> Result<Box<dyn Stream>, String> {
    let dialing = Dialing {
        host: Host::real(),
        local,
        known: watch::Sender::new(Arc::new(State::default())).subscribe(),
        to: NodeId(to),
        url: format!("http://{at}"),
        lane,
    };
    let opened = tokio::time::timeout(SOON, dialing.open()).await;
    opened.expect("an answer in time").map_err(|error| error.to_string())
}

/// Writes and then reads until the other side closes.
async fn said(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = Host::real().net.connect(&at.to_string()).await.unwrap();
    // It may be closed before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("an end in time");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_with_the_reason() {
    let cluster = Cluster::start(1).await;
    let at = cluster.address(NodeId(1));
    let foreign = dial(at, stranger(ClusterId([9; 16]), 2), 1, Lane::Control).await;
    assert!(foreign.unwrap_err().contains("belongs to cluster 0909"));
    let mistaken = dial(at, stranger(CLUSTER, 2), 3, Lane::Append).await;
    assert!(mistaken.unwrap_err().contains("this is node 1"));
    let same = dial(at, stranger(CLUSTER, 1), 1, Lane::Append).await;
    assert!(same.unwrap_err().contains("this is node 1"));
    let browser = said(at, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(browser.starts_with("HTTP/1.1 404"), "{browser}");
    assert!(browser.contains("clients use the port given by --port"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_the_peer_port_ends_its_connection_and_nothing_else() {
    let cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    let at = cluster.address(leader);
    said(at, &[0xff; 4096]).await;
    said(at, b"").await;
    for lane in [Lane::Append, Lane::Control, Lane::Snapshot, Lane::Service] {
        let heads: [&[u8]; 4] = [
            // No frame; a frame too long; a frame with a wrong checksum; a frame with no request.
            &[0xff; 64],
            b"\xff\xff\xff\x7f\x01\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\x01\0\0\0\x01\x01\0\0\0\0\0\0\0\0\0\0\0x",
            &no_request(),
        ];
        for head in heads {
            let mut stream = dial(at, stranger(CLUSTER, 7), leader.0, lane).await.unwrap();
            stream.write_all(head).await.unwrap();
            let mut rest = Vec::new();
            let read = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
            let _ = read.expect("an end in time");
            assert_eq!(rest, b"", "{lane}");
        }
    }
    let done = cluster.propose(join("b")).await;
    cluster.agrees(done.revision).await;
}

fn no_request() -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(Kind::Ask, 1, &[0xee; 9], &mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_disk_is_refused_and_stops() {
    let mut cluster = Cluster::start(3).await;
    for node in cluster.running() {
        let facts = NodeFacts {
            node,
            api_url: "http://127.0.0.1:1".to_owned(),
            lineage: cluster.lineage(node),
            version: "test".to_owned(),
        };
        cluster.propose(proposing(Command::NodeStarted(facts))).await;
    }
    let done = cluster.propose(join("a")).await;
    cluster.agrees(done.revision).await;
    let leader = cluster.leader().await;
    let wiped = cluster.running().into_iter().find(|it| *it != leader).unwrap();
    cluster.kill(wiped).await;
    for name in RealDisk.list(&cluster.data_dir(wiped)).unwrap() {
        RealDisk.remove(&cluster.data_dir(wiped).join(name)).unwrap();
    }
    cluster.restart(wiped).await;
    let failed = tokio::time::timeout(SOON, cluster.node(wiped).failed()).await;
    let why = failed.expect("a failure in time");
    assert!(why.contains("by another data directory"), "{why}");
    assert!(!cluster.node(wiped).standing().borrow().recovered);
    cluster.kill(wiped).await;
    cluster.propose(join("b")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_in_use_is_refused() {
    let mut cluster = Cluster::start(1).await;
    let at = cluster.address(NodeId(1));
    let elsewhere = Host::real().net.listen("127.0.0.1:0".parse().unwrap()).await;
    let peers = BTreeMap::from([(NodeId(1), format!("http://{at}"))]);
    let second = cluster.start_with(NodeId(1), elsewhere.unwrap(), peers, true);
    assert!(matches!(second.await, Err(StartError::Locked { .. })));
    cluster.kill(NodeId(1)).await;
    cluster.restart(NodeId(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_named_and_the_node_does_not_start() {
    let mut cluster = Cluster::start(1).await;
    cluster.propose(join("somebody-to-be-found")).await;
    cluster.kill(NodeId(1)).await;
    let path = cluster.data_dir(NodeId(1)).join("log.redb");
    let mut bytes = RealDisk.read(&path).unwrap();
    let needle = b"somebody-to-be-found";
    for at in 0..bytes.len() - needle.len() {
        if bytes[at..].starts_with(needle) {
            bytes[at] ^= 1;
        }
    }
    RealDisk.create(&path).unwrap().write_at(0, &bytes).unwrap();
    let listener = cluster.listen(NodeId(1)).await;
    let refused = cluster.start_with(NodeId(1), listener, cluster.urls(), true);
    let Err(StartError::Damaged { file, .. }) = refused.await else {
        panic!("it started");
    };
    assert_eq!(file, path);
    RealDisk.remove(&path).unwrap();
    let listener = cluster.listen(NodeId(1)).await;
    let refused = cluster.start_with(NodeId(1), listener, cluster.urls(), true);
    assert!(matches!(refused.await, Err(StartError::Damaged { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_reach_the_other_service_or_say_what_became_of_them() {
    let mut cluster = Cluster::start(3).await;
    cluster.leader().await;
    let (one, two) = (NodeId(1), NodeId(2));
    cluster.stands(one, |it| it.voters.len() == 3).await;
    let peers = cluster.node(one).peers();
    let answer = peers.call(two, Bytes::from("hello"), SOON).await;
    assert_eq!(answer.unwrap(), "1: hello");
    let short = Duration::from_millis(50);
    let unanswered = peers.call(two, Bytes::from("nothing"), short).await;
    assert!(matches!(unanswered, Err(CallError::PerhapsDelivered(_))), "{unanswered:?}");
    // The connection that carried it still serves.
    let answer = peers.call(two, Bytes::from("again"), SOON).await;
    assert_eq!(answer.unwrap(), "1: again");
    let nobody = peers.call(NodeId(9), Bytes::new(), SOON).await;
    assert!(matches!(nobody, Err(CallError::NotDelivered(_))), "{nobody:?}");
    let oneself = peers.call(one, Bytes::new(), SOON).await;
    assert!(matches!(oneself, Err(CallError::NotDelivered(_))), "{oneself:?}");
    let long = Bytes::from(vec![0; SERVICE_BODY_LEN_MAX + 1]);
    let refused = peers.call(two, long, SOON).await;
    assert!(matches!(refused, Err(CallError::NotDelivered(_))), "{refused:?}");
    cluster.kill(two).await;
    // The first call may find the connection that just broke.
    let _ = peers.call(two, Bytes::from("gone?"), SOON).await;
    let dead = peers.call(two, Bytes::from("gone"), SOON).await;
    assert!(matches!(dead, Err(CallError::NotDelivered(_))), "{dead:?}");
}

/// Asks on an open lane and waits for the answer.
async fn asked(
    frames: &mut FrameReader<tokio::io::ReadHalf<Box<dyn Stream>>>,
    output: &mut tokio::io::WriteHalf<Box<dyn Stream>>,
    ask: &Ask,
) -> Answer {
    let mut bytes = Vec::new();
    encode(Kind::Ask, 1, &ask.encode(), &mut bytes);
    output.write_all(&bytes).await.unwrap();
    let frame = tokio::time::timeout(SOON, frames.next()).await;
    Answer::decode(&frame.expect("an answer in time").unwrap().body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_snapshot_from_a_peer_is_not_installed() {
    let cluster = Cluster::start(1).await;
    let only = NodeId(1);
    cluster.propose(join("a")).await;
    let at = cluster.address(only);
    let lane = dial(at, stranger(CLUSTER, 2), 1, Lane::Snapshot).await.unwrap();
    let (input, mut output) = tokio::io::split(lane);
    let mut frames = FrameReader::new(input);
    let begin = Ask::SnapshotBegin {
        vote: VoteRecord::from(&Vote::new_committed(99, 2)),
        cover: CoverRecord::from(&SnapshotMeta::default()),
        len: 9,
    };
    let part = |offset| Ask::SnapshotPart { offset, bytes: Bytes::from_static(b"nonsense.") };
    let mut ask = async |ask: &Ask| asked(&mut frames, &mut output, ask).await;
    assert_eq!(ask(&begin).await, Answer::SnapshotGoOn);
    assert!(matches!(ask(&part(3)).await, Answer::Failed(_)), "a gap");
    assert_eq!(ask(&begin).await, Answer::SnapshotGoOn);
    assert!(matches!(ask(&Ask::SnapshotEnd).await, Answer::Failed(_)), "too early");
    assert_eq!(ask(&begin).await, Answer::SnapshotGoOn);
    assert_eq!(ask(&part(0)).await, Answer::SnapshotGoOn);
    assert!(matches!(ask(&part(9)).await, Answer::Failed(_)), "too long");
    assert_eq!(ask(&begin).await, Answer::SnapshotGoOn);
    assert_eq!(ask(&part(0)).await, Answer::SnapshotGoOn);
    assert!(matches!(ask(&Ask::SnapshotEnd).await, Answer::Failed(_)), "nonsense");
    assert!(matches!(ask(&Ask::PreVote(vote())).await, Answer::Failed(_)), "another lane's");
    drop((frames, output));
    cluster.propose(join("b")).await;
    let names = RealDisk.list(&cluster.data_dir(only)).unwrap();
    assert!(!names.iter().any(|name| name.contains("snapshot") || name.contains("incoming")));
}

fn vote() -> super::peer::message::VoteAsk {
    let request = openraft::raft::VoteRequest::new(Vote::new(1, 2), None);
    super::peer::message::VoteAsk::from(&request)
}
