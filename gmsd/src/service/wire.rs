//! What nodes ask of each other above Raft: one request, one reply, in postcard on the service
//! lane. Variants are added at the end.

use gms::{
    api::{Configuration, LeaderAnswer, Role, Suspicion},
    id::{GroupId, MemberId, NodeId, Revision},
};
use serde::{Deserialize, Serialize};

use crate::{
    liveness::{
        bands::{Bands, BandsAt},
        message::{Message, Subject},
    },
    membership::{
        command::Proposal,
        outcome::{Outcome, Rejection},
    },
};

/// What one node asks of another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// To the leader: propose this.
    Propose(Box<Proposal>),
    /// To the leader: from which revision on is a read linearizable now?
    ReadIndex,
    /// Between the liveness of two nodes; verdicts go to the leader.
    Liveness(Message),
    /// Does this life answer you right now?
    Inquire(Subject),
    /// Do you doubt this life?
    Suspicion(Subject),
    /// How are you?
    Report,
    /// How do the members look that you are the monitor of?
    Bands {
        /// Up to where the asker knows them.
        after: Option<BandsAt>,
        /// Members whose looks it wants right now, changed or not.
        pinned: Vec<(GroupId, MemberId)>,
        /// Whether it wants the figures of the groups.
        tally: bool,
    },
    /// To the leader: add a node.
    AddNode {
        /// Its number; the next free one when absent.
        id: Option<NodeId>,
        /// Where the other nodes reach it.
        peer_url: String,
        /// Only say what would come of it.
        dry_run: bool,
    },
    /// To the leader: remove a node.
    RemoveNode {
        /// Which.
        node: NodeId,
        /// Only say what would come of it.
        dry_run: bool,
    },
    /// To the leader: hand over leadership.
    Transfer {
        /// To whom; to the one most up to date when absent.
        to: Option<NodeId>,
        /// Only say what would come of it.
        dry_run: bool,
    },
}

/// What one node answers to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// The proposal was applied at this revision, with this result.
    Applied {
        /// Where in the log.
        revision: Revision,
        /// What came of it.
        result: Result<Outcome, Rejection>,
    },
    /// A read is linearizable from this revision on.
    ReadFrom(Revision),
    /// Received.
    Noted,
    /// Whether that life answered.
    Answers(Option<bool>),
    /// The doubt asked for.
    Doubt(Option<Suspicion>),
    /// How this node is.
    Report(Box<Report>),
    /// How the members look.
    Bands(Bands),
    /// The cluster configuration has been changed.
    Configuration(Box<Configuration>),
    /// Leadership has been handed over.
    Leader(LeaderAnswer),
    /// It was not done.
    Refused(Refusal),
}

/// How one node is, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its part in Raft.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The leader it believes in.
    pub leader: Option<NodeId>,
    /// The last revision it applied.
    pub applied: Revision,
    /// How many members it is the monitor of.
    pub monitored: usize,
    /// Pings it sends a second.
    pub pings_per_s: u64,
    /// Median round trip of its pings, in microseconds.
    pub rtt_p50_us: Option<u64>,
    /// 99th percentile of the round trips, in microseconds.
    pub rtt_p99_us: Option<u64>,
    /// How long 99 of 100 of the last writes of its log took, in microseconds.
    pub fsync_p99_us: Option<u64>,
    /// The last revision in its snapshot.
    pub snapshot: Option<Revision>,
    /// Entries in its log.
    pub log_entries: u64,
    /// As the leader: the last revision on the disk of each node, as far as it knows. Else empty.
    pub matched: Vec<(NodeId, Revision)>,
    /// Its wall clock, in milliseconds since 1970.
    pub wall_ms: u64,
    /// Its local health: 0 is sound.
    pub health: u32,
    /// Members it suspects.
    pub suspects: usize,
    /// The version of its program.
    pub version: String,
}

/// Why a node did not do what another asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It does not lead. Nothing happened.
    NotLeader(Option<NodeId>),
    /// It has no quorum. Nothing happened.
    NoQuorum(String),
    /// It was proposed, and the answer is not known.
    Unknown(String),
    /// Too much waits already. Nothing happened.
    Overloaded,
    /// What was asked cannot be. Nothing happened.
    Invalid(String),
    /// The present state of the cluster forbids it. Nothing happened.
    Conflict(String),
    /// No node of that number. Nothing happened.
    NoNode(NodeId),
    /// The request could not be read, or the node is failing. Nothing is known to have happened.
    Failed(String),
}
