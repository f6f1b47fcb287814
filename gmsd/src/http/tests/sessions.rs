//! Sessions: a stream that a member names as its own, and how its end is told apart.

use std::time::Duration;

use gms::{evidence::Cause, id::Incarnation};
use serde_json::json;

use super::{
    fake::{Node, bounds},
    wire::{Wire, get},
};
use crate::http::{
    limits::Bounds,
    pulse::Ending,
    sessions::{SessionEvent, SessionOf},
};

const PATH: &str = "/v1/groups/g/watch?as=m&incarnation=4";

fn of(incarnation: u64) -> SessionOf {
    SessionOf {
        group: "g".parse().unwrap(),
        member: "m".parse().unwrap(),
        incarnation: Incarnation(incarnation),
    }
}

#[tokio::test]
async fn a_session_opens_with_its_stream_and_ends_when_the_peer_is_gone() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::watch(&node, PATH).await;
    assert_eq!(wire.event().await.unwrap().name, "snapshot");
    assert_eq!(node.sessions.events().await, [SessionEvent::Opened(of(4))]);
    drop(wire);
    let ended = SessionEvent::Ended { of: of(4), how: Ending::ByPeer };
    assert_eq!(node.sessions.events().await, [ended]);
}

#[tokio::test]
async fn a_half_closed_stream_is_a_closed_one() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::watch(&node, PATH).await;
    assert_eq!(node.sessions.events().await.len(), 1);
    wire.shut_write().await;
    let ended = SessionEvent::Ended { of: of(4), how: Ending::ByPeer };
    assert_eq!(node.sessions.events().await, [ended]);
}

#[tokio::test]
async fn an_end_of_our_own_is_no_evidence() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::watch(&node, PATH).await;
    assert_eq!(node.sessions.events().await.len(), 1);
    node.stop.cancel();
    while wire.event().await.is_some() {}
    let ended = SessionEvent::Ended { of: of(4), how: Ending::ByUs };
    assert_eq!(node.sessions.events().await, [ended]);
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_let_go_without_evidence_against_it() {
    let node = Node::with(Bounds { stall: Duration::from_millis(100), ..bounds() }).await;
    node.fake.join_all("g", &["m"]);
    let _wire = Wire::watch(&node, PATH).await;
    assert_eq!(node.sessions.events().await.len(), 1);
    let tags = (0..32).map(|n| (format!("k{n}"), "v".repeat(256))).collect();
    let mut join = super::fake::join("g", "big", "h:1");
    join.tags = tags;
    for n in 0..2_000 {
        join.member = format!("big{n}").parse().unwrap();
        node.fake.commit_all(vec![crate::membership::command::Command::Join(join.clone())]);
    }
    let ended = SessionEvent::Ended { of: of(4), how: Ending::ByUs };
    assert_eq!(node.sessions.events().await, [ended]);
}

#[tokio::test]
async fn only_the_living_life_has_a_session() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let fenced = get(&node, "/v1/groups/g/watch?as=m&incarnation=3").await;
    assert_eq!((fenced.code(), &fenced.problem().facts["present"]), ("fenced", &json!(4)));
    node.fake.remove("g", "m", Cause::Exit);
    let fenced = get(&node, PATH).await;
    assert_eq!(fenced.problem().facts["removal"]["cause"], "exit");
    for path in ["/v1/groups/x/watch?as=m&incarnation=4", "/v1/groups/g/watch?as=x&incarnation=4"] {
        assert_eq!(get(&node, path).await.code(), "not_found", "{path}");
    }
    for path in [
        "/v1/groups/g/watch?as=m",
        "/v1/groups/g/watch?incarnation=4",
        "/v1/watch?as=m&incarnation=4",
    ] {
        assert_eq!(get(&node, path).await.code(), "invalid", "{path}");
    }
    assert_eq!(node.metrics.watchers(), 0, "the room of refused watches is given back");
}

#[tokio::test]
async fn a_node_behind_the_join_asks_before_it_fences() {
    let node = Node::start().await;
    node.fake.lags(true);
    node.fake.join_all("g", &["m"]);
    let path = format!("{PATH}&consistency=local");
    let mut wire = Wire::watch(&node, &path).await;
    let first = wire.event().await.unwrap();
    assert_eq!(first.data["members"][0]["incarnation"], 4);
}
