//! The service as its callers see it (signatures; bodies arrive from main).

use std::{sync::Arc, time::Instant};

use gms::{
    api::{
        AddNodeRequest, Configuration, Consistency, Hold, HoldRequest, JoinRequest, LeaderAnswer,
        Nodes, PatchRequest, Suspicion,
    },
    evidence::Cause,
    heartbeat::Key,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
};
use tokio::sync::watch;

use super::error::ServiceError;
use crate::membership::{life::Life, state::State};

/// What every write carries besides its wish.
#[derive(Debug, Clone)]
pub struct Terms {
    /// When the caller wants an answer at the latest.
    pub deadline: Instant,
    /// The client's idempotency key, 1 to 128 bytes.
    pub idempotency_key: Option<String>,
    /// Count only if the group still has this view.
    pub if_view: Option<Revision>,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// A member is in.
#[derive(Debug, Clone)]
pub struct Joined {
    /// Its life.
    pub life: Arc<Life>,
    /// The view it stands in.
    pub view: Revision,
    /// False for a retry.
    pub fresh: bool,
    /// The life's key; none on a dry run.
    pub key: Option<Key>,
}

/// How a caller wants a member out.
#[derive(Debug, Clone)]
pub enum Exit {
    /// It leaves, or with a reason an operator makes it leave.
    Leave {
        /// The operator's reason.
        reason: Option<String>,
    },
    /// `gmctl run` reports that its program ended: cause `exit` or `signal`, and its number.
    Ended {
        /// `Cause::Exit` or `Cause::Signal`.
        cause: Cause,
        /// The exit code or the signal.
        number: i32,
    },
}

/// A member is out.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The life that ended.
    pub incarnation: Incarnation,
    /// The view without it.
    pub view: Revision,
}

/// A state to read, and how old it can be.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The state.
    pub state: Arc<State>,
    /// For local reads: milliseconds since this node last knew itself connected to a quorum; none
    /// if it never was. Linearizable reads give 0.
    pub age_ms: Option<u64>,
}

/// What this node believes about the cluster right now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// This node.
    pub node: NodeId,
    /// The cluster's identity, 32 hex digits.
    pub cluster: String,
    /// Its part in Raft.
    pub role: gms::api::Role,
    /// Its term.
    pub term: u64,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// The revision it has applied.
    pub revision: Revision,
    /// Who votes and whether enough are in touch.
    pub quorum: gms::api::Quorum,
    /// Milliseconds since it last knew itself connected to a quorum; none if it never was.
    pub age_ms: Option<u64>,
    /// Milliseconds this process runs.
    pub uptime_ms: u64,
    /// True once it has applied what was committed when it started, and knows a leader.
    pub ready: bool,
}

/// The only door to the log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    state: watch::Receiver<Arc<State>>,
}

#[expect(clippy::unused_async, reason = "signatures only")]
impl Service {
    /// Lets a member in.
    pub async fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> Result<Joined, ServiceError> {
        unimplemented!("{terms:?} {group} {request:?}")
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
        unimplemented!("{terms:?} {group} {member} {incarnation:?} {exit:?}")
    }

    /// Changes a member's tags or state.
    pub async fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> Result<(Arc<Life>, Revision), ServiceError> {
        unimplemented!("{terms:?} {group} {member} {request:?}")
    }

    /// Pauses removals by silence.
    pub async fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> Result<Hold, ServiceError> {
        unimplemented!("{terms:?} {group} {request:?}")
    }

    /// Ends a pause; true if there was one.
    pub async fn clear_hold(&self, terms: Terms, group: GroupId) -> Result<bool, ServiceError> {
        unimplemented!("{terms:?} {group}")
    }

    /// A state to read.
    pub async fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> Result<Reading, ServiceError> {
        unimplemented!("{consistency:?} {deadline:?}")
    }

    /// Every applied state, the latest first seen.
    pub fn state(&self) -> watch::Receiver<Arc<State>> {
        self.state.clone()
    }

    /// What this node believes right now.
    pub fn standing(&self) -> Standing {
        unimplemented!()
    }

    /// Every node, those out of reach with the reason.
    pub async fn nodes(&self, deadline: Instant) -> Nodes {
        unimplemented!("{deadline:?}")
    }

    /// Adds a node: learner, caught up, voter.
    pub async fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
    ) -> Result<Configuration, ServiceError> {
        unimplemented!("{deadline:?} {request:?}")
    }

    /// Removes a node for good.
    pub async fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
    ) -> Result<Configuration, ServiceError> {
        unimplemented!("{deadline:?} {node}")
    }

    /// Hands leadership over.
    pub async fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
    ) -> Result<LeaderAnswer, ServiceError> {
        unimplemented!("{deadline:?} {to:?}")
    }

    /// The present suspicion of a member, from whichever node has one.
    pub async fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> Option<Suspicion> {
        unimplemented!("{group} {member} {incarnation}")
    }
}
