//! Status, groups, members, long polls, events, why, metrics.

use gms::{
    api::Suspicion,
    evidence::Cause,
    id::{NodeId, Revision},
};
use serde_json::{Value, json};

use super::{
    fake::{Node, elect},
    wire::{Wire, ask, get},
};
use crate::membership::{command::Command, limits::HISTORY_MAX, state::State};

#[tokio::test]
async fn status_counts_what_there_is() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a", "b"]);
    let answer = get(&node, "/v1/status").await;
    let status = answer.json();
    for (field, wanted) in [
        ("node", json!(1)),
        ("leader", json!(1)),
        ("role", json!("leader")),
        ("revision", json!(4)),
        ("age_ms", json!(3)),
        ("counts", json!({"nodes": 1, "groups": 1, "members": 2, "suspects": 0, "watchers": 0})),
    ] {
        assert_eq!(status[field], wanted, "{field}");
    }
    assert_eq!(answer.headers["gms-age-ms"], "3");
}

#[tokio::test]
async fn groups_and_members_are_listed_in_order() {
    let node = Node::start().await;
    node.fake.join_all("b", &["z", "a"]);
    node.fake.join_all("a", &["x"]);
    let groups = get(&node, "/v1/groups").await.json();
    assert_eq!(groups["revision"], 5);
    let names: Vec<_> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            (
                group["name"].as_str().unwrap(),
                group["view"].as_u64().unwrap(),
                group["members"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(names, [("a", 5, 1), ("b", 4, 2)]);
    let view = get(&node, "/v1/groups/b").await.json();
    assert_eq!((&view["group"], &view["view"]), (&json!("b"), &json!(4)));
    let ids: Vec<_> =
        view["members"].as_array().unwrap().iter().map(|of| of["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "z"]);
    assert!(view["members"][0]["monitor"].is_u64() && view["members"][0]["witness"].is_u64());
    let member = get(&node, "/v1/groups/b/members/a").await.json();
    assert_eq!(member["member"], view["members"][0]);
    assert_eq!(get(&node, "/v1/groups/b/members/q").await.code(), "not_found");
}

#[tokio::test]
async fn a_local_read_says_how_old_it_can_be_and_a_linearizable_one_is_fresh() {
    let node = Node::start().await;
    node.fake.lags(true);
    node.fake.join_all("g", &["m"]);
    let local = get(&node, "/v1/groups/g?consistency=local").await;
    assert_eq!((local.status, local.headers.get("gms-age-ms")), (404, None));
    let local = get(&node, "/v1/groups?consistency=local").await;
    assert_eq!(local.headers["gms-age-ms"], "42");
    assert_eq!(local.headers["gms-revision"], "3");
    let fresh = get(&node, "/v1/groups/g").await;
    assert_eq!((fresh.status, fresh.headers.get("gms-age-ms")), (200, None));
    assert_eq!(fresh.headers["gms-revision"], "4");
}

#[tokio::test]
async fn a_long_poll_answers_when_the_view_is_newer_or_the_wait_is_over() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a"]);
    let at_once = get(&node, "/v1/groups/g?after=3").await;
    assert_eq!(at_once.json()["view"], 4);
    let over = get(&node, "/v1/groups/g?after=4&wait=10ms").await;
    assert_eq!((over.status, &over.json()["view"]), (200, &json!(4)));
    let zero = get(&node, "/v1/groups/g?after=4&wait=0s").await;
    assert_eq!(zero.json()["view"], 4);
    let unknown = get(&node, "/v1/groups/new?after=0&wait=10ms").await;
    assert_eq!(unknown.code(), "not_found");

    let mut waiting = Wire::to(&node).await;
    waiting.request("GET", "/v1/groups/g?after=4&wait=20s", &[], None).await;
    let mut unborn = Wire::to(&node).await;
    unborn.request("GET", "/v1/groups/new?after=0", &[], None).await;
    // Other groups' changes wake nobody; only when both have asked is the rest a race worth having.
    node.fake.join_all("other", &["x"]);
    node.fake.join_all("g", &["b"]);
    assert_eq!(waiting.answer().await.json()["view"], 6);
    node.fake.join_all("new", &["x"]);
    assert_eq!(unborn.answer().await.json()["view"], 7);
}

#[tokio::test]
async fn history_tells_everything_once_and_in_order() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a", "b"]);
    node.fake.join_all("h", &["c"]);
    node.fake.remove("g", "a", Cause::Exit);
    ask(&node, "DELETE", "/v1/groups/g/members/b?reason=why+not", None).await;
    let all = get(&node, "/v1/events").await.json();
    let kinds = |events: &Value| -> Vec<(u64, String)> {
        let events = events["events"].as_array().unwrap();
        let kind = |event: &Value| {
            (event["revision"].as_u64().unwrap(), event["kind"].as_str().unwrap().to_owned())
        };
        events.iter().map(kind).collect()
    };
    let wanted = [
        (2, "configuration"),
        (2, "election"),
        (3, "monitors"),
        (4, "joined"),
        (4, "joined"),
        (5, "joined"),
        (6, "removed"),
        (7, "left"),
    ];
    assert_eq!(kinds(&all), wanted.map(|(at, kind)| (at, kind.to_owned())));
    assert_eq!((&all["revision"], &all["floor"]), (&json!(7), &json!(0)));
    assert_eq!(all["events"][6]["evidence"]["cause"], "exit");
    assert_eq!(all["events"][7]["reason"], "why not");

    // Page by page, whatever the limit, gives the same.
    for limit in 1..=9 {
        let (mut after, mut paged) = (0, Vec::new());
        loop {
            let page = get(&node, &format!("/v1/events?after={after}&limit={limit}")).await.json();
            after = page["revision"].as_u64().unwrap();
            let events = kinds(&page);
            if events.is_empty() {
                break;
            }
            paged.extend(events);
        }
        assert_eq!(paged, kinds(&all), "limit {limit}");
        assert_eq!(after, 7);
    }
    let of_member = get(&node, "/v1/events?group=g&member=a").await.json();
    assert_eq!(kinds(&of_member).len(), 2);
    assert_eq!(kinds(&get(&node, "/v1/events?group=h").await.json()).len(), 1);
    let last = get(&node, "/v1/events?limit=2").await.json();
    assert_eq!(kinds(&last), [(6, "removed".to_owned()), (7, "left".to_owned())]);
}

/// A state whose history no longer reaches back to its beginning.
fn compacted(node: &Node) -> State {
    node.fake.join_all("g", &["a"]);
    let mut state = node.fake.state();
    for n in 0..=HISTORY_MAX as u64 {
        elect(&mut state, Revision(5 + n), 2 + n);
    }
    assert!(state.journal().floor() > Revision(4));
    state
}

#[tokio::test]
async fn history_that_is_gone_is_said_to_be() {
    let node = Node::start().await;
    let state = compacted(&node);
    let floor = state.journal().floor().0;
    node.fake.restore(state);
    let gone = get(&node, "/v1/events?after=3").await;
    assert_eq!(gone.code(), "compacted");
    assert_eq!(gone.problem().facts["floor"], floor);
    let kept = get(&node, &format!("/v1/events?after={floor}&limit=1")).await;
    assert_eq!(kept.json()["events"][0]["revision"], floor + 1);
    let foreign = get(&node, "/v1/events?after=999999999").await;
    assert_eq!(foreign.code(), "compacted");
    let ahead = get(&node, "/v1/events?after=999999999&consistency=local").await.json();
    assert_eq!((&ahead["events"], &ahead["revision"]), (&json!([]), &json!(999_999_999)));
}

#[tokio::test]
async fn why_tells_the_evidence() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a", "b", "c"]);
    node.fake.remove("g", "a", Cause::Signal);
    ask(&node, "DELETE", "/v1/groups/g/members/b", None).await;
    let why = get(&node, "/v1/groups/g/members/a/why").await.json();
    assert_eq!((&why["state"], &why["incarnation"]), (&json!("removed"), &json!(4)));
    assert_eq!(why["removal"]["cause"], "signal");
    assert_eq!(why["removal"]["context"], json!(["as the test wants"]));
    assert_eq!((&why["removal"]["revision"], &why["suspicion"]), (&json!(5), &Value::Null));
    let why = get(&node, "/v1/groups/g/members/b/why").await.json();
    assert_eq!((&why["state"], &why["removal"]), (&json!("left"), &Value::Null));
    let why = get(&node, "/v1/groups/g/members/c/why").await.json();
    assert_eq!((&why["state"], &why["suspicion"]), (&json!("member"), &Value::Null));
    node.fake.suspects(Some(Suspicion {
        by: NodeId(2),
        for_ms: 10,
        last_round_trip_ms_ago: Some(900),
        observers: Vec::new(),
        refuted: 1,
    }));
    let why = get(&node, "/v1/groups/g/members/c/why").await.json();
    assert_eq!((&why["state"], &why["suspicion"]["by"]), (&json!("suspect"), &json!(2)));
    node.fake.join_all("g", &["a"]);
    let back = get(&node, "/v1/groups/g/members/a/why").await.json();
    assert_eq!((&back["incarnation"], &back["removal"]["revision"]), (&json!(7), &json!(5)));
    assert_eq!(get(&node, "/v1/groups/g/members/x/why").await.code(), "not_found");
    assert_eq!(get(&node, "/v1/groups/x/members/x/why").await.code(), "not_found");
    // What keeps a member from being removed is told with it.
    let hold = json!({"for": "30s", "reason": "upgrade"});
    ask(&node, "PUT", "/v1/groups/g/hold", Some(&hold)).await;
    let why = get(&node, "/v1/groups/g/members/c/why").await.json();
    assert_eq!((&why["hold"]["reason"], &why["hold"]["for"]), (&json!("upgrade"), &json!("30s")));
    let gone = get(&node, "/v1/groups/g/members/b/why").await.json();
    assert!(gone.get("hold").is_none(), "nobody is kept there: {gone}");
}

#[tokio::test]
async fn metrics_count_requests_and_changes() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a", "b"]);
    node.fake.remove("g", "a", Cause::Exit);
    node.fake.commit_all(vec![Command::Leave {
        group: "g".parse().unwrap(),
        member: "b".parse().unwrap(),
        incarnation: None,
        reason: None,
    }]);
    get(&node, "/v1/groups/nobody").await;
    get(&node, "/nowhere").await;
    for _ in 0..2 {
        let answer = get(&node, "/metrics").await;
        assert!(answer.headers["content-type"].starts_with("text/plain; version=0.0.4"));
        let page = answer.text();
        for line in [
            "gms_http_requests_total{route=\"group\",status=\"404\"} 1",
            "gms_http_requests_total{route=\"other\",status=\"404\"} 1",
            "gms_joins_total 2",
            "gms_leaves_total 1",
            "gms_removals_total{cause=\"exit\"} 1",
            "gms_groups 1",
            "gms_members 0",
            "gms_raft_role{role=\"leader\"} 1",
            "gms_has_quorum 1",
        ] {
            assert!(page.lines().any(|is| is == line), "{line}\n{page}");
        }
    }
}
