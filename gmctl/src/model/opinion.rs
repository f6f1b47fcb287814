//! What a node says of itself when it is asked directly, past the node that answers us. Nodes that
//! are cut off from each other say different things; only side by side is that to be seen.

use std::{collections::BTreeMap, time::Instant};

use gms::{
    api::Status,
    id::{GroupId, NodeId, Revision},
};

/// An opinion older than this is no witness to the present.
pub const FRESH: std::time::Duration = std::time::Duration::from_secs(10);

/// What a node said.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// Which node was asked.
    pub node: NodeId,
    /// When its answer came.
    pub at: Instant,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What it said; or why it said nothing.
    pub said: Result<Said, String>,
}

/// What it said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Of the cluster.
    pub status: Status,
    /// Of each group: its view and how many members that has.
    pub groups: BTreeMap<GroupId, (Revision, usize)>,
}
