//! [`Service`]: the only door to the log, at every node. What it does is in three files, one for
//! each kind of call: `writes`, `reads`, `cluster`; here is what they share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gms::{
    heartbeat::Key,
    id::{GroupId, NodeId, Revision},
};

use super::{
    board::Board,
    error::ServiceError,
    leader::{Leader, exchange},
    reading::ReadGate,
    succession::Applied,
    wire::{Reply, Request},
};
use crate::{
    host::world::Host,
    membership::{life::Life, state::State},
    raft::{consensus::Consensus, identity::ClusterId},
    udp::handle::Liveness,
};

/// The service at this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    pub(super) parts: Arc<Parts>,
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
    /// How the members look, and which nodes answer.
    pub board: Board,
    /// Which cluster this is.
    pub cluster: ClusterId,
    /// When this process started.
    pub started: Instant,
    /// When it was last known to be connected to a quorum; looked at a few times a second.
    pub last_contact: Mutex<Option<Instant>>,
    /// When it had applied what; noted a few times a second.
    pub applied: Mutex<Applied>,
}

impl Service {
    /// A service of these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// A state that shows everything acknowledged before this call.
    pub(super) async fn latest(&self, deadline: Instant) -> Result<Arc<State>, ServiceError> {
        let revision = self.parts.reads.pass(deadline).await?;
        self.reach(revision, deadline).await
    }

    /// The first state that has applied this revision.
    pub(super) async fn reach(
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

    /// How long ago this node last knew itself connected to a quorum, in milliseconds; none if it
    /// never was. In an election nobody knows, but what was known before still bounds the age.
    pub(super) fn age_ms(&self) -> Option<u64> {
        let parts = &self.parts;
        let mut last = parts.last_contact.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (*last).max(parts.consensus.quorum_contact());
        Some(millis(parts.host.clock.now().saturating_duration_since((*last)?)))
    }

    /// Notes what this node has applied by now.
    pub(super) fn note_applied(&self) {
        let revision = self.parts.consensus.state().borrow().revision();
        self.applied().note(self.parts.host.clock.now(), revision);
    }

    pub(super) fn applied(&self) -> MutexGuard<'_, Applied> {
        self.parts.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This node's own state, not before it shows again what it had shown before it was started:
    /// a reader that was here then must not see the past. Which of the entries on its disk had been
    /// committed only a leader can tell.
    pub(super) async fn recovered(&self, deadline: Instant) -> Result<Arc<State>, ServiceError> {
        let mut standing = self.parts.consensus.standing();
        let recovered = standing.wait_for(|standing| standing.recovered);
        match tokio::time::timeout_at(deadline.into(), recovered).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return Err(ServiceError::Failed("the node is stopping".to_owned())),
            Err(_) => {
                return Err(ServiceError::NoQuorum(
                    "this node was started again and no leader has told it yet what of its log is \
                     committed; what it could show may be less than it showed before"
                        .to_owned(),
                ));
            }
        }
        Ok(self.parts.consensus.state().borrow().clone())
    }

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

    /// The key of a life; none before this node knows the secret, and on a dry run.
    pub(super) fn key(&self, group: &GroupId, life: &Life, dry_run: bool) -> Option<Key> {
        let state = self.parts.consensus.state();
        let state = state.borrow();
        let secret = state.secret().filter(|_| !dry_run)?;
        Some(Key::derive(secret, group, &life.member, life.incarnation))
    }
}

/// A reply that does not belong to its request.
pub(super) fn strange(reply: &Reply) -> ServiceError {
    ServiceError::Failed(format!("a strange reply of the leader: {reply:?}"))
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
