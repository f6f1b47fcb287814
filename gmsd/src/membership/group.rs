//! One group: its present view, and the changes that led to it as far as history reaches.
//!
//! `view` only grows. The deltas kept are the latest ones without a gap: whoever has seen
//! [`Group::floor`] or later can follow to the present.

use std::sync::Arc;

use gms::id::{Incarnation, MemberId, Revision};
use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::{
    hold::Hold,
    journal::first_after,
    life::{Delta, Departure, Life},
};

/// One group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Group {
    /// The revision of the present view.
    pub view: Revision,
    /// Its members.
    pub members: OrdMap<MemberId, Arc<Life>>,
    /// The present pause, if one is set.
    pub hold: Option<Hold>,
    /// The latest deltas, oldest first: an index of the journal, rebuilt from it.
    #[serde(skip)]
    deltas: Vector<Arc<Delta>>,
    /// The last end of each member that history still knows: an index of the journal too.
    #[serde(skip)]
    departures: OrdMap<MemberId, Arc<Departure>>,
}

impl Group {
    /// An empty group whose readers may have seen views up to `from`.
    pub(super) fn new(from: Revision) -> Self {
        Self { view: from, ..Self::default() }
    }

    /// The oldest view from which the present can be reached by the deltas kept.
    pub fn floor(&self) -> Revision {
        self.deltas.front().map_or(self.view, |oldest| oldest.from)
    }

    /// The changes after the given revision, oldest first; none if history does not reach back.
    pub fn deltas_after(
        &self,
        revision: Revision,
    ) -> Option<impl Iterator<Item = &Arc<Delta>> + use<'_>> {
        let start = first_after(&self.deltas, revision, |delta| delta.view);
        (revision >= self.floor()).then(|| self.deltas.focus().narrow(start..).into_iter())
    }

    /// How a member last departed, as far as history reaches.
    pub fn departure(&self, member: &MemberId) -> Option<&Arc<Departure>> {
        self.departures.get(member)
    }

    /// The life of that member, if it is that very one.
    pub fn life(&self, member: &MemberId, incarnation: Incarnation) -> Option<&Arc<Life>> {
        self.members.get(member).filter(|life| life.incarnation == incarnation)
    }

    /// Takes in the newest delta.
    pub(super) fn remember(&mut self, delta: Arc<Delta>) {
        self.remember_departures(&delta);
        self.deltas.push_back(delta);
    }

    /// Takes in how members departed, of a delta from which nobody can go on.
    pub(super) fn remember_departures(&mut self, delta: &Delta) {
        for departure in &delta.departed {
            self.departures.insert(departure.member.clone(), Arc::clone(departure));
        }
    }

    /// Begins a view with the present members that follows on no other: who has seen an earlier
    /// one reads anew.
    pub(super) fn begin_anew(&mut self, view: Revision) {
        self.view = view;
        self.deltas.clear();
    }

    /// Drops a delta that the journal no longer holds: the oldest, if it is still here. True if
    /// none is left.
    pub(super) fn forget(&mut self, delta: &Delta) -> bool {
        for departure in &delta.departed {
            let last = self.departures.get(&departure.member);
            if last.is_some_and(|last| last.revision == departure.revision) {
                self.departures.remove(&departure.member);
            }
        }
        if self.deltas.front().is_some_and(|oldest| oldest.view == delta.view) {
            self.deltas.pop_front();
        }
        self.deltas.is_empty()
    }
}
