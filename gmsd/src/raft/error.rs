//! What can go wrong, one enum a boundary. Each variant says what became of the state.

use std::{io, path::PathBuf};

use gms::id::NodeId;

/// Why a node does not start. Unless a variant says otherwise, nothing on disk was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The options contradict themselves.
    #[error("cannot start: {0}")]
    Options(String),
    /// Another process works in the data directory.
    #[error("data directory {} is in use by another gmsd process; stop it, or give --data-dir another directory", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The data directory is another node's.
    #[error("data directory {} belongs to node {found}, not to node {given}; give this node its own --data-dir", dir.display())]
    ForeignNode {
        /// The data directory.
        dir: PathBuf,
        /// Whose it is.
        found: NodeId,
        /// Who wants to start.
        given: NodeId,
    },
    /// The data directory is of another cluster.
    #[error("data directory {} belongs to cluster {found}, not to cluster {given}; give this node its own --data-dir", dir.display())]
    ForeignCluster {
        /// The data directory.
        dir: PathBuf,
        /// The cluster whose data it holds.
        found: String,
        /// The cluster wanted.
        given: String,
    },
    /// A file is not what was written to it. The node does not start with less than it promised
    /// to remember.
    #[error("{} is damaged: {why}; nothing was changed. If the other nodes are well, empty {} and let this machine join again as a new node", file.display(), dir.display())]
    Damaged {
        /// The data directory.
        dir: PathBuf,
        /// The damaged or missing file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The disk failed. What was being written is either there or not there, whole.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was attempted, as a verb: "read", "create".
        doing: &'static str,
        /// What it was attempted on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// openraft did not start. The data directory is as it was, or founded and empty.
    #[error("consensus does not start: {0}")]
    Core(String),
}

/// Why a proposal has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// This node may not propose. Nothing happened.
    #[error("this node is not the leader")]
    NotLeader {
        /// Who leads, as far as this node knows; absent during an election or a transfer.
        leader: Option<NodeId>,
    },
    /// This node leads but has lost sight of a quorum. Nothing happened.
    #[error("the leader does not reach a quorum of the nodes")]
    NoQuorum,
    /// The entry is longer than one may be. Nothing happened.
    #[error("the entry has {len} bytes; at most {limit} are allowed")]
    TooLong {
        /// Its length, in bytes.
        len: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The entry was proposed and no answer came in time: it may take effect yet, or never.
    #[error("the entry was proposed, and whether it takes effect is not known")]
    Unknown,
    /// Consensus on this node has stopped for ever: the process must exit. What became of the
    /// entry is not known.
    #[error("consensus on this node has stopped: {0}")]
    Fatal(String),
}

/// Why a read cannot be linearized. Reads change nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// This node does not lead.
    #[error("this node is not the leader")]
    NotLeader {
        /// Who leads, as far as this node knows.
        leader: Option<NodeId>,
    },
    /// No quorum confirmed in time that this node still leads.
    #[error("the leader does not reach a quorum of the nodes")]
    NoQuorum,
    /// Consensus on this node has stopped for ever: the process must exit.
    #[error("consensus on this node has stopped: {0}")]
    Fatal(String),
}

/// Why the cluster configuration, or the leadership, is not as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// This node may not change it. Nothing happened.
    #[error("this node is not the leader")]
    NotLeader {
        /// Who leads, as far as this node knows.
        leader: Option<NodeId>,
    },
    /// This node leads but has lost sight of a quorum. Nothing happened.
    #[error("the leader does not reach a quorum of the nodes")]
    NoQuorum,
    /// Another change is under way. Nothing happened.
    #[error("another change of the cluster is under way; try again when it is done")]
    Busy,
    /// The change makes no sense here. Nothing happened.
    #[error("{0}")]
    Refused(String),
    /// The node is a learner now but did not catch up in time; it goes on catching up.
    #[error("node {0} is added as a learner and has not caught up yet")]
    NotCaughtUp(NodeId),
    /// Proposed, or asked for, without an answer in time: it may take effect yet.
    #[error("the change was asked for, and whether it takes effect is not known")]
    Unknown,
    /// Consensus on this node has stopped for ever: the process must exit. What became of the
    /// change is not known.
    #[error("consensus on this node has stopped: {0}")]
    Fatal(String),
}
