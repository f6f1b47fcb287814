//! What the dashboard asks of the service on a person's behalf, and what comes back.

use gms::{
    api::{HoldAnswer, HoldRequest, JoinRequest, Joined, LeaderAnswer, Why},
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

/// Something a person wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Let a member join.
    Join(GroupId, JoinRequest),
    /// Take members out.
    Leave(Vec<Target>, Option<String>),
    /// Pause removals by silence.
    SetHold(GroupId, HoldRequest),
    /// Lift the pause.
    ClearHold(GroupId),
    /// Hand leadership over.
    Transfer(NodeId),
}

/// What became of the members of a leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parting {
    /// Who left, and the view without them.
    pub left: Vec<(MemberId, Revision)>,
    /// Who did not, and why.
    pub refused: Vec<(MemberId, String)>,
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It joined; true for a new life, false for a retry.
    Joined(Box<Joined>, bool),
    /// They left.
    Left(Parting),
    /// The hold as it is now.
    Hold(HoldAnswer),
    /// Who leads now.
    Leader(LeaderAnswer),
    /// Why a member is gone or in doubt.
    Why(Box<Why>),
}
