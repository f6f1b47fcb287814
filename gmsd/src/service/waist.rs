//! The only door to the log, at every node.
//!
//! A write that is answered with success has been committed by a quorum of disks. One that is
//! answered `NoQuorum` has changed nothing and never will; one answered `OutcomeUnknown` may. A
//! linearizable read sees everything acknowledged before it began, at whichever node it is made.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gms::{
    api::{
        AddNodeRequest, Configuration, Consistency, Hold, HoldRequest, JoinRequest, LeaderAnswer,
        NodeStatus, Nodes, PatchRequest, Quorum, Suspicion,
    },
    evidence::{Cause, Evidence},
    heartbeat::Key,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{Kind, Liveness as Watching},
};
use tokio::sync::watch;

use super::{
    door,
    error::ServiceError,
    leader::{Leader, exchange},
    peer::{report, role},
    reading::ReadGate,
    terms::{Exit, Gone, Joined, Reading, Standing, Terms},
    wire::{Reply, Report, Request},
};
use crate::{
    host::world::Host,
    liveness::message::Subject,
    membership::{
        apply::is_same_life,
        command::{Command, Entry, Join, Proposal, Removal, Token},
        life::Life,
        limits::REASON_MAX_LEN,
        outcome::{Outcome, Rejection},
        state::State,
    },
    raft::{consensus::Consensus, identity::ClusterId, standing::Standing as RaftStanding},
    udp::handle::Liveness,
};

/// A join that finds another life again and again is answered so after this many times.
const OCCUPIED_TRIES: usize = 3;
/// How long a node may take to say how it is.
const REPORT_WAIT: Duration = Duration::from_millis(500);
/// How long other nodes may take to say whether they hear a member.
const INQUIRY_WAIT: Duration = Duration::from_millis(700);
/// A quorum was in touch if that was known no longer ago than this.
const QUORUM_FRESH: Duration = Duration::from_millis(500);

/// The service at this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

/// What the service is made of.
#[derive(Debug)]
pub struct Parts {
    /// The machine.
    pub host: Host,
    /// The log.
    pub consensus: Consensus,
    /// The way to the leader.
    pub leader: Leader,
    /// Where reads wait.
    pub reads: ReadGate,
    /// The liveness of this node.
    pub liveness: Liveness,
    /// Which cluster this is.
    pub cluster: ClusterId,
    /// When this process started.
    pub started: Instant,
}

impl Service {
    /// A service of these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    // Members.

    /// Lets a member in. The same life again is answered as it stands; another life of it comes in
    /// only when the present one does not answer, or is outdone by its key or by an operator.
    pub async fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> Result<Joined, ServiceError> {
        let peers = self.parts.consensus.standing().borrow().peer_urls.clone();
        door::check_join(&request, &peers)?;
        let mut join = Join {
            group,
            member: request.id.clone(),
            address: request.address.clone(),
            liveness: request.liveness.clone().unwrap_or(Watching::of(Kind::Tcp)),
            tags: request.tags.clone(),
            hold: request.hold,
            instance: request.instance.clone(),
            owner: String::new(),
            replaces: None,
        };
        let fingerprint = fingerprint("join", &join.group, &request);
        let mut tries = 0;
        loop {
            join.replaces = self.replaceable(&join, &request).await?;
            tries += 1;
            let command = Command::Join(join.clone());
            match self.write(&terms, fingerprint, command).await? {
                (_, Ok(Outcome::Joined { life, view, fresh })) => {
                    let key = self.key(&join.group, &life, terms.dry_run);
                    return Ok(Joined { life, view, fresh, key });
                }
                // Another life is there than the one that was looked at.
                (revision, Err(Rejection::Occupied { .. })) if tries < OCCUPIED_TRIES => {
                    self.reach(revision, terms.deadline).await?;
                }
                (_, result) => return Err(unexpected(result)),
            }
        }
    }

    /// The present life, if it is another one and may be replaced.
    async fn replaceable(
        &self,
        join: &Join,
        request: &JoinRequest,
    ) -> Result<Option<Incarnation>, ServiceError> {
        let state = self.parts.consensus.state().borrow().clone();
        let Some(present) = state.life(&join.group, &join.member) else {
            return Ok(None);
        };
        if is_same_life(join, present) {
            return Ok(None);
        }
        let key = self.key(&join.group, present, false).map(|key| key.to_hex());
        if request.replace || (request.key.is_some() && request.key == key) {
            return Ok(Some(present.incarnation));
        }
        let subject = Subject {
            group: join.group.clone(),
            member: join.member.clone(),
            incarnation: present.incarnation,
        };
        if self.anybody_hears(&subject).await {
            return Err(ServiceError::Rejected(Box::new(Rejection::Occupied {
                present: Arc::clone(present),
            })));
        }
        Ok(Some(present.incarnation))
    }

    /// Whether the life answers a ping right now: this node's, or any other's.
    async fn anybody_hears(&self, subject: &Subject) -> bool {
        let own = self.parts.liveness.inquire(subject.clone());
        let others = self.others().into_iter().map(|node| {
            let request = Request::Inquire(subject.clone());
            async move { self.exchange(node, request, INQUIRY_WAIT).await }
        });
        let (own, others) = tokio::join!(own, join_all(others));
        own || others.into_iter().flatten().any(|reply| matches!(reply, Reply::Answers(true)))
    }

    /// Takes a member out.
    pub async fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> Result<Gone, ServiceError> {
        let (cause, number) = match exit {
            Exit::Ended { cause, number } => (cause, number),
            Exit::Leave { reason } => {
                if let Some(reason) = &reason {
                    door::check_text("reason", reason, REASON_MAX_LEN)?;
                }
                let asked = (&member, incarnation, &reason);
                let fingerprint = fingerprint("leave", &group, &asked);
                let command = Command::Leave { group, member, incarnation, reason };
                return match self.write(&terms, fingerprint, command).await? {
                    (_, Ok(Outcome::Left { incarnation, view })) => Ok(Gone { incarnation, view }),
                    (_, result) => Err(unexpected(result)),
                };
            }
        };
        self.ended(
            &terms,
            Subject { group, member, incarnation: incarnation.ok_or_else(no_life)? },
            cause,
            number,
        )
        .await
    }

    /// A supervisor saw the program end.
    async fn ended(
        &self,
        terms: &Terms,
        subject: Subject,
        cause: Cause,
        number: i32,
    ) -> Result<Gone, ServiceError> {
        let Subject { group, member, incarnation } = subject;
        let fingerprint =
            fingerprint("ended", &group, &(&member, incarnation, cause.as_str(), number));
        let removal = Removal {
            group: group.clone(),
            member: member.clone(),
            incarnation,
            evidence: Evidence::stated(cause, Some(number), Vec::new()),
        };
        let command = Command::Remove { epoch: 0, removals: vec![removal] };
        let (revision, result) = self.write(terms, fingerprint, command).await?;
        match result {
            Ok(Outcome::Removed { applied, .. }) if !applied.is_empty() => {
                Ok(Gone { incarnation, view: revision })
            }
            Ok(Outcome::Removed { .. }) => {
                let state = self.reach(revision, terms.deadline).await?;
                Err(ServiceError::Rejected(Box::new(not_there(
                    &state,
                    &group,
                    &member,
                    incarnation,
                ))))
            }
            result => Err(unexpected(result)),
        }
    }

    /// Changes a member's tags or state.
    pub async fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> Result<(Arc<Life>, Revision), ServiceError> {
        for (key, value) in &request.tags {
            door::check_tag(key, value.as_deref().unwrap_or_default())?;
        }
        let fingerprint = fingerprint("change", &group, &(&member, &request));
        let PatchRequest { tags, drain, incarnation } = request;
        let command = Command::Change { group, member, incarnation, tags, drain };
        match self.write(&terms, fingerprint, command).await? {
            (_, Ok(Outcome::Changed { life, view })) => Ok((life, view)),
            (_, result) => Err(unexpected(result)),
        }
    }

    // Holds.

    /// Pauses removals by silence in a group.
    pub async fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> Result<Hold, ServiceError> {
        door::check_text("reason", &request.reason, REASON_MAX_LEN)?;
        if !(1_000..=door::HOLD_MAX_MS).contains(&request.lasts.as_millis()) {
            return Err(ServiceError::Invalid(format!("for is {}; give 1s to 24h", request.lasts)));
        }
        let fingerprint = fingerprint("hold", &group, &request);
        let HoldRequest { lasts, reason } = request;
        let command = Command::SetHold { group, lasts, reason: reason.clone() };
        match self.write(&terms, fingerprint, command).await? {
            (since, Ok(Outcome::Held { .. })) => {
                Ok(Hold { since, at_ms: self.parts.host.clock.wall_ms(), lasts, reason })
            }
            (_, result) => Err(unexpected(result)),
        }
    }

    /// Ends a pause; true if there was one.
    pub async fn clear_hold(&self, terms: Terms, group: GroupId) -> Result<bool, ServiceError> {
        let state = self.read(Consistency::Linearizable, terms.deadline).await?.state;
        let known = state.group(&group);
        let Some(known) = known else {
            return Err(ServiceError::Rejected(Box::new(Rejection::NoGroup { group })));
        };
        let was_held = known.hold.is_some();
        let fingerprint = fingerprint("clear", &group, &());
        let command = Command::ClearHold { group, since: None, expired: false };
        match self.write(&terms, fingerprint, command).await? {
            (_, Ok(Outcome::Held { .. })) => Ok(was_held),
            (_, result) => Err(unexpected(result)),
        }
    }

    // Reads.

    /// A state to read.
    pub async fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> Result<Reading, ServiceError> {
        match consistency {
            Consistency::Local => {
                let state = self.parts.consensus.state().borrow().clone();
                Ok(Reading { state, age_ms: self.age_ms() })
            }
            Consistency::Linearizable => {
                let revision = self.parts.reads.pass(deadline).await?;
                let state = self.reach(revision, deadline).await?;
                Ok(Reading { state, age_ms: Some(0) })
            }
        }
    }

    /// Every applied state, the latest first seen.
    pub fn state(&self) -> watch::Receiver<Arc<State>> {
        self.parts.consensus.state()
    }

    /// The first state that has applied this revision.
    async fn reach(
        &self,
        revision: Revision,
        deadline: Instant,
    ) -> Result<Arc<State>, ServiceError> {
        let mut states = self.parts.consensus.state();
        let reached = states.wait_for(|state| state.revision() >= revision);
        match tokio::time::timeout_at(deadline.into(), reached).await {
            Ok(Ok(state)) => Ok(Arc::clone(&state)),
            Ok(Err(_)) => Err(ServiceError::Failed("the node is stopping".to_owned())),
            Err(_) => Err(ServiceError::NoQuorum(format!(
                "this node has not applied revision {revision} in time"
            ))),
        }
    }

    // The cluster.

    /// What this node believes right now.
    pub fn standing(&self) -> Standing {
        let standing = self.parts.consensus.standing().borrow().clone();
        let revision = self.parts.consensus.state().borrow().revision();
        let now = self.parts.host.clock.now();
        let age_ms = self.age_ms();
        let ok = standing.leader.is_some()
            && age_ms.is_some_and(|age| u128::from(age) < QUORUM_FRESH.as_millis());
        let reachable = standing
            .voters
            .iter()
            .filter(|voter| self.is_in_touch(&standing, **voter, now))
            .count();
        Standing {
            node: standing.node,
            cluster: self.parts.cluster.to_string(),
            role: role(standing.role),
            term: standing.term,
            leader: standing.leader,
            revision,
            quorum: Quorum {
                needed: standing.voters.len() / 2 + 1,
                voters: standing.voters.iter().copied().collect(),
                reachable,
                ok,
            },
            age_ms,
            uptime_ms: millis(now.saturating_duration_since(self.parts.started)),
            ready: ok && standing.recovered,
        }
    }

    /// A leader knows of each follower, a follower of its leader; beyond that nobody can say.
    fn is_in_touch(&self, standing: &RaftStanding, node: NodeId, now: Instant) -> bool {
        let fresh = |at: Instant| now.saturating_duration_since(at) < QUORUM_FRESH;
        if node == standing.node {
            true
        } else if standing.leader == Some(node) {
            self.parts.consensus.quorum_contact().is_some_and(fresh)
        } else {
            standing.followers.get(&node).and_then(|follower| follower.contact).is_some_and(fresh)
        }
    }

    fn age_ms(&self) -> Option<u64> {
        let now = self.parts.host.clock.now();
        let contact = self.parts.consensus.quorum_contact()?;
        Some(millis(now.saturating_duration_since(contact)))
    }

    /// Every node, those out of reach with the reason.
    pub async fn nodes(&self, deadline: Instant) -> Nodes {
        let standing = self.parts.consensus.standing().borrow().clone();
        let state = self.parts.consensus.state().borrow().clone();
        let within = deadline.saturating_duration_since(self.parts.host.clock.now());
        let asking = standing.peer_urls.iter().map(|(id, url)| {
            let (standing, state) = (&standing, &state);
            async move {
                let reported = self.report_of(*id, within.min(REPORT_WAIT)).await;
                node_status(*id, url, reported, standing, state)
            }
        });
        Nodes { answered_by: standing.node, nodes: join_all(asking).await }
    }

    async fn report_of(&self, node: NodeId, within: Duration) -> Result<Report, String> {
        let parts = &self.parts;
        if node == parts.consensus.standing().borrow().node {
            return Ok(report(&parts.consensus, &parts.liveness).await);
        }
        match exchange(&parts.consensus.peers(), node, &Request::Report, within).await {
            Ok(Reply::Report(report)) => Ok(*report),
            Ok(_) => Err("it does not understand this node's version".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Adds a node: learner, caught up, voter.
    pub async fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
    ) -> Result<Configuration, ServiceError> {
        let AddNodeRequest { id, peer_url } = request;
        let peer_url = crate::config::peer_url(&peer_url).map_err(ServiceError::Invalid)?;
        self.configure(Request::AddNode { id, peer_url }, deadline).await
    }

    /// Removes a node for good.
    pub async fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
    ) -> Result<Configuration, ServiceError> {
        self.configure(Request::RemoveNode(node), deadline).await
    }

    async fn configure(
        &self,
        request: Request,
        deadline: Instant,
    ) -> Result<Configuration, ServiceError> {
        match self.parts.leader.ask(request, deadline).await? {
            Reply::Configuration(done) => Ok(*done),
            other => Err(strange(&other)),
        }
    }

    /// Hands leadership over.
    pub async fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
    ) -> Result<LeaderAnswer, ServiceError> {
        match self.parts.leader.ask(Request::Transfer(to), deadline).await? {
            Reply::Leader(answer) => Ok(answer),
            other => Err(strange(&other)),
        }
    }

    /// The present suspicion of a member, from whichever node has one.
    pub async fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> Option<Suspicion> {
        let subject = Subject { group: group.clone(), member: member.clone(), incarnation };
        if let Some(own) = self.parts.liveness.suspicion(subject.clone()).await {
            return Some(own);
        }
        let asking = self.others().into_iter().map(|node| {
            let request = Request::Suspicion(subject.clone());
            async move { self.exchange(node, request, REPORT_WAIT).await }
        });
        join_all(asking).await.into_iter().flatten().find_map(|reply| match reply {
            Reply::Doubt(doubt) => doubt,
            _ => None,
        })
    }

    // Within.

    /// Every other node of the cluster.
    pub(super) fn others(&self) -> Vec<NodeId> {
        let standing = self.parts.consensus.standing();
        let standing = standing.borrow();
        standing.peer_urls.keys().copied().filter(|node| *node != standing.node).collect()
    }

    /// One request to another node; none if it does not answer in time.
    pub(super) async fn exchange(
        &self,
        node: NodeId,
        request: Request,
        within: Duration,
    ) -> Option<Reply> {
        exchange(&self.parts.consensus.peers(), node, &request, within).await.ok()
    }

    /// Commits one command, or rehearses it. Tells at which revision, and what came of it.
    async fn write(
        &self,
        terms: &Terms,
        request: [u8; 16],
        command: Command,
    ) -> Result<(Revision, Result<Outcome, Rejection>), ServiceError> {
        let token = terms.idempotency_key.clone().map(|key| Token { key, request });
        let proposal = Proposal { token, if_view: terms.if_view, command };
        if terms.dry_run {
            return self.rehearse(proposal, terms.deadline).await;
        }
        loop {
            let request = Request::Propose(Box::new(proposal.clone()));
            return match self.parts.leader.ask(request, terms.deadline).await? {
                // Another wish for the same member was in the same entry.
                Reply::Applied { result: Err(Rejection::Busy), .. } => continue,
                Reply::Applied { revision, result } => Ok((revision, result)),
                other => Err(strange(&other)),
            };
        }
    }

    async fn rehearse(
        &self,
        proposal: Proposal,
        deadline: Instant,
    ) -> Result<(Revision, Result<Outcome, Rejection>), ServiceError> {
        let state = self.read(Consistency::Linearizable, deadline).await?.state;
        let revision = Revision(state.revision().0 + 1);
        let at_ms = self.parts.host.clock.wall_ms();
        let mut results = state.rehearse(revision, &Entry { at_ms, proposals: vec![proposal] });
        let result = results.pop().expect("one proposal has one answer");
        Ok((revision, result))
    }

    fn key(&self, group: &GroupId, life: &Life, dry_run: bool) -> Option<Key> {
        let state = self.parts.consensus.state();
        let state = state.borrow();
        let secret = state.secret().filter(|_| !dry_run)?;
        Some(Key::derive(secret, group, &life.member, life.incarnation))
    }
}

fn node_status(
    id: NodeId,
    url: &str,
    reported: Result<Report, String>,
    standing: &RaftStanding,
    state: &State,
) -> NodeStatus {
    let facts = state.node(id);
    let follower = standing.followers.get(&id);
    let (report, error) = match reported {
        Ok(report) => (Some(report), None),
        Err(error) => (None, Some(error)),
    };
    let last_log = standing.last_log.unwrap_or_default();
    let ahead = last_log.max(state.revision());
    let matched = if standing.leader == Some(id) {
        (id == standing.node).then_some(last_log)
    } else {
        follower.and_then(|follower| follower.matched)
    };
    let applied = report.as_ref().map(|report| report.applied);
    NodeStatus {
        id,
        role: report.as_ref().map(|report| report.role),
        voter: standing.voters.contains(&id),
        peer_url: url.to_owned(),
        api_url: facts.map(|facts| facts.api_url.clone()),
        reachable: report.is_some(),
        monitor: state.monitors().nodes.contains(&id),
        term: report.as_ref().map(|report| report.term),
        leader: report.as_ref().and_then(|report| report.leader),
        matched,
        applied,
        lag: applied.map(|applied| ahead.0.saturating_sub(applied.0)),
        monitored: report.as_ref().map(|report| report.monitored),
        pings_per_s: report.as_ref().map(|report| report.pings_per_s),
        rtt_p50_us: report.as_ref().and_then(|report| report.rtt_p50_us),
        rtt_p99_us: report.as_ref().and_then(|report| report.rtt_p99_us),
        health: report.as_ref().map(|report| report.health),
        version: report
            .map(|report| report.version)
            .or_else(|| facts.map(|facts| facts.version.clone())),
        error,
    }
}

/// The rejection of a report about a life that is not there.
fn not_there(
    state: &State,
    group: &GroupId,
    member: &MemberId,
    incarnation: Incarnation,
) -> Rejection {
    let Some(known) = state.group(group) else {
        return Rejection::NoGroup { group: group.clone() };
    };
    Rejection::Fenced {
        incarnation,
        present: known.members.get(member).map(|life| life.incarnation),
        departure: known.departure(member).cloned(),
    }
}

fn no_life() -> ServiceError {
    ServiceError::Invalid("cause goes with incarnation: say which life has ended".to_owned())
}

fn unexpected(result: Result<Outcome, Rejection>) -> ServiceError {
    match result {
        Err(rejection) => ServiceError::Rejected(Box::new(rejection)),
        Ok(outcome) => ServiceError::Failed(format!("a strange outcome: {outcome:?}")),
    }
}

fn strange(reply: &Reply) -> ServiceError {
    ServiceError::Failed(format!("a strange reply of the leader: {reply:?}"))
}

/// What a client asked, so that its idempotency key cannot be used for something else.
fn fingerprint(verb: &str, group: &GroupId, asked: &impl serde::Serialize) -> [u8; 16] {
    let body = serde_json::to_vec(asked).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(verb.as_bytes()).update(b"/").update(group.as_str().as_bytes()).update(b"/");
    let mut head = [0; 16];
    head.copy_from_slice(&hasher.update(&body).finalize().as_bytes()[..16]);
    head
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
