//! A service of one: every command is committed at once, to a real state machine. It can be told
//! to fail, and to lag behind what is committed.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use gms::{
    api::{
        AddNodeRequest, Configuration, Consistency, Gone as GoneEvent, GroupLiveness, Hold,
        HoldRequest, JoinRequest, LeaderAnswer, MemberLiveness, Nodes, PatchRequest, Quorum, Role,
        Suspicion,
    },
    evidence::{Cause, Evidence},
    heartbeat::Key,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Kind, Liveness},
    snapshot::Header,
    view::Tags,
};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    host::{clock::Clock, net::Net as _, real_net::RealNet},
    http::{
        app::Parts,
        feed::{Feed, LivenessChange},
        hosts::Hosts,
        limits::Bounds,
        metrics::Metrics,
        server::serve,
        sessions::Sessions,
    },
    membership::{
        command::{Command, Entry, Former, Join, Place, Proposal, Removal, Token},
        life::Life,
        outcome::{Outcome, Rejection},
        state::State,
    },
    raft::archive,
    service::{
        cluster::Cluster,
        error::ServiceError,
        reads::Reads,
        terms::{Archive, Exit, Gone, Joined, Reading, Standing, Terms},
        writes::Writes,
    },
    udp::handle::{self, Input},
};

pub(super) const SECRET: [u8; 32] = [7; 32];

#[derive(Debug)]
struct Inner {
    committed: Mutex<State>,
    applied: watch::Sender<Arc<State>>,
    lags: Mutex<bool>,
    fault: Mutex<Option<ServiceError>>,
    panics: Mutex<bool>,
    suspicion: Mutex<Option<Suspicion>>,
    standing: Mutex<Standing>,
}

#[derive(Debug, Clone)]
pub(in crate::http) struct Fake(Arc<Inner>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Fake {
    pub(in crate::http) fn new() -> Self {
        let mut state = State::default();
        state.apply_configuration(Revision(1), vec![NodeId(1)], Vec::new());
        let began = Command::LeaderBegan { leader: NodeId(1), term: 1 };
        apply(&mut state, Revision(2), 1, vec![Command::Configured, began]);
        let standing = Standing {
            node: NodeId(1),
            cluster: "c".repeat(32),
            role: Role::Leader,
            term: 1,
            leader: Some(NodeId(1)),
            revision: Revision(2),
            quorum: Quorum { voters: vec![NodeId(1)], needed: 1, reachable: 1, ok: true },
            age_ms: Some(3),
            uptime_ms: 1234,
            ready: true,
        };
        let (applied, _) = watch::channel(Arc::new(state.clone()));
        let fake = Self(Arc::new(Inner {
            committed: Mutex::new(state),
            applied,
            lags: Mutex::new(false),
            fault: Mutex::new(None),
            panics: Mutex::new(false),
            suspicion: Mutex::new(None),
            standing: Mutex::new(standing),
        }));
        fake.commit_all(vec![
            Command::Found { secret: SECRET },
            Command::SetMonitors { epoch: 0, nodes: vec![NodeId(1), NodeId(2)] },
        ]);
        fake
    }

    /// Every later call fails so, until told otherwise.
    pub(super) fn fails(&self, fault: Option<ServiceError>) {
        *lock(&self.0.fault) = fault;
    }

    pub(super) fn panics(&self, panics: bool) {
        *lock(&self.0.panics) = panics;
    }

    pub(super) fn suspects(&self, suspicion: Option<Suspicion>) {
        *lock(&self.0.suspicion) = suspicion;
    }

    pub(super) fn stands(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut lock(&self.0.standing));
    }

    /// Whether this node applies what is committed.
    pub(super) fn lags(&self, lags: bool) {
        *lock(&self.0.lags) = lags;
        if !lags {
            self.publish();
        }
    }

    pub(in crate::http) fn state(&self) -> State {
        lock(&self.0.committed).clone()
    }

    /// Puts another state in its place, as a restore would.
    pub(super) fn restore(&self, state: State) {
        *lock(&self.0.committed) = state;
        self.publish();
    }

    fn publish(&self) {
        if !*lock(&self.0.lags) {
            let state = self.state();
            lock(&self.0.standing).revision = state.revision();
            self.0.applied.send_replace(Arc::new(state));
        }
    }

    /// Commits one entry.
    pub(in crate::http) fn commit_all(
        &self,
        commands: Vec<Command>,
    ) -> Vec<Result<Outcome, Rejection>> {
        let proposals = commands
            .into_iter()
            .map(|command| Proposal { token: None, if_view: None, command })
            .collect();
        self.commit(proposals)
    }

    fn commit(&self, proposals: Vec<Proposal>) -> Vec<Result<Outcome, Rejection>> {
        let entry = Entry { at_ms: 1_000, proposals };
        let answers = {
            let mut state = lock(&self.0.committed);
            let next = Revision(state.revision().0 + 1);
            state.apply(next, 1, &entry)
        };
        self.publish();
        answers
    }

    /// Lets members in, in one entry.
    pub(in crate::http) fn join_all(&self, group: &str, members: &[&str]) -> Revision {
        let commands =
            members.iter().map(|member| Command::Join(join(group, member, "h:1"))).collect();
        for answer in self.commit_all(commands) {
            answer.unwrap();
        }
        self.state().revision()
    }

    /// A member's life, over or not.
    pub(super) fn life(&self, group: &str, member: &str) -> Arc<Life> {
        let (group, member) = (group.parse().unwrap(), member.parse().unwrap());
        Arc::clone(self.state().life(&group, &member).unwrap())
    }

    /// Gives up the place of a member that is away.
    pub(super) fn end_away(&self, group: &str, member: &str) {
        let incarnation = self.life(group, member).incarnation;
        let (group, member) = (group.parse().unwrap(), member.parse().unwrap());
        let places = vec![Place { group, member, incarnation }];
        let answers = self.commit_all(vec![Command::EndAway { places }]);
        let ended = matches!(answers.as_slice(), [Ok(Outcome::Removed { stale: 0, .. })]);
        assert!(ended, "{answers:?}");
    }

    /// Takes a member out by verdict, or lets it be away.
    pub(super) fn remove(&self, group: &str, member: &str, cause: Cause) {
        let (group, member): (GroupId, MemberId) =
            (group.parse().unwrap(), member.parse().unwrap());
        let state = self.state();
        let incarnation = state.life(&group, &member).unwrap().incarnation;
        let removals = vec![Removal {
            group,
            member,
            incarnation,
            evidence: Evidence::stated(cause, Some(9), vec!["as the test wants".to_owned()]),
            since: Revision(0),
        }];
        let epoch = state.monitors().epoch;
        let answers = self.commit_all(vec![Command::Remove { epoch, removals }]);
        assert!(
            matches!(answers.as_slice(), [Ok(Outcome::Removed { stale: 0, .. })]),
            "{answers:?}"
        );
    }

    fn ask(&self, terms: Terms, command: Command) -> Result<Outcome, ServiceError> {
        self.check_fault()?;
        let token = terms.idempotency_key.map(|key| {
            let hash = blake3::hash(format!("{command:?}").as_bytes());
            let mut request = [0; 16];
            request.copy_from_slice(&hash.as_bytes()[..16]);
            Token { key, request }
        });
        let proposal = Proposal { token, if_view: terms.if_view, command };
        let answers = if terms.dry_run {
            let state = self.state();
            let entry = Entry { at_ms: 1_000, proposals: vec![proposal] };
            state.rehearse(Revision(state.revision().0 + 1), &entry)
        } else {
            self.commit(vec![proposal])
        };
        answers
            .into_iter()
            .next()
            .unwrap()
            .map_err(|rejection| ServiceError::Rejected(Box::new(rejection)))
    }

    fn check_fault(&self) -> Result<(), ServiceError> {
        assert!(!*lock(&self.0.panics), "the test wants a panic");
        lock(&self.0.fault).clone().map_or(Ok(()), Err)
    }
}

/// An entry in which node 1 says that it leads.
pub(super) fn elect(state: &mut State, revision: Revision, term: u64) {
    apply(state, revision, term, vec![Command::LeaderBegan { leader: NodeId(1), term }]);
}

fn apply(state: &mut State, revision: Revision, term: u64, commands: Vec<Command>) {
    let wish = |command| Proposal { token: None, if_view: None, command };
    let proposals = commands.into_iter().map(wish).collect();
    state.apply(revision, term, &Entry { at_ms: 1_000, proposals });
}

pub(in crate::http) fn join(group: &str, member: &str, address: &str) -> Join {
    Join {
        group: group.parse().unwrap(),
        member: member.parse().unwrap(),
        address: address.parse().unwrap(),
        liveness: Liveness::of(Kind::Tcp),
        tags: Tags::new(),
        hold: None,
        instance: None,
        owner: String::new(),
        replaces: None,
    }
}

impl Writes for Fake {
    async fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> Result<Joined, ServiceError> {
        let present = self.state().life(&group, &request.id).cloned();
        let replaces = present
            .filter(|_| request.replace)
            .map(|life| Former { incarnation: life.incarnation, since: None });
        let join = Join {
            group: group.clone(),
            member: request.id,
            address: request.address,
            liveness: request.liveness.unwrap_or(Liveness::of(Kind::Tcp)),
            tags: request.tags,
            hold: request.hold,
            instance: request.instance,
            owner: String::new(),
            replaces,
        };
        let dry_run = terms.dry_run;
        match self.ask(terms, Command::Join(join))? {
            Outcome::Joined { life, view, fresh } => Ok(Joined {
                key: (!dry_run)
                    .then(|| Key::derive(&SECRET, &group, &life.member, life.incarnation)),
                life,
                view,
                fresh,
            }),
            other => panic!("{other:?}"),
        }
    }

    async fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> Result<Gone, ServiceError> {
        match exit {
            Exit::Leave { reason } => {
                let command = Command::Leave { group, member, incarnation, reason };
                match self.ask(terms, command)? {
                    Outcome::Left { incarnation, view } => {
                        Ok(Gone { incarnation, view, revision: view })
                    }
                    other => panic!("{other:?}"),
                }
            }
            Exit::Ended { cause, number } => {
                let incarnation = incarnation.unwrap();
                let evidence = Evidence::stated(cause, Some(number), Vec::new());
                let removals = vec![Removal {
                    group: group.clone(),
                    member,
                    incarnation,
                    evidence,
                    since: Revision(0),
                }];
                let epoch = self.state().monitors().epoch;
                self.ask(terms, Command::Remove { epoch, removals })?;
                let state = self.state();
                let (view, revision) = (state.group(&group).unwrap().view, state.revision());
                Ok(Gone { incarnation, view, revision })
            }
        }
    }

    async fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> Result<(Arc<Life>, Revision), ServiceError> {
        let command = Command::Change {
            group,
            member,
            incarnation: request.incarnation,
            tags: request.tags,
            drain: request.drain,
        };
        match self.ask(terms, command)? {
            Outcome::Changed { life, view } => Ok((life, view)),
            other => panic!("{other:?}"),
        }
    }

    async fn create_group(
        &self,
        terms: Terms,
        group: GroupId,
        timing: GroupTiming,
    ) -> Result<(bool, Revision), ServiceError> {
        match self.ask(terms, Command::CreateGroup { group, timing })? {
            Outcome::Group { fresh } => Ok((fresh, self.state().revision())),
            other => panic!("{other:?}"),
        }
    }

    async fn delete_group(&self, terms: Terms, group: GroupId) -> Result<Revision, ServiceError> {
        self.ask(terms, Command::DeleteGroup { group }).map(|_| self.state().revision())
    }

    async fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> Result<Hold, ServiceError> {
        let (lasts, reason) = (request.lasts, request.reason);
        let command = Command::SetHold { group, lasts, reason: reason.clone() };
        match self.ask(terms, command)? {
            Outcome::Held { since: Some(since) } => Ok(Hold { since, at_ms: 1_000, lasts, reason }),
            other => panic!("{other:?}"),
        }
    }

    async fn clear_hold(&self, terms: Terms, group: GroupId) -> Result<Revision, ServiceError> {
        let command = Command::ClearHold { group, since: None, expired: false };
        self.ask(terms, command).map(|_| self.state().revision())
    }
}

impl Reads for Fake {
    async fn read(
        &self,
        consistency: Consistency,
        _deadline: Instant,
    ) -> Result<Reading, ServiceError> {
        match consistency {
            Consistency::Local => {
                Ok(Reading { state: self.0.applied.borrow().clone(), age_ms: Some(42) })
            }
            Consistency::Linearizable => {
                self.check_fault()?;
                Ok(Reading { state: Arc::new(self.state()), age_ms: Some(0) })
            }
        }
    }

    async fn archive(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> Result<Archive, ServiceError> {
        let state = self.read(consistency, deadline).await?.state;
        let header = Header {
            cluster: "c".repeat(32),
            node: NodeId(1),
            revision: state.revision(),
            term: 1,
            at_ms: 1_000,
            version: "0".to_owned(),
            groups: state.group_count() as u64,
            members: state.member_count(),
        };
        let pieces = archive::write(&header, &state).unwrap();
        Ok(Archive { header, pieces })
    }

    fn state(&self) -> watch::Receiver<Arc<State>> {
        self.0.applied.subscribe()
    }

    async fn suspicion(
        &self,
        _group: &GroupId,
        _member: &MemberId,
        _incarnation: Incarnation,
    ) -> Option<Suspicion> {
        lock(&self.0.suspicion).clone()
    }
}

impl Cluster for Fake {
    fn standing(&self) -> Standing {
        lock(&self.0.standing).clone()
    }

    async fn nodes(&self, _deadline: Instant) -> Nodes {
        Nodes { answered_by: NodeId(1), nodes: Vec::new() }
    }

    async fn add_node(
        &self,
        _deadline: Instant,
        request: AddNodeRequest,
        dry_run: bool,
    ) -> Result<Configuration, ServiceError> {
        self.check_fault()?;
        let node = request.id.unwrap_or(NodeId(4));
        Ok(Configuration {
            node,
            cluster: "c".repeat(32),
            voters: if dry_run { vec![NodeId(1)] } else { vec![NodeId(1), node] },
            learners: Vec::new(),
            peers: [(node, request.peer_url)].into(),
        })
    }

    async fn remove_node(
        &self,
        _deadline: Instant,
        node: NodeId,
        _dry_run: bool,
    ) -> Result<Configuration, ServiceError> {
        self.check_fault()?;
        Err(ServiceError::NoNode(node))
    }

    async fn transfer(
        &self,
        _deadline: Instant,
        to: Option<NodeId>,
        _dry_run: bool,
    ) -> Result<LeaderAnswer, ServiceError> {
        self.check_fault()?;
        Ok(LeaderAnswer { leader: to.unwrap_or(NodeId(2)), term: 2 })
    }
}

#[derive(Debug)]
pub(super) struct FakeFeed {
    changes: Mutex<Vec<LivenessChange>>,
    /// Changes up to this number are forgotten.
    floor: Mutex<u64>,
    counts: Mutex<Vec<GroupLiveness>>,
    numbers: watch::Sender<u64>,
}

impl FakeFeed {
    fn new() -> Self {
        Self {
            changes: Mutex::default(),
            floor: Mutex::default(),
            counts: Mutex::default(),
            numbers: watch::channel(0).0,
        }
    }

    pub(super) fn tell(&self, change: LivenessChange) {
        lock(&self.changes).push(change);
        let number = lock(&self.changes).len() as u64;
        self.numbers.send_replace(number);
    }

    pub(super) fn forget(&self) {
        *lock(&self.floor) = u64::MAX;
    }

    pub(super) fn count(&self, counts: Vec<GroupLiveness>) {
        *lock(&self.counts) = counts;
    }
}

impl Feed for FakeFeed {
    fn numbers(&self) -> watch::Receiver<u64> {
        let mut numbers = self.numbers.subscribe();
        numbers.mark_unchanged();
        numbers
    }

    fn members(&self, group: Option<&GroupId>) -> (u64, Vec<MemberLiveness>) {
        let changes = lock(&self.changes);
        let members = changes.iter().filter_map(|change| match change {
            LivenessChange::Member(member) if group.is_none_or(|of| *of == member.group) => {
                Some(member.clone())
            }
            _ => None,
        });
        (changes.len() as u64, members.collect())
    }

    fn member(&self, group: &GroupId, member: &MemberId) -> Option<MemberLiveness> {
        let (_, members) = self.members(Some(group));
        members.into_iter().rev().find(|of| of.id == *member)
    }

    fn changes_after(&self, number: u64) -> Option<(u64, Vec<LivenessChange>)> {
        if number < *lock(&self.floor) {
            return None;
        }
        let changes = lock(&self.changes);
        let after = changes[usize::try_from(number).unwrap()..].to_vec();
        Some((changes.len() as u64, after))
    }

    fn counts(&self, group: Option<&GroupId>) -> Vec<GroupLiveness> {
        let counts = lock(&self.counts);
        let wanted = counts.iter().filter(|of| group.is_none_or(|group| *group == of.group));
        wanted.cloned().collect()
    }
}

/// A node's HTTP shell on a port of its own.
pub(super) struct Node {
    pub(super) fake: Fake,
    pub(super) feed: Arc<FakeFeed>,
    pub(super) sessions: Arc<Sessions>,
    /// What the liveness is told.
    pub(super) inbox: mpsc::Receiver<Input>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) at: String,
    pub(super) stop: CancellationToken,
    pub(super) serving: AbortOnDropHandle<()>,
}

/// Bounds of a test: as a node's, but streams speak up soon.
pub(super) fn bounds() -> Bounds {
    Bounds {
        bookmark: Duration::from_millis(50),
        catch_up: Duration::from_millis(200),
        ..Bounds::default()
    }
}

impl Node {
    pub(super) async fn start() -> Self {
        Self::with(bounds()).await
    }

    pub(super) async fn with(bounds: Bounds) -> Self {
        let listener = RealNet.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let at = listener.local_addr().unwrap();
        let fake = Fake::new();
        let feed = Arc::new(FakeFeed::new());
        let sessions = Arc::new(Sessions::default());
        let metrics = Arc::new(Metrics::default());
        let (liveness, inbox) = handle::Liveness::channel();
        let stop = CancellationToken::new();
        let parts = Parts {
            waist: fake.clone(),
            feed: feed.clone(),
            sessions: Arc::clone(&sessions),
            liveness,
            metrics: Arc::clone(&metrics),
            hosts: Hosts::new(at, []),
            clock: Clock::system(),
            bounds,
        };
        let serving = tokio::spawn(serve(parts, listener, stop.clone()));
        Self {
            fake,
            feed,
            sessions,
            inbox,
            metrics,
            at: at.to_string(),
            stop,
            serving: AbortOnDropHandle::new(serving),
        }
    }
}

/// What a server is made of that needs no port.
pub(in crate::http) fn parts(at: SocketAddr, bounds: Bounds) -> (Parts<Fake>, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::default());
    let parts = Parts {
        waist: Fake::new(),
        feed: Arc::new(FakeFeed::new()),
        sessions: Arc::default(),
        liveness: handle::Liveness::channel().0,
        metrics: Arc::clone(&metrics),
        hosts: Hosts::new(at, []),
        clock: Clock::system(),
        bounds,
    };
    (parts, metrics)
}

pub(super) fn gone(group: &str, member: &str) -> LivenessChange {
    LivenessChange::Gone(GoneEvent {
        group: group.parse().unwrap(),
        id: member.parse().unwrap(),
        incarnation: Incarnation(1),
    })
}
