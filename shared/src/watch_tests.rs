//! Watches and the liveness feed against scripted nodes.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use crate::{
    api::{
        Band, Bookmark, Compacted, Gone, GroupLiveness, MemberLiveness, STREAM_IDLE_TIMEOUT,
        WatchEvent,
    },
    evidence::{Cause, Evidence},
    id::{Incarnation, NodeId, Revision},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    problem::{Code, Problem},
    test_history::{group, id, member},
    test_node::{Reply, StreamWriter, TestNode, client, nobody},
    view::{Change, View},
    watch::{Watch, WatchItem, WatchOptions},
};

/// A node that gives these answers in turn, then hangs.
async fn node(replies: Vec<Reply>) -> TestNode {
    let replies = Mutex::new(VecDeque::from(replies));
    TestNode::start(move |_| replies.lock().unwrap().pop_front().unwrap_or(Reply::Hang)).await
}

fn snapshot(view: u64) -> WatchEvent {
    WatchEvent::Snapshot(View {
        group: group(0),
        view: Revision(view),
        revision: Revision(view),
        members: vec![],
    })
}

fn change(from: u64, view: u64) -> WatchEvent {
    WatchEvent::Change(Change {
        group: group(0),
        from: Revision(from),
        view: Revision(view),
        revision: Revision(view),
        after: Revision(from),
        at_ms: 0,
        joined: vec![member(1, Revision(view))],
        left: vec![],
        removed: vec![],
        updated: vec![],
        away: vec![],
    })
}

fn bookmark(revision: u64) -> WatchEvent {
    WatchEvent::Bookmark(Bookmark { revision: Revision(revision) })
}

async fn event(watch: &mut Watch) -> WatchEvent {
    loop {
        if let WatchItem::Event(event) = watch.next().await.unwrap() {
            return event;
        }
    }
}

async fn disconnected(watch: &mut Watch) -> String {
    loop {
        if let WatchItem::Disconnected { why } = watch.next().await.unwrap() {
            return why;
        }
    }
}

fn send(writer: &StreamWriter, events: &[WatchEvent]) {
    for event in events {
        let id = match event {
            WatchEvent::Snapshot(view) => view.view.0,
            WatchEvent::Change(change) => change.view.0,
            WatchEvent::Bookmark(bookmark) => bookmark.revision.0,
            _ => 0,
        };
        writer.event(id, event);
    }
}

fn resumed(node: &TestNode) -> Vec<Option<String>> {
    let asked = node.seen();
    asked.iter().map(|seen| seen.header("last-event-id").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_lost_stream_goes_on_at_another_node_without_a_gap_or_a_repetition() {
    let (first, reply) = Reply::stream();
    let one = node(vec![reply]).await;
    let (second, reply) = Reply::stream();
    let two = node(vec![reply]).await;
    let client = client(&[&one.endpoint, &two.endpoint]);
    let mut watch = Watch::of_group(&client, &group(0), &WatchOptions::default());
    send(&first, &[snapshot(5), change(5, 8)]);
    assert_eq!(
        watch.next().await.unwrap(),
        WatchItem::Connected { endpoint: one.endpoint.clone(), node: Some(NodeId(2)) }
    );
    assert_eq!(event(&mut watch).await, snapshot(5));
    assert_eq!(event(&mut watch).await, change(5, 8));
    drop(first);
    let why = disconnected(&mut watch).await;
    assert!(why.contains("ended the stream"), "{why}");
    send(&second, &[change(5, 8), change(8, 9), bookmark(12)]);
    assert_eq!(event(&mut watch).await, change(8, 9));
    assert_eq!(event(&mut watch).await, bookmark(12));
    assert_eq!(watch.position(), Some(Revision(12)));
    assert_eq!(resumed(&one), [None]);
    // The revision of the last change may bring more yet.
    assert_eq!(resumed(&two), [Some("7".to_owned())]);
    assert_eq!(two.seen()[0].path, "/v1/groups/g0/watch");
    assert_eq!(two.seen()[0].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_stream_of_something_else_is_no_watch() {
    let stranger = node(vec![Reply::Foreign { status: 200, body: "<html>" }]).await;
    let (events, reply) = Reply::stream();
    let ours = node(vec![reply]).await;
    let client = client(&[&stranger.endpoint, &ours.endpoint]);
    let mut watch = Watch::of_group(&client, &group(0), &WatchOptions::default());
    let why = disconnected(&mut watch).await;
    assert!(why.contains("no answer of a gms node"), "{why}");
    send(&events, &[snapshot(5)]);
    assert_eq!(event(&mut watch).await, snapshot(5));
}

#[tokio::test]
async fn a_gap_is_never_passed_on_but_mended_by_a_fresh_snapshot() {
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let mut watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    send(&first, &[snapshot(5), change(6, 8), change(8, 9)]);
    assert_eq!(event(&mut watch).await, snapshot(5));
    let why = disconnected(&mut watch).await;
    assert!(why.contains("revision 8 of group g0 follows 6, this watch has 5"), "{why}");
    send(&second, &[snapshot(9), change(9, 10)]);
    assert_eq!(event(&mut watch).await, snapshot(9));
    assert_eq!(event(&mut watch).await, change(9, 10));
    assert_eq!(resumed(&node), [None, None]);
}

#[tokio::test]
async fn a_node_that_is_behind_is_left() {
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let options = WatchOptions { at_least: Revision(7), ..WatchOptions::default() };
    let mut watch = Watch::of_group(&node.client(), &group(0), &options);
    send(&first, &[snapshot(5)]);
    let why = disconnected(&mut watch).await;
    assert!(why.contains("behind"), "{why}");
    send(&second, &[snapshot(7)]);
    assert_eq!(event(&mut watch).await, snapshot(7));
}

#[tokio::test]
async fn a_history_that_no_longer_reaches_back_is_said_and_snapshots_follow() {
    let compacted = WatchEvent::Compacted(Compacted { after: Revision(3), floor: Revision(50) });
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let refusal = Reply::refuse(Code::Compacted, "too old");
    let node = node(vec![reply_first, refusal, reply_second]).await;
    let options =
        WatchOptions { after: Some(Revision(3)), events: true, ..WatchOptions::default() };
    let mut watch = Watch::of_all(&node.client(), &options);
    send(&first, &[compacted.clone(), snapshot(60), bookmark(61)]);
    for expected in [compacted, snapshot(60), bookmark(61)] {
        assert_eq!(event(&mut watch).await, expected);
    }
    drop(first);
    // The refusal says it too, for a node that tells before it opens a stream.
    send(&second, &[snapshot(80), bookmark(81)]);
    assert_eq!(event(&mut watch).await, snapshot(80));
    let ids = [Some("3".to_owned()), Some("61".to_owned()), None];
    assert_eq!(resumed(&node), ids);
    assert_eq!(node.seen()[0].path, "/v1/watch?events=true");
}

#[tokio::test]
async fn a_silent_stream_is_taken_for_broken() {
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let mut watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    send(&first, &[snapshot(5)]);
    assert_eq!(event(&mut watch).await, snapshot(5));
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let why = disconnected(&mut watch).await;
    assert!(why.contains("nothing came for 15 s"), "{why}");
    // The stream had been silent for a moment before time was stopped.
    assert!(start.elapsed() * 2 > STREAM_IDLE_TIMEOUT);
    tokio::time::resume();
    first.closed().await;
    send(&second, &[change(5, 6)]);
    assert_eq!(event(&mut watch).await, change(5, 6));
}

#[tokio::test]
async fn a_reader_may_wait_for_less() {
    let (first, reply_first) = Reply::stream();
    let (_second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    let mut watch = watch.with_idle_limit(Duration::from_secs(9));
    assert_eq!(watch.heard_at(), None);
    send(&first, &[snapshot(5)]);
    assert_eq!(event(&mut watch).await, snapshot(5));
    assert!(watch.heard_at().is_some());
    tokio::time::pause();
    let why = disconnected(&mut watch).await;
    assert!(why.contains("nothing came for 9 s"), "{why}");
}

#[tokio::test]
async fn a_comment_shows_that_a_quiet_feed_lives() {
    let (writer, reply) = Reply::stream();
    let node = node(vec![reply]).await;
    let mut feed = LivenessFeed::new(&node.client(), &LivenessOptions::default());
    assert!(matches!(feed.next().await.unwrap(), LivenessItem::Connected { .. }));
    let before = feed.heard_at();
    writer.raw(":\n\n");
    while feed.heard_at() == before {
        let nothing = tokio::time::timeout(Duration::from_millis(10), feed.next()).await;
        assert!(nothing.is_err(), "a comment is no item: {nothing:?}");
    }
}

#[tokio::test]
async fn a_fenced_session_ends_with_the_evidence_and_stays_ended() {
    let evidence = serde_json::to_value(Evidence::stated(Cause::Operator, None, vec![])).unwrap();
    let fenced = Problem::new(Code::Fenced, "this life is over").with("removal", evidence);
    let node = node(vec![Reply::problem(&fenced)]).await;
    let options = WatchOptions { member: Some((id(1), Incarnation(4))), ..WatchOptions::default() };
    let mut watch = Watch::of_group(&node.client(), &group(0), &options);
    for _ in 0..2 {
        let end = watch.next().await.unwrap_err();
        assert_eq!(end.problem.code, Code::Fenced);
        assert_eq!(end.endpoint, node.endpoint);
    }
    let path = &node.seen()[0].path;
    assert_eq!(path, "/v1/groups/g0/watch?as=m1&incarnation=4");
}

#[tokio::test]
async fn nodes_that_cannot_serve_now_are_tried_again_and_strangers_are_passed_by() {
    let (writer, reply) = Reply::stream();
    let node = node(vec![
        Reply::refuse(Code::NoQuorum, "no leader"),
        Reply::refuse(Code::RateLimited, "too many"),
        Reply::json(502, &"bad gateway"),
        Reply::Close,
        reply,
    ])
    .await;
    let client = client(&[&nobody().await, &node.endpoint]);
    let mut watch = Watch::of_group(&client, &group(0), &WatchOptions::default());
    send(&writer, &[snapshot(1)]);
    assert_eq!(event(&mut watch).await, snapshot(1));
    assert_eq!(node.seen().len(), 5);
}

#[tokio::test]
async fn what_cannot_be_read_is_asked_for_anew_and_what_is_not_known_is_passed_over() {
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let mut watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    first.raw(": hello\n\nevent: novelty\ndata: ?\n\n");
    send(&first, &[snapshot(1)]);
    first.raw("event: change\ndata: {\"group\":\"g0\"}\n\n");
    assert_eq!(event(&mut watch).await, snapshot(1));
    let why = disconnected(&mut watch).await;
    assert!(why.contains("unreadable event \"change\""), "{why}");
    send(&second, &[snapshot(2)]);
    assert_eq!(event(&mut watch).await, snapshot(2));
    assert_eq!(resumed(&node), [None, None]);
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing() {
    let (writer, reply) = Reply::stream();
    let node = node(vec![reply]).await;
    let mut watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    let task = tokio::spawn(async move {
        send(&writer, &[snapshot(1)]);
        for view in 1..200 {
            send(&writer, &[change(view, view + 1)]);
            tokio::task::yield_now().await;
        }
        writer
    });
    let mut views = Vec::new();
    let mut cancelled = 0;
    while views.last() != Some(&200) {
        tokio::select! {
            biased;
            item = watch.next() => match item.unwrap() {
                WatchItem::Event(WatchEvent::Change(change)) => views.push(change.view.0),
                WatchItem::Disconnected { why } => panic!("{why}"),
                _ => {}
            },
            () = tokio::task::yield_now() => cancelled += 1,
        }
    }
    assert_eq!(views, (2..=200).collect::<Vec<_>>());
    assert!(cancelled > 0);
    drop(task.await.unwrap());
}

#[tokio::test]
async fn a_dropped_watch_leaves_no_connection() {
    let (writer, reply) = Reply::stream();
    let node = node(vec![reply]).await;
    let mut watch = Watch::of_group(&node.client(), &group(0), &WatchOptions::default());
    send(&writer, &[snapshot(1)]);
    assert_eq!(event(&mut watch).await, snapshot(1));
    drop(watch);
    writer.closed().await;
}

#[tokio::test]
async fn the_liveness_feed_tells_everything_anew_after_a_loss() {
    let member = MemberLiveness {
        group: group(0),
        id: id(1),
        incarnation: Incarnation(4),
        state: Band::Late,
        age_ms: Some(700),
        rtt_us: None,
        misses: 1,
        monitor: NodeId(1),
        period_ms: 500,
    };
    let counts = GroupLiveness {
        group: group(0),
        ok: 1,
        late: 2,
        suspect: 3,
        unknown: 4,
        age_p50_ms: None,
        age_max_ms: None,
        rtt_p50_us: None,
        rtt_p99_us: None,
    };
    let gone = Gone { group: group(0), id: id(1), incarnation: Incarnation(4) };
    let (first, reply_first) = Reply::stream();
    let (second, reply_second) = Reply::stream();
    let node = node(vec![reply_first, reply_second]).await;
    let options = LivenessOptions { group: Some(group(0)), member: Some(id(1)) };
    let mut feed = LivenessFeed::new(&node.client(), &options);
    let write = |writer: &StreamWriter, name: &str, data: String| {
        writer.raw(crate::sse::encode(None, name, &data));
    };
    write(&first, "member", serde_json::to_string(&member).unwrap());
    write(&first, "counts", serde_json::to_string(&counts).unwrap());
    write(&first, "gone", serde_json::to_string(&gone).unwrap());
    drop(first);
    let connected =
        LivenessItem::Connected { endpoint: node.endpoint.clone(), node: Some(NodeId(2)) };
    for expected in [
        connected.clone(),
        LivenessItem::Member(member.clone()),
        LivenessItem::Counts(counts),
        LivenessItem::Gone(gone),
    ] {
        assert_eq!(feed.next().await.unwrap(), expected);
    }
    let lost = feed.next().await.unwrap();
    assert!(matches!(lost, LivenessItem::Disconnected { .. }));
    write(&second, "member", serde_json::to_string(&member).unwrap());
    assert_eq!(feed.next().await.unwrap(), connected);
    assert_eq!(feed.next().await.unwrap(), LivenessItem::Member(member));
    assert_eq!(node.seen()[1].path, "/v1/liveness?group=g0&member=m1");
}
