//! The client against scripted nodes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::Method;

use crate::{
    answer::{ClientError, Write},
    api::{
        AddNodeRequest, Configuration, Consistency, Events, GroupAnswer, Groups, HoldAnswer,
        HoldRequest, JoinRequest, Joined, LeaderAnswer, LeftAnswer, MemberAnswer, PatchRequest,
        Removal, TransferRequest,
    },
    calls::{Departure, EventsQuery, Exit},
    client::{Client, Options},
    evidence::{Cause, Evidence},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Kind, Liveness},
    problem::{Code, Problem},
    span::Span,
    test_node::{Reply, TestNode, client, nobody},
    view::{Member, MemberState, Tags, View},
};

fn group() -> GroupId {
    "g".parse().unwrap()
}

fn id() -> MemberId {
    "m".parse().unwrap()
}

fn member() -> Member {
    Member {
        id: id(),
        address: "127.0.0.1:9".parse().unwrap(),
        incarnation: Incarnation(7),
        monitor: Some(NodeId(1)),
        witness: None,
        liveness: Liveness::of(Kind::Tcp),
        tags: Tags::new(),
        state: MemberState::Active,
        instance: None,
        hold: None,
    }
}

fn join_request() -> JoinRequest {
    JoinRequest {
        id: id(),
        address: "127.0.0.1:9".parse().unwrap(),
        liveness: None,
        tags: Tags::new(),
        hold: None,
        instance: None,
        key: None,
        replace: false,
    }
}

fn groups() -> Reply {
    Reply::json(200, &Groups { revision: Revision(50), groups: Vec::new() })
}

fn joined() -> Joined {
    Joined { member: member(), view: Revision(7), key: "00".repeat(32) }
}

/// A script that gives each of these replies once, the last one for ever.
fn in_turn(
    replies: &'static [fn() -> Reply],
) -> impl Fn(&crate::test_node::Seen) -> Reply + Send + Sync {
    let turn = AtomicUsize::new(0);
    move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        replies[turn.min(replies.len() - 1)]()
    }
}

fn short(timeout_ms: u64) -> Options {
    Options { timeout: Duration::from_millis(timeout_ms), ..Options::default() }
}

#[tokio::test]
async fn an_answer_says_where_it_is_from() {
    let node = TestNode::start(|_| groups()).await;
    let answer = node.client().groups().await.unwrap();
    assert_eq!(answer.value.revision, Revision(50));
    let meta = answer.meta;
    assert_eq!(meta.endpoint, node.endpoint);
    assert_eq!((meta.node, meta.leader), (Some(NodeId(2)), Some(NodeId(3))));
    assert_eq!((meta.term, meta.revision), (Some(4), Some(Revision(50))));
    assert_eq!((meta.age_ms, meta.status), (None, 200));
}

#[tokio::test]
async fn every_call_asks_what_the_contract_says() {
    let node = TestNode::start(|seen| {
        let view = View {
            group: group(),
            view: Revision(7),
            revision: Revision(7),
            members: vec![member()],
        };
        let (method, path) = (seen.method.as_str(), seen.path.split('?').next().unwrap());
        let configuration = Configuration {
            node: NodeId(4),
            cluster: "c".into(),
            voters: vec![],
            learners: vec![],
            peers: std::collections::BTreeMap::new(),
        };
        let hold = HoldAnswer { group: group(), hold: None };
        match (method, path) {
            ("GET", "/v1/groups/g") => Reply::json(200, &view),
            ("POST", "/v1/groups/g/members") => Reply::json(201, &joined()),
            ("GET" | "PATCH", "/v1/groups/g/members/m") => {
                Reply::json(200, &MemberAnswer { member: member(), view: Revision(7) })
            }
            ("DELETE", "/v1/groups/g/members/m") => Reply::json(
                200,
                &LeftAnswer {
                    group: group(),
                    id: id(),
                    incarnation: Incarnation(7),
                    view: Revision(8),
                },
            ),
            ("GET", "/v1/events") => Reply::json(
                200,
                &Events { revision: Revision(9), floor: Revision(1), events: vec![] },
            ),
            ("PUT" | "DELETE", "/v1/groups/g") => {
                Reply::json(200, &GroupAnswer { group: group(), timing: None })
            }
            ("PUT" | "DELETE", "/v1/groups/g/hold") => Reply::json(200, &hold),
            ("POST" | "DELETE", "/v1/nodes" | "/v1/nodes/4") => Reply::json(200, &configuration),
            ("POST", "/v1/leader") => {
                Reply::json(200, &LeaderAnswer { leader: NodeId(2), term: 9 })
            }
            ("GET", "/metrics") => Reply::json(200, &"text"),
            ("GET", "/v1/openapi.json") => Reply::json(200, &serde_json::json!({})),
            ("GET", "/readyz") => Reply::json(503, &"no leader"),
            ("GET", "/healthz") => Reply::json(200, &"ok"),
            _ => Reply::refuse(Code::NotFound, "no such path"),
        }
    })
    .await;
    let client = node.client();
    let (group, id, write) = (group(), id(), Write::default());
    client.group(&group).await.unwrap();
    let wait = Span::from_millis(1500);
    client.group_after(&group, Revision(7), wait).await.unwrap();
    let answer = client.join(&group, &join_request(), &write).await.unwrap();
    assert!(answer.is_new_life());
    client.member(&group, &id).await.unwrap();
    let if_view =
        Write { dry_run: true, if_view: Some(Revision(7)), idempotency_key: Some("mine".into()) };
    let patch = PatchRequest { drain: Some(true), ..PatchRequest::default() };
    client.patch(&group, &id, &patch, &if_view).await.unwrap();
    let departure = Departure {
        incarnation: Some(Incarnation(7)),
        reason: Some("too slow & old".into()),
        exit: None,
    };
    client.leave(&group, &id, &departure, &write).await.unwrap();
    let departure = Departure { reason: None, exit: Some(Exit::Code(-3)), ..departure };
    client.leave(&group, &id, &departure, &write).await.unwrap();
    let query = EventsQuery {
        after: Some(Revision(3)),
        group: Some(group.clone()),
        member: Some(id.clone()),
    };
    client.events(&query).await.unwrap();
    let hold = HoldRequest { lasts: Span::from_millis(30_000), reason: "switch".into() };
    let timing = GroupTiming { period_ms: Some(5_000), misses: None };
    client.create_group(&group, &timing, &write).await.unwrap();
    client.delete_group(&group, &write).await.unwrap();
    client.set_hold(&group, &hold, &write).await.unwrap();
    client.clear_hold(&group, &write).await.unwrap();
    let add = AddNodeRequest { id: None, peer_url: "http://127.0.0.1:1".into() };
    client.add_node(&add, &write).await.unwrap();
    client.remove_node(NodeId(4), &write).await.unwrap();
    let transfer = TransferRequest::default();
    client.transfer_leader(&transfer, &write).await.unwrap();
    assert_eq!(client.metrics().await.unwrap().value, "\"text\"");
    client.openapi().await.unwrap();
    assert!(client.healthz().await.unwrap().value.ok);
    let ready = client.readyz().await.unwrap();
    assert_eq!((ready.value.ok, ready.meta.status), (false, 503));
    let error = client.why(&group, &id).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NotFound));

    let asked: Vec<String> =
        node.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(
        asked,
        [
            "GET /v1/groups/g",
            "GET /v1/groups/g?after=7&wait=1500ms",
            "POST /v1/groups/g/members",
            "GET /v1/groups/g/members/m",
            "PATCH /v1/groups/g/members/m?dry_run=true&if_view=7",
            "DELETE /v1/groups/g/members/m?incarnation=7&reason=too%20slow%20%26%20old",
            "DELETE /v1/groups/g/members/m?incarnation=7&cause=exit&number=%2D3",
            "GET /v1/events?after=3&group=g&member=m",
            "PUT /v1/groups/g",
            "DELETE /v1/groups/g",
            "PUT /v1/groups/g/hold",
            "DELETE /v1/groups/g/hold",
            "POST /v1/nodes",
            "DELETE /v1/nodes/4",
            "POST /v1/leader",
            "GET /metrics",
            "GET /v1/openapi.json",
            "GET /healthz",
            "GET /readyz",
            "GET /v1/groups/g/members/m/why",
        ]
    );
    for seen in node.seen() {
        let key = seen.header("idempotency-key");
        match seen.method.as_str() {
            "GET" => assert_eq!(key, None),
            "PATCH" => assert_eq!(key, Some("mine")),
            _ => assert_eq!(key.map(str::len), Some(32)),
        }
        let kind = seen.header("content-type");
        assert_eq!(kind, (!seen.body.is_empty()).then_some("application/json"), "{}", seen.path);
    }
}

#[tokio::test]
async fn a_local_client_says_so_where_it_matters() {
    let node = TestNode::start(|_| groups()).await;
    let client = node
        .client()
        .with_options(Options { consistency: Consistency::Local, ..Options::default() });
    client.groups().await.unwrap();
    let _ = client.status().await;
    let paths: Vec<String> = node.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/v1/groups?consistency=local", "/v1/status"]);
}

#[tokio::test]
async fn one_connection_serves_call_after_call_and_a_parallel_one_gets_another() {
    let (release, released) = tokio::sync::watch::channel(false);
    let node = TestNode::start(move |seen| {
        if seen.path.contains("after=1") {
            let mut released = released.clone();
            return Reply::Later(Box::pin(async move {
                released.wait_for(|yes| *yes).await.unwrap();
                groups()
            }));
        }
        groups()
    })
    .await;
    let client = node.client();
    for _ in 0..3 {
        client.groups().await.unwrap();
    }
    let slow = client.raw(Method::GET, "/v1/events?after=1", Bytes::new());
    let quick = async {
        while node.seen().len() < 4 {
            tokio::task::yield_now().await;
        }
        client.groups().await.unwrap();
        release.send(true).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, quick);
    slow.unwrap();
    let connections: Vec<usize> = node.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 1, 1, 1, 2]);
}

#[tokio::test]
async fn what_a_node_said_is_told_even_if_the_last_attempt_is_cut_short() {
    let node = TestNode::start(in_turn(&[
        || Reply::refuse(Code::OutcomeUnknown, "proposed, not answered"),
        || Reply::Hang,
    ]))
    .await;
    let client = node.client().with_options(short(1_000));
    let error = client.join(&group(), &join_request(), &Write::default()).await.unwrap_err();
    assert!(error.outcome_unknown());
    assert_eq!(node.seen().len(), 2, "it was tried again and had no answer");
    assert!(error.to_string().contains("proposed, not answered"), "{error}");
}

#[tokio::test]
async fn the_others_are_asked_when_one_is_not_there_and_the_good_one_is_remembered() {
    let node = TestNode::start(|_| groups()).await;
    let client = client(&[&nobody().await, &node.endpoint]);
    assert_eq!(client.groups().await.unwrap().meta.endpoint, node.endpoint);
    assert_eq!(client.first(), 1);
    client.groups().await.unwrap();
}

#[tokio::test]
async fn with_nobody_there_the_call_ends_at_once_and_names_them_all() {
    let (one, two) = (nobody().await, nobody().await);
    let start = Instant::now();
    let error =
        client(&[&one, &two]).join(&group(), &join_request(), &Write::default()).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(!error.outcome_unknown());
    let ClientError::Unreachable { tried } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(tried.len(), 2);
    let text = error.to_string();
    assert!(text.contains(&one.to_string()) && text.contains(&two.to_string()));
}

#[tokio::test]
async fn a_refusal_is_final_and_carries_its_evidence() {
    let node = TestNode::start(|_| {
        let evidence = Evidence::stated(Cause::Operator, None, vec!["too slow".into()]);
        let (revision, term, at_ms) = (Revision(9), 2, 1);
        let removal = serde_json::to_value(Removal { revision, term, at_ms, evidence }).unwrap();
        Reply::problem(&Problem::new(Code::Fenced, "gone").with("removal", removal))
    })
    .await;
    let other = TestNode::start(|_| groups()).await;
    let error = client(&[&node.endpoint, &other.endpoint])
        .leave(&group(), &id(), &Departure::default(), &Write::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::Fenced));
    assert_eq!(error.evidence().unwrap().cause, Cause::Operator);
    assert!(!error.outcome_unknown());
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn no_quorum_is_tried_elsewhere_and_again_until_the_deadline() {
    let no_quorum = || Reply::refuse(Code::NoQuorum, "no leader");
    let without = TestNode::start(move |_| no_quorum()).await;
    let recovers = TestNode::start(in_turn(&[
        || Reply::refuse(Code::NoQuorum, "no leader"),
        || Reply::json(200, &joined()),
    ]))
    .await;
    let answer = client(&[&without.endpoint, &recovers.endpoint])
        .join(&group(), &join_request(), &Write::default())
        .await
        .unwrap();
    assert!(!answer.is_new_life());
    let keys: Vec<String> = recovers
        .seen()
        .iter()
        .map(|seen| seen.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);

    let error = without
        .client()
        .with_options(short(300))
        .join(&group(), &join_request(), &Write::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::NoQuorum));
    assert!(!error.outcome_unknown());
    assert!(without.seen().len() > 2);
}

#[tokio::test]
async fn a_connection_that_dies_is_survived_by_reads_and_by_writes_with_their_key() {
    let node = TestNode::start(in_turn(&[|| Reply::Close, groups])).await;
    node.client().groups().await.unwrap();

    let node = TestNode::start(in_turn(&[|| Reply::Close, || Reply::json(201, &joined())])).await;
    let answer = node.client().join(&group(), &join_request(), &Write::default()).await.unwrap();
    assert!(answer.is_new_life());
    let keys: Vec<String> =
        node.seen().iter().map(|seen| seen.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_node_that_hangs_is_left_for_another() {
    let hangs = TestNode::start(|_| Reply::Hang).await;
    let node = TestNode::start(|_| groups()).await;
    let answer = client(&[&hangs.endpoint, &node.endpoint])
        .with_options(short(1000))
        .groups()
        .await
        .unwrap();
    assert_eq!(answer.meta.endpoint, node.endpoint);
    assert_eq!(hangs.seen().len(), 1);
}

#[tokio::test]
async fn a_write_without_an_answer_says_that_its_outcome_is_unknown() {
    for reply in [
        (|| Reply::Hang) as fn() -> Reply,
        || Reply::Close,
        || Reply::refuse(Code::OutcomeUnknown, "perhaps"),
    ] {
        let node = TestNode::start(move |_| reply()).await;
        let write = Write { idempotency_key: Some("k".into()), ..Write::default() };
        let client = node.client().with_options(short(300));
        let error = client.join(&group(), &join_request(), &write).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error:?}");
        let ClientError::Timeout { outcome_unknown: true, idempotency_key: Some(key), .. } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(key, "k");
        assert!(error.to_string().contains("Idempotency-Key k"), "{error}");
    }
    let node = TestNode::start(|_| Reply::Hang).await;
    let client = node.client().with_options(short(300));
    let dry_run = Write { dry_run: true, ..Write::default() };
    let read = client.groups().await.unwrap_err();
    let tried = client.join(&group(), &join_request(), &dry_run).await.unwrap_err();
    for error in [read, tried] {
        assert!(!error.outcome_unknown(), "{error:?}");
        assert!(error.to_string().starts_with("no answer in time: "), "{error}");
    }
}

#[tokio::test]
async fn leadership_is_asked_to_move_once_and_not_again_when_the_outcome_is_unknown() {
    let unknown = || Reply::refuse(Code::OutcomeUnknown, "handed over, not taken");
    for reply in [unknown as fn() -> Reply, || Reply::Hang] {
        let nodes =
            [TestNode::start(move |_| reply()).await, TestNode::start(move |_| reply()).await];
        let endpoints = nodes.iter().map(|node| node.endpoint.clone()).collect::<Vec<_>>();
        let client = Client::new(endpoints, short(400)).unwrap();
        let (request, write) = (TransferRequest::default(), Write::default());
        let error = client.transfer_leader(&request, &write).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error:?}");
        assert!(!error.to_string().contains("repeat it"), "{error}");
        assert_eq!(nodes.iter().map(|node| node.seen().len()).sum::<usize>(), 1);
    }
}

#[tokio::test]
async fn a_write_that_was_sent_once_is_unknown_even_if_nobody_is_there_any_more() {
    let gone = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&gone);
    let node = TestNode::start(move |_| {
        notify.notify_one();
        Reply::Hang
    })
    .await;
    let client = node.client().with_options(short(400));
    let request = join_request();
    let (group, write) = (group(), Write::default());
    let call = client.join(&group, &request, &write);
    let stop = async {
        gone.notified().await;
        node.stop().await;
    };
    let (result, ()) = tokio::join!(call, stop);
    assert!(result.unwrap_err().outcome_unknown());
}

#[tokio::test]
async fn what_is_no_answer_of_ours_is_a_protocol_error_with_its_beginning() {
    for (reply, part) in [
        ((|| Reply::json(502, &"bad gateway")) as fn() -> Reply, "bad gateway"),
        (|| Reply::json(200, &"what"), "invalid type"),
        (|| Reply::Foreign { status: 200, body: "<html>" }, "expected value"),
        (|| Reply::json(200, &serde_json::json!({"what": 1})), "missing field"),
    ] {
        let node = TestNode::start(move |_| reply()).await;
        let error = node.client().groups().await.unwrap_err();
        assert!(matches!(&error, ClientError::Protocol { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn who_is_no_node_of_ours_is_passed_over_where_there_is_another() {
    for (status, body) in
        [(502, "bad gateway"), (200, "<html>welcome</html>"), (200, "{\"status\": \"up\"}")]
    {
        let stranger = TestNode::start(move |_| Reply::Foreign { status, body }).await;
        let node = TestNode::start(|_| groups()).await;
        let both = client(&[&stranger.endpoint, &node.endpoint]);
        assert_eq!(both.groups().await.unwrap().meta.endpoint, node.endpoint);
        // With nobody else there it is the stranger who has to be told of.
        node.stop().await;
        let error = both.groups().await.unwrap_err();
        assert!(matches!(&error, ClientError::Protocol { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_write_goes_past_a_stranger_with_the_same_key() {
    let foreign = || Reply::Foreign { status: 502, body: "bad gateway" };
    let stranger = TestNode::start(move |_| foreign()).await;
    let node = TestNode::start(|_| Reply::json(200, &joined())).await;
    let both = client(&[&stranger.endpoint, &node.endpoint]);
    both.join(&group(), &join_request(), &Write::default()).await.unwrap();
    let key = |node: &TestNode| node.seen()[0].header("idempotency-key").unwrap().to_owned();
    assert_eq!(key(&stranger), key(&node));
    node.stop().await;
    let both = both.with_options(short(300));
    let error = both.join(&group(), &join_request(), &Write::default()).await.unwrap_err();
    assert!(error.outcome_unknown(), "what spoiled the answer may have passed the write on");
}

#[tokio::test]
async fn a_server_that_speaks_no_http_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail\r\n\r\n").await;
        }
    });
    let error = client(&[&endpoint]).groups().await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
    server.abort();
}

#[tokio::test]
async fn a_long_poll_may_take_its_wait_on_top() {
    let node = TestNode::start(|_| {
        Reply::Later(Box::pin(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            groups()
        }))
    })
    .await;
    let client = node.client().with_options(short(200));
    assert!(client.groups().await.is_err());
    let wait = Span::from_millis(1000);
    let error = client.group_after(&group(), Revision(1), wait).await;
    // It was answered, if not with a view.
    assert!(matches!(error, Err(ClientError::Protocol { .. })));
}

#[tokio::test]
async fn raw_calls_pass_anything_on_and_refuse_what_is_no_path() {
    let node = TestNode::start(|seen| Reply::Json { status: 200, body: seen.body.clone() }).await;
    let client = node.client();
    let body = Bytes::from_static(b"{\"a\":1}");
    let answer = client.raw(Method::POST, "/v1/x?y=1", body.clone()).await;
    assert_eq!(answer.unwrap().value, body);
    for path in ["v1", "/a b", ""] {
        let error = client.raw(Method::GET, path, Bytes::new()).await;
        assert!(matches!(error, Err(ClientError::Invalid { .. })), "{path}");
    }
    assert!(Client::new([], Options::default()).is_err());
}
