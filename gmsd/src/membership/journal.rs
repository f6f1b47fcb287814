//! What happened, in order, as far back as [`HISTORY_MAX`] changes: the history of the service.
//!
//! Records are in the order of their revisions without a gap: whoever has seen
//! [`Journal::floor`] or later misses nothing.

use std::{cmp::Ordering, sync::Arc};

use gms::{
    id::{GroupId, NodeId, Revision},
    liveness::GroupTiming,
};
use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::{hold::Hold, life::Delta, limits::HISTORY_MAX};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The revision that made it happen.
    pub revision: Revision,
    /// The leader's wall clock then, for people.
    pub at_ms: u64,
    /// What it was.
    pub what: Happening,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// A group has a new view.
    View(Arc<Delta>),
    /// Removals by silence are paused in a group.
    HoldSet {
        /// Which group.
        group: GroupId,
        /// The pause.
        hold: Hold,
    },
    /// The pause has ended.
    HoldCleared {
        /// Which group.
        group: GroupId,
        /// True if it ran out, false if somebody lifted it.
        expired: bool,
    },
    /// A group was created, or has another timing.
    GroupCreated {
        /// Which group.
        group: GroupId,
        /// The timing of its pings.
        timing: GroupTiming,
    },
    /// A group is kept no longer: deleted, or forgotten because others needed the room.
    GroupDeleted {
        /// Which group.
        group: GroupId,
    },
    /// A leader began its term.
    Election {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: u64,
    },
    /// A node started.
    NodeStarted {
        /// Which node.
        node: NodeId,
        /// Where clients reach it.
        api_url: String,
        /// The version of its program.
        version: String,
    },
    /// The cluster configuration changed.
    Configuration {
        /// The nodes that vote.
        voters: Vec<NodeId>,
        /// The nodes that receive the log without a vote.
        learners: Vec<NodeId>,
    },
    /// Other nodes are fit to watch members.
    Monitors {
        /// The epoch that began.
        epoch: u64,
        /// The nodes.
        nodes: Vec<NodeId>,
    },
    /// The cluster was founded from a snapshot.
    Restored {
        /// The cluster the snapshot is of, 32 hexadecimal digits.
        cluster: String,
        /// The last revision in the snapshot.
        from: Revision,
    },
}

impl Happening {
    /// How much of the bound it takes.
    fn weight(&self) -> usize {
        match self {
            Happening::View(delta) => delta.changes(),
            _ => 1,
        }
    }
}

/// The history.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Journal {
    records: Vector<Arc<Record>>,
    weight: usize,
    floor: Revision,
}

impl Journal {
    /// Everything after this revision is still here.
    pub fn floor(&self) -> Revision {
        self.floor
    }

    /// What happened after the given revision, oldest first; none if history does not reach back.
    pub fn after(
        &self,
        revision: Revision,
    ) -> Option<impl Iterator<Item = &Arc<Record>> + use<'_>> {
        (revision >= self.floor).then(|| self.kept_after(revision))
    }

    /// What is still known to have happened after the given revision, oldest first.
    pub fn kept_after(&self, revision: Revision) -> impl Iterator<Item = &Arc<Record>> + use<'_> {
        let start = first_after(&self.records, revision, |record| record.revision);
        // `skip` would walk over all that came before.
        self.records.focus().narrow(start..).into_iter()
    }

    /// Notes what happened.
    pub(super) fn push(&mut self, record: Record) {
        self.weight += record.what.weight();
        self.records.push_back(Arc::new(record));
    }

    /// Drops the oldest record if the bound is exceeded. Call until it gives none, and take what
    /// it gives out of the indices. All records of one revision go together or, by the caller's
    /// repetition, soon: `floor` never claims a revision of which a record is missing.
    pub(super) fn pop_excess(&mut self) -> Option<Arc<Record>> {
        let partial = self.records.front().is_some_and(|oldest| oldest.revision == self.floor);
        if self.weight <= HISTORY_MAX && !partial {
            return None;
        }
        let record = self.records.pop_front()?;
        self.weight -= record.what.weight();
        self.floor = self.floor.max(record.revision);
        Some(record)
    }

    /// Lets nobody go on from before this revision, though what is known of it is kept.
    pub(super) fn cut(&mut self, floor: Revision) {
        self.floor = self.floor.max(floor);
    }

    /// All deltas, oldest first, for rebuilding the indices.
    pub(super) fn deltas_mut(&mut self) -> impl Iterator<Item = &mut Arc<Delta>> {
        self.records.iter_mut().filter_map(|record| match &mut Arc::make_mut(record).what {
            Happening::View(delta) => Some(delta),
            _ => None,
        })
    }
}

/// Where, in a vector ordered by revision, that which came after the given one begins.
pub(super) fn first_after<T: Clone>(
    ordered: &Vector<Arc<T>>,
    revision: Revision,
    key: impl Fn(&T) -> Revision,
) -> usize {
    let side = |item: &Arc<T>| {
        if key(item) <= revision { Ordering::Less } else { Ordering::Greater }
    };
    // Nothing compares equal, so the search always ends between the two sides.
    ordered.binary_search_by(side).unwrap_or_else(|between| between)
}
