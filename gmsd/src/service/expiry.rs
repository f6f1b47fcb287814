//! What ends by itself: holds of groups, and places kept for static members.
//!
//! It ends by an entry of its own, when its time has passed as the leader observed it. A leader
//! counts from when it first saw it, so a change of leader makes it longer, never shorter, and no
//! wall clock decides.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use gms::id::{GroupId, Revision};

use crate::membership::{
    command::{Command, Place},
    state::State,
};

/// Places given up by one entry.
const PLACES_MAX: usize = 4_096;

/// Since when this leader has seen what has a time to run.
#[derive(Debug, Default)]
pub struct Expiry {
    holds: BTreeMap<(GroupId, Revision), Instant>,
    places: BTreeMap<Place, Instant>,
}

impl Expiry {
    /// Forgets everything: this node no longer leads.
    pub fn clear(&mut self) {
        self.holds.clear();
        self.places.clear();
    }

    /// What has run out.
    pub fn wish(&mut self, now: Instant, state: &State) -> Vec<Command> {
        let mut over = self.holds_over(now, state);
        over.extend(self.places_over(now, state));
        over
    }

    fn holds_over(&mut self, now: Instant, state: &State) -> Vec<Command> {
        let mut seen = BTreeMap::new();
        let mut over = Vec::new();
        for (name, group) in state.groups() {
            let Some(hold) = &group.hold else { continue };
            let key = (name.clone(), hold.since);
            let first = self.holds.get(&key).copied().unwrap_or(now);
            if is_over(first, now, hold.lasts.into()) {
                over.push(Command::ClearHold {
                    group: name.clone(),
                    since: Some(hold.since),
                    expired: true,
                });
            }
            seen.insert(key, first);
        }
        self.holds = seen;
        over
    }

    /// Members whose time ran out together leave in one view of their group.
    fn places_over(&mut self, now: Instant, state: &State) -> Option<Command> {
        let mut seen = BTreeMap::new();
        let mut places = Vec::new();
        for (name, group) in state.groups() {
            for departure in group.away() {
                let place = Place {
                    group: name.clone(),
                    member: departure.member.clone(),
                    incarnation: departure.incarnation,
                };
                let hold = group.members.get(&place.member).and_then(|life| life.hold);
                let first = self.places.get(&place).copied().unwrap_or(now);
                if places.len() < PLACES_MAX
                    && hold.is_none_or(|hold| is_over(first, now, hold.into()))
                {
                    places.push(place.clone());
                }
                seen.insert(place, first);
            }
        }
        self.places = seen;
        (!places.is_empty()).then_some(Command::EndAway { places })
    }
}

fn is_over(first: Instant, now: Instant, lasts: Duration) -> bool {
    now.saturating_duration_since(first) >= lasts
}
