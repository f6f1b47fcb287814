//! Changes of the cluster configuration, one at a time, and transfers of leadership.
//!
//! A change of voters is two entries: a configuration of both voter sets, then the new one alone.
//! A leader that dies in between leaves the first; [`Changes::finish_joint`] lets the next leader
//! write the second (openraft's pitfall 8). The changes of one leader are serialised here, those
//! of two leaders by the log: a change is made only while the configuration it was decided on
//! still holds. How many voters make sense is the operator's to say (pitfall 27: an even number
//! survives no more failures than the odd one below it).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gms::id::{NodeId, Revision};
use openraft::{
    BasicNode, ChangeMembers, Raft,
    async_runtime::watch::WatchReceiver as _,
    errors::{ClientWriteError, ForwardReason, ForwardToLeader, RaftError},
    raft::Precondition,
};
use tokio::sync::{Mutex, watch};

use super::{
    error::ChangeError,
    standing::{Role, Standing},
    state_machine::Machine,
    types::{LogId, Types},
};

/// How long a change may wait for its quorum.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a change waits for a leader that has only just been elected.
const READY_TIME_MAX: Duration = Duration::from_secs(1);
/// A learner may vote when it lags by no more entries than this: then promoting it stalls no
/// commit.
const CAUGHT_UP_WITHIN: u64 = 1000;

type Members = ChangeMembers<u64, BasicNode>;

/// Changes the cluster. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    raft: Raft<Types, Machine>,
    standing: watch::Receiver<Standing>,
    one_at_a_time: Arc<Mutex<()>>,
    transfer_time_max: Duration,
}

impl Changes {
    /// Changes through this node's consensus. A transfer may take `transfer_time_max`.
    pub fn new(
        raft: Raft<Types, Machine>,
        standing: watch::Receiver<Standing>,
        transfer_time_max: Duration,
    ) -> Self {
        Self { raft, standing, one_at_a_time: Arc::default(), transfer_time_max }
    }

    /// Adds a node as a learner and waits up to `catch_up` until its log is nearly as long as this
    /// one's; with no time to wait it returns as soon as the node is added.
    pub async fn add_learner(
        &self,
        node: NodeId,
        peer_url: &str,
        catch_up: Duration,
    ) -> Result<(), ChangeError> {
        {
            let _one = self.begin().await?;
            let standing = self.standing.borrow().clone();
            match standing.peer_urls.get(&node) {
                None => {
                    let at = BTreeMap::from([(node.0, BasicNode::new(peer_url))]);
                    self.change(ChangeMembers::AddNodes(at)).await?;
                }
                Some(url) if url == peer_url => {}
                // Pitfall 14: an address that changes under a number can be counted twice.
                Some(url) => {
                    return Err(ChangeError::Refused(format!(
                        "node {node} is in the cluster already, at {url}"
                    )));
                }
            }
        }
        if catch_up.is_zero() {
            return Ok(());
        }
        self.caught_up(node, catch_up).await
    }

    /// Makes a learner a voter. Pitfall 10: one that lags would stall commits, so it must have
    /// caught up.
    pub async fn promote(&self, node: NodeId) -> Result<(), ChangeError> {
        let _one = self.begin().await?;
        let standing = self.standing.borrow().clone();
        if standing.voters.contains(&node) && !standing.joint {
            return Ok(());
        }
        if !standing.learners.contains(&node) && !standing.voters.contains(&node) {
            return Err(ChangeError::Refused(format!(
                "node {node} is not in the cluster; add it first"
            )));
        }
        if !standing.voters.contains(&node) && !has_caught_up(&standing, node) {
            return Err(ChangeError::NotCaughtUp(node));
        }
        self.change(ChangeMembers::AddVoterIds(BTreeSet::from([node.0]))).await
    }

    /// Takes a node out of the cluster, voter or learner. A leader that takes itself out hands
    /// over and steps down. Its number is never to be used again (pitfall 12).
    pub async fn remove(&self, node: NodeId) -> Result<(), ChangeError> {
        let _one = self.begin().await?;
        let standing = self.standing.borrow().clone();
        let gone = BTreeSet::from([node.0]);
        if standing.learners.contains(&node) {
            return self.change(ChangeMembers::RemoveNodes(gone)).await;
        }
        if !standing.voters.contains(&node) {
            return Ok(());
        }
        check_removal(&standing, node)?;
        self.change(ChangeMembers::RemoveVoters(gone)).await
    }

    /// Hands the leadership to a voter, or to the one whose log is longest, and waits until it
    /// leads.
    pub async fn transfer(&self, to: Option<NodeId>) -> Result<NodeId, ChangeError> {
        let _one = self.begin().await?;
        let standing = self.standing.borrow().clone();
        if standing.role != Role::Leader {
            return Err(not_leader(&standing));
        }
        let to = successor(&standing, to)?;
        if to == standing.node {
            return Ok(to);
        }
        // Pitfall 20: it only sends a message; whether it worked shows in who leads.
        let mut watched = self.standing.clone();
        self.raft
            .trigger()
            .transfer_leader(to.0)
            .await
            .map_err(|error| ChangeError::Fatal(error.to_string()))?;
        let changed = watched.wait_for(|standing| standing.leader == Some(to));
        match tokio::time::timeout(self.transfer_time_max, changed).await {
            Ok(Ok(_)) => Ok(to),
            Ok(Err(_)) => Err(ChangeError::Fatal("it was shut down".to_owned())),
            Err(_) => Err(ChangeError::Unknown),
        }
    }

    /// Ends a change of voters that a former leader left half done. Does nothing if there is none
    /// or if this node may not.
    pub async fn finish_joint(&self) -> Result<(), ChangeError> {
        let _one = self.begin().await?;
        let standing = self.standing.borrow().clone();
        if !standing.joint || !standing.leader_ready {
            return Ok(());
        }
        tracing::info!("finishing a change of voters that a former leader began");
        self.change(ChangeMembers::AddVoterIds(BTreeSet::new())).await
    }

    /// Keeps other changes out. A new leader may change nothing before its first entry is committed,
    /// and whoever asks just then waits for that moment rather than be told to come again.
    async fn begin(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, ChangeError> {
        let one = self.one_at_a_time.try_lock().map_err(|_| ChangeError::Busy)?;
        let mut standing = self.standing.clone();
        let able = standing.wait_for(|it| it.role != Role::Leader || it.leader_ready);
        match tokio::time::timeout(READY_TIME_MAX, able).await {
            Ok(Ok(_)) => Ok(one),
            Ok(Err(_)) => Err(ChangeError::Fatal("it was shut down".to_owned())),
            Err(_) => Err(ChangeError::Busy),
        }
    }

    async fn change(&self, members: Members) -> Result<(), ChangeError> {
        let configured_at = self.configured_at();
        let unchanged = Precondition::LastMembershipLogId { last_membership_log_id: configured_at };
        // Pitfall 9: a voter that is taken out is not kept as a learner.
        let change = self.raft.change_membership_if(members, false, [unchanged]);
        let Ok(changed) = tokio::time::timeout(CHANGE_TIME_MAX, change).await else {
            return Err(ChangeError::Unknown);
        };
        let error = match changed {
            Ok(done) => return self.wait_applied(done.log_id.index).await,
            Err(RaftError::Fatal(error)) => return Err(ChangeError::Fatal(error.to_string())),
            Err(RaftError::APIError(error)) => error,
        };
        // The second entry may have failed after the first was written.
        if self.configured_at() != configured_at {
            return Err(ChangeError::Unknown);
        }
        Err(match error {
            ClientWriteError::ForwardToLeader(forward) => forwarded(&forward),
            ClientWriteError::LogEntryDiscarded(_) => ChangeError::Unknown,
            ClientWriteError::PreconditionFailed(_) => ChangeError::Busy,
            ClientWriteError::ChangeMembershipError(error) => refused(&error),
        })
    }

    /// The entry that made the configuration this node goes by.
    fn configured_at(&self) -> Option<LogId> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        *metrics.membership_config.log_id()
    }

    /// The standing shall show what was changed before the change is reported as done.
    async fn wait_applied(&self, index: u64) -> Result<(), ChangeError> {
        let mut standing = self.standing.clone();
        let applied = standing.wait_for(|standing| standing.applied >= Some(Revision(index)));
        match tokio::time::timeout(CHANGE_TIME_MAX, applied).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ChangeError::Fatal("it was shut down".to_owned())),
            Err(_) => Err(ChangeError::Unknown),
        }
    }

    async fn caught_up(&self, node: NodeId, within: Duration) -> Result<(), ChangeError> {
        let mut standing = self.standing.clone();
        let caught_up = standing
            .wait_for(|standing| standing.role != Role::Leader || has_caught_up(standing, node));
        match tokio::time::timeout(within, caught_up).await {
            Ok(Ok(standing)) if standing.role == Role::Leader => Ok(()),
            Ok(Ok(standing)) => Err(not_leader(&standing)),
            Ok(Err(_)) => Err(ChangeError::Fatal("it was shut down".to_owned())),
            Err(_) => Err(ChangeError::NotCaughtUp(node)),
        }
    }
}

/// Whether a cluster is left without this node.
pub fn check_removal(standing: &Standing, node: NodeId) -> Result<(), ChangeError> {
    if standing.voters == BTreeSet::from([node]) {
        return Err(ChangeError::Refused(format!(
            "node {node} is the only voter; a cluster needs one"
        )));
    }
    Ok(())
}

/// Who is to lead next: the voter asked for, or the other one whose log is longest.
pub fn successor(standing: &Standing, to: Option<NodeId>) -> Result<NodeId, ChangeError> {
    match to {
        Some(to) if standing.voters.contains(&to) => Ok(to),
        Some(to) => Err(ChangeError::Refused(format!("node {to} has no vote"))),
        None => longest_log(standing)
            .ok_or_else(|| ChangeError::Refused("there is no other voter".to_owned())),
    }
}

/// The voter, other than this node, whose log is longest; of equals the one heard last.
pub fn longest_log(standing: &Standing) -> Option<NodeId> {
    standing
        .voters
        .iter()
        .filter(|node| **node != standing.node)
        .max_by_key(|node| {
            let follower = standing.followers.get(node).copied().unwrap_or_default();
            (follower.matched, follower.contact)
        })
        .copied()
}

fn has_caught_up(standing: &Standing, node: NodeId) -> bool {
    let matched = standing.followers.get(&node).and_then(|it| it.matched);
    match (matched, standing.last_log) {
        (Some(matched), Some(last)) => matched.0.saturating_add(CAUGHT_UP_WITHIN) >= last.0,
        _ => false,
    }
}

fn not_leader(standing: &Standing) -> ChangeError {
    ChangeError::NotLeader { leader: standing.leader.filter(|leader| *leader != standing.node) }
}

fn forwarded(forward: &ForwardToLeader<Types>) -> ChangeError {
    match forward.reason {
        ForwardReason::LeaseExpired => ChangeError::NoQuorum,
        ForwardReason::LeadershipTransfer => ChangeError::NotLeader { leader: None },
        ForwardReason::NotLeader => {
            ChangeError::NotLeader { leader: forward.leader_id.map(NodeId) }
        }
    }
}

fn refused(
    error: &openraft::errors::ChangeMembershipError<super::types::LeaderId, u64>,
) -> ChangeError {
    use openraft::errors::ChangeMembershipError as Error;
    match error {
        // A new leader may not change voters before its first entry is committed.
        Error::InProgress(_) | Error::UncommittedLeaderLog(_) => ChangeError::Busy,
        other => ChangeError::Refused(other.to_string()),
    }
}
