//! Each promise that the predecessor of this service broke, kept: one named test a promise, on
//! real nodes as processes with real members.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gms::{
    answer::{ClientError, Write},
    api::{Band, Joined},
    calls::Departure,
    client::{Client, Options},
    evidence::Cause,
    heartbeat::{Key, Unverified},
    id::{GroupId, Revision},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    problem::Code,
};
use proptest::prelude::*;
use support::{TestCluster, TestNode, eventually, free_port, join, member, request};

fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

/// A listener that lets connections in, and drops them, until it is dropped itself.
struct Listening {
    at: SocketAddr,
    open: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Listening {
    /// Listens where nobody else does; `hung` keeps every connection open without a word.
    fn new(hung: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&open);
        let thread = std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                if !goes_on.load(Ordering::SeqCst) {
                    return;
                }
                if hung {
                    kept.push(stream);
                }
            }
        });
        Self { at, open, thread: Some(thread) }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.open.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(self.at);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A member made by hand on the datagram alone: it answers pings, or leaves some out.
struct Answering {
    at: SocketAddr,
    state: Arc<Mutex<AnsweringState>>,
}

#[derive(Default)]
struct AnsweringState {
    key: Option<Key>,
    answered: BTreeMap<u64, u32>,
    /// Pings yet to be left out, by node.
    leave_out: BTreeMap<u64, u32>,
}

impl Answering {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let state = Arc::new(Mutex::new(AnsweringState::default()));
        let shared = Arc::downgrade(&state);
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 128];
            while let Some(state) = shared.upgrade() {
                let Ok((len, from)) = socket.recv_from(&mut bytes) else {
                    continue;
                };
                let mut state = state.lock().unwrap();
                let Some(key) = state.key else { continue };
                let Ok(ping) = Unverified::read(&bytes[..len]).and_then(|read| read.verify(&key))
                else {
                    continue;
                };
                let left_out = state.leave_out.entry(ping.node.0).or_default();
                if *left_out > 0 {
                    *left_out -= 1;
                    continue;
                }
                let _ = socket.send_to(&ping.pong(Revision(0), false).encode(&key), from);
                *state.answered.entry(ping.node.0).or_default() += 1;
            }
        });
        Self { at, state }
    }

    async fn join(&self, client: &Client, name: &str, id: &str) -> Joined {
        let mut request = request(id, &self.at.to_string());
        request.liveness = Some(serde_json::from_str(r#""udp""#).unwrap());
        request.instance = Some("by hand".to_owned());
        let joined = client.join(&group(name), &request, &Write::default()).await.unwrap().value;
        self.state.lock().unwrap().key = Key::from_hex(&joined.key);
        joined
    }

    /// Waits for so many more answers to each node that watches it.
    async fn answers(&self, more: u32) {
        self.state.lock().unwrap().answered.clear();
        eventually("pings of both watchers", async || {
            let state = self.state.lock().unwrap();
            let enough = state.answered.values().filter(|count| **count >= more).count();
            (enough >= 2).then_some(())
        })
        .await;
    }
}

/// Waits until the member's monitor has heard it.
async fn heard(cluster: &TestCluster, name: &str, id: &str) {
    let client = cluster.client();
    let options = LivenessOptions { group: Some(group(name)), ..LivenessOptions::default() };
    let mut feed = LivenessFeed::new(&client, &options);
    let hearing = async {
        loop {
            match feed.next().await.unwrap() {
                LivenessItem::Member(seen) if seen.id == member(id) && seen.state == Band::Ok => {
                    return;
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, hearing).await.expect("the member is heard");
}

async fn gone(cluster: &TestCluster, node: u64, name: &str, id: &str) {
    eventually("the removal", async || {
        let view = cluster.view(node, name).await?;
        view.members.iter().all(|present| present.id != member(id)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_join_enters_the_group_it_names_and_no_other() {
    let cluster = TestCluster::start(3).await;
    for name in ["a", "b", "ba", "d", "e", "group-with-a-long.name_1"] {
        cluster.join(name, "m", "127.0.0.1:9021").await;
        cluster.join(name, "m", "127.0.0.1:9021").await;
    }
    for node in 1..=3 {
        for name in ["a", "b", "ba", "d", "e", "group-with-a-long.name_1"] {
            assert_eq!(cluster.members(node, name).await, ["m"], "{name} at node {node}");
        }
    }
    let groups = cluster.client().groups().await.unwrap().value.groups;
    assert_eq!(groups.len(), 6);
}

#[tokio::test]
async fn one_node_and_five_nodes_serve_every_group() {
    for count in [1, 5] {
        let cluster = TestCluster::start(count).await;
        for name in ["a", "b", "c", "d", "e"] {
            cluster.join(name, "m", "127.0.0.1:9021").await;
            assert_eq!(cluster.members(count, name).await, ["m"]);
        }
    }
}

#[tokio::test]
async fn lists_are_answered_in_the_body() {
    let cluster = TestCluster::start(3).await;
    cluster.join("a", "m1", "http://127.0.0.1:9021").await;
    let (status, body) = exchange(cluster.node(2), "GET", "/v1/groups/a", "");
    assert_eq!(status, 200);
    assert!(body.contains("\"m1\"") && body.contains("http://127.0.0.1:9021"), "{body}");
    let (status, body) = exchange(cluster.node(3), "GET", "/v1/groups", "");
    assert_eq!(status, 200);
    assert!(body.contains("\"a\""), "{body}");
}

#[tokio::test]
async fn a_leave_is_a_request_that_takes_effect_everywhere() {
    let cluster = TestCluster::start(3).await;
    let joined = cluster.join("a", "m", "127.0.0.1:9021").await;
    let left = cluster
        .client_of(2)
        .leave(&group("a"), &member("m"), &Departure::default(), &Write::default())
        .await
        .unwrap()
        .value;
    assert_eq!(left.incarnation, joined.member.incarnation);
    assert!(left.view > joined.view);
    for node in 1..=3 {
        assert!(cluster.members(node, "a").await.is_empty());
    }
}

#[tokio::test]
async fn one_missed_ping_removes_nobody() {
    let cluster = TestCluster::start(3).await;
    let answering = Answering::new();
    let joined = answering.join(&cluster.client(), "a", "m").await;
    answering.answers(1).await;
    for _ in 0..3 {
        let left_out = BTreeMap::from([(1, 1), (2, 1), (3, 1)]);
        answering.state.lock().unwrap().leave_out = left_out;
        answering.answers(2).await;
    }
    for node in 1..=3 {
        assert_eq!(cluster.view(node, "a").await.unwrap().view, joined.view);
    }
}

#[tokio::test]
async fn a_dead_nodes_members_are_taken_over() {
    let mut cluster = TestCluster::start_with(3, &["--boot-grace", "1s"]).await;
    let listening: Vec<Listening> = (0..12).map(|_| Listening::new(false)).collect();
    for (n, listener) in listening.iter().enumerate() {
        cluster.join("a", &format!("m{n}"), &listener.at.to_string()).await;
    }
    for n in 0..12 {
        heard(&cluster, "a", &format!("m{n}")).await;
    }
    let leader = cluster.leader().await;
    let victim = (1..=3).find(|id| *id != leader).unwrap();
    let survivor = (1..=3).find(|id| *id != leader && *id != victim).unwrap();
    // A node that stood still for a moment is no monitor until it has caught up.
    eventually("the victim to watch somebody", async || {
        let view = cluster.view(survivor, "a").await?;
        view.members
            .iter()
            .any(|member| member.monitor.is_some_and(|node| node.0 == victim))
            .then_some(())
    })
    .await;
    cluster.node_mut(victim).kill();
    drop(listening);
    for n in 0..12 {
        gone(&cluster, survivor, "a", &format!("m{n}")).await;
    }
}

#[tokio::test]
async fn a_hung_process_is_removed_and_delays_nobody() {
    let cluster = TestCluster::start_with(3, &["--boot-grace", "1s"]).await;
    let hung: Vec<Listening> = (0..20).map(|_| Listening::new(true)).collect();
    let client = cluster.client();
    for (n, listener) in hung.iter().enumerate() {
        let mut request = request(&format!("hung{n}"), &format!("http://{}/health", listener.at));
        request.liveness =
            Some(serde_json::from_str(r#"{"kind":"http","period_ms":60000}"#).unwrap());
        client.join(&group("a"), &request, &Write::default()).await.unwrap();
    }
    let listening = Listening::new(false);
    cluster.join("a", "dead", &listening.at.to_string()).await;
    heard(&cluster, "a", "dead").await;
    drop(listening);
    // Twenty probes hang for their whole timeout; the dead member leaves without them.
    gone(&cluster, 2, "a", "dead").await;
    assert_eq!(cluster.members(2, "a").await.len(), 20);
    // And one whose probes are not so far between is removed for its silence.
    let mut request = request("silent", &format!("http://{}/health", hung[0].at));
    request.liveness = Some(serde_json::from_str(r#"{"kind":"http","period_ms":200}"#).unwrap());
    client.join(&group("b"), &request, &Write::default()).await.unwrap();
    gone(&cluster, 3, "b", "silent").await;
    let why = client.why(&group("b"), &member("silent")).await.unwrap().value;
    assert_eq!(why.removal.unwrap().evidence.cause, Cause::Silence);
}

#[tokio::test]
async fn a_verdict_on_a_former_life_does_not_touch_the_present_one() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let first = cluster.join("a", "m", "127.0.0.1:9021").await.member.incarnation;
    let second = cluster.join("a", "m", "127.0.0.1:9022").await.member.incarnation;
    assert!(second > first, "another address is another life");
    let former = Departure { incarnation: Some(first), ..Departure::default() };
    let refused = client.leave(&group("a"), &member("m"), &former, &Write::default()).await;
    assert_eq!(refused.unwrap_err().code(), Some(Code::Fenced));
    let view = cluster.view(1, "a").await.unwrap();
    assert_eq!(view.members.len(), 1);
    assert_eq!(view.members[0].incarnation, second);
}

#[tokio::test]
async fn acknowledged_joins_survive_kill_9_of_all_nodes() {
    let home = Listening::new(false);
    let at = home.at.to_string();
    let mut cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let joins = (0..200).map(|n| {
        let (client, at) = (client.clone(), at.clone());
        async move { join(&client, "a", &format!("m{n}"), &at).await.is_ok() }
    });
    let acknowledged = futures_util::future::join_all(joins).await;
    assert!(acknowledged.iter().all(|ok| *ok));
    let before = cluster.view(1, "a").await.unwrap();
    cluster.nodes.iter_mut().for_each(TestNode::kill);
    cluster.nodes.iter_mut().for_each(TestNode::start);
    cluster.leader().await;
    for node in 1..=3 {
        let after = eventually("the view", async || cluster.view(node, "a").await).await;
        assert_eq!(after.view, before.view, "the same view, by the same number");
        assert_eq!(after.members.len(), 200);
    }
}

#[tokio::test]
async fn restarted_nodes_resume_one_after_the_other() {
    let home = Listening::new(false);
    let at = home.at.to_string();
    let mut cluster = TestCluster::start(3).await;
    for n in 0..20 {
        cluster.join("a", &format!("m{n}"), &at).await;
    }
    let before = cluster.view(1, "a").await.unwrap();
    for id in 1..=3 {
        cluster.node(id).signal("TERM");
        assert!(cluster.node_mut(id).wait().success(), "an orderly stop is no failure");
        cluster.leader().await;
        cluster.node_mut(id).start();
        eventually("the node's return", async || {
            cluster.client_of(id).readyz().await.ok().filter(|ready| ready.value.ok)
        })
        .await;
        assert_eq!(cluster.view(id, "a").await.unwrap().view, before.view);
        assert!(cluster.node_mut(id).is_running());
    }
}

#[tokio::test]
async fn no_acknowledged_join_is_lost_when_leaders_die() {
    let home = Listening::new(false);
    let at = home.at.to_string();
    let mut cluster = TestCluster::start(3).await;
    let client = Client::new(
        cluster.nodes.iter().map(TestNode::endpoint),
        Options { timeout: support::PATIENCE, ..Options::default() },
    )
    .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let joining = {
        let (stop, at) = (Arc::clone(&stop), at.clone());
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let id = format!("m{n}");
                if join(&client, "a", &id, &at).await.is_ok() {
                    acknowledged.push(id);
                }
            }
            acknowledged
        })
    };
    for _ in 0..3 {
        let leader = cluster.leader().await;
        cluster.node_mut(leader).kill();
        cluster.leader().await;
        cluster.node_mut(leader).start();
        cluster.leader().await;
    }
    stop.store(true, Ordering::SeqCst);
    let acknowledged = joining.await.unwrap();
    assert!(!acknowledged.is_empty());
    for node in 1..=3 {
        let members = cluster.members(node, "a").await;
        let lost: Vec<_> = acknowledged.iter().filter(|id| !members.contains(id)).collect();
        assert!(lost.is_empty(), "node {node} lost {lost:?}");
    }
}

#[tokio::test]
async fn a_lone_leader_refuses_writes_and_acknowledges_none() {
    let home = Listening::new(false);
    let at = home.at.to_string();
    let mut cluster = TestCluster::start(3).await;
    let leader = cluster.leader().await;
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    for id in &others {
        cluster.node(*id).signal("STOP");
    }
    let asked = Instant::now();
    let mut answers = Vec::new();
    for n in 0..3 {
        let body = format!(r#"{{"id":"m{n}","address":"{at}"}}"#);
        answers.push(exchange(cluster.node(leader), "POST", "/v1/groups/a/members", &body));
    }
    let took = asked.elapsed();
    // The first may have been proposed before the leader could know; then it must say so.
    assert!(matches!(answers[0].0, 503 | 504), "{answers:?}");
    assert_eq!(answers[2].0, 503, "{answers:?}");
    assert!(answers[2].1.contains("no_quorum"), "{answers:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    for id in &others {
        cluster.node(*id).signal("CONT");
    }
    cluster.leader().await;
    cluster.join("a", "m9", &at).await;
    let members = cluster.members(1, "a").await;
    assert!(
        members.contains(&"m9".to_owned()) && !members.contains(&"m2".to_owned()),
        "{members:?}"
    );
}

/// Asks until it is answered, for half a minute at most; only a want of quorum is asked again.
async fn answered(mut ask: impl AsyncFnMut() -> Result<(), ClientError>) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match ask().await {
            Ok(()) => return,
            Err(error) if matches!(error.code(), Some(Code::NoQuorum | Code::OutcomeUnknown)) => {
                assert!(Instant::now() < deadline, "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn joins_and_lists_together_kill_no_node() {
    let home = Listening::new(false);
    let at = home.at.to_string();
    let mut cluster = TestCluster::start(3).await;
    let work = (0..16).map(|worker| {
        let (client, at) = (cluster.client(), at.clone());
        async move {
            for n in 0..40 {
                // A machine that is slow for a moment may answer 503; it must answer in the end.
                let member = format!("w{worker}-{n}");
                answered(async || join(&client, "a", &member, &at).await.map(drop)).await;
                answered(async || client.group(&group("a")).await.map(drop)).await;
                answered(async || client.groups().await.map(drop)).await;
            }
        }
    });
    futures_util::future::join_all(work).await;
    for id in 1..=3 {
        assert!(cluster.node_mut(id).is_running());
        assert_eq!(cluster.members(id, "a").await.len(), 640);
    }
}

#[tokio::test]
async fn ids_with_odd_characters_are_refused_clearly() {
    let cluster = TestCluster::start(1).await;
    let node = cluster.node(1);
    for id in ["h:1", "a b", "a/b", "a%41", r"\u00e9", "", ".", "..", "REMOVE:a", r"x\ny"] {
        let body = format!(r#"{{"id":"{id}","address":"127.0.0.1:9021"}}"#);
        let (status, answer) = exchange(node, "POST", "/v1/groups/a/members", &body);
        assert_eq!(status, 400, "{id:?}: {answer}");
        assert!(
            answer.contains("\"code\":\"invalid\"") && answer.contains("member id"),
            "{answer}"
        );
    }
    for name in ["a:b", "%2e%2e", "a%20b", "%ff", "a%2fb"] {
        let body = r#"{"id":"m","address":"127.0.0.1:9021"}"#;
        let (status, answer) = exchange(node, "POST", &format!("/v1/groups/{name}/members"), body);
        assert_eq!(status, 400, "{name:?}: {answer}");
    }
    assert!(cluster.client().groups().await.unwrap().value.groups.is_empty());
}

#[tokio::test]
async fn no_request_kills_a_node() {
    let mut cluster = TestCluster::start(3).await;
    // What one request was enough for, in every form the predecessor's clients sent it.
    let killers = [
        ("POST", "/ab", ""),
        ("POST", "/a,1", ""),
        ("POST", "/,1,http://127.0.0.1:9021", ""),
        ("POST", "/a,1,127.0.0.1:9021", ""),
        ("POST", "/", ""),
        ("GET", "/members,X", ""),
        ("GET", "/foo", ""),
        ("PUT", "/groups", "x"),
        ("DELETE", "/groups", ""),
        ("POST", "/v1/groups/a/members", "{"),
        ("POST", "/v1/groups/a/members", r#"{"id":"m","address":"127.0.0.1:99999"}"#),
        ("POST", "/v1/groups/a/members", r#"{"id":"m","address":"127.0.0.1"}"#),
        ("POST", "/v1/groups/a/members", r#"{"id":"m","address":"://"}"#),
    ];
    for (method, path, body) in killers {
        for id in 1..=3 {
            let (status, answer) = exchange(cluster.node(id), method, path, body);
            assert!((400..500).contains(&status), "{method} {path}: {answer}");
            assert!(answer.contains("application/problem+json"), "{method} {path}: {answer}");
        }
    }
    let any = (
        prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "BREW", ""]),
        prop::string::string_regex(
            "(/v1)?(/groups|/members|/nodes|/watch|/[a-z,.:%?=&]{0,9}){0,4}[ -~]{0,20}",
        )
        .unwrap(),
        prop::collection::vec(any::<u8>(), 0..200),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    let node = cluster.node(2);
    runner
        .run(&any, |(method, path, body)| {
            let mut bytes = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
            .into_bytes();
            bytes.extend(body);
            if !path.contains("watch") && !path.contains("liveness") {
                raw(node, &bytes);
            }
            Ok(())
        })
        .unwrap();
    for id in 1..=3 {
        assert!(cluster.node_mut(id).is_running(), "{}", cluster.node(id).log());
    }
    cluster.join("a", "m", "127.0.0.1:9021").await;
}

#[tokio::test]
async fn a_node_is_reached_from_this_machine_only_unless_told_otherwise() {
    let cluster = TestCluster::start(1).await;
    assert!(cluster.node(1).api.ip().is_loopback());
    assert!(!cluster.node(1).log().contains("open to everybody"));
}

#[tokio::test]
async fn a_second_node_of_the_same_number_does_not_start() {
    let cluster = TestCluster::start(1).await;
    let node = cluster.node(1);
    let run = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_gmsd")).args(arguments).output().unwrap()
    };
    let peer = format!("http://127.0.0.1:{}", free_port());
    let (port, free) = (node.api.port().to_string(), free_port().to_string());
    let data_dir = node.data_dir.to_str().unwrap();
    let elsewhere = cluster.dir.path().join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    for (arguments, why) in [
        (vec!["--cluster", &peer, "--port", &port, "--data-dir", elsewhere], "cannot listen"),
        (vec!["--cluster", &peer, "--port", &free, "--data-dir", data_dir], "belongs to cluster"),
    ] {
        let output = run(&arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("gmsd: ") && last.contains(why), "{text}");
    }
    assert!(!std::path::Path::new(elsewhere).exists(), "nothing was written");
}

#[tokio::test]
async fn an_unknown_outcome_is_never_called_a_success() {
    let cluster = TestCluster::start(1).await;
    let nowhere = format!("http://127.0.0.1:{}", free_port()).parse().unwrap();
    let client = Client::new([nowhere], Options::default()).unwrap();
    let refused = join(&client, "a", "m", "127.0.0.1:9021").await;
    assert!(matches!(refused, Err(ClientError::Unreachable { .. })), "{refused:?}");
    drop(cluster);
}

/// One request by hand: what no typed client would send.
fn exchange(node: &TestNode, method: &str, path: &str, body: &str) -> (u16, String) {
    raw(node, format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        node.api,
        body.len()
    ).as_bytes())
}

fn raw(node: &TestNode, bytes: &[u8]) -> (u16, String) {
    support::speak(node.api, bytes)
}
