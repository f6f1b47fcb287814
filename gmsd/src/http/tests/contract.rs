//! What holds for every answer, and the paths.

use serde_json::json;

use super::{
    fake::Node,
    wire::{Wire, ask, get},
};
use crate::service::error::ServiceError;

#[tokio::test]
async fn every_answer_says_who_answers_and_from_when() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    for (method, path) in [
        ("GET", "/v1/status"),
        ("GET", "/v1/groups/g"),
        ("GET", "/nowhere"),
        ("POST", "/v1/status"),
        ("OPTIONS", "/v1/groups"),
        ("GET", "/metrics"),
    ] {
        let answer = ask(&node, method, path, None).await;
        for (name, value) in [("gms-node", "1"), ("gms-leader", "1"), ("gms-term", "1")] {
            assert_eq!(answer.headers[name], value, "{method} {path}");
        }
        assert_eq!(answer.headers["gms-revision"], "4", "{method} {path}");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    node.fake.stands(|standing| standing.leader = None);
    let answer = get(&node, "/v1/status").await;
    assert!(!answer.headers.contains_key("gms-leader"));
}

#[tokio::test]
async fn paths_methods_and_names_are_told_apart() {
    let node = Node::start().await;
    for (method, path, status, code) in [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v2/status", 404, "not_found"),
        ("GET", "/v1/status/", 404, "not_found"),
        ("GET", "//v1/status", 404, "not_found"),
        ("GET", "/v1//status", 404, "not_found"),
        ("GET", "/V1/status", 404, "not_found"),
        ("GET", "/v1/groups/g/members/m/why/x", 404, "not_found"),
        ("GET", "/v1/groups/g", 404, "not_found"),
        ("GET", "/v1/groups/", 400, "invalid"),
        ("GET", "/v1/groups/a%20b", 400, "invalid"),
        ("GET", "/v1/groups/a%2fb", 400, "invalid"),
        ("GET", "/v1/groups/%ff", 400, "invalid"),
        ("GET", "/v1/groups/%", 400, "invalid"),
        ("GET", "/v1/groups/%00", 400, "invalid"),
        ("GET", "/v1/groups/..", 400, "invalid"),
        ("GET", "/v1/groups//members/m", 400, "invalid"),
        ("GET", "/v1/groups/g/members//why", 400, "invalid"),
        ("DELETE", "/v1/nodes/x", 400, "invalid"),
        ("DELETE", "/v1/nodes/0", 400, "invalid"),
        ("DELETE", "/v1/nodes/", 400, "invalid"),
        ("DELETE", "/v1/nodes/99999999999999999999", 400, "invalid"),
        ("DELETE", "/v1/nodes/9", 404, "not_found"),
        ("POST", "/v1/status", 405, "method_not_allowed"),
        ("BREW", "/v1/status", 405, "method_not_allowed"),
        ("GET", "/v1/groups/g/members", 405, "method_not_allowed"),
        ("GET", "/v1/leader", 405, "method_not_allowed"),
        ("GET", "/v1/status?x=1", 400, "invalid"),
        ("GET", "/v1/groups/g?wait=1s", 400, "invalid"),
    ] {
        let answer = ask(&node, method, path, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{method} {path}: {:?}",
            answer.problem()
        );
        assert_eq!(answer.headers.contains_key("allow"), status == 405);
    }
    let long = format!("/v1/groups/{}", "g".repeat(65));
    let answer = get(&node, &long).await;
    assert_eq!(answer.problem().detail, "group id has 65 bytes; at most 64 are allowed");
}

#[tokio::test]
async fn head_is_get_without_the_body_and_options_tells_the_methods() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::to(&node).await;
    let whole = wire.ask("GET", "/v1/groups/g", None).await;
    for _ in 0..2 {
        wire.request("HEAD", "/v1/groups/g", &[], None).await;
        let head = wire.head().await.unwrap();
        assert_eq!(head.status, 200);
        assert_eq!(head.headers["content-length"], whole.body.len().to_string());
    }
    wire.request("HEAD", "/v1/watch", &[], None).await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.headers["content-type"], "text/event-stream");
    let answer = wire.ask("OPTIONS", "/v1/groups/g/members/m", None).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["allow"], "GET, PATCH, DELETE, HEAD, OPTIONS");
    assert_eq!(wire.ask("OPTIONS", "*", None).await.status, 204);
    assert_eq!(wire.ask("GET", "/v1/groups/g", None).await.body, whole.body);
}

#[tokio::test]
async fn only_a_host_of_ours_is_answered() {
    let node = Node::start().await;
    let status = async |head: &str| {
        let mut wire = Wire::to(&node).await;
        wire.send(format!("{head}\r\n\r\n")).await;
        wire.answer().await.status
    };
    for (head, wanted) in [
        ("GET /healthz HTTP/1.1\r\nhost: localhost", 200),
        ("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:1", 200),
        ("GET /healthz HTTP/1.1\r\nhost: [::1]:1", 200),
        ("GET /healthz HTTP/1.1\r\nhost: evil.example", 400),
        ("GET /healthz HTTP/1.1\r\nhost:", 400),
        ("GET /healthz HTTP/1.1\r\nhost: \u{e9}", 400),
        ("GET /healthz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost", 400),
        ("GET http://localhost/healthz HTTP/1.1\r\nhost: localhost", 200),
        ("GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost", 400),
        ("GET http://localhost/healthz HTTP/1.1\r\nhost: evil.example", 400),
        ("GET /healthz HTTP/1.0", 200),
        ("GET /healthz HTTP/1.0\r\nhost: evil.example", 400),
        ("CONNECT localhost:80 HTTP/1.1\r\nhost: localhost", 404),
    ] {
        assert_eq!(status(head).await, wanted, "{head}");
    }
}

#[tokio::test]
async fn what_the_service_says_reaches_the_client_under_its_code() {
    let node = Node::start().await;
    let body = json!({"id": "m", "address": "h:1"});
    for (fault, status, code) in [
        (ServiceError::Invalid("x".into()), 400, "invalid"),
        (ServiceError::Conflict("x".into()), 409, "conflict"),
        (ServiceError::Overloaded { what: "proposals", limit: 7 }, 429, "rate_limited"),
        (ServiceError::NoQuorum("x".into()), 503, "no_quorum"),
        (ServiceError::OutcomeUnknown("x".into()), 504, "outcome_unknown"),
        (ServiceError::Unsettled("x".into()), 504, "outcome_unknown"),
        (ServiceError::Failed("x".into()), 500, "internal"),
    ] {
        node.fake.fails(Some(fault));
        let answer = ask(&node, "POST", "/v1/groups/g/members", Some(&body)).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(answer.headers.contains_key("retry-after"), matches!(status, 429 | 503));
    }
    assert_eq!(get(&node, "/v1/groups").await.status, 500);
    assert_eq!(get(&node, "/v1/groups?consistency=local").await.status, 200);
    assert_eq!(get(&node, "/v1/status").await.status, 200);
    assert_eq!(get(&node, "/v1/nodes").await.status, 200);
    let linearizable = get(&node, "/v1/status?consistency=linearizable").await;
    assert_eq!(linearizable.status, 500);
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for_and_the_node_goes_on() {
    let node = Node::start().await;
    node.fake.panics(true);
    let mut wire = Wire::to(&node).await;
    let answer = wire.ask("GET", "/v1/groups", None).await;
    assert_eq!((answer.status, answer.code()), (500, "internal"));
    node.fake.panics(false);
    assert_eq!(wire.ask("GET", "/v1/groups", None).await.status, 200);
    let page = get(&node, "/metrics").await.text();
    assert!(page.contains("gms_http_panics_total 1"), "{page}");
}

#[tokio::test]
async fn health_is_life_and_readiness_is_a_leader() {
    let node = Node::start().await;
    assert_eq!(get(&node, "/healthz").await.text(), "alive\n");
    assert_eq!(get(&node, "/readyz").await.text(), "ready\n");
    node.fake.stands(|standing| {
        standing.ready = false;
        standing.leader = None;
    });
    let answer = get(&node, "/readyz").await;
    assert_eq!(answer.code(), "no_quorum");
    assert!(answer.problem().detail.contains("knows no leader"));
    assert_eq!(get(&node, "/healthz").await.status, 200);
}
