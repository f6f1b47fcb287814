//! Sessions against a scripted service that pings them for real.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::Method;
use tokio::sync::Notify;

use crate::{
    address::Address,
    api::{
        Bookmark, JoinRequest, Joined, LeftAnswer, MemberAnswer, Removal, WatchEvent, Why, WhyState,
    },
    calls::Exit,
    client::{Client, Options},
    evidence::{Cause, Evidence},
    heartbeat::{Direction, FRAME_LEN, Flags, Frame, Key, Unverified},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    problem::{Code, Problem},
    session::{
        event::{SessionEnd, SessionEvent, SessionEvents},
        handle::Session,
        hub::SessionHub,
        options::{JoinError, SessionOptions, SessionStream},
    },
    test_node::{Reply, Seen, StreamWriter, TestNode},
    view::{Change, Left, Member, MemberState, Removed, View},
};

const LEASE: Duration = Duration::from_millis(300);

/// What the scripted service keeps.
#[derive(Default)]
struct State {
    revision: u64,
    members: BTreeMap<MemberId, Member>,
    joins: Vec<JoinRequest>,
    streams: Vec<(Seen, StreamWriter)>,
    /// What `why` says of each life.
    evidence: BTreeMap<Incarnation, Evidence>,
    /// Refusals to give to the next joins.
    refusals: Vec<Problem>,
    /// Refusals to give to the next streams.
    stream_refusals: Vec<Problem>,
    /// Joins and leaves are answered only while this is not set.
    stalled: bool,
}

/// A service of several nodes with one state, and a monitor that pings.
struct Service {
    nodes: Vec<TestNode>,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    monitor: UdpSocket,
    nonce: AtomicU64,
    /// The last pong of each member.
    heard: Mutex<BTreeMap<MemberId, u64>>,
}

fn group() -> GroupId {
    "g".parse().unwrap()
}

fn id(n: usize) -> MemberId {
    format!("m{n}").parse().unwrap()
}

fn key(member: &Member) -> Key {
    Key::derive(&[5; 32], &group(), &member.id, member.incarnation)
}

impl State {
    fn view(&self) -> View {
        View {
            group: group(),
            view: Revision(self.revision),
            revision: Revision(self.revision),
            members: self.members.values().cloned().collect(),
        }
    }

    fn tell(&mut self, change: impl FnOnce(&mut Change)) {
        let from = Revision(self.revision);
        self.revision += 1;
        let mut next = Change {
            group: group(),
            from,
            view: Revision(self.revision),
            revision: Revision(self.revision),
            after: from,
            at_ms: 0,
            joined: vec![],
            left: vec![],
            removed: vec![],
            updated: vec![],
            away: vec![],
        };
        change(&mut next);
        for left in &next.left {
            self.members.remove(&left.id);
        }
        for removed in &next.removed {
            self.members.remove(&removed.id);
        }
        for member in next.joined.iter().chain(&next.updated) {
            self.members.insert(member.id.clone(), member.clone());
        }
        for (_, stream) in &self.streams {
            stream.event(self.revision, &WatchEvent::Change(next.clone()));
        }
    }

    fn join(&mut self, request: JoinRequest) -> Reply {
        self.joins.push(request.clone());
        if let Some(problem) = self.refusals.pop() {
            return Reply::problem(&problem);
        }
        let member = Member {
            id: request.id,
            address: request.address,
            incarnation: Incarnation(self.revision + 1),
            monitor: None,
            witness: None,
            liveness: request.liveness.unwrap(),
            tags: request.tags,
            state: MemberState::Active,
            instance: request.instance,
            hold: request.hold,
        };
        self.tell(|change| change.joined.push(member.clone()));
        Reply::json(
            201,
            &Joined { key: key(&member).to_hex(), member, view: Revision(self.revision) },
        )
    }

    fn leave(&mut self, id: &MemberId) -> Reply {
        let Some(member) = self.members.get(id).cloned() else {
            return Reply::refuse(Code::Fenced, "gone");
        };
        self.tell(|change| {
            change.left.push(Left {
                id: member.id.clone(),
                incarnation: member.incarnation,
                reason: None,
            });
        });
        Reply::json(
            200,
            &LeftAnswer {
                group: group(),
                id: member.id,
                incarnation: member.incarnation,
                view: Revision(self.revision),
            },
        )
    }

    fn why(&self, id: &MemberId) -> Reply {
        if let Some(member) = self.members.get(id)
            && member.state != MemberState::Away
        {
            let incarnation = member.incarnation;
            return Reply::json(
                200,
                &Why {
                    group: group(),
                    id: id.clone(),
                    incarnation,
                    state: WhyState::Member,
                    removal: None,
                    left: None,
                    hold: None,
                    suspicion: None,
                },
            );
        }
        let Some((incarnation, evidence)) = self.evidence.last_key_value() else {
            return Reply::refuse(Code::NotFound, "nothing");
        };
        Reply::json(
            200,
            &Why {
                group: group(),
                id: id.clone(),
                incarnation: *incarnation,
                state: WhyState::Removed,
                removal: Some(Removal {
                    revision: Revision(self.revision),
                    term: 1,
                    at_ms: 0,
                    evidence: evidence.clone(),
                }),
                left: None,
                hold: None,
                suspicion: None,
            },
        )
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let path = seen.path.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').skip(4).collect();
        match (&seen.method, parts.as_slice()) {
            (&Method::POST, ["members"]) => self.join(serde_json::from_slice(&seen.body).unwrap()),
            (&Method::DELETE, ["members", id]) => self.leave(&id.parse().unwrap()),
            (&Method::GET, ["members", id]) => match self.members.get(&id.parse().unwrap()) {
                Some(member) => Reply::json(
                    200,
                    &MemberAnswer { member: member.clone(), view: Revision(self.revision) },
                ),
                None => Reply::refuse(Code::NotFound, "no such member"),
            },
            (&Method::GET, ["members", id, "why"]) => self.why(&id.parse().unwrap()),
            (&Method::GET, ["watch"]) => {
                if let Some(problem) = self.stream_refusals.pop() {
                    return Reply::problem(&problem);
                }
                let (writer, reply) = Reply::stream();
                let revision = Revision(self.revision);
                let first = if seen.header("last-event-id").is_some() {
                    WatchEvent::Bookmark(Bookmark { revision })
                } else {
                    WatchEvent::Snapshot(self.view())
                };
                writer.event(self.revision, &first);
                self.streams.push((seen.clone(), writer));
                reply
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Service {
    async fn start(nodes: usize) -> Self {
        let state = Arc::new(Mutex::new(State { revision: 10, ..State::default() }));
        let changed = Arc::new(Notify::new());
        let mut service = Self {
            nodes: vec![],
            state: Arc::clone(&state),
            changed: Arc::clone(&changed),
            monitor: UdpSocket::bind("127.0.0.1:0").unwrap(),
            nonce: AtomicU64::new(1),
            heard: Mutex::default(),
        };
        let patience = Some(Duration::from_secs(10));
        service.monitor.set_read_timeout(patience).unwrap();
        for _ in 0..nodes {
            let (state, changed) = (Arc::clone(&state), Arc::clone(&changed));
            service.nodes.push(TestNode::start(move |seen| script(&state, &changed, seen)).await);
        }
        service
    }

    fn client(&self) -> Client {
        let endpoints = self.nodes.iter().map(|node| node.endpoint.clone());
        Client::new(endpoints, Options::default()).unwrap()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn member(&self, n: usize) -> Member {
        self.state().members[&id(n)].clone()
    }

    /// Waits until the state is as asked.
    async fn wait_for<T>(&self, what: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(found) = what(&self.state()) {
                return found;
            }
            changed.await;
        }
    }

    /// Pings a member.
    fn send_ping(&self, member: &Member, quorum_fresh: bool) -> u64 {
        let nonce = self.nonce.fetch_add(1, Ordering::SeqCst);
        let heard = self.heard.lock().unwrap();
        let frame = Frame {
            direction: Direction::Ping,
            flags: Flags { quorum_fresh, ..Flags::default() },
            node: NodeId(1),
            epoch: 1,
            incarnation: member.incarnation,
            nonce,
            echo: heard.get(&member.id).copied().unwrap_or(0),
            acked_view: Revision(0),
        };
        let to = ping_address(member);
        self.monitor.send_to(&frame.encode(&key(member)), to).unwrap();
        nonce
    }

    /// Reads the next pong, blocking the thread, and with it a runtime of one thread.
    fn read_pong(&self, member: &Member) -> Frame {
        let mut bytes = [0; FRAME_LEN + 1];
        let (length, _) = self.monitor.recv_from(&mut bytes).unwrap();
        let read = Unverified::read(&bytes[..length]).unwrap();
        let pong = read.verify(&key(member)).unwrap();
        self.heard.lock().unwrap().insert(member.id.clone(), pong.nonce);
        pong
    }

    fn ping(&self, member: &Member, quorum_fresh: bool) -> Frame {
        let nonce = self.send_ping(member, quorum_fresh);
        let pong = self.read_pong(member);
        assert_eq!((pong.nonce, pong.direction), (nonce, Direction::Pong));
        pong
    }

    /// Takes a member out by a verdict.
    fn remove(&self, n: usize, cause: Cause) -> Incarnation {
        let mut state = self.state();
        let incarnation = state.members[&id(n)].incarnation;
        let evidence = Evidence::stated(cause, None, vec![]);
        state.evidence.insert(incarnation, evidence);
        state.tell(|change| {
            change.removed.push(Removed { id: id(n), incarnation, cause, number: None });
        });
        incarnation
    }
}

fn script(state: &Arc<Mutex<State>>, changed: &Arc<Notify>, seen: &Seen) -> Reply {
    let mut now = state.lock().unwrap();
    if now.stalled && seen.method != Method::GET {
        let (state, changed) = (Arc::clone(state), Arc::clone(changed));
        let seen = seen.clone();
        return Reply::Later(Box::pin(async move {
            loop {
                let again = changed.notified();
                if !state.lock().unwrap().stalled {
                    break;
                }
                again.await;
            }
            state.lock().unwrap().answer(&seen)
        }));
    }
    let reply = now.answer(seen);
    changed.notify_waiters();
    reply
}

fn ping_address(member: &Member) -> SocketAddr {
    let to = member.liveness.ping_to.as_ref().unwrap();
    to.authority().parse().unwrap()
}

fn address() -> Address {
    "127.0.0.1:9021".parse().unwrap()
}

fn options(n: usize) -> SessionOptions {
    SessionOptions { lease: Some(LEASE), ..SessionOptions::new(group(), id(n), address()) }
}

/// The next event that is neither of the stream's connection nor of a view.
async fn next(events: &SessionEvents) -> Option<SessionEvent> {
    loop {
        match events.next().await {
            Some(
                SessionEvent::Connected { .. }
                | SessionEvent::Disconnected { .. }
                | SessionEvent::View(_),
            ) => {}
            other => return other,
        }
    }
}

async fn until(events: &SessionEvents, wanted: impl Fn(&SessionEvent) -> bool) -> SessionEvent {
    loop {
        let event = events.next().await.expect("the session goes on");
        if wanted(&event) {
            return event;
        }
    }
}

#[tokio::test]
async fn a_session_joins_as_the_contract_says_and_answers_although_its_runtime_is_blocked() {
    let service = Service::start(1).await;
    let mut options = options(1);
    options.tags.insert("zone".into(), "a".into());
    options.lease = None;
    options.period = Some(Duration::from_secs(5));
    let session = Session::join(&service.client(), options).await.unwrap();
    let request = service.state().joins[0].clone();
    assert_eq!((request.id, request.address), (id(1), address()));
    assert_eq!(request.instance.as_ref().map(String::len), Some(32));
    assert_eq!(request.tags["zone"], "a");
    let liveness = request.liveness.unwrap();
    assert_eq!(liveness.kind.as_str(), "udp");
    assert_eq!(liveness.period_ms, Some(5000));
    assert_eq!(liveness.check(), Ok(()));
    // This runtime has one thread, which these calls block.
    let member = service.member(1);
    let pong = service.ping(&member, true);
    assert_eq!(pong.acked_view, Revision(11));
    assert_eq!(session.incarnation(), member.incarnation);
    assert_eq!(session.key(), key(&member).to_hex());
    let token = session.token().unwrap();
    assert_eq!(token.to_string(), "g/m1@11");
    assert!(session.is_valid() && session.valid_for() <= Duration::from_secs(12));
}

#[tokio::test]
async fn answered_pings_keep_the_lease_far_beyond_its_length() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let member = service.member(1);
    let began = Instant::now();
    service.ping(&member, true);
    let mut last_sent = began;
    while began.elapsed() < LEASE * 3 {
        let sent = Instant::now();
        service.ping(&member, true);
        let is_valid = session.is_valid();
        // This machine may have stopped the test for longer than a lease.
        assert!(is_valid || last_sent.elapsed() >= LEASE);
        last_sent = sent;
    }
    assert_eq!(service.state().joins.len(), 1);
}

#[tokio::test]
async fn a_lost_lease_comes_back_with_acknowledged_pongs_only() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let (events, member) = (session.events(), service.member(1));
    let incarnation = member.incarnation;
    let event = until(&events, |event| matches!(event, SessionEvent::LeaseLost { .. })).await;
    assert_eq!(event, SessionEvent::LeaseLost { incarnation });
    assert_eq!(session.valid_for(), Duration::ZERO);
    // Answered, and no word that a quorum knows.
    for _ in 0..3 {
        service.ping(&member, false);
        assert!(!session.is_valid() && session.token().is_none());
    }
    let event = loop {
        service.ping(&member, true);
        tokio::select! {
            biased;
            event = next(&events) => break event,
            () = tokio::task::yield_now() => {}
        }
    };
    assert_eq!(event, Some(SessionEvent::LeaseRegained { incarnation }));
    assert_eq!(service.state().joins.len(), 1);
}

#[tokio::test]
async fn a_removed_member_knows_why_and_comes_back_as_a_new_life() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    let first = service.member(1);
    assert_eq!(
        next(&events).await,
        Some(SessionEvent::Joined { incarnation: first.incarnation, view: Revision(11) })
    );
    service.wait_for(|state| state.streams.first().map(drop)).await;
    let seen = service.state().streams[0].0.path.clone();
    assert_eq!(seen, "/v1/groups/g/watch?as=m1&incarnation=11");
    service.remove(1, Cause::Silence);
    let removed = until(&events, |event| matches!(event, SessionEvent::Removed { .. })).await;
    assert_eq!(
        removed,
        SessionEvent::Removed {
            incarnation: first.incarnation,
            cause: Some(Cause::Silence),
            evidence: Some(Evidence::stated(Cause::Silence, None, vec![])),
        }
    );
    let rejoined = next(&events).await.unwrap();
    let second = service.member(1);
    assert_eq!(
        rejoined,
        SessionEvent::Rejoined { incarnation: second.incarnation, view: Revision(13) }
    );
    assert_eq!(session.incarnation(), second.incarnation);
    assert!(second.incarnation > first.incarnation);
    let joins = service.state().joins.clone();
    assert_ne!(joins[0].instance, joins[1].instance);
    assert_eq!(joins[1].key, None);
    // The new life answers, the old one does not.
    service.send_ping(&first, true);
    service.ping(&second, true);
}

#[tokio::test]
async fn who_was_sent_away_or_replaced_does_not_come_back() {
    for (cause, end) in [(Cause::Operator, SessionEnd::Removed), (Cause::Exit, SessionEnd::Removed)]
    {
        let service = Service::start(1).await;
        let session = Session::join(&service.client(), options(1)).await.unwrap();
        let events = session.events();
        service.wait_for(|state| state.streams.first().map(drop)).await;
        service.remove(1, cause);
        until(&events, |event| *event == SessionEvent::Ended(end.clone())).await;
        assert_eq!(events.next().await, None);
        assert!(!session.is_valid());
        assert_eq!(service.state().joins.len(), 1);
    }
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    let old = service.member(1);
    service.state().tell(|change| {
        change.removed.push(Removed {
            id: id(1),
            incarnation: old.incarnation,
            cause: Cause::Replaced,
            number: None,
        });
        change.joined.push(Member { incarnation: Incarnation(12), ..old });
    });
    let end = SessionEvent::Ended(SessionEnd::Replaced);
    until(&events, |event| *event == end).await;
    assert!(!session.is_valid());
    assert_eq!(session.leave().await.map_err(|error| error.to_string()), Ok(()));
}

#[tokio::test]
async fn without_rejoin_the_first_removal_is_the_end() {
    let service = Service::start(1).await;
    let options = SessionOptions { rejoin: false, ..options(1) };
    let session = Session::join(&service.client(), options).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    service.remove(1, Cause::Fin);
    let end = SessionEvent::Ended(SessionEnd::Removed);
    until(&events, |event| *event == end).await;
    assert!(!session.is_valid());
}

#[tokio::test]
async fn a_fenced_stream_tells_the_end_with_its_cause() {
    let service = Service::start(1).await;
    let evidence = serde_json::to_value(Evidence::stated(Cause::Silence, None, vec![])).unwrap();
    let fenced = Problem::new(Code::Fenced, "over").with("removal", evidence);
    service.state().stream_refusals.push(fenced);
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    let removed = until(&events, |event| matches!(event, SessionEvent::Removed { .. }));
    assert!(matches!(removed.await, SessionEvent::Removed { cause: Some(Cause::Silence), .. }));
    service.wait_for(|state| (state.joins.len() == 2).then_some(())).await;
}

#[tokio::test]
async fn a_broken_stream_is_opened_elsewhere_and_the_views_go_on() {
    let mut service = Service::start(2).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    until(&events, |event| *event == SessionEvent::View(Revision(11))).await;
    service.nodes.remove(0).stop().await;
    service.state().streams.clear();
    until(&events, |event| matches!(event, SessionEvent::Disconnected { .. })).await;
    service.wait_for(|state| state.streams.first().map(drop)).await;
    {
        let mut state = service.state();
        let other = Member { id: id(2), ..state.members[&id(1)].clone() };
        state.tell(|change| change.joined.push(other));
    }
    until(&events, |event| *event == SessionEvent::View(Revision(12))).await;
    assert_eq!(session.view(), Some(service.state().view()));
    // Its pongs tell that it has taken note.
    let pong = service.ping(&service.member(1), true);
    assert_eq!(pong.acked_view, Revision(12));
}

#[tokio::test]
async fn a_draining_member_is_told() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    for draining in [true, false] {
        let state = if draining { MemberState::Draining } else { MemberState::Active };
        let member = service.member(1);
        let updated = Member { state, ..member };
        service.state().tell(|change| change.updated.push(updated));
        until(&events, |event| *event == SessionEvent::Draining(draining)).await;
    }
}

#[tokio::test]
async fn a_static_member_that_is_held_for_away_comes_back_and_drives_nobody_out() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    let member = service.member(1);
    let away = Member { state: MemberState::Away, ..member.clone() };
    service.state().tell(|change| {
        change.view = change.from;
        change.away.push(Removed {
            id: member.id.clone(),
            incarnation: member.incarnation,
            cause: Cause::Fin,
            number: None,
        });
        change.updated.push(away);
    });
    let over = until(&events, |event| matches!(event, SessionEvent::Removed { .. })).await;
    assert!(matches!(over, SessionEvent::Removed { cause: Some(Cause::Fin), .. }), "{over:?}");
    until(&events, |event| matches!(event, SessionEvent::Rejoined { .. })).await;
    let rejoin = service.state().joins[1].clone();
    assert_eq!((rejoin.key, rejoin.replace), (None, false));
}

#[tokio::test]
async fn whoever_finds_another_life_in_its_place_does_not_come_back() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    let member = service.member(1);
    let other = Member { incarnation: Incarnation(99), ..member.clone() };
    {
        // Both are told before the session can have asked.
        let mut state = service.state();
        state.tell(|change| {
            change.updated.push(Member { state: MemberState::Away, ..member.clone() });
        });
        state.tell(|change| change.updated.push(other));
    }
    let end = until(&events, |event| matches!(event, SessionEvent::Ended(_))).await;
    assert_eq!(end, SessionEvent::Ended(SessionEnd::Replaced));
    assert_eq!(service.state().joins.len(), 1);
}

#[tokio::test]
async fn without_a_stream_a_removal_is_found_out_when_the_lease_is_over() {
    let service = Service::start(1).await;
    let options = SessionOptions { stream: SessionStream::Without, ..options(1) };
    let session = Session::join(&service.client(), options).await.unwrap();
    let events = session.events();
    let incarnation = service.remove(1, Cause::Operator);
    for expected in [
        SessionEvent::Joined { incarnation, view: Revision(11) },
        SessionEvent::LeaseLost { incarnation },
        SessionEvent::Removed {
            incarnation,
            cause: Some(Cause::Operator),
            evidence: Some(Evidence::stated(Cause::Operator, None, vec![])),
        },
        SessionEvent::Ended(SessionEnd::Removed),
    ] {
        assert_eq!(events.next().await, Some(expected));
    }
    assert!(service.state().streams.is_empty());
}

#[tokio::test]
async fn leaving_is_announced_in_pongs_and_fenced_by_the_incarnation() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let (events, member) = (session.events(), service.member(1));
    assert!(!service.ping(&member, true).flags.leaving);
    service.state().stalled = true;
    let leave = tokio::spawn(session.leave());
    let is_asked = || {
        let seen = service.nodes[0].seen();
        seen.into_iter().find(|seen| seen.method == Method::DELETE)
    };
    let asked = loop {
        if let Some(asked) = is_asked() {
            break asked;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(asked.path, "/v1/groups/g/members/m1?incarnation=11");
    assert!(service.ping(&member, true).flags.leaving);
    service.state().stalled = false;
    service.changed.notify_waiters();
    leave.await.unwrap().unwrap();
    let end = SessionEvent::Ended(SessionEnd::Left);
    until(&events, |event| *event == end).await;
    assert_eq!(events.next().await, None);
    assert!(service.state().members.is_empty());
}

#[tokio::test]
async fn an_exit_is_reported_with_its_number() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    session.report_exit(Exit::Signal(9)).await.unwrap();
    let seen = service.nodes[0].seen();
    let asked = seen.iter().find(|seen| seen.method == Method::DELETE).unwrap();
    assert_eq!(asked.path, "/v1/groups/g/members/m1?incarnation=11&cause=signal&number=9");
}

#[tokio::test]
async fn a_dropped_session_leaves_neither_stream_nor_answer_behind() {
    let service = Service::start(1).await;
    let hub = SessionHub::bind(&address(), None, None).await.unwrap();
    let shared = |n| SessionOptions { hub: Some(hub.clone()), ..options(n) };
    let client = service.client();
    let dropped = Session::join(&client, shared(1)).await.unwrap();
    let _stays = Session::join(&client, shared(2)).await.unwrap();
    let stream = service
        .wait_for(|state| {
            let mut streams = state.streams.iter();
            let found = streams.find(|(seen, _)| seen.path.contains("as=m1"));
            found.map(|(_, writer)| writer.clone())
        })
        .await;
    let events = dropped.events();
    drop(dropped);
    // Both share a socket: had the first been answered, its pong would come first.
    service.send_ping(&service.member(1), true);
    service.ping(&service.member(2), true);
    stream.closed().await;
    while events.next().await.is_some() {}
    while hub.lives() > 1 {
        tokio::task::yield_now().await;
    }
    let deletes = service.nodes[0].seen().into_iter();
    assert_eq!(deletes.filter(|seen| seen.method == Method::DELETE).count(), 0);
}

#[tokio::test]
async fn a_thousand_sessions_share_one_socket_and_one_thread() {
    const MANY: usize = 1000;
    let service = Service::start(1).await;
    let hub = SessionHub::bind(&address(), None, None).await.unwrap();
    let client = service.client();
    let mut sessions = Vec::new();
    for n in 0..MANY {
        let options = SessionOptions {
            hub: Some(hub.clone()),
            stream: SessionStream::Without,
            lease: None,
            period: Some(Duration::from_secs(5)),
            ..options(n)
        };
        sessions.push(Session::join(&client, options).await.unwrap());
    }
    assert_eq!(hub.lives(), MANY);
    for _ in 0..2 {
        for n in 0..MANY {
            service.ping(&service.member(n), true);
        }
    }
    assert!(sessions.iter().all(Session::is_valid));
    let addresses: std::collections::BTreeSet<SocketAddr> =
        (0..MANY).map(|n| ping_address(&service.member(n))).collect();
    assert_eq!(addresses.len(), 1);
    drop(sessions);
    while hub.lives() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_thread_of_a_hub_ends_with_its_last_holder() {
    let hub = SessionHub::bind(&address(), None, None).await.unwrap();
    let at: SocketAddr = hub.ping_to().authority().parse().unwrap();
    drop(hub);
    // The socket is closed when the thread has ended; then its port is free.
    while UdpSocket::bind(at).is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_address_of_another_machine_is_pinged_at_a_port_of_this_one() {
    // Reserved for documentation: no machine has it.
    let elsewhere: Address = "192.0.2.1:80".parse().unwrap();
    let hub = SessionHub::bind(&elsewhere, None, None).await.unwrap();
    assert_eq!(hub.ping_to().host(), "192.0.2.1");
    assert_ne!(hub.ping_to().port(), 80);
    let behind_nat: Address = "gateway.example:7000".parse().unwrap();
    let bind = "127.0.0.1:0".parse().unwrap();
    let hub = SessionHub::bind(&elsewhere, Some(bind), Some(behind_nat.clone())).await;
    assert_eq!(*hub.unwrap().ping_to(), behind_nat);
    let v6: Address = "http://[2001:db8::1]:80".parse().unwrap();
    if let Ok(hub) = SessionHub::bind(&v6, None, None).await {
        assert!(hub.ping_to().as_str().starts_with("[2001:db8::1]:"));
    }
}

#[tokio::test]
async fn a_join_that_cannot_be_fails_with_the_reason_and_leaves_nothing() {
    let service = Service::start(1).await;
    let client = service.client();
    let hub = SessionHub::bind(&address(), None, None).await.unwrap();
    let too_long = SessionOptions {
        lease: Some(Duration::from_secs(3)),
        hub: Some(hub.clone()),
        ..options(1)
    };
    let error = Session::join(&client, too_long).await.unwrap_err();
    assert!(matches!(error, JoinError::Lease(_)), "{error}");
    let too_often = SessionOptions {
        period: Some(Duration::from_millis(1)),
        hub: Some(hub.clone()),
        ..options(1)
    };
    let error = Session::join(&client, too_often).await.unwrap_err();
    assert!(error.to_string().contains("period_ms is 1"), "{error}");
    assert!(service.state().joins.is_empty());
    let conflict = Problem::new(Code::Conflict, "another life answers its pings");
    service.state().refusals.push(conflict);
    let shared = SessionOptions { hub: Some(hub.clone()), ..options(1) };
    let error = Session::join(&client, shared).await.unwrap_err();
    assert!(error.to_string().contains("another life answers"), "{error}");
    assert_eq!(hub.lives(), 0);
}

#[tokio::test]
async fn a_rejoin_waits_for_the_service_and_gives_in_to_a_refusal() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    service.state().refusals = vec![
        Problem::new(Code::Conflict, "taken"),
        Problem::new(Code::RateLimited, "later"),
        Problem::new(Code::NoQuorum, "no leader"),
    ];
    service.remove(1, Cause::Silence);
    let end = until(&events, |event| matches!(event, SessionEvent::Ended(_))).await;
    let SessionEvent::Ended(SessionEnd::Refused { why }) = end else {
        panic!("{end:?}");
    };
    assert!(why.contains("taken"), "{why}");
    assert_eq!(service.state().joins.len(), 4);
}

#[tokio::test]
async fn a_member_may_leave_between_two_lives() {
    let service = Service::start(1).await;
    let session = Session::join(&service.client(), options(1)).await.unwrap();
    let events = session.events();
    service.wait_for(|state| state.streams.first().map(drop)).await;
    service.state().refusals = vec![Problem::new(Code::RateLimited, "later"); 1000];
    service.remove(1, Cause::Silence);
    until(&events, |event| matches!(event, SessionEvent::Removed { .. })).await;
    session.leave().await.unwrap();
    let end = SessionEvent::Ended(SessionEnd::Left);
    until(&events, |event| *event == end).await;
}
