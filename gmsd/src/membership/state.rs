//! placeholder

use std::sync::Arc;

use gms::id::{GroupId, NodeId, Revision};
use serde::{Deserialize, Serialize};

use super::{
    command::Entry,
    outcome::{Outcome, Rejection},
};

/// The replicated state. Cloning it costs O(1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    revision: Revision,
    x: Option<Arc<GroupId>>,
}

impl State {
    /// The revision of the last applied entry.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Applies one entry.
    pub fn apply(
        &mut self,
        revision: Revision,
        term: u64,
        entry: &Entry,
    ) -> Vec<Result<Outcome, Rejection>> {
        let _ = (term, entry);
        self.revision = revision;
        Vec::new()
    }

    /// Notes the blank entry with which a leader begins its term.
    pub fn apply_election(&mut self, revision: Revision, term: u64, leader: NodeId) {
        let _ = (term, leader);
        self.revision = revision;
    }

    /// Notes an entry that changes the cluster configuration.
    pub fn apply_configuration(
        &mut self,
        revision: Revision,
        voters: Vec<NodeId>,
        learners: Vec<NodeId>,
    ) {
        let _ = (voters, learners);
        self.revision = revision;
    }

    /// A digest of the whole state, equal on every node that applied the same entries.
    pub fn digest(&self) -> [u8; 32] {
        [0; 32]
    }
}
