//! Hostile and unlucky clients: slow, large, broken, too many. The node answers or closes, and
//! answers the next good request.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::future::BoxFuture;
use proptest::prelude::*;
use serde_json::json;

use super::{
    fake::{Node, bounds},
    wire::{Wire, ask, get},
};
use crate::{
    host::net::{Listener, Stream},
    http::limits::{Bounds, HEAD_MAX_LEN, HEADERS_MAX},
};

const SOON: Duration = Duration::from_millis(100);

async fn is_well(node: &Node) {
    assert_eq!(get(node, "/healthz").await.status, 200);
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_many_are_a_problem_like_any_other() {
    let node = Node::start().await;
    let large = format!("x: {}\r\n", "a".repeat(HEAD_MAX_LEN));
    let huge = format!("x: {}\r\n", "a".repeat(4 << 20));
    let many = "x: a\r\n".repeat(HEADERS_MAX);
    let path = format!("/v1/groups/{}", "g".repeat(70_000));
    for (line, headers) in
        [("/healthz", &large), ("/healthz", &huge), ("/healthz", &many), (&path, &String::new())]
    {
        let mut wire = Wire::to(&node).await;
        // A good request before it on the same connection is answered as ever.
        assert_eq!(wire.ask("GET", "/healthz", None).await.status, 200);
        wire.send(format!("GET {line} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code()), (431, "headers_too_large"));
        assert!(answer.problem().detail.contains("32768 bytes and 100 headers"));
        assert_eq!(answer.headers["connection"], "close");
        assert_eq!(answer.headers["gms-node"], "1");
        assert_eq!(wire.rest().await, b"");
    }
    let fits = format!("x: {}\r\n", "a".repeat(HEAD_MAX_LEN - 100));
    let mut wire = Wire::to(&node).await;
    wire.send(format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{fits}\r\n")).await;
    assert_eq!(wire.answer().await.status, 200);
}

#[tokio::test]
async fn what_is_no_http_is_a_problem_or_closed() {
    let node = Node::start().await;
    for (bytes, answered) in [
        (&b"GET\r\n\r\n"[..], true),
        (b"\0\0\0\0\r\n\r\n", true),
        (b"GET / HTTP/9.9\r\n\r\n", true),
        (b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n", true),
        (b"GET / HTTP/1.1\r\nhost localhost\r\n\r\n", true),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n", true),
        (
            b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            true,
        ),
        (b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip\r\n\r\n", true),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false),
    ] {
        let mut wire = Wire::to(&node).await;
        wire.send(bytes).await;
        wire.shut_write().await;
        let answer = wire.try_answer().await;
        let text = String::from_utf8_lossy(bytes);
        if answered {
            let answer = answer.unwrap_or_else(|| panic!("{text}"));
            assert_eq!((answer.status, answer.code()), (400, "invalid"), "{text}");
        }
        is_well(&node).await;
    }
}

/// What a proxy in between may read otherwise is refused, and nothing that follows it is believed.
#[tokio::test]
async fn a_body_has_one_end() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let path = "DELETE /v1/groups/g/members/m HTTP/1.1\r\nhost: localhost\r\n";
    for framing in [
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    ] {
        let mut wire = Wire::to(&node).await;
        wire.send(format!("{path}{framing}\r\n\r\n0\r\n\r\n")).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code()), (400, "invalid"), "{framing}");
        assert_eq!(answer.headers["connection"], "close");
        assert_eq!(wire.rest().await, b"");
    }
    assert_eq!(node.fake.state().member_count(), 1);
    for framing in [
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ntransfer-encoding: chunked",
    ] {
        let mut wire = Wire::to(&node).await;
        let first =
            format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n0\r\n\r\n");
        wire.send(first + path + "\r\n").await;
        assert_eq!(wire.answer().await.headers["connection"], "close");
        assert_eq!(wire.try_answer().await.map(|answer| answer.status), None);
        assert_eq!(node.fake.state().member_count(), 1);
    }
}

#[tokio::test]
async fn what_killed_the_predecessor_does_no_harm() {
    let node = Node::start().await;
    for (method, path) in [
        ("POST", "/ab"),
        ("POST", "/a,1"),
        ("POST", "/,1,http://h:p"),
        ("POST", "/a,1,127.0.0.1:9021"),
        ("POST", "/a,1,http://127.0.0.1:99999"),
        ("POST", "/a,h:1,http://127.0.0.1:9021"),
        ("POST", "/ba"),
        ("POST", "/"),
        ("GET", "/"),
        ("GET", "/foo"),
        ("GET", "/members,X"),
        ("PUT", "/a"),
        ("DELETE", "/a"),
        ("POST", "/%41,1"),
    ] {
        assert_eq!(ask(&node, method, path, None).await.code(), "not_found", "{method} {path}");
        is_well(&node).await;
    }
    for (id, address) in [
        ("h:1", "h:1"),
        ("m", "127.0.0.1"),
        ("m", "h:p"),
        ("m", "http://h:99999"),
        ("", ""),
        ("m,1", "h:1"),
    ] {
        let body = json!({"id": id, "address": address});
        let answer = ask(&node, "POST", "/v1/groups/a/members", Some(&body)).await;
        assert_eq!(answer.code(), "invalid", "{id} {address}");
    }
    assert_eq!(node.fake.state().member_count(), 0);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::to(&node).await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let all: String = (0..50).map(|n| request(&format!("/v1/groups/g{n}"))).collect();
    wire.send(all + &request("/v1/groups/g")).await;
    for n in 0..50 {
        let detail = wire.answer().await.problem().detail;
        assert!(detail.starts_with(&format!("there is no group g{n};")), "{detail}");
    }
    assert_eq!(wire.answer().await.json()["view"], 4);
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let node = Node::start().await;
    node.fake.join_all("g", &["m"]);
    let mut wire = Wire::to(&node).await;
    wire.send("GET /v1/groups/g HTTP/1.0\r\n\r\n").await;
    assert_eq!(wire.answer().await.json()["view"], 4);
    assert_eq!(wire.rest().await, b"");
    let mut wire = Wire::to(&node).await;
    wire.send("GET /v1/groups/g/watch HTTP/1.0\r\n\r\n").await;
    let head = wire.head().await.unwrap();
    assert!(!head.headers.contains_key("transfer-encoding"), "the old version knows no chunks");
    node.stop.cancel();
    let stream = String::from_utf8(wire.rest().await).unwrap();
    assert!(stream.starts_with("id: 4\nevent: snapshot\ndata: {"), "{stream}");
    assert!(stream.ends_with("data: {\"revision\":4}\n\n"), "{stream}");
}

#[tokio::test]
async fn a_client_that_dribbles_is_let_go() {
    let node = Node::with(Bounds { head: SOON, body: SOON, idle: SOON * 3, ..bounds() }).await;
    for start in
        ["G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: "]
    {
        let mut wire = Wire::to(&node).await;
        wire.send(start).await;
        assert_eq!(wire.rest().await, b"", "{start}");
    }
    let mut never = Wire::to(&node).await;
    assert_eq!(never.rest().await, b"");

    let mut body = Wire::to(&node).await;
    body.send("POST /v1/groups/g/members HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{").await;
    let answer = body.answer().await;
    assert_eq!(answer.code(), "invalid");
    assert!(answer.problem().detail.contains("did not arrive within 100 ms"));
    assert_eq!(body.rest().await, b"");

    let mut idle = Wire::to(&node).await;
    assert_eq!(idle.ask("GET", "/healthz", None).await.status, 200);
    assert_eq!(idle.rest().await, b"");
    while node.metrics.connections.load(std::sync::atomic::Ordering::Relaxed) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_closed() {
    let node = Node::with(Bounds { connections: 2, ..bounds() }).await;
    let mut one = Wire::to(&node).await;
    let mut two = Wire::to(&node).await;
    for wire in [&mut one, &mut two] {
        assert_eq!(wire.ask("GET", "/healthz", None).await.status, 200);
    }
    let mut three = Wire::to(&node).await;
    let answer = three.ask("GET", "/healthz", None).await;
    assert_eq!((answer.status, answer.code()), (429, "rate_limited"));
    assert_eq!(answer.problem().facts["limit"], 2);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(three.rest().await, b"");
    drop(one);
    while node.metrics.connections.load(std::sync::atomic::Ordering::Relaxed) > 1 {
        tokio::task::yield_now().await;
    }
    is_well(&node).await;
}

#[tokio::test]
async fn what_still_runs_when_the_time_to_drain_is_over_is_cut_off() {
    let node = Node::with(Bounds { drain: SOON, ..bounds() }).await;
    let mut slow = Wire::to(&node).await;
    slow.send("POST /v1/groups/g/members HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{").await;
    is_well(&node).await;
    node.stop.cancel();
    node.serving.await.unwrap();
    slow.rest().await;
}

/// Fails as a listener does that has no file descriptor left, and counts how often it is asked.
#[derive(Debug)]
struct Exhausted {
    asked: tokio::sync::mpsc::UnboundedSender<()>,
}

impl Listener for Exhausted {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>> {
        Box::pin(async {
            let _ = self.asked.send(());
            Err(io::Error::from_raw_os_error(24))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_without_descriptors_is_asked_again_but_not_at_once() {
    let (asked, mut times) = tokio::sync::mpsc::unbounded_channel();
    let stop = tokio_util::sync::CancellationToken::new();
    let (parts, metrics) = super::fake::parts("127.0.0.1:1".parse().unwrap(), bounds());
    let serving = tokio::spawn(crate::http::server::serve(
        parts,
        Box::new(Exhausted { asked }),
        stop.clone(),
    ));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    serving.await.unwrap();
    let mut count = 0;
    while times.try_recv().is_ok() {
        count += 1;
    }
    assert!((5..=11).contains(&count), "{count}");
    assert_eq!(metrics.accept_errors.load(std::sync::atomic::Ordering::Relaxed), count);
}

fn method() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[A-Z!]{1,12}"]
}

fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "v1", "groups", "g", "members", "m", "watch", "why", "hold", "nodes", "1", "leader", "events",
            "liveness", "status", "metrics", "openapi.json", "", "..", "%00", "%ff", "%2e", "a%20b",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{0,20}",
    ];
    let query = prop_oneof![
        3 => Just(String::new()),
        3 => prop::collection::vec((prop::sample::select(vec![
            "after", "wait", "consistency", "dry_run", "if_view", "incarnation", "reason", "cause",
            "number", "as", "events", "group", "member", "limit", "x",
        ]), prop_oneof!["[0-9]{1,20}", "[!-~]{0,8}", Just("true".to_owned()), Just("1ms".to_owned())]), 1..4)
            .prop_map(|pairs| {
                let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("?{}", pairs.join("&"))
            }),
    ];
    (prop::collection::vec(piece, 0..6), query)
        .prop_map(|(pieces, query)| format!("/{}{query}", pieces.join("/")))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => Just(Vec::new()),
        2 => Just(br#"{"id":"m","address":"h:1"}"#.to_vec()),
        1 => Just(br#"{"for":"1s","reason":"r"}"#.to_vec()),
        1 => Just(br#"{"to":1}"#.to_vec()),
        1 => "[{}\\[\\]\",:a-z0-9]{0,60}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_answered_or_closed_and_the_next_one_is_served(
        requests in prop::collection::vec((method(), path(), prop::collection::vec(("[a-z-]{1,20}", "[ -~]{0,40}"), 0..4), body(), any::<bool>()), 1..4),
        garbage in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let node = Node::with(Bounds { head: SOON, body: SOON, linger: SOON, ..bounds() }).await;
            let mut wire = Wire::to(&node).await;
            for (method, path, headers, body, honest) in &requests {
                let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let headers = headers.concat();
                let length = if *honest { body.len() } else { body.len() / 2 };
                wire.send(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n")).await;
                wire.send(body).await;
            }
            wire.send(&garbage).await;
            // Ends what streams and long polls are open; everything else is answered by then.
            is_well(&node).await;
            node.stop.cancel();
            let answers = wire.rest().await;
            let text = String::from_utf8_lossy(&answers);
            prop_assert!(text.is_empty() || text.starts_with("HTTP/1.1 "), "{text}");
            prop_assert_eq!(node.metrics.panics.load(std::sync::atomic::Ordering::Relaxed), 0);
            node.serving.await.unwrap();
            Ok(())
        })?;
    }
}
