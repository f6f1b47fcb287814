//! Watches: ordered, gapless, resumable at every offset, or compacted.

use std::{collections::BTreeMap, time::Duration};

use gms::{evidence::Cause, id::Revision};
use serde_json::{Value, json};

use super::{
    fake::{Node, bounds, elect, join},
    wire::{Event, Wire, ask, get},
};
use crate::{
    http::limits::Bounds,
    membership::{
        command::{Command, Former},
        limits::HISTORY_MAX,
    },
    service::error::ServiceError,
};

/// A reader that follows views, strictly, as the contract tells it to.
#[derive(Debug, Default, Clone, PartialEq)]
struct Reader {
    /// By group: the view, the revision, and by member.
    groups: BTreeMap<String, (u64, u64, BTreeMap<String, Value>)>,
    last_id: Option<u64>,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        if let Some(id) = event.id {
            assert!(self.last_id <= Some(id), "{event:?} goes back behind {:?}", self.last_id);
            self.last_id = Some(id);
        }
        let data = &event.data;
        let group = data["group"].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| data[name].as_u64().unwrap();
        let members = |of: &Value| -> BTreeMap<String, Value> {
            let members = of.as_array().unwrap().iter();
            members.map(|of| (of["id"].as_str().unwrap().to_owned(), of.clone())).collect()
        };
        match event.name.as_str() {
            "snapshot" => {
                let (view, revision) = (number("view"), number("revision"));
                self.groups.insert(group, (view, revision, members(&data["members"])));
            }
            "change" => {
                let (view, revision, known) = self.groups.entry(group).or_default();
                assert_eq!(number("from"), *view, "a gap: {event:?}");
                assert_eq!(number("after"), *revision, "a gap: {event:?}");
                (*view, *revision) = (number("view"), number("revision"));
                for of in data["away"].as_array().unwrap() {
                    let former = &known[of["id"].as_str().unwrap()];
                    assert_eq!(former["incarnation"], of["incarnation"]);
                }
                for gone in ["left", "removed"] {
                    for of in data[gone].as_array().unwrap() {
                        let former = known.remove(of["id"].as_str().unwrap()).unwrap();
                        assert_eq!(former["incarnation"], of["incarnation"]);
                    }
                }
                for came in ["joined", "updated"] {
                    known.extend(members(&data[came]));
                }
            }
            "bookmark" => assert_eq!(data["revision"].as_u64(), event.id),
            "event" => {}
            other => panic!("{other}: {event:?}"),
        }
    }

    /// What the reader believes a group is, as GET would tell it.
    fn view(&self, group: &str) -> Value {
        let (view, revision, members) = &self.groups[group];
        let members: Vec<_> = members.values().collect();
        json!({"group": group, "view": view, "revision": revision, "members": members})
    }
}

/// Some history: joins, leaves, removals, replacements, updates, several in one entry.
fn live(node: &Node) {
    node.fake.join_all("g", &["a", "b", "c"]);
    node.fake.join_all("h", &["x"]);
    node.fake.remove("g", "a", Cause::Exit);
    let group: gms::id::GroupId = "g".parse().unwrap();
    let mut again = join("g", "b", "h:2");
    again.replaces =
        Some(Former { incarnation: node.fake.life("g", "b").incarnation, since: None });
    let change = Command::Change {
        group: group.clone(),
        member: "c".parse().unwrap(),
        incarnation: None,
        tags: BTreeMap::from([("k".to_owned(), Some("v".to_owned()))]),
        drain: Some(true),
    };
    let both = vec![Command::Join(again), change, Command::Join(join("h", "y", "h:1"))];
    assert!(node.fake.commit_all(both).iter().all(Result::is_ok));
    let hold = Command::SetHold {
        group: group.clone(),
        lasts: gms::span::Span::from_millis(1000),
        reason: "r".to_owned(),
    };
    node.fake.commit_all(vec![hold]);
    node.fake.commit_all(vec![Command::Leave {
        group,
        member: "c".parse().unwrap(),
        incarnation: None,
        reason: None,
    }]);
    node.fake.join_all("g", &["d"]);
    // A static member goes away, comes back, is restarted in place, and goes for good.
    let stays = |life: &str| {
        let mut stays = join("g", "s", "h:3");
        stays.hold = Some(gms::span::Span::from_millis(1000));
        stays.instance = Some(life.to_owned());
        stays
    };
    node.fake.commit_all(vec![Command::Join(stays("1"))]);
    node.fake.remove("g", "s", Cause::Exit);
    node.fake.commit_all(vec![Command::Join(stays("2")), Command::Join(join("h", "z", "h:1"))]);
    let mut again = stays("3");
    again.replaces =
        Some(Former { incarnation: node.fake.life("g", "s").incarnation, since: None });
    node.fake.commit_all(vec![Command::Join(again)]);
    node.fake.remove("g", "s", Cause::Exit);
    node.fake.end_away("g", "s");
}

#[tokio::test]
async fn a_watch_gives_a_snapshot_and_then_every_change_with_its_view_for_an_id() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch").await;
    let first = wire.news().await;
    assert_eq!((first.name.as_str(), first.id), ("snapshot", Some(4)));
    assert_eq!(first.data, get(&node, "/v1/groups/g").await.json());
    node.fake.join_all("other", &["x"]);
    node.fake.join_all("g", &["b"]);
    let change = wire.news().await;
    assert_eq!((change.name.as_str(), change.id), ("change", Some(6)));
    assert_eq!((&change.data["from"], &change.data["view"]), (&json!(4), &json!(6)));
    assert_eq!(change.data["joined"][0]["id"], "b");
    node.fake.remove("g", "a", Cause::Exit);
    let change = wire.news().await;
    let removed = json!([{"id": "a", "incarnation": 4, "cause": "exit", "number": 9}]);
    assert_eq!(change.data["removed"], removed);
    let bookmark = wire.event().await.unwrap();
    assert_eq!((bookmark.name.as_str(), bookmark.id), ("bookmark", Some(7)));
}

#[tokio::test]
async fn a_group_that_is_not_there_yet_begins_empty() {
    let node = Node::start().await;
    let mut wire = Wire::watch(&node, "/v1/groups/new/watch").await;
    let first = wire.news().await;
    assert_eq!(first.data, json!({"group": "new", "view": 0, "revision": 0, "members": []}));
    node.fake.join_all("new", &["a"]);
    assert_eq!(wire.news().await.data["from"], 0);
}

#[tokio::test]
async fn a_watch_resumes_at_every_offset_without_gap_or_repetition() {
    let node = Node::start().await;
    live(&node);
    let end = node.fake.state().revision().0;
    for path in [
        "/v1/groups/g/watch",
        "/v1/groups/g/watch?events=true",
        "/v1/watch",
        "/v1/watch?events=true",
    ] {
        let mut whole = Wire::watch_after(&node, path, Some(0)).await;
        let mut events = Vec::new();
        let mut reader = Reader::default();
        while reader.last_id < Some(end) {
            let event = whole.event().await.unwrap();
            reader.read(&event);
            events.push(event);
        }
        assert_eq!(reader.view("g"), get(&node, "/v1/groups/g").await.json());

        // Whoever breaks off after any event resumes after the last id it has read.
        for cut in 0..events.len() {
            let mut reader = Reader::default();
            for event in &events[..cut] {
                reader.read(event);
            }
            let last = reader.last_id.unwrap_or_default();
            let mut wire = Wire::watch_after(&node, path, Some(last)).await;
            let from =
                events.iter().position(|event| event.id > Some(last)).unwrap_or(events.len());
            let resumed =
                events[..from].iter().rposition(|event| event.id.is_some()).map_or(0, |at| at + 1);
            for wanted in &events[resumed..] {
                assert_eq!(wire.event().await.as_ref(), Some(wanted), "{path} after {last}");
            }
        }
    }
}

#[tokio::test]
async fn the_header_wins_over_the_query_of_a_reconnecting_browser() {
    let node = Node::start().await;
    live(&node);
    let mut wire = Wire::watch_after(&node, "/v1/groups/g/watch?after=0", Some(4)).await;
    assert_eq!(wire.event().await.unwrap().data["from"], 4);
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch?after=4").await;
    assert_eq!(wire.event().await.unwrap().data["from"], 4);
    let mut wire = Wire::to(&node).await;
    for bad in ["x", "-1", "1.5", "+1"] {
        let answer = wire.ask_with("GET", "/v1/watch", &[("last-event-id", bad)], None).await;
        assert_eq!(answer.code(), "invalid", "{bad}");
    }
}

#[tokio::test]
async fn all_groups_begin_with_a_snapshot_each_and_a_bookmark() {
    let node = Node::start().await;
    live(&node);
    let revision = node.fake.state().revision().0;
    let mut wire = Wire::watch(&node, "/v1/watch").await;
    let mut reader = Reader::default();
    for _ in 0..2 {
        let event = wire.event().await.unwrap();
        assert_eq!((event.name.as_str(), event.id), ("snapshot", None));
        reader.read(&event);
    }
    let event = wire.event().await.unwrap();
    assert_eq!((event.name.as_str(), event.id), ("bookmark", Some(revision)));
    reader.read(&event);
    node.fake.join_all("h", &["z"]);
    node.fake.remove("g", "b", Cause::Signal);
    node.fake.join_all("g", &["b", "e"]);
    while reader.last_id < Some(node.fake.state().revision().0) {
        let event = wire.event().await.unwrap();
        assert_ne!(event.name, "event", "not asked for");
        reader.read(&event);
    }
    for group in ["g", "h"] {
        let path = format!("/v1/groups/{group}");
        assert_eq!(reader.view(group), get(&node, &path).await.json());
    }
}

#[tokio::test]
async fn elections_nodes_and_holds_are_told_to_whom_it_concerns() {
    let node = Node::start().await;
    live(&node);
    let mut wire = Wire::watch_after(&node, "/v1/groups/h/watch?events=true", Some(0)).await;
    let mut kinds = Vec::new();
    loop {
        let event = wire.event().await.unwrap();
        if event.name == "bookmark" {
            break;
        }
        kinds.push(event.data["kind"].as_str().unwrap_or("change").to_owned());
    }
    // The hold is of the other group.
    assert_eq!(kinds, ["configuration", "election", "monitors", "change", "change", "change"]);
    let mut wire = Wire::watch_after(&node, "/v1/watch?events=true", Some(7)).await;
    let hold = wire.event().await.unwrap();
    assert_eq!(
        (hold.name.as_str(), &hold.data["kind"], hold.id),
        ("event", &json!("hold_set"), Some(8))
    );
}

#[tokio::test]
async fn what_concerns_others_puts_no_bookmark_off() {
    let node = Node::start().await;
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch?events=true").await;
    assert_eq!(wire.event().await.unwrap().name, "snapshot");
    // Each wakes the watch, long before a bookmark is due, and tells it nothing.
    for n in 0..500 {
        node.fake.join_all("h", &[&format!("m{n}")]);
        let pause = Duration::from_millis(10);
        if let Ok(event) = tokio::time::timeout(pause, wire.event()).await {
            assert_eq!(event.unwrap().name, "bookmark");
            return;
        }
    }
    panic!("no bookmark came for a hundred times its interval");
}

#[tokio::test]
async fn who_is_too_far_behind_is_told_so_and_begins_anew() {
    let node = Node::start().await;
    live(&node);
    let mut state = node.fake.state();
    let live_until = state.revision().0;
    for n in 1..=HISTORY_MAX as u64 + 10 {
        elect(&mut state, Revision(live_until + n), 2 + n);
    }
    let (floor, end) = (state.journal().floor().0, state.revision().0);
    node.fake.restore(state);
    let mut wire = Wire::watch_after(&node, "/v1/groups/g/watch", Some(5)).await;
    let event = wire.event().await.unwrap();
    let group_floor = live_until;
    assert_eq!(event.name, "compacted");
    assert_eq!(event.data, json!({"after": 5, "floor": group_floor}));
    let event = wire.event().await.unwrap();
    assert_eq!((event.name.as_str(), event.id), ("snapshot", Some(end)));
    node.fake.join_all("g", &["new"]);
    assert_eq!(wire.news().await.data["from"], live_until);

    let mut wire = Wire::watch_after(&node, "/v1/watch", Some(5)).await;
    let event = wire.event().await.unwrap();
    assert_eq!((event.name.as_str(), &event.data["after"]), ("compacted", &json!(5)));
    assert!(event.data["floor"].as_u64().unwrap() >= floor);
    assert_eq!(wire.event().await.unwrap().name, "snapshot");

    // At the group's floor there is nothing to miss.
    let path = "/v1/groups/g/watch";
    let mut wire = Wire::watch_after(&node, path, Some(group_floor)).await;
    assert_eq!(wire.event().await.unwrap().data["from"], live_until);
}

#[tokio::test]
async fn a_revision_of_another_cluster_is_compacted_and_one_not_applied_yet_is_waited_for() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    for path in ["/v1/groups/g/watch", "/v1/groups/g/watch?consistency=local"] {
        let mut wire = Wire::watch_after(&node, path, Some(900)).await;
        let event = wire.event().await.unwrap();
        assert_eq!((event.name.as_str(), &event.data["after"]), ("compacted", &json!(900)));
        assert_eq!(wire.event().await.unwrap().id, Some(4));
    }
    node.fake.lags(true);
    node.fake.join_all("g", &["b"]);
    let mut wire = Wire::watch_after(&node, "/v1/groups/g/watch?consistency=local", Some(5)).await;
    node.fake.lags(false);
    node.fake.join_all("g", &["c"]);
    let change = wire.news().await;
    assert_eq!((change.name.as_str(), &change.data["from"]), ("change", &json!(5)));

    node.fake.fails(Some(ServiceError::NoQuorum("none".into())));
    let mut wire = Wire::to(&node).await;
    let answer = wire.ask_with("GET", "/v1/watch", &[("last-event-id", "900")], None).await;
    assert_eq!(answer.code(), "no_quorum", "another node may know");
    let answer = wire.ask("GET", "/v1/watch", None).await;
    assert_eq!(answer.code(), "no_quorum", "the first event is linearizable");
    Wire::watch(&node, "/v1/watch?consistency=local").await;
}

#[tokio::test]
async fn one_change_reaches_a_thousand_watchers() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    let mut wires = Vec::new();
    for _ in 0..1000 {
        wires.push(Wire::watch(&node, "/v1/groups/g/watch").await);
    }
    assert_eq!(node.metrics.watchers(), 1000);
    node.fake.join_all("g", &["b"]);
    for wire in &mut wires {
        assert_eq!(wire.news().await.name, "snapshot");
        let change = wire.news().await;
        assert_eq!((change.name.as_str(), change.id), ("change", Some(5)));
    }
    drop(wires);
    while node.metrics.watchers() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_watcher_too_many_is_refused_with_the_figure() {
    let node = Node::with(Bounds { watchers: 2, ..bounds() }).await;
    let _one = Wire::watch(&node, "/v1/watch").await;
    let two = Wire::watch(&node, "/v1/liveness").await;
    let refused = get(&node, "/v1/watch").await;
    assert_eq!((refused.code(), &refused.problem().facts["limit"]), ("rate_limited", &json!(2)));
    drop(two);
    while node.metrics.watchers() > 1 {
        tokio::task::yield_now().await;
    }
    Wire::watch(&node, "/v1/watch").await;
}

#[tokio::test]
async fn a_slow_reader_misses_nothing() {
    let node = Node::start().await;
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch").await;
    assert_eq!(wire.news().await.name, "snapshot");
    // More than the sockets' buffers hold, while nobody reads.
    let tags: BTreeMap<String, String> =
        (0..32).map(|n| (format!("k{n}"), "v".repeat(256))).collect();
    for n in 0..2_000 {
        let mut join = join("g", &format!("m{n}"), "h:1");
        join.tags = tags.clone();
        node.fake.commit_all(vec![Command::Join(join)]);
    }
    let mut from = 0;
    for _ in 0..2_000 {
        let change = wire.news().await;
        assert_eq!(change.data["from"], from);
        from = change.id.unwrap();
    }
}

#[tokio::test]
async fn streams_end_with_a_bookmark_and_long_polls_answer_when_the_node_stops() {
    // None of these bounds may be what ends anything here.
    let long = Duration::from_mins(1);
    let bounds = Bounds { bookmark: long, linger: long, drain: long, ..bounds() };
    let node = Node::with(bounds).await;
    node.fake.join_all("g", &["a"]);
    let mut watch = Wire::watch(&node, "/v1/groups/g/watch").await;
    let mut all = Wire::watch(&node, "/v1/watch").await;
    let mut feed = Wire::watch(&node, "/v1/liveness").await;
    assert_eq!(watch.event().await.unwrap().name, "snapshot");
    let mut poll = Wire::to(&node).await;
    poll.request("GET", "/v1/groups/g?after=4&wait=60s", &[], None).await;
    let mut idle = Wire::to(&node).await;
    assert_eq!(idle.ask("GET", "/healthz", None).await.status, 200);
    node.fake.join_all("g", &["b"]);
    assert_eq!(poll.answer().await.json()["view"], 5);
    poll.request("GET", "/v1/groups/g?after=5&wait=60s", &[], None).await;
    // The poll is known to be read when its connection's next answer comes; ask on another.
    assert_eq!(get(&node, "/healthz").await.status, 200);
    node.stop.cancel();
    assert_eq!(watch.event().await.unwrap().id, Some(5));
    let last = watch.event().await.unwrap();
    assert_eq!((last.name.as_str(), last.id), ("bookmark", Some(5)));
    assert_eq!(watch.event().await, None, "the stream ends in good order");
    while let Some(event) = all.event().await {
        assert_eq!(event.id.unwrap_or(4).max(4), event.id.unwrap_or(4));
    }
    assert_eq!(feed.event().await, None);
    if let Some(answer) = poll.try_answer().await {
        assert_eq!(answer.json()["view"], 5);
    }
    assert_eq!(idle.rest().await, b"");
    tokio::time::timeout(Duration::from_secs(20), node.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_group_forgotten_and_made_anew_shows_no_gap() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    node.fake.join_all("older", &["x"]);
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch").await;
    let mut reader = Reader::default();
    reader.read(&wire.event().await.unwrap());
    ask(&node, "DELETE", "/v1/groups/g/members/a", None).await;
    reader.read(&wire.news().await);
    ask(&node, "DELETE", "/v1/groups/older/members/x", None).await;
    while reader.last_id < Some(7) {
        reader.read(&wire.event().await.unwrap());
    }
    let mut state = node.fake.state();
    let now = state.revision().0;
    for n in 1..=HISTORY_MAX as u64 + 10 {
        elect(&mut state, Revision(now + n), 2 + n);
    }
    assert!(state.group(&"g".parse().unwrap()).is_none(), "history has forgotten it");
    node.fake.restore(state);
    node.fake.join_all("g", &["b"]);
    loop {
        let event = wire.event().await.unwrap();
        let is_change = event.name == "change";
        reader.read(&event);
        if is_change {
            break;
        }
    }
    assert_eq!(reader.view("g"), get(&node, "/v1/groups/g").await.json());
}

#[tokio::test]
async fn a_group_deleted_and_made_anew_shows_no_gap_to_who_follows_all() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    let mut wire = Wire::watch(&node, "/v1/watch").await;
    let mut reader = Reader::default();
    ask(&node, "DELETE", "/v1/groups/g/members/a", None).await;
    let deleted = ask(&node, "DELETE", "/v1/groups/g", None).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(get(&node, "/v1/groups/g").await.code(), "not_found");
    // One that is forgotten later lifts the view from which all others begin.
    node.fake.join_all("later", &["a"]);
    ask(&node, "DELETE", "/v1/groups/later/members/a", None).await;
    ask(&node, "DELETE", "/v1/groups/later", None).await;
    let resumed = node.fake.state().revision();
    for group in ["h", "g"] {
        node.fake.join_all(group, &["b"]);
        while !reader.groups.get(group).is_some_and(|(.., members)| members.contains_key("b")) {
            reader.read(&wire.event().await.unwrap());
        }
        assert_eq!(reader.view(group), get(&node, &format!("/v1/groups/{group}")).await.json());
    } // Who had the last view of the former group, and resumes, is given the empty one too.
    let mut wire = Wire::watch_after(&node, "/v1/groups/g/watch", Some(resumed.0)).await;
    let mut reader = Reader::default();
    reader.groups.insert("g".to_owned(), (5, 5, BTreeMap::new()));
    while !reader.groups["g"].2.contains_key("b") {
        reader.read(&wire.event().await.unwrap());
    }
    assert_eq!(reader.view("g"), get(&node, "/v1/groups/g").await.json());
}
