//! [`Standing`]: how this node stands in its cluster, in gms's own words.
//!
//! It is published through a watch channel, so a slow reader sees the newest and may miss what
//! lay between. It tells what this node believes: a leader that was cut off still says it leads
//! until it learns better (openraft's pitfalls 17 and 18). Decisions that must be right go through
//! the log or through a read index.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use gms::id::{NodeId, Revision};
use openraft::{Instant as _, RaftMetrics, ServerState};

use super::types::{LogId, Types, revision};
use crate::host::clock::Clock;

/// What a node does in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It proposes.
    Leader,
    /// It votes and follows.
    Follower,
    /// It campaigns.
    Candidate,
    /// It receives the log without a vote, or is not in the cluster yet.
    Learner,
    /// Consensus on it has ended.
    Stopped,
}

/// How far a peer is, as its leader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Follower {
    /// The last revision known to be in its log.
    pub matched: Option<Revision>,
    /// When the last request that it answered was sent.
    pub contact: Option<Instant>,
}

/// How this node stands in its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// This node.
    pub node: NodeId,
    /// What it does.
    pub role: Role,
    /// The term it is in.
    pub term: u64,
    /// Who leads, as far as it knows.
    pub leader: Option<NodeId>,
    /// It leads, and has applied an entry of its own term: it may propose, and its state is not
    /// behind any former leader's.
    pub leader_ready: bool,
    /// It has applied at least what it had applied before it was started. Until then its state may
    /// be older than what it once showed, and must not be read.
    pub recovered: bool,
    /// The nodes that vote; of both sets while they change.
    pub voters: BTreeSet<NodeId>,
    /// The nodes that only receive the log.
    pub learners: BTreeSet<NodeId>,
    /// Where the peers are.
    pub peer_urls: BTreeMap<NodeId, String>,
    /// Whether the voters are changing from one set to another.
    pub joint: bool,
    /// The last entry in its log.
    pub last_log: Option<Revision>,
    /// The last entry it knows a quorum has.
    pub committed: Option<Revision>,
    /// The last entry in its state.
    pub applied: Option<Revision>,
    /// The last entry in its snapshot.
    pub snapshot: Option<Revision>,
    /// The last entry taken out of its log.
    pub purged: Option<Revision>,
    /// When it last knew, as leader, that it reached a quorum; of its own sending.
    pub quorum_acknowledged: Option<Instant>,
    /// The other nodes, as their leader knows them; empty on others.
    pub followers: BTreeMap<NodeId, Follower>,
}

impl Standing {
    /// The standing of a node that was just started.
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            role: Role::Learner,
            term: 0,
            leader: None,
            leader_ready: false,
            recovered: false,
            voters: BTreeSet::new(),
            learners: BTreeSet::new(),
            peer_urls: BTreeMap::new(),
            joint: false,
            last_log: None,
            committed: None,
            applied: None,
            snapshot: None,
            purged: None,
            quorum_acknowledged: None,
            followers: BTreeMap::new(),
        }
    }

    /// Reads openraft's metrics. `recovered` is what was known before, `tail` the last index in
    /// the log when this node was started.
    pub fn read(
        metrics: &RaftMetrics<Types>,
        recovered: bool,
        tail: Option<u64>,
        clock: Clock,
    ) -> Self {
        let membership = metrics.membership_config.membership();
        let ago = |at: &openraft_rt_tokio::TokioInstant| clock.now().checked_sub(at.elapsed());
        let at = |at: &Option<LogId>| at.as_ref().map(revision);
        let mut followers = BTreeMap::<NodeId, Follower>::new();
        for (node, matched) in metrics.replication.iter().flatten() {
            followers.entry(NodeId(*node)).or_default().matched = at(matched);
        }
        for (node, contact) in metrics.heartbeat.iter().flatten() {
            let contact = contact.as_ref().and_then(|contact| ago(contact));
            followers.entry(NodeId(*node)).or_default().contact = contact;
        }
        followers.remove(&NodeId(metrics.id));
        let leads = metrics.state == ServerState::Leader;
        Self {
            node: NodeId(metrics.id),
            role: match metrics.state {
                _ if metrics.running_state.is_err() => Role::Stopped,
                ServerState::Leader => Role::Leader,
                ServerState::Follower => Role::Follower,
                ServerState::Candidate => Role::Candidate,
                ServerState::Learner => Role::Learner,
                ServerState::Shutdown => Role::Stopped,
            },
            term: metrics.current_term,
            leader: metrics.current_leader.map(NodeId),
            leader_ready: leads
                && metrics
                    .last_applied
                    .is_some_and(|applied| applied.leader_id == metrics.vote.leader_id),
            recovered: recovered || has_recovered(metrics, tail),
            voters: membership.voter_ids().map(NodeId).collect(),
            learners: membership.learner_ids().map(NodeId).collect(),
            peer_urls: membership
                .nodes()
                .map(|(node, at)| (NodeId(*node), at.addr.clone()))
                .collect(),
            joint: membership.get_joint_config().len() > 1,
            last_log: metrics.last_log_index.map(Revision),
            committed: at(&metrics.local_committed),
            applied: at(&metrics.last_applied),
            snapshot: at(&metrics.snapshot),
            purged: at(&metrics.purged),
            quorum_acknowledged: metrics
                .last_quorum_acked
                .as_ref()
                .and_then(|acknowledged| ago(acknowledged)),
            followers,
        }
    }

    /// The last revision on the disk of each node, as their leader knows; empty on others.
    pub fn matched(&self) -> Vec<(NodeId, Revision)> {
        let own = self.last_log.filter(|_| self.role == Role::Leader);
        let others = self.followers.iter().map(|(node, follower)| (*node, follower.matched));
        let all = std::iter::once((self.node, own)).chain(others);
        all.filter_map(|(node, at)| Some((node, at?))).collect()
    }

    /// How many entries are in its log: those that no snapshot has taken the place of, and those
    /// that are kept for peers that lag.
    pub fn log_entries(&self) -> u64 {
        // The first entry has index 0, and the last that was taken out is no longer there.
        let taken = self.purged.map_or(0, |at| at.0.saturating_add(1));
        self.last_log.map_or(0, |at| at.0.saturating_add(1).saturating_sub(taken))
    }
}

/// Whether everything that may have been applied before the start is applied again: a leader has
/// said that it is committed, or has replaced it, and it is in the state.
fn has_recovered(metrics: &RaftMetrics<Types>, tail: Option<u64>) -> bool {
    let committed = metrics.cluster_committed.map(|at| at.index);
    // A tail that was never committed is cut off by the leader.
    let needed = tail.min(metrics.last_log_index);
    committed.is_some() && committed >= needed && metrics.last_applied.map(|at| at.index) >= needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_what_came_and_was_not_taken_out() {
        let log = |last_log, purged| {
            Standing { last_log, purged, ..Standing::new(NodeId(1)) }.log_entries()
        };
        let at = |index| Some(Revision(index));
        assert_eq!(log(None, None), 0);
        assert_eq!(log(at(0), None), 1);
        assert_eq!(log(at(99), None), 100);
        assert_eq!(log(at(99), at(89)), 10);
        assert_eq!(log(at(99), at(99)), 0);
        // A snapshot from a peer may reach farther than the log did.
        assert_eq!(log(at(99), at(200)), 0);
    }
}
