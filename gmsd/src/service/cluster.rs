//! [`Cluster`]: the nodes, how they are, and who is one.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gms::{
    api::{AddNodeRequest, Configuration, LeaderAnswer, NodeStatus, Nodes, Quorum, Role},
    id::{NodeId, Revision},
};

use super::{
    error::ServiceError,
    leader::exchange,
    peer::{report, role},
    terms::Standing,
    waist::{Service, millis, strange},
    wire::{Reply, Report, Request},
};
use crate::{membership::state::State, raft::standing::Standing as RaftStanding};

/// How long a node may take to say how it is.
const REPORT_WAIT: Duration = Duration::from_millis(500);
/// A node that answered within this is in touch: it is asked four times a second.
const HEARD_LATELY: Duration = Duration::from_secs(1);
/// A quorum was in touch if that was known no longer ago than this.
const QUORUM_FRESH: Duration = Duration::from_millis(500);

/// The nodes, and who is one.
pub trait Cluster {
    /// What this node believes right now.
    fn standing(&self) -> Standing;

    /// Every node, those out of reach with the reason.
    fn nodes(&self, deadline: Instant) -> impl Future<Output = Nodes> + Send;

    /// Adds a node: learner, caught up, voter. Like the other changes, a dry run only says what
    /// would come of it.
    fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
        dry_run: bool,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send;

    /// Removes a node for good.
    fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
        dry_run: bool,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send;

    /// Hands leadership over.
    fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
        dry_run: bool,
    ) -> impl Future<Output = Result<LeaderAnswer, ServiceError>> + Send;
}

impl Cluster for Service {
    fn standing(&self) -> Standing {
        let standing = self.parts.consensus.standing().borrow().clone();
        let revision = self.parts.consensus.state().borrow().revision();
        let now = self.parts.host.clock.now();
        let age_ms = self.age_ms();
        let ok = standing.leader.is_some()
            && age_ms.is_some_and(|age| u128::from(age) < QUORUM_FRESH.as_millis());
        let reachable = standing
            .voters
            .iter()
            .filter(|voter| **voter == standing.node || self.is_in_touch(**voter, now))
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

    async fn nodes(&self, deadline: Instant) -> Nodes {
        let standing = self.parts.consensus.standing().borrow().clone();
        let state = self.parts.consensus.state().borrow().clone();
        let within = deadline.saturating_duration_since(self.parts.host.clock.now());
        let asking = standing.peer_urls.keys().map(|id| async move {
            let asked_ms = self.parts.host.clock.wall_ms();
            let reported = self.report_of(*id, within.min(REPORT_WAIT)).await;
            let answered_ms = self.parts.host.clock.wall_ms();
            (reported, asked_ms.midpoint(answered_ms))
        });
        let reports = join_all(asking).await;
        let matched = matched(reports.iter().filter_map(|(reported, _)| reported.as_ref().ok()));
        let told = standing.peer_urls.iter().zip(reports);
        let nodes = told.map(|((id, url), (reported, here_ms))| {
            node_status(*id, url, reported, here_ms, &matched, &standing, &state)
        });
        Nodes { answered_by: standing.node, nodes: nodes.collect() }
    }

    async fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
        dry_run: bool,
    ) -> Result<Configuration, ServiceError> {
        let AddNodeRequest { id, peer_url } = request;
        let peer_url = crate::config::peer_url(&peer_url).map_err(ServiceError::Invalid)?;
        self.configure(Request::AddNode { id, peer_url, dry_run }, deadline).await
    }

    async fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
        dry_run: bool,
    ) -> Result<Configuration, ServiceError> {
        self.configure(Request::RemoveNode { node, dry_run }, deadline).await
    }

    async fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
        dry_run: bool,
    ) -> Result<LeaderAnswer, ServiceError> {
        match self.parts.leader.ask(Request::Transfer { to, dry_run }, deadline).await? {
            Reply::Leader(answer) => Ok(answer),
            other => Err(strange(&other)),
        }
    }
}

impl Service {
    /// Whether that node answered this one lately.
    fn is_in_touch(&self, node: NodeId, now: Instant) -> bool {
        let heard = self.parts.board.heard(node);
        heard.is_some_and(|at| now.saturating_duration_since(at) < HEARD_LATELY)
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
}

/// What the leader knows to be on the disk of each node: of those that say they lead, the one in the
/// latest term is it.
fn matched<'a>(reports: impl Iterator<Item = &'a Report>) -> BTreeMap<NodeId, Revision> {
    let leaders = reports.filter(|report| report.role == Role::Leader);
    let leader = leaders.max_by_key(|report| report.term);
    leader.map(|leader| leader.matched.iter().copied().collect()).unwrap_or_default()
}

/// `here_ms` is this node's wall clock half way between the question and the answer.
fn node_status(
    id: NodeId,
    url: &str,
    reported: Result<Report, String>,
    here_ms: u64,
    matched: &BTreeMap<NodeId, Revision>,
    standing: &RaftStanding,
    state: &State,
) -> NodeStatus {
    let facts = state.node(id);
    let (report, error) = match reported {
        Ok(report) => (Some(report), None),
        Err(error) => (None, Some(error)),
    };
    let known = [standing.last_log, matched.values().max().copied()];
    let ahead = known.into_iter().flatten().fold(state.revision(), Revision::max);
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
        matched: matched.get(&id).copied(),
        applied,
        lag: applied.map(|applied| ahead.0.saturating_sub(applied.0)),
        monitored: report.as_ref().map(|report| report.monitored),
        pings_per_s: report.as_ref().map(|report| report.pings_per_s),
        rtt_p50_us: report.as_ref().and_then(|report| report.rtt_p50_us),
        rtt_p99_us: report.as_ref().and_then(|report| report.rtt_p99_us),
        fsync_p99_us: report.as_ref().and_then(|report| report.fsync_p99_us),
        snapshot: report.as_ref().and_then(|report| report.snapshot),
        log_entries: report.as_ref().map(|report| report.log_entries),
        clock_offset_ms: report.as_ref().map(|report| signed_difference(report.wall_ms, here_ms)),
        health: report.as_ref().map(|report| report.health),
        version: report
            .map(|report| report.version)
            .or_else(|| facts.map(|facts| facts.version.clone())),
        error,
    }
}

fn signed_difference(minuend: u64, subtrahend: u64) -> i64 {
    let size = i64::try_from(minuend.abs_diff(subtrahend)).unwrap_or(i64::MAX);
    if minuend < subtrahend { -size } else { size }
}
