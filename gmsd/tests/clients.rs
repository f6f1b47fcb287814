//! What hostile, mistaken and repeating clients get: on real nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::{net::SocketAddr, time::Instant};

use serde_json::{Value, json};
use support::{TestCluster, call, free_port, speak};

const MEMBERS: &str = "/v1/groups/g/members";

fn join(api: SocketAddr, body: &Value) -> (u16, Value) {
    call(api, "POST", MEMBERS, &body.to_string())
}

/// The `gms-revision` of one call's answer.
fn revision_of(api: SocketAddr, method: &str, target: &str, body: &str) -> u64 {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, answer) = speak(api, request.as_bytes());
    let line = answer.lines().find_map(|line| line.strip_prefix("gms-revision: "));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_body_is_one_object_in_which_nothing_is_said_twice() {
    let cluster = TestCluster::start(1).await;
    let api = cluster.node(1).api;
    for body in [
        r#"["m","127.0.0.1:9",null,{},null,null,null,false]"#,
        r#"{"id":"m","address":"127.0.0.1:9","tags":{"a":"1","a":"2"}}"#,
        r#"{"id":"m","address":"127.0.0.1:9","id":"n"}"#,
        r#"{"id":"m","address":"127.0.0.1:9","flavour":1}"#,
    ] {
        let (status, problem) = call(api, "POST", MEMBERS, body);
        assert_eq!((status, &problem["code"]), (400, &json!("invalid")), "{body}: {problem}");
    }
    assert_eq!(call(api, "GET", "/v1/groups/g", "").0, 404, "nobody came in");
}

#[tokio::test]
async fn a_rehearsal_answers_at_once_and_claims_no_revision_that_is_not_there() {
    let cluster = TestCluster::start(1).await;
    let api = cluster.node(1).api;
    let (status, joined) = join(api, &json!({"id": "m", "address": "127.0.0.1:9"}));
    assert_eq!(status, 201, "{joined}");
    let former = joined["member"]["incarnation"].as_u64().unwrap();
    let body = json!({"id": "m", "address": "127.0.0.1:10", "replace": true}).to_string();
    let target = format!("{MEMBERS}?dry_run=true");
    let (status, rehearsed) = call(api, "POST", &target, &body);
    assert_eq!(status, 200, "{rehearsed}");
    let claimed = revision_of(api, "POST", &target, &body);
    assert!(claimed <= revision_of(api, "GET", "/v1/groups/g", ""), "{claimed} is to come");

    assert_eq!(call(api, "POST", MEMBERS, &body).0, 201, "another life");
    let begun = Instant::now();
    let target = format!("{MEMBERS}/m?incarnation={former}&cause=exit&number=1&dry_run=true");
    let (status, problem) = call(api, "DELETE", &target, "");
    assert_eq!((status, &problem["code"]), (410, &json!("fenced")), "{problem}");
    assert!(begun.elapsed().as_secs() < 2, "it waited for an entry that nobody proposed");
}

#[tokio::test]
async fn a_write_answers_with_the_revision_that_did_it_also_when_repeated() {
    let cluster = TestCluster::start(3).await;
    let api = cluster.node(1).api;
    let (_, joined) = join(api, &json!({"id": "m", "address": "127.0.0.1:9"}));
    let incarnation = joined["member"]["incarnation"].as_u64().unwrap();
    let keyed = |method: &str, target: &str, key: &str, body: &str| {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        let (status, answer) = speak(api, request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let revision = head.lines().find_map(|line| line.strip_prefix("gms-revision: "));
        let revision: u64 = revision.unwrap().trim().parse().unwrap();
        (status, revision, serde_json::from_str::<Value>(body).unwrap())
    };
    let hold = r#"{"for":"1m","reason":"a test"}"#;
    let first = keyed("PUT", "/v1/groups/g/hold", "hold-1", hold);
    assert_eq!(first.0, 200, "{first:?}");
    assert_eq!(first.2["hold"]["since"], first.1, "{first:?}");
    let stored = call(api, "GET", "/v1/groups", "").1;
    assert_eq!(stored["groups"][0]["hold"], first.2["hold"]);
    assert_eq!(keyed("PUT", "/v1/groups/g/hold", "hold-1", hold), first);
    let cleared = keyed("DELETE", "/v1/groups/g/hold", "clear-1", "");
    assert!(cleared.1 > first.1, "{cleared:?}");

    let exit = format!("{MEMBERS}/m?incarnation={incarnation}&cause=exit&number=3");
    let first = keyed("DELETE", &exit, "exit-1", "");
    assert_eq!(first.0, 200, "{first:?}");
    assert_eq!(keyed("DELETE", &exit, "exit-1", ""), first);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_to_a_forbidden_place_is_refused_at_the_join() {
    let cluster = TestCluster::start(1).await;
    let api = cluster.node(1).api;
    let nodes = call(api, "GET", "/v1/nodes", "").1;
    let peer_port = nodes["nodes"][0]["peer_url"].as_str().unwrap().rsplit_once(':').unwrap().1;
    // 0xa9fea9fe is 169.254.169.254 to a resolver, where clouds tell their secrets.
    for address in [format!("localhost:{peer_port}"), "0xa9fea9fe:80".to_owned()] {
        let (status, problem) = join(api, &json!({"id": "m", "address": address}));
        assert_eq!((status, &problem["code"]), (400, &json!("invalid")), "{address}: {problem}");
    }
    let address = format!("localhost:{}", free_port());
    assert_eq!(join(api, &json!({"id": "m", "address": address})).0, 201);
    // Nobody could ever ping it, so nobody would ever miss it.
    let (status, problem) = join(api, &json!({"id": "n", "address": "no-such-host.invalid:80"}));
    assert_eq!((status, &problem["code"]), (400, &json!("invalid")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("knows no such name"), "{problem}");
}

#[tokio::test]
async fn a_node_is_told_of_with_its_disk_and_its_clock() {
    let cluster = TestCluster::start(3).await;
    let api = cluster.node(1).api;
    let id = json!({"id": "m", "address": format!("127.0.0.1:{}", free_port())});
    assert_eq!(join(api, &id).0, 201);
    for asked in 1..=3 {
        let nodes = call(cluster.node(asked).api, "GET", "/v1/nodes", "").1["nodes"].clone();
        assert_eq!(nodes.as_array().unwrap().len(), 3);
        for node in nodes.as_array().unwrap() {
            // All are on this machine: what is seen as an offset is half a round trip at most.
            assert!(node["clock_offset_ms"].as_i64().unwrap().abs() <= 500, "{node}");
            assert!(node["fsync_p99_us"].as_u64().unwrap() > 0, "{node}");
            assert!(node["log_entries"].as_u64().unwrap() > 0, "{node}");
            assert!(node["matched"].as_u64().unwrap() > 0, "also where {asked} follows: {node}");
            assert!(node["snapshot"].is_null(), "so few entries need none: {node}");
        }
    }
}
