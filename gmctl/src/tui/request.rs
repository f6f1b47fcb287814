//! What the dashboard asks of the service on a person's behalf, and what comes back.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    answer::ClientError,
    api::{
        AddNodeRequest, Configuration, HoldAnswer, HoldRequest, JoinRequest, Joined, LeaderAnswer,
        Why,
    },
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
};

use crate::model::group::MemberKey;

/// The number of a question: an answer to an older one is dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Whom a leave is meant for: this life and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Who.
    pub key: MemberKey,
    /// Which life.
    pub incarnation: Incarnation,
}

/// The views that a person saw, by group: the service refuses if they are others by then.
pub type Fence = BTreeMap<GroupId, Revision>;

/// Something a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Let a member join.
    Join(GroupId, JoinRequest),
    /// Take members out. The first of each group is refused if the group has another view than
    /// the fence says; each is refused if another life has the name by then.
    Leave(Vec<Target>, Option<String>, Fence),
    /// Ask members to take no new work (true), or to take work again.
    Drain(Vec<Target>, bool),
    /// Add a node to the cluster.
    AddNode(AddNodeRequest),
    /// Remove a node for good.
    RemoveNode(NodeId),
    /// Pause removals by silence.
    SetHold(GroupId, HoldRequest),
    /// Lift the pause.
    ClearHold(GroupId),
    /// Hand leadership over.
    Transfer(NodeId),
}

/// What became of each member of an act on many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parting {
    /// With whom it was done, and the view it made.
    pub left: Vec<(MemberId, Revision)>,
    /// With whom it was not, and why.
    pub refused: Vec<(MemberId, NotDone)>,
}

/// An answer of the service, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// What it says.
    pub reply: Reply,
    /// The node that gave it, the last one of an act on many.
    pub by: Option<NodeId>,
    /// How long it took, from the first question to the last answer.
    pub took: Duration,
}

impl From<Reply> for Acknowledged {
    fn from(reply: Reply) -> Self {
        Self { reply, by: None, took: Duration::ZERO }
    }
}

/// Why what was asked for was not done, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone {
    /// What the service, or this dashboard, says.
    pub why: String,
    /// It may have been done all the same, or may be yet.
    pub outcome_unknown: bool,
}

impl NotDone {
    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        if self.outcome_unknown { "outcome unknown" } else { "refused" }
    }
}

impl From<String> for NotDone {
    fn from(why: String) -> Self {
        Self { why, outcome_unknown: false }
    }
}

impl From<ClientError> for NotDone {
    fn from(error: ClientError) -> Self {
        Self { why: error.to_string(), outcome_unknown: error.outcome_unknown() }
    }
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It joined; true for a new life, false for a retry.
    Joined(Box<Joined>, bool),
    /// They left.
    Left(Parting),
    /// They were asked to drain, or to work again.
    Drained(Parting),
    /// The cluster configuration as it is now.
    Configured(Box<Configuration>),
    /// The hold as it is now.
    Hold(HoldAnswer),
    /// Who leads now.
    Leader(LeaderAnswer),
    /// Why a member is gone or in doubt.
    Why(Box<Why>),
}
