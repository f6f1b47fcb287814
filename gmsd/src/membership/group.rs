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
        (revision >= self.floor()).then(|| self.deltas.iter().skip(start))
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
        for departure in &delta.departed {
            self.departures.insert(departure.member.clone(), Arc::clone(departure));
        }
        self.deltas.push_back(delta);
    }

    /// Drops the oldest delta, which the journal no longer holds. True if none is left.
    pub(super) fn forget(&mut self, view: Revision) -> bool {
        if let Some(oldest) = self.deltas.front()
            && oldest.view == view
            && let Some(oldest) = self.deltas.pop_front()
        {
            for departure in &oldest.departed {
                let last = self.departures.get(&departure.member);
                if last.is_some_and(|last| last.revision == departure.revision) {
                    self.departures.remove(&departure.member);
                }
            }
        }
        self.deltas.is_empty()
    }
}
