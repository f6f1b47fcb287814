//! One node that speaks the contract: a small cluster that never changes, and a list of what was
//! asked. Names with a meaning: group `none` is not there, `lost` has no quorum, member `old` is
//! fenced, `bad` a conflict; a snapshot read locally is damaged. Only group `live` has members that come and go.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use futures_util::{StreamExt as _, stream};
use gms::{
    api::{
        Band, Configuration, Counts, Event, Events, GroupAnswer, GroupSummary, Groups, Hold,
        HoldAnswer, Joined, LeaderAnswer, LeftAnswer, MemberAnswer, MemberLiveness, NodeStatus,
        Nodes, Removal, Role, Status, What, Why, WhyState,
    },
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Kind, Liveness},
    problem::{Code, Problem},
    span::Span,
    view::{Change, Member, Removed, View},
};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

#[path = "../support/facts.rs"]
mod facts;

type Body = BoxBody<Bytes, Infallible>;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// The node. It stops when it is dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let log = Arc::clone(&asked);
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, log) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address: told.recv().unwrap(), asked, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn serve(listener: TcpListener, log: Arc<Mutex<Vec<Asked>>>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let service = service_fn(move |request| handle(request, Arc::clone(&log)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn handle(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Body>, Infallible> {
    let method = request.method().clone();
    let uri = request.uri().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    log.lock().unwrap().push(Asked {
        method: method.to_string(),
        path: uri.to_string(),
        body: body.clone(),
    });
    let parts: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
    let live = live_members(&log.lock().unwrap());
    if parts == ["v1", "snapshot"] {
        return Ok(snapshot(uri.query().unwrap_or_default().contains("local")));
    }
    Ok(answer(&method, &parts, &body, &live))
}

/// The members of group `live`, by what was asked so far.
fn live_members(asked: &[Asked]) -> Vec<Member> {
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    for asked in asked {
        let Some(rest) = asked.path.strip_prefix("/v1/groups/live/members") else {
            continue;
        };
        match asked.method.as_str() {
            "POST" => {
                let id = asked.body["id"].as_str().unwrap().to_owned();
                let mut joined = member(&id, 42);
                joined.liveness = serde_json::from_value(asked.body["liveness"].clone()).unwrap();
                joined.instance = asked.body["instance"].as_str().map(str::to_owned);
                members.insert(id, joined);
            }
            "DELETE" => {
                let id = rest.trim_start_matches('/').split('?').next().unwrap();
                members.remove(id);
            }
            _ => {}
        }
    }
    members.into_values().collect()
}

fn answer(method: &Method, parts: &[&str], body: &Value, live: &[Member]) -> Response<Body> {
    let live_view = || View {
        group: group_id("live"),
        view: Revision(50),
        revision: Revision(50),
        members: live.to_vec(),
    };
    match (method.as_str(), parts) {
        ("GET", ["v1", "groups", "live"]) => json(200, &live_view()),
        ("GET", ["v1", "groups", "live", "watch"]) => {
            open_stream(sse("snapshot", &text(&live_view())))
        }
        (_, ["v1", "groups", "paymnts", ..]) => {
            refuse(Code::NotFound, "there is no group \"paymnts\"")
        }
        (_, ["v1", "groups", "none", ..]) => {
            refuse(Code::NotFound, "there is no group \"none\" \u{1b}[31m")
        }
        (_, ["v1", "groups", "lost", ..]) => refuse(Code::NoQuorum, "1 of 3 voters in touch"),
        (_, ["v1", "groups", "slow", ..]) => refuse(Code::OutcomeUnknown, "proposed, not answered"),
        ("DELETE", ["v1", "groups", _, "members", "old"]) => refuse(Code::Fenced, "another lives"),
        ("POST", ["v1", "groups", _, "members"]) if body["id"] == "bad" => {
            refuse(Code::Conflict, "the present life answers")
        }
        ("GET", ["v1", "status"]) => json(200, &status()),
        ("GET", ["v1", "nodes"]) => json(200, &nodes()),
        ("POST", ["v1", "nodes"]) | ("DELETE", ["v1", "nodes", _]) => json(200, &configuration()),
        ("POST", ["v1", "leader"]) => json(200, &leader()),
        ("GET", ["v1", "groups"]) => json(200, &groups()),
        ("GET", ["v1", "groups", group]) => json(200, &view(group)),
        ("POST", ["v1", "groups", _, "members"]) => {
            json(201, &joined(body["id"].as_str().unwrap_or("web-1")))
        }
        ("GET", ["v1", "groups", _, "members", "fresh"]) => {
            refuse(Code::NotFound, "no such member")
        }
        ("GET", ["v1", "groups", _, "members", id]) => {
            json(200, &MemberAnswer { member: member(id, 42), view: Revision(43) })
        }
        ("PATCH", ["v1", "groups", _, "members", id]) => json(200, &member_answer(id)),
        ("DELETE", ["v1", "groups", group, "members", id]) => json(200, &left(group, id)),
        ("GET", ["v1", "groups", group, "members", id, "why"]) => json(200, &why(group, id)),
        ("GET", ["v1", "groups", group, "watch"]) => watch(group),
        ("GET", ["v1", "watch"]) => watch("payments"),
        ("GET", ["v1", "liveness"]) => liveness(),
        ("PUT", ["v1", "groups", group]) => json(200, &group_answer(group, true)),
        ("DELETE", ["v1", "groups", group]) => json(200, &group_answer(group, false)),
        ("PUT", ["v1", "groups", group, "hold"]) => json(200, &hold_answer(group, true)),
        ("DELETE", ["v1", "groups", group, "hold"]) => json(200, &hold_answer(group, false)),
        ("GET", ["v1", "events"]) => json(200, &events()),
        _ => refuse(Code::NotFound, "no such path"),
    }
}

fn builder(status: u16, kind: &str) -> hyper::http::response::Builder {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("gms-node", "2")
        .header("gms-leader", "1")
        .header("gms-term", "3")
        .header("gms-revision", "918")
}

fn json(status: u16, value: &impl Serialize) -> Response<Body> {
    let body = Full::new(Bytes::from(serde_json::to_vec(value).unwrap()));
    builder(status, "application/json").body(body.boxed()).unwrap()
}

fn refuse(code: Code, detail: &str) -> Response<Body> {
    let problem = Problem::new(code, detail);
    let body = Full::new(Bytes::from(serde_json::to_vec(&problem).unwrap()));
    builder(problem.status, gms::problem::MEDIA_TYPE).body(body.boxed()).unwrap()
}

fn sse(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// A snapshot, one change, a bookmark; then the stream stays open.
fn watch(group: &str) -> Response<Body> {
    open_stream(
        sse("snapshot", &text(&view(group)))
            + &sse("change", &text(&change(group)))
            + &sse("bookmark", "{\"revision\":44}"),
    )
}

/// A small snapshot, damaged on request.
fn snapshot(damaged: bool) -> Response<Body> {
    let header = gms::snapshot::Header {
        cluster: status().cluster,
        node: NodeId(2),
        revision: Revision(918),
        term: 3,
        at_ms: 1_790_000_000_000,
        version: "0.1.0".to_owned(),
        groups: 2,
        members: 4,
    };
    let mut file = gms::snapshot::FIRST_LINE.to_vec();
    file.extend(text(&header).into_bytes());
    file.extend(b"\n");
    file.extend(vec![7; 100_000]);
    let sum = blake3::hash(&file);
    file.extend(sum.as_bytes());
    if damaged {
        file[5_000] ^= 1;
    }
    let body = Full::new(Bytes::from(file));
    builder(200, "application/octet-stream").body(body.boxed()).unwrap()
}

/// How everybody looks: web-1 is well, web-2 is suspected.
fn liveness() -> Response<Body> {
    let mut events = String::new();
    for group in ["orders", "payments"] {
        for (id, incarnation, state, age_ms) in
            [("web-1", 42, Band::Ok, 100), ("web-2", 43, Band::Suspect, 2_100)]
        {
            let member = member(id, incarnation);
            let report =
                MemberLiveness { age_ms: Some(age_ms), ..facts::looks(group, &member, state) };
            events += &sse("member", &text(&report));
        }
    }
    open_stream(events)
}

fn open_stream(events: String) -> Response<Body> {
    let frames = stream::iter([Ok(Frame::data(Bytes::from(events)))]).chain(stream::pending());
    builder(200, "text/event-stream").body(BoxBody::new(StreamBody::new(frames))).unwrap()
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn group_id(text: &str) -> GroupId {
    text.parse().unwrap()
}

fn member_id(text: &str) -> MemberId {
    text.parse().unwrap()
}

pub(crate) fn status() -> Status {
    Status {
        cluster: "0123456789abcdef0123456789abcdef".to_owned(),
        term: 3,
        revision: Revision(918),
        counts: Counts { nodes: 3, groups: 2, members: 4, suspects: 0, watchers: 1 },
        uptime_ms: 7_985_000,
        age_ms: Some(12),
        ..facts::status()
    }
}

pub(crate) fn nodes() -> Nodes {
    let node = |id: u64, role| NodeStatus {
        role: Some(role),
        term: Some(3),
        matched: Some(Revision(918)),
        applied: Some(Revision(918)),
        rtt_p99_us: Some(1250),
        ..facts::node(id)
    };
    let lost = NodeStatus {
        role: None,
        reachable: false,
        term: None,
        leader: None,
        applied: None,
        lag: None,
        error: Some("connection refused".to_owned()),
        ..node(3, Role::Follower)
    };
    Nodes {
        answered_by: NodeId(2),
        nodes: vec![node(1, Role::Leader), node(2, Role::Follower), lost],
    }
}

pub(crate) fn configuration() -> Configuration {
    Configuration {
        node: NodeId(4),
        cluster: status().cluster,
        voters: vec![NodeId(1), NodeId(2), NodeId(3)],
        learners: vec![NodeId(4)],
        peers: [(NodeId(4), "http://127.0.0.1:42379".to_owned())].into(),
    }
}

pub(crate) fn leader() -> LeaderAnswer {
    LeaderAnswer { leader: NodeId(1), term: 3 }
}

fn hold() -> Hold {
    Hold {
        since: Revision(900),
        at_ms: 1_790_000_000_000,
        lasts: Span::from_millis(1_800_000),
        reason: "switch\nupgrade".to_owned(),
    }
}

pub(crate) fn hold_answer(group: &str, is_set: bool) -> HoldAnswer {
    HoldAnswer { group: group_id(group), hold: is_set.then(hold) }
}

pub(crate) fn group_answer(group: &str, is_kept: bool) -> GroupAnswer {
    let timing = GroupTiming { period_ms: Some(5_000), misses: None };
    GroupAnswer { group: group_id(group), timing: is_kept.then_some(timing) }
}

pub(crate) fn groups() -> Groups {
    let summary = |name: &str, hold| GroupSummary {
        name: group_id(name),
        view: Revision(43),
        members: 2,
        away: 0,
        suspects: 1,
        hold,
        timing: None,
    };
    Groups {
        revision: Revision(918),
        groups: vec![summary("orders", None), summary("payments", Some(hold()))],
    }
}

pub(crate) fn member(id: &str, incarnation: u64) -> Member {
    Member {
        liveness: Liveness::of(Kind::Tcp),
        tags: [("zone".to_owned(), "a \u{1b}]0;x\u{7}".to_owned())].into(),
        ..facts::member(id, "http://10.0.0.7:8080", incarnation, 1)
    }
}

pub(crate) fn view(group: &str) -> View {
    View {
        group: group_id(group),
        view: Revision(43),
        revision: Revision(43),
        members: vec![member("web-1", 42), member("web-2", 43)],
    }
}

pub(crate) fn change(group: &str) -> Change {
    Change {
        group: group_id(group),
        from: Revision(43),
        view: Revision(44),
        revision: Revision(44),
        after: Revision(43),
        at_ms: 1_790_000_000_000,
        joined: vec![member("web-3", 44)],
        left: vec![],
        removed: vec![Removed {
            id: member_id("web-1"),
            incarnation: Incarnation(42),
            cause: Cause::Silence,
            number: None,
        }],
        updated: vec![],
        away: Vec::new(),
    }
}

pub(crate) fn joined(id: &str) -> Joined {
    Joined { member: member(id, 42), view: Revision(42), key: "ab".repeat(32) }
}

pub(crate) fn member_answer(id: &str) -> MemberAnswer {
    MemberAnswer { member: member(id, 42), view: Revision(42) }
}

pub(crate) fn left(group: &str, id: &str) -> LeftAnswer {
    LeftAnswer {
        group: group_id(group),
        id: member_id(id),
        incarnation: Incarnation(42),
        view: Revision(50),
    }
}

fn evidence() -> Evidence {
    Evidence {
        cause: Cause::Silence,
        number: None,
        last_round_trip_ms_ago: Some(2_100),
        observers: vec![Observation {
            node: NodeId(1),
            verdict: Verdict::Silent,
            age_ms: Some(2_100),
            health: 0,
            detail: "5 probes lost".to_owned(),
        }],
        refuted: 1,
        context: vec!["an election 3 s before".to_owned()],
    }
}

pub(crate) fn why(group: &str, id: &str) -> Why {
    Why {
        group: group_id(group),
        id: member_id(id),
        incarnation: Incarnation(42),
        state: WhyState::Removed,
        removal: Some(Removal {
            revision: Revision(44),
            term: 3,
            at_ms: 1_790_000_000_000,
            evidence: evidence(),
        }),
        left: None,
        hold: None,
        suspicion: None,
    }
}

pub(crate) fn events() -> Events {
    let event =
        |revision, what| Event { revision: Revision(revision), at_ms: 1_790_000_000_000, what };
    Events {
        revision: Revision(918),
        floor: Revision(0),
        events: vec![
            event(
                42,
                What::Joined {
                    group: group_id("payments"),
                    member: member_id("web-1"),
                    incarnation: Incarnation(42),
                    address: "10.0.0.7:8080".parse().unwrap(),
                },
            ),
            event(
                44,
                What::Removed {
                    group: group_id("payments"),
                    member: member_id("web-1"),
                    incarnation: Incarnation(42),
                    evidence: evidence(),
                },
            ),
            event(45, What::Election { leader: NodeId(1), term: 4 }),
        ],
    }
}
