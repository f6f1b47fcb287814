//! Static members, as those see them who ask and watch.

use gms::evidence::Cause;
use serde_json::{Value, json};

use super::{
    fake::{Node, join},
    wire::{Answer, Wire, ask, get},
};
use crate::membership::command::Command;

const MEMBER: &str = "/v1/groups/g/members/m";

async fn join_static(node: &Node, instance: &str) -> Answer {
    let body = json!({"id": "m", "address": "h:1", "hold": "30s", "instance": instance});
    ask(node, "POST", "/v1/groups/g/members", Some(&body)).await
}

/// A group of the members `m`, which is static, and `n`, at view 5.
async fn node() -> Node {
    let node = Node::start().await;
    assert_eq!(join_static(&node, "1").await.json()["view"], 4);
    node.fake.commit_all(vec![Command::Join(join("g", "n", "h:2"))]);
    node
}

fn member(group: &Value) -> &Value {
    &group["members"][0]
}

#[tokio::test]
async fn a_watch_is_told_that_it_went_and_that_it_came_back_in_the_same_view() {
    let node = node().await;
    let mut wire = Wire::watch(&node, "/v1/groups/g/watch").await;
    assert_eq!(wire.news().await.data["view"], 5);

    node.fake.remove("g", "m", Cause::Exit);
    let away = wire.news().await;
    assert_eq!((away.name.as_str(), away.id), ("change", Some(6)));
    let Value::Object(mut told) = away.data.clone() else { panic!("{away:?}") };
    let updated = told.remove("updated").unwrap();
    assert_eq!((updated.as_array().unwrap().len(), &updated[0]["state"]), (1, &json!("away")));
    let gone = json!([{"id": "m", "incarnation": 4, "cause": "exit", "number": 9}]);
    assert_eq!(
        Value::Object(told),
        json!({
            "group": "g", "from": 5, "view": 5, "revision": 6, "after": 5, "at_ms": 1000,
            "joined": [], "left": [], "removed": [], "away": gone,
        })
    );
    let group = get(&node, "/v1/groups/g").await.json();
    assert_eq!((&group["view"], &group["revision"]), (&json!(5), &json!(6)));
    assert_eq!(member(&group), &updated[0]);
    let list = &get(&node, "/v1/groups").await.json()["groups"][0];
    assert_eq!((&list["view"], &list["members"], &list["away"]), (&json!(5), &json!(2), &json!(1)));

    let back = join_static(&node, "2").await;
    assert_eq!((back.status, &back.json()["view"]), (201, &json!(5)));
    assert_eq!(back.headers["gms-revision"], "7", "whoever asks next asks after the return");
    let back = wire.news().await;
    assert_eq!(back.id, Some(7));
    for (name, value) in [("from", 5), ("view", 5), ("revision", 7), ("after", 6)] {
        assert_eq!(back.data[name], value, "{name}");
    }
    assert_eq!(back.data["away"], json!([]));
    let lives = &back.data["updated"][0];
    assert_eq!((&lives["incarnation"], &lives["state"]), (&json!(7), &json!("active")));

    // Whoever resumes from the view is given what has happened in its places since.
    let mut late = Wire::watch(&node, "/v1/groups/g/watch?after=5").await;
    assert_eq!(late.news().await.data, away.data);
    assert_eq!(late.news().await.data, back.data);
}

#[tokio::test]
async fn whoever_waits_for_a_newer_view_is_not_answered_by_a_going_or_coming() {
    let node = node().await;
    node.fake.remove("g", "m", Cause::Exit);
    let waits = get(&node, "/v1/groups/g?after=5&wait=30s");
    let goes_on = async {
        join_static(&node, "2").await;
        // Told by a change that both are known here.
        let mut wire = Wire::watch(&node, "/v1/groups/g/watch?after=6").await;
        assert_eq!(wire.news().await.id, Some(7));
        node.fake.join_all("g", &["o"]);
    };
    let (answer, ()) = tokio::join!(waits, goes_on);
    assert_eq!(answer.json()["view"], 8);
}

#[tokio::test]
async fn whoever_is_away_is_fenced_and_why_says_how_it_ended() {
    let node = node().await;
    node.fake.remove("g", "m", Cause::Exit);
    let drain = json!({"drain": true, "incarnation": 4});
    for (method, path, body) in [
        ("DELETE", format!("{MEMBER}?incarnation=4"), None),
        ("PATCH", MEMBER.to_owned(), Some(&drain)),
        ("GET", "/v1/groups/g/watch?as=m&incarnation=4".to_owned(), None),
    ] {
        let answer = ask(&node, method, &path, body).await;
        let problem = serde_json::to_value(answer.problem()).unwrap();
        assert_eq!((answer.status, &problem["code"]), (410, &json!("fenced")), "{path}");
        assert_eq!(problem["removal"]["cause"], "exit", "{path}");
    }
    assert_eq!(get(&node, MEMBER).await.json()["member"]["state"], "away");
    let why = get(&node, &format!("{MEMBER}/why")).await.json();
    assert_eq!((&why["state"], &why["incarnation"]), (&json!("away"), &json!(4)));
    assert_eq!(
        (&why["removal"]["cause"], &why["removal"]["revision"]),
        (&json!("exit"), &json!(6))
    );
    let back = join_static(&node, "2").await.json()["member"]["incarnation"].clone();
    let why = get(&node, &format!("{MEMBER}/why")).await.json();
    assert_eq!((&why["state"], &why["incarnation"]), (&json!("member"), &back));
    assert_eq!(why["removal"]["revision"], 6, "how its former life ended is still known");
}

#[tokio::test]
async fn the_history_tells_away_returned_and_removed() {
    let node = node().await;
    node.fake.remove("g", "m", Cause::Exit);
    join_static(&node, "2").await;
    node.fake.remove("g", "m", Cause::Signal);
    node.fake.end_away("g", "m");
    let events = get(&node, "/v1/events?group=g&member=m").await.json();
    let told: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["kind"].as_str().unwrap(), event["incarnation"].as_u64().unwrap()))
        .collect();
    let expected = [("joined", 4), ("away", 4), ("returned", 7), ("away", 7), ("removed", 7)];
    assert_eq!(told, expected);
    let evidence = |at: usize| events["events"][at]["evidence"]["cause"].clone();
    assert_eq!([evidence(1), evidence(3), evidence(4)], ["exit", "signal", "signal"]);
    let group = get(&node, "/v1/groups/g").await.json();
    assert_eq!((&group["view"], group["members"].as_array().unwrap().len()), (&json!(9), 1));
}

#[tokio::test]
async fn a_reported_end_is_answered_with_the_view_it_still_stands_in() {
    let node = node().await;
    let path = format!("{MEMBER}?incarnation=4&cause=exit&number=3");
    let answer = ask(&node, "DELETE", &path, None).await;
    assert_eq!(answer.json(), json!({"group": "g", "id": "m", "incarnation": 4, "view": 5}));
    assert_eq!(answer.headers["gms-revision"], "6");
    // Who names no life gives up the place.
    let answer = ask(&node, "DELETE", MEMBER, None).await;
    assert_eq!((answer.status, &answer.json()["view"]), (200, &json!(7)));
    assert_eq!(get(&node, MEMBER).await.status, 404);
}
