//! Join, change, leave, holds, nodes, leadership.

use serde_json::{Value, json};

use super::{
    fake::Node,
    wire::{Answer, Wire, ask, get},
};

async fn join(node: &Node, body: Value) -> Answer {
    ask(node, "POST", "/v1/groups/g/members", Some(&body)).await
}

#[tokio::test]
async fn a_join_is_answered_after_the_fact_with_the_view_and_the_key() {
    let node = Node::start().await;
    let body = json!({"id": "m", "address": "http://h:1/x", "tags": {"k": "v"}, "instance": "i1"});
    let first = join(&node, body.clone()).await;
    assert_eq!(first.status, 201);
    assert_eq!(first.headers["location"], "/v1/groups/g/members/m");
    assert_eq!(first.headers["gms-revision"], "4");
    let joined = first.json();
    let wanted = json!({
        "id": "m", "address": "http://h:1/x", "incarnation": 4, "monitor": joined["member"]["monitor"],
        "witness": joined["member"]["witness"], "liveness": "tcp", "tags": {"k": "v"},
        "state": "active", "instance": "i1",
    });
    assert_eq!(joined["member"], wanted);
    assert_eq!(joined["view"], 4);
    assert_eq!(joined["key"].as_str().unwrap().len(), 64);

    let again = join(&node, body).await;
    assert_eq!((again.status, again.json()), (200, joined));
    assert!(!again.headers.contains_key("location"));
    assert_eq!(node.fake.state().member_count(), 1);
}

#[tokio::test]
async fn another_life_is_refused_with_a_hint_or_replaces_the_present_one() {
    let node = Node::start().await;
    join(&node, json!({"id": "m", "address": "h:1", "instance": "i1"})).await;
    let refused = join(&node, json!({"id": "m", "address": "h:1", "instance": "i2"})).await;
    assert_eq!(refused.code(), "conflict");
    let problem = refused.problem();
    assert_eq!(problem.facts["incarnation"], 4);
    assert!(problem.detail.contains("\"replace\": true"), "{problem}");
    let body = json!({"id": "m", "address": "h:1", "instance": "i2", "replace": true});
    let replaced = join(&node, body).await;
    assert_eq!((replaced.status, &replaced.json()["view"]), (201, &json!(6)));
}

#[tokio::test]
async fn conditions_and_rehearsals() {
    let node = Node::start().await;
    let body = json!({"id": "m", "address": "h:1"});
    let path = "/v1/groups/g/members?if_view=7";
    let refused = ask(&node, "POST", path, Some(&body)).await;
    assert_eq!(refused.code(), "view_changed");
    assert_eq!(refused.problem().facts["view"], 0);

    let path = "/v1/groups/g/members?if_view=0&dry_run=true";
    let rehearsed = ask(&node, "POST", path, Some(&body)).await;
    assert_eq!(rehearsed.status, 200);
    assert_eq!(rehearsed.headers["gms-dry-run"], "true");
    assert_eq!(rehearsed.json()["key"], "");
    assert_eq!(node.fake.state().member_count(), 0, "nothing was done");
    let conflict = "/v1/groups/g/members?if_view=9&dry_run=true";
    assert_eq!(ask(&node, "POST", conflict, Some(&body)).await.status, 412);
}

#[tokio::test]
async fn an_idempotency_key_takes_effect_once() {
    let node = Node::start().await;
    let mut wire = Wire::to(&node).await;
    let key = [("idempotency-key", "k-1")];
    let path = "/v1/groups/g/members";
    let body = json!({"id": "m", "address": "h:1"});
    let first = wire.ask_with("POST", path, &key, Some(&body)).await;
    let leave = format!("{path}/m");
    assert_eq!(wire.ask("DELETE", &leave, None).await.status, 200);
    let again = wire.ask_with("POST", path, &key, Some(&body)).await;
    assert_eq!(again.json()["member"], first.json()["member"]);
    assert_eq!(node.fake.state().member_count(), 0);
    let other = json!({"id": "m2", "address": "h:1"});
    let reused = wire.ask_with("POST", path, &key, Some(&other)).await;
    assert_eq!(reused.code(), "conflict");
    let long = "k".repeat(129);
    for bad in ["", "a b", &long] {
        let bad = [("idempotency-key", bad)];
        let answer = wire.ask_with("POST", path, &bad, Some(&body)).await;
        assert_eq!(answer.code(), "invalid");
        for (method, path) in [("DELETE", "/v1/nodes/9"), ("POST", "/v1/leader")] {
            assert_eq!(wire.ask_with(method, path, &bad, None).await.code(), "invalid", "{path}");
        }
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let answer = wire.ask_with("POST", path, &twice, Some(&body)).await;
    assert_eq!(answer.code(), "invalid");
}

#[tokio::test]
async fn a_member_changes_and_drains() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let path = "/v1/groups/g/members/m";
    let body = json!({"tags": {"a": "1", "gone": null}, "drain": true, "incarnation": 4});
    let changed = ask(&node, "PATCH", path, Some(&body)).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["member"]["tags"], json!({"a": "1"}));
    assert_eq!(changed.json()["member"]["state"], "draining");
    assert_eq!(changed.json()["view"], 5);
    assert_eq!(get(&node, path).await.json(), changed.json());
    let stale = ask(&node, "PATCH", path, Some(&json!({"incarnation": 3}))).await;
    assert_eq!(stale.code(), "fenced");
    assert_eq!(stale.problem().facts["present"], 4);
    let unknown = ask(&node, "PATCH", "/v1/groups/g/members/x", Some(&json!({}))).await;
    assert_eq!(unknown.code(), "not_found");
    let misspelt = ask(&node, "PATCH", path, Some(&json!({"drian": true}))).await;
    assert!(misspelt.problem().detail.contains("unknown field `drian`"));
}

#[tokio::test]
async fn a_leave_names_the_life_and_a_kick_its_reason() {
    let node = Node::start().await;
    node.fake.join_all("g", &["a", "b"]);
    let left = ask(&node, "DELETE", "/v1/groups/g/members/a?incarnation=4", None).await;
    let wanted = json!({"group": "g", "id": "a", "incarnation": 4, "view": 5});
    assert_eq!((left.status, left.json()), (200, wanted));

    let fenced = ask(&node, "DELETE", "/v1/groups/g/members/a?incarnation=4", None).await;
    assert_eq!(fenced.code(), "fenced");
    let facts = fenced.problem().facts;
    assert_eq!(facts["incarnation"], 4);
    assert_eq!(facts["present"], Value::Null);
    assert_eq!(facts["left"]["revision"], 5);

    let kicked = ask(&node, "DELETE", "/v1/groups/g/members/b?reason=disk+full", None).await;
    assert_eq!(kicked.status, 200);
    let fenced = ask(&node, "DELETE", "/v1/groups/g/members/b?incarnation=4", None).await;
    assert_eq!(fenced.problem().facts["left"]["reason"], "disk full");

    for path in
        ["/v1/groups/g/members/a", "/v1/groups/g/members/x?incarnation=9", "/v1/groups/x/members/a"]
    {
        assert_eq!(ask(&node, "DELETE", path, None).await.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn an_exit_that_a_supervisor_reports_is_a_removal_with_its_number() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let path = "/v1/groups/g/members/m?incarnation=4&cause=signal&number=9";
    assert_eq!(ask(&node, "DELETE", path, None).await.status, 200);
    let fenced = ask(&node, "DELETE", "/v1/groups/g/members/m?incarnation=4", None).await;
    let removal = &fenced.problem().facts["removal"];
    assert_eq!((&removal["cause"], &removal["number"]), (&json!("signal"), &json!(9)));
    assert_eq!((&removal["revision"], &removal["term"]), (&json!(5), &json!(1)));

    node.fake.join_all("g", &["m"]);
    let fenced =
        ask(&node, "PATCH", "/v1/groups/g/members/m", Some(&json!({"incarnation": 4}))).await;
    assert_eq!(fenced.problem().facts["present"], 7);
    assert_eq!(fenced.problem().facts["removal"]["cause"], "signal");
}

#[tokio::test]
async fn bodies_are_json_or_refused() {
    let node = Node::start().await;
    let post = async |headers: &str, body: &[u8]| {
        let mut wire = Wire::to(&node).await;
        let length = body.len();
        let head = format!(
            "POST /v1/groups/g/members HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\
             {headers}\r\n"
        );
        wire.send([head.as_bytes(), body].concat()).await;
        wire.answer().await
    };
    let json = "content-type: application/json\r\n";
    let good = br#"{"id":"m","address":"h:1"}"#;
    assert_eq!(post(json, good).await.status, 201);
    let with_parameter = "content-type: application/json; charset=utf-8\r\n";
    assert_eq!(post(with_parameter, good).await.status, 200);
    for (headers, body, code, wanted) in [
        (json, &b""[..], "invalid", "the body is empty"),
        ("", b"", "invalid", "the body is empty"),
        ("", good, "unsupported_media", "Content-Type is none"),
        ("content-type: text/plain\r\n", good, "unsupported_media", "text/plain"),
        (json, b"{", "invalid", "line 1 column 1"),
        (json, b"[]", "invalid", "the body: it is no JSON object"),
        (json, br#"{"id":"a b","address":"h:1"}"#, "invalid", "at id: member id has ' '"),
        (json, br#"{"id":"a","address":"h:1","x":1}"#, "invalid", "unknown field `x`"),
        (json, b"\xff", "invalid", "the body: it is no JSON object"),
        (
            json,
            br#"{"id":"a","address":"h:1","tags":{"k":"1","k":"2"}}"#,
            "invalid",
            "\"k\" is given",
        ),
    ] {
        let answer = post(headers, body).await;
        let problem = answer.problem();
        assert_eq!(answer.code(), code, "{problem}");
        assert!(problem.detail.contains(wanted), "{problem}");
    }
}

#[tokio::test]
async fn too_much_is_refused_with_the_figure() {
    let node = Node::start().await;
    let path = "/v1/groups/g/members";
    let tags: serde_json::Map<String, Value> =
        (0..33).map(|n| (n.to_string(), json!("v"))).collect();
    let body = json!({"id": "m", "address": "h:1", "tags": tags});
    let answer = ask(&node, "POST", path, Some(&body)).await;
    assert_eq!((answer.code(), &answer.problem().facts["limit"]), ("too_large", &json!(32)));

    let start = "POST /v1/groups/g/members HTTP/1.1\r\nhost: localhost\r\n\
                 content-type: application/json\r\n";
    let claimed = format!("{start}content-length: 65537\r\n\r\n");
    let chunked = format!("{start}transfer-encoding: chunked\r\n\r\n");
    let expecting = format!("{start}content-length: 10000000\r\nexpect: 100-continue\r\n\r\n");
    for (head, body) in [
        (claimed.clone(), vec![b' '; 65_537]),
        (claimed, Vec::new()),
        (expecting, Vec::new()),
        (chunked, [b"1869F\r\n".to_vec(), vec![b' '; 99_999], b"\r\n0\r\n\r\n".to_vec()].concat()),
    ] {
        let mut wire = Wire::to(&node).await;
        wire.send(&head).await;
        wire.send(&body).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code()), (413, "too_large"), "{head}");
        assert!(answer.problem().detail.contains("65536"));
    }
    let mut wire = Wire::to(&node).await;
    wire.send(format!("{start}content-length: 65536\r\n\r\n")).await;
    wire.send(vec![b' '; 65_536]).await;
    assert_eq!(wire.answer().await.code(), "invalid", "not too large, only no JSON");
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_no_harm() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::to(&node).await;
    let body = json!({"why": "not"});
    assert_eq!(wire.ask("GET", "/v1/groups/g", Some(&body)).await.status, 200);
    assert_eq!(wire.ask("DELETE", "/v1/groups/g/members/m", Some(&body)).await.status, 200);
    let mut wire = Wire::to(&node).await;
    wire.send("GET /v1/groups HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000000\r\n\r\n")
        .await;
    wire.send(vec![b'x'; 1 << 20]).await;
    assert_eq!(wire.answer().await.status, 200);
}

#[tokio::test]
async fn holds_are_set_seen_and_lifted() {
    let node = Node::start().await;
    let path = "/v1/groups/g/hold";
    let body = json!({"for": "30s", "reason": "upgrade"});
    assert_eq!(ask(&node, "PUT", path, Some(&body)).await.code(), "not_found");
    node.fake.join_all("g", &["m"]);
    let set = ask(&node, "PUT", path, Some(&body)).await;
    let hold = json!({"since": set.json()["hold"]["since"], "at_ms": 1000, "for": "30s", "reason": "upgrade"});
    assert_eq!(set.json(), json!({"group": "g", "hold": hold}));
    assert_eq!(get(&node, "/v1/groups").await.json()["groups"][0]["hold"], hold);
    for _ in 0..2 {
        let lifted = ask(&node, "DELETE", path, None).await;
        assert_eq!((lifted.status, lifted.json()), (200, json!({"group": "g", "hold": null})));
    }
    let short = json!({"for": "10ms", "reason": "x"});
    assert_eq!(ask(&node, "PUT", path, Some(&short)).await.code(), "invalid");
}

#[tokio::test]
async fn groups_are_created_with_their_timing_and_deleted() {
    let node = Node::start().await;
    let put = async |body: Value| ask(&node, "PUT", "/v1/groups/g", Some(&body)).await;
    let timing = json!({"period_ms": 5000, "misses": 4});
    let rehearsed = ask(&node, "PUT", "/v1/groups/g?dry_run=true", Some(&timing)).await;
    assert_eq!((rehearsed.status, node.fake.state().group_count()), (200, 0));
    let created = put(timing.clone()).await;
    assert_eq!((created.status, created.json()), (201, json!({"group": "g", "timing": timing})));
    assert_eq!(created.headers["location"], "/v1/groups/g");
    assert_eq!(put(timing.clone()).await.status, 200);
    let groups = get(&node, "/v1/groups").await.json();
    assert_eq!(groups["groups"][0]["timing"], timing);

    let joined = join(&node, json!({"id": "m", "address": "h:1"})).await.json();
    let watched = json!({"kind": "tcp", "period_ms": 5000, "misses": 4});
    assert_eq!(joined["member"]["liveness"], watched);
    let refused = put(json!({})).await;
    assert_eq!((refused.code(), &refused.problem().facts["members"]), ("conflict", &json!(1)));
    assert!(refused.problem().detail.contains("5000 ms x 4"), "{}", refused.problem());
    assert_eq!(ask(&node, "DELETE", "/v1/groups/g", None).await.code(), "conflict");

    ask(&node, "DELETE", "/v1/groups/g/members/m", None).await;
    let deleted = ask(&node, "DELETE", "/v1/groups/g", None).await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({"group": "g", "timing": null})));
    assert_eq!(ask(&node, "DELETE", "/v1/groups/other", None).await.code(), "not_found");
    for body in [json!({"period_ms": 49}), json!({"misses": 0}), json!({"periods": 1}), json!([])] {
        assert_eq!(put(body.clone()).await.code(), "invalid", "{body}");
    }
    let events = get(&node, "/v1/events?group=g").await.json();
    let kinds: Vec<&Value> =
        events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["group_created", "joined", "left", "group_deleted"]);
}

#[tokio::test]
async fn nodes_are_added_and_leadership_handed_over() {
    let node = Node::start().await;
    let body = json!({"peer_url": "http://127.0.0.1:42379"});
    let added = ask(&node, "POST", "/v1/nodes", Some(&body)).await;
    assert_eq!((added.status, &added.json()["node"]), (200, &json!(4)));
    let bad = json!({"peer_url": "127.0.0.1:42379"});
    assert_eq!(ask(&node, "POST", "/v1/nodes", Some(&bad)).await.code(), "invalid");
    let rehearsed = ask(&node, "POST", "/v1/nodes?dry_run=true", Some(&body)).await;
    assert_eq!((rehearsed.status, &rehearsed.json()["voters"]), (200, &json!([1])));
    assert_eq!(rehearsed.headers["gms-dry-run"], "true");
    for (body, leader) in [(None, 2), (Some(json!({})), 2), (Some(json!({"to": 3})), 3)] {
        let answer = ask(&node, "POST", "/v1/leader", body.as_ref()).await;
        assert_eq!((answer.status, &answer.json()["leader"]), (200, &json!(leader)));
    }
}
