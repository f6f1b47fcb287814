//! The liveness feed.

use gms::{
    api::{Band, GroupLiveness, MemberLiveness},
    id::{Incarnation, NodeId},
};

use super::{
    fake::{Node, gone},
    wire::{Wire, get},
};
use crate::http::feed::LivenessChange;

fn member(group: &str, id: &str, state: Band) -> LivenessChange {
    LivenessChange::Member(MemberLiveness {
        group: group.parse().unwrap(),
        id: id.parse().unwrap(),
        incarnation: Incarnation(1),
        state,
        age_ms: Some(1),
        rtt_us: Some(100),
        misses: 0,
        monitor: NodeId(1),
        period_ms: 500,
    })
}

fn counts(group: &str, ok: usize) -> GroupLiveness {
    GroupLiveness {
        group: group.parse().unwrap(),
        ok,
        late: 0,
        suspect: 0,
        unknown: 0,
        age_p50_ms: None,
        age_max_ms: None,
        rtt_p50_us: None,
        rtt_p99_us: None,
    }
}

#[tokio::test]
async fn the_feed_tells_everything_once_and_then_what_changes() {
    let node = Node::start().await;
    node.feed.tell(member("g", "a", Band::Ok));
    node.feed.tell(member("h", "x", Band::Ok));
    node.feed.count(vec![counts("g", 1), counts("h", 1)]);
    let mut all = Wire::watch(&node, "/v1/liveness").await;
    let mut one = Wire::watch(&node, "/v1/liveness?group=g").await;
    for (wire, wanted) in [
        (&mut all, &["member", "member", "counts", "counts"][..]),
        (&mut one, &["member", "counts"]),
    ] {
        for name in wanted {
            let event = wire.event().await.unwrap();
            assert_eq!((event.name.as_str(), event.id), (*name, None));
        }
    }
    node.feed.tell(member("h", "x", Band::Suspect));
    node.feed.tell(member("g", "a", Band::Late));
    node.feed.tell(gone("g", "a"));
    let late = one.event().await.unwrap();
    assert_eq!((&late.data["state"], &late.data["id"]), (&"late".into(), &"a".into()));
    assert_eq!(one.event().await.unwrap().name, "gone");
    assert_eq!(all.event().await.unwrap().data["state"], "suspect");
    node.feed.count(vec![counts("g", 0), counts("h", 1)]);
    let event = one.event().await.unwrap();
    assert_eq!((event.name.as_str(), &event.data["ok"]), ("counts", &0.into()));
}

#[tokio::test]
async fn a_member_that_somebody_looks_at_is_told_every_second() {
    let node = Node::start().await;
    node.feed.tell(member("g", "a", Band::Ok));
    let mut wire = Wire::watch(&node, "/v1/liveness?group=g&member=a").await;
    for _ in 0..3 {
        assert_eq!(wire.event().await.unwrap().name, "member");
    }
    assert_eq!(get(&node, "/v1/liveness?member=a").await.code(), "invalid");
}

#[tokio::test]
async fn who_is_too_far_behind_is_let_go() {
    let node = Node::start().await;
    let mut wire = Wire::watch(&node, "/v1/liveness").await;
    node.feed.forget();
    node.feed.tell(member("g", "a", Band::Ok));
    assert_eq!(wire.event().await, None);
}
