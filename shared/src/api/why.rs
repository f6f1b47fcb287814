//! Why a member is gone or in doubt.

use serde::{Deserialize, Serialize};

use super::groups::Hold;
use crate::{
    evidence::{Evidence, Observation},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
};

/// Answer to `GET /v1/groups/{g}/members/{id}/why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// The life in question.
    pub incarnation: Incarnation,
    /// What it is now.
    pub state: WhyState,
    /// Its last removal, or how its last life ended that left its place behind; null where there
    /// is none.
    pub removal: Option<Removal>,
    /// How its last life left; absent where it did not end so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Leaving>,
    /// Its present suspicion; null where there is none.
    pub suspicion: Option<Suspicion>,
    /// What keeps it from being removed for its silence; absent where nothing does, or where it is no
    /// member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// How a life ended that was asked to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The revision that took it out.
    pub revision: Revision,
    /// Wall-clock time of the leader, for people only.
    pub at_ms: u64,
    /// The operator's reason; null when the member itself left.
    pub reason: Option<String>,
}

/// What the subject of a `why` is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyState {
    /// A member, and nobody doubts it.
    Member,
    /// A member under suspicion.
    Suspect,
    /// Removed.
    Removed,
    /// A static member whose life is over and whose place is kept: `removal` says how it ended.
    Away,
    /// Left of its own wish or by an operator's.
    Left,
}

/// A removal with its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The revision that removed it.
    pub revision: Revision,
    /// The term in which that was proposed.
    pub term: u64,
    /// Wall-clock time of the leader, for people only.
    pub at_ms: u64,
    /// The record.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// A suspicion that is being confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// Who doubts.
    pub by: NodeId,
    /// For how long, in milliseconds.
    pub for_ms: u64,
    /// Milliseconds since its last round trip with that node.
    pub last_round_trip_ms_ago: Option<u64>,
    /// What the nodes asked have said so far.
    pub observers: Vec<Observation>,
    /// How often this life had been suspected and shown alive before.
    pub refuted: u32,
}
