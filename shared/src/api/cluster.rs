//! The nodes: status, configuration, leadership.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, Revision};

/// Answer to `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The cluster's identity, 32 hex digits.
    pub cluster: String,
    /// The node that answers.
    pub node: NodeId,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// Its term.
    pub term: u64,
    /// Its role.
    pub role: Role,
    /// The revision it has applied.
    pub revision: Revision,
    /// Whether writes can be accepted, and by whom.
    pub quorum: Quorum,
    /// What there is.
    pub counts: Counts,
    /// The version of its program.
    pub version: String,
    /// Milliseconds this process runs.
    pub uptime_ms: u64,
    /// Milliseconds since it last knew itself connected to a quorum; null if it never was.
    pub age_ms: Option<u64>,
}

/// A node's part in Raft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It proposes.
    Leader,
    /// It follows a leader, or waits for one.
    Follower,
    /// It asks for votes.
    Candidate,
    /// It receives the log and has no vote.
    Learner,
    /// It has stopped for good and wants a restart.
    Shutdown,
}

impl Role {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Leader => "leader",
            Role::Follower => "follower",
            Role::Candidate => "candidate",
            Role::Learner => "learner",
            Role::Shutdown => "shutdown",
        }
    }
}

/// Who votes, and whether enough of them are in touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// The voters.
    pub voters: Vec<NodeId>,
    /// How many of them must agree.
    pub needed: usize,
    /// How many this node is in touch with now, itself included.
    pub reachable: usize,
    /// Whether a leader with a quorum was heard within an election timeout.
    pub ok: bool,
}

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Nodes of the cluster, learners included.
    pub nodes: usize,
    /// Groups.
    pub groups: usize,
    /// Members in all groups.
    pub members: usize,
    /// Members that this node and its peers suspect now.
    pub suspects: usize,
    /// Watch streams open at the node that answers.
    pub watchers: usize,
}

/// Answer to `GET /v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// The node that answers; reachability is seen from there.
    pub answered_by: NodeId,
    /// Every node of the cluster, ordered by id.
    pub nodes: Vec<NodeStatus>,
}

/// One node as the answering node sees it; fields only that node can know are null while it is
/// out of reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Which node.
    pub id: NodeId,
    /// Its part in Raft, in its own words, or from the leader's view of it.
    pub role: Option<Role>,
    /// Whether it votes.
    pub voter: bool,
    /// Where the other nodes reach it.
    pub peer_url: String,
    /// Where clients reach it; null until it has told.
    pub api_url: Option<String>,
    /// Whether the answering node can reach it.
    pub reachable: bool,
    /// Whether it is one of the monitors, that is, fit to watch members.
    pub monitor: bool,
    /// Its term.
    pub term: Option<u64>,
    /// The leader it believes in.
    pub leader: Option<NodeId>,
    /// The last revision the leader knows to be on its disk; null where no leader can be reached.
    pub matched: Option<Revision>,
    /// The last revision it applied.
    pub applied: Option<Revision>,
    /// How many revisions it is behind what the answering node and the leader have in their logs.
    pub lag: Option<u64>,
    /// How many members it is the monitor of.
    pub monitored: Option<usize>,
    /// Pings it sends a second.
    pub pings_per_s: Option<u64>,
    /// Median round trip of its pings, in microseconds.
    pub rtt_p50_us: Option<u64>,
    /// 99th percentile of the round trips, in microseconds.
    pub rtt_p99_us: Option<u64>,
    /// How long the last writes of its log took until they were durable: 99th percentile of 256,
    /// in microseconds.
    #[serde(default)]
    pub fsync_p99_us: Option<u64>,
    /// The last revision in its snapshot; null while it has none.
    #[serde(default)]
    pub snapshot: Option<Revision>,
    /// How many entries are in its log. A snapshot, taken every 64 MiB of entries, takes the place
    /// of those before it, but for the last 16 MiB.
    #[serde(default)]
    pub log_entries: Option<u64>,
    /// How far its wall clock is ahead of the answering node's, in milliseconds, exact to half a
    /// round trip. Only times that people read depend on it.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// Its local health: 0 is sound.
    pub health: Option<u32>,
    /// The version of its program.
    pub version: Option<String>,
    /// Why it could not be asked.
    pub error: Option<String>,
}

/// Body of `POST /v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddNodeRequest {
    /// Its number; the next free one when absent. A number is never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NodeId>,
    /// Where the other nodes reach it.
    pub peer_url: String,
}

/// Answer to `POST /v1/nodes` and `DELETE /v1/nodes/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The node that was added or removed.
    pub node: NodeId,
    /// The cluster's identity, which the new node needs.
    pub cluster: String,
    /// The voters now.
    pub voters: Vec<NodeId>,
    /// The learners now.
    pub learners: Vec<NodeId>,
    /// Every node's peer URL.
    pub peers: std::collections::BTreeMap<NodeId, String>,
}

/// Body of `POST /v1/leader`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferRequest {
    /// Who shall lead; the voter that is most up to date when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NodeId>,
}

/// Answer to `POST /v1/leader`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderAnswer {
    /// Who leads now.
    pub leader: NodeId,
    /// In which term.
    pub term: u64,
}
