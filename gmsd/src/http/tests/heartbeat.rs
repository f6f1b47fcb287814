//! Heartbeat streams: what is refused before the upgrade, what is carried after it, and how the end
//! is told apart.

use gms::{
    evidence::Cause,
    heartbeat::{Direction, FRAME_LEN, Flags, Frame, Key},
    heartbeat_stream::path,
    id::{Incarnation, NodeId, Revision},
    liveness::{Kind, Liveness},
};
use serde_json::json;
use tokio::sync::mpsc;

use super::{
    fake::{Node, SECRET, bounds, join},
    wire::{Answer, Wire},
};
use crate::{
    http::limits::Bounds,
    liveness::message::Subject,
    membership::command::{Command, Join},
    udp::handle::{Input, STREAM_QUEUE_MAX},
};

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "gms-heartbeat/1")];

fn subject(incarnation: u64) -> Subject {
    Subject {
        group: "g".parse().unwrap(),
        member: "m".parse().unwrap(),
        incarnation: Incarnation(incarnation),
    }
}

fn path_of(member: &str, incarnation: u64) -> String {
    path(&subject(0).group, &member.parse().unwrap(), Incarnation(incarnation))
}

/// A node with member `m` of kind `stream` and member `t` of kind `tcp`, both of incarnation 4.
async fn node(bounds: Bounds) -> Node {
    let node = Node::with(bounds).await;
    let stream = Join { liveness: Liveness::of(Kind::Stream), ..join("g", "m", "h:1") };
    let joins = vec![Command::Join(stream), Command::Join(join("g", "t", "h:1"))];
    for joined in node.fake.commit_all(joins) {
        joined.unwrap();
    }
    node
}

fn frame(nonce: u64) -> [u8; FRAME_LEN] {
    let Subject { group, member, incarnation } = subject(4);
    Frame {
        direction: Direction::Pong,
        flags: Flags::default(),
        node: NodeId(1),
        epoch: 1,
        incarnation,
        nonce,
        echo: 0,
        acked_view: Revision(0),
    }
    .encode(&Key::derive(&SECRET, &group, &member, incarnation))
}

async fn upgrade(node: &Node) -> Wire {
    let mut wire = Wire::to(node).await;
    wire.request("GET", &path_of("m", 4), &UPGRADE, None).await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 101);
    assert_eq!(head.headers["upgrade"], "gms-heartbeat/1");
    assert_eq!(head.headers["connection"], "upgrade");
    assert_eq!(head.headers["gms-node"], "1");
    wire
}

async fn opened(node: &mut Node) -> mpsc::Sender<[u8; FRAME_LEN]> {
    match node.inbox.recv().await.unwrap() {
        Input::StreamOpened(of, queue) if of == subject(4) => queue,
        other => panic!("{other:?}"),
    }
}

/// Waits for the end of the stream; whether the member's kernel ended it.
async fn closed(node: &mut Node, queue: &mpsc::Sender<[u8; FRAME_LEN]>) -> bool {
    match node.inbox.recv().await.unwrap() {
        Input::StreamClosed { subject: of, by_member } if of == subject(4) => {
            assert!(queue.is_closed(), "the queue is dropped before");
            by_member
        }
        other => panic!("{other:?}"),
    }
}

async fn refused(node: &Node, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = Wire::to(node).await.ask_with("GET", path, headers, None).await;
    assert!(answer.status >= 400, "{answer:?}");
    answer
}

#[tokio::test]
async fn frames_are_carried_both_ways_and_the_members_end_is_told() {
    let mut node = node(bounds()).await;
    let mut wire = upgrade(&node).await;
    let queue = opened(&mut node).await;
    queue.try_send(frame(1)).unwrap();
    assert_eq!(wire.exactly(FRAME_LEN).await, frame(1));
    let pongs = [frame(2), frame(3)].concat();
    let (one, two) = pongs.split_at(100);
    wire.send(one).await;
    wire.send(two).await;
    for nonce in [2, 3] {
        match node.inbox.recv().await.unwrap() {
            Input::StreamFrame(of, bytes) => assert_eq!((of, bytes), (subject(4), frame(nonce))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(node.metrics.watchers(), 1);
    drop(wire);
    assert!(closed(&mut node, &queue).await);
}

#[tokio::test]
async fn ends_that_are_not_the_members_are_no_evidence() {
    // The liveness ends it: the life is over.
    let mut first = node(bounds()).await;
    let mut wire = upgrade(&first).await;
    drop(opened(&mut first).await);
    assert_eq!(wire.rest().await, b"");
    assert!(matches!(first.inbox.recv().await, Some(Input::StreamClosed { by_member: false, .. })));
    // What comes is no frame.
    let mut wire = upgrade(&first).await;
    let queue = opened(&mut first).await;
    wire.send([b'x'; FRAME_LEN]).await;
    assert!(!closed(&mut first, &queue).await);
    assert_eq!(wire.rest().await, b"");
    // The node stops.
    let mut wire = upgrade(&first).await;
    let queue = opened(&mut first).await;
    first.stop.cancel();
    assert!(!closed(&mut first, &queue).await);
    assert_eq!(wire.rest().await, b"");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_heard() {
    let mut node = node(bounds()).await;
    let mut wire = upgrade(&node).await;
    let queue = opened(&mut node).await;
    // More than the connection and the queue hold, offered without waiting for either.
    for nonce in 0..STREAM_QUEUE_MAX as u64 * 1_000 {
        let _ = queue.try_send(frame(nonce));
    }
    wire.send(frame(7)).await;
    assert!(matches!(
        node.inbox.recv().await,
        Some(Input::StreamFrame(_, bytes)) if bytes == frame(7)
    ));
}

#[tokio::test]
async fn what_cannot_be_a_heartbeat_stream_is_refused_before_the_upgrade() {
    let node = node(Bounds { watchers: 1, ..bounds() }).await;
    for (path, headers, status, code) in [
        (path_of("m", 4), &[][..], 400, "invalid"),
        (path_of("m", 4), &UPGRADE[..1], 400, "invalid"),
        (path_of("m", 4), &UPGRADE[1..], 400, "invalid"),
        (path_of("m", 4), &[UPGRADE[0], ("upgrade", "websocket")], 400, "invalid"),
        ("/v1/groups/g/members/m/heartbeat".to_owned(), &UPGRADE, 400, "invalid"),
        (path_of("nobody", 4), &UPGRADE, 404, "not_found"),
        (path_of("t", 4), &UPGRADE, 409, "conflict"),
        (path_of("m", 3), &UPGRADE, 410, "fenced"),
    ] {
        let answer = refused(&node, &path, headers).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {headers:?}");
    }
    let mut wire = Wire::to(&node).await;
    wire.request("HEAD", &path_of("m", 4), &UPGRADE, None).await;
    assert_eq!(wire.head().await.unwrap().status, 400);
    assert_eq!(node.metrics.watchers(), 0, "the room of refused streams is given back");

    let _wire = upgrade(&node).await;
    let full = refused(&node, &path_of("m", 4), &UPGRADE).await;
    assert_eq!((full.code(), &full.problem().facts["limit"]), ("rate_limited", &json!(1)));
}

#[tokio::test]
async fn a_life_that_is_over_is_fenced_with_its_evidence() {
    let node = node(bounds()).await;
    node.fake.remove("g", "m", Cause::Exit);
    let fenced = refused(&node, &path_of("m", 4), &UPGRADE).await;
    assert_eq!(fenced.status, 410);
    assert_eq!(fenced.problem().facts["removal"]["cause"], "exit");
}

#[tokio::test]
async fn a_node_behind_the_join_asks_before_it_refuses() {
    let node = Node::start().await;
    node.fake.lags(true);
    let stream = Join { liveness: Liveness::of(Kind::Stream), ..join("g", "m", "h:1") };
    node.fake.commit_all(vec![Command::Join(stream)]);
    upgrade(&node).await;
}
