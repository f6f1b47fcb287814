//! From a snapshot of one cluster to the state in which another is founded.
//!
//! The former cluster may have gone on after the snapshot was taken, and may have been seen to. So
//! the new one gives out no number that the former can have given out: it begins at a revision
//! above all of them, with a view of that number in every group, and nobody goes on from before.
//! Members stay the lives they were; what is about nodes is not taken over.

use std::sync::Arc;

use gms::id::{NodeId, Revision};
use imbl::{OrdMap, OrdSet};

use super::{
    journal::{Happening, Record},
    state::{Configuration, State},
};

impl State {
    /// The state that begins a cluster of this one node at revision `base`, which must be two above
    /// the present one at least; `cluster` is the cluster this state is of.
    #[must_use]
    pub fn restored(mut self, base: Revision, node: NodeId, at_ms: u64, cluster: String) -> Self {
        let from = self.revision;
        let groups: OrdMap<_, _> = std::mem::take(&mut self.groups)
            .into_iter()
            .map(|(name, mut group)| {
                Arc::make_mut(&mut group).begin_anew(base);
                (name, group)
            })
            .collect();
        self.groups = groups;
        self.forgotten = base;
        // Verdicts on their way are of another epoch; the first leader says who watches.
        self.monitors.epoch += 1;
        self.monitors.nodes.clear();
        self.configuration = Configuration { voters: vec![node], learners: Vec::new() };
        self.configuration_told = false;
        self.nodes = OrdMap::new();
        self.started = OrdMap::new();
        self.retired = OrdSet::new();
        // Everything after the floor is known; nobody has ever seen the revision before `base`.
        self.journal.cut(Revision(base.0 - 1));
        self.revision = base;
        let what = Happening::Restored { cluster, from };
        self.journal.push(Record { revision: base, at_ms, what });
        self.trim_history();
        self
    }
}
