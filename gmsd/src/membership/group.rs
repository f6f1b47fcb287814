//! One group: its present view, and the changes that led to it as far as history reaches.
//!
//! `view` only grows, and so does `revision`, which also counts the changes that leave the view's
//! number. The deltas kept are the latest ones without a gap: whoever has seen [`Group::floor`] or
//! later can follow to the present.

use std::sync::Arc;

use gms::{
    id::{Incarnation, MemberId, Revision},
    liveness::GroupTiming,
};
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
    /// The revision that installed the present view.
    pub view: Revision,
    /// The last change: the present view's, or a static member's going or coming since.
    pub revision: Revision,
    /// The empty view from which it began. Where one of its name was forgotten before, that one's
    /// changes are not later than this.
    pub born: Revision,
    /// Its members, those who are away included.
    pub members: OrdMap<MemberId, Arc<Life>>,
    /// The present pause, if one is set.
    pub hold: Option<Hold>,
    /// The timing with which it was created, to be kept though nobody is in it; none where it came
    /// to be by a join.
    pub timing: Option<GroupTiming>,
    /// How those ended whose places are kept. Not an index: a place may outlast the history.
    pub(super) away: OrdMap<MemberId, Arc<Departure>>,
    /// The last entry that noted that a node hears this life after all; none for most.
    pub(super) heard: OrdMap<MemberId, Revision>,
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
        Self { view: from, revision: from, born: from, ..Self::default() }
    }

    /// The oldest revision from which the present can be reached by the deltas kept.
    pub fn floor(&self) -> Revision {
        self.deltas.front().map_or(self.revision, |oldest| oldest.after)
    }

    /// The changes after the given revision, oldest first; none if history does not reach back.
    pub fn deltas_after(
        &self,
        revision: Revision,
    ) -> Option<impl Iterator<Item = &Arc<Delta>> + use<'_>> {
        let start = first_after(&self.deltas, revision, |delta| delta.revision);
        (revision >= self.floor()).then(|| self.deltas.focus().narrow(start..).into_iter())
    }

    /// How a member's last life ended, as far as history reaches, or as long as its place is kept.
    pub fn departure(&self, member: &MemberId) -> Option<&Arc<Departure>> {
        self.away.get(member).or_else(|| self.departures.get(member))
    }

    /// How that very life ended, as far as history reaches.
    pub fn end_of(&self, member: &MemberId, life: Incarnation) -> Option<&Arc<Departure>> {
        let is_it = |end: &&Arc<Departure>| end.incarnation == life && end.member == *member;
        let last = self.departure(member).filter(is_it);
        let start = first_after(&self.deltas, Revision(life.0), |delta| delta.revision);
        last.or_else(|| {
            let later = self.deltas.focus().narrow(start..).into_iter();
            later.flat_map(|delta| delta.departed.iter().chain(&delta.away)).find(is_it)
        })
    }

    /// The last entry that noted that a node hears the present life after all; 0 if none did.
    pub fn heard_at(&self, member: &MemberId) -> Revision {
        self.heard.get(member).copied().unwrap_or_default()
    }

    /// The places that are kept for nobody: how the lives ended that were in them.
    pub fn away(&self) -> impl Iterator<Item = &Arc<Departure>> {
        self.away.values()
    }

    /// How many members are away.
    pub fn away_count(&self) -> usize {
        self.away.len()
    }

    /// The present life of that member; none while it is away.
    pub fn present(&self, member: &MemberId) -> Option<&Arc<Life>> {
        self.members.get(member).filter(|life| !life.is_away())
    }

    /// The present life of that member, if it is that very one.
    pub fn life(&self, member: &MemberId, incarnation: Incarnation) -> Option<&Arc<Life>> {
        self.present(member).filter(|life| life.incarnation == incarnation)
    }

    /// The last end of each member that history still knows.
    pub(super) fn ends(&self) -> impl Iterator<Item = &Arc<Departure>> {
        self.departures.values()
    }

    /// Takes in the newest delta.
    pub(super) fn remember(&mut self, delta: Arc<Delta>) {
        self.remember_departures(&delta);
        self.deltas.push_back(delta);
    }

    /// Takes in how members departed, of a delta from which nobody can go on.
    pub(super) fn remember_departures(&mut self, delta: &Delta) {
        for departure in delta.departed.iter().chain(&delta.away) {
            self.departures.insert(departure.member.clone(), Arc::clone(departure));
        }
    }

    /// Begins a view with the present members that follows on no other: who has seen an earlier
    /// one reads anew.
    pub(super) fn begin_anew(&mut self, view: Revision) {
        self.view = view;
        self.revision = view;
        self.deltas.clear();
    }

    /// Whether nobody is in it, and nobody keeps it.
    pub(super) fn is_left(&self) -> bool {
        self.members.is_empty() && self.hold.is_none() && self.timing.is_none()
    }

    /// Whether besides history knows nothing of it.
    pub(super) fn is_bare(&self) -> bool {
        self.deltas.is_empty() && self.is_left()
    }

    /// Drops a delta that the journal no longer holds: the oldest, if it is still here.
    pub(super) fn forget(&mut self, delta: &Delta) {
        for departure in delta.departed.iter().chain(&delta.away) {
            let last = self.departures.get(&departure.member);
            if last.is_some_and(|last| last.revision == departure.revision) {
                self.departures.remove(&departure.member);
            }
        }
        if self.deltas.front().is_some_and(|oldest| oldest.revision == delta.revision) {
            self.deltas.pop_front();
        }
    }
}
