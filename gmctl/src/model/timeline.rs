//! What happened, oldest first: what the cluster recorded, and what this dashboard observed.
//!
//! Recorded entries carry a revision and are the same for everybody. Observed ones (a member fell
//! silent, a node went out of reach, our own commands) are only what we saw from here. Many alike
//! within a second become one entry with a count, so that a mass failure is one line, not a
//! thousand.

use std::{collections::BTreeMap, sync::Arc};

use gms::{
    api::{Event, Events, What},
    id::{GroupId, Revision},
    view::Change,
};
use imbl::Vector;

use super::{
    happening::{Happening, happening_of, happenings_of},
    moment::Moment,
};

/// The most entries kept; the oldest go first. A quarter of an hour of a lively cluster.
pub const TIMELINE_MAX: usize = 2_000;

/// Observations alike within this time become one entry.
const COALESCE_MS: u64 = 1_000;

/// The number of an entry; never reused, so a selection by it is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(pub u64);

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub key: EntryKey,
    /// When: the leader's wall clock for what is recorded, ours for what we observed.
    pub wall_ms: u64,
    /// The revision that made it happen; none for what we observed.
    pub revision: Option<Revision>,
    /// What.
    pub what: Happening,
}

/// How many members of a group came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moves {
    /// They joined.
    pub joined: usize,
    /// They left.
    pub left: usize,
    /// They were removed.
    pub removed: usize,
    /// They came back as new lives, in the place of the old ones or in one that was kept.
    pub restarted: usize,
}

/// What happened, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    entries: Vector<Arc<Entry>>,
    next: u64,
    /// Recorded events up to here came from the history and are in `entries` already.
    history_through: Revision,
}

impl Timeline {
    /// Every entry kept, oldest first.
    pub fn entries(&self) -> &Vector<Arc<Entry>> {
        &self.entries
    }

    /// The entry of that number, if it is still kept.
    pub fn get(&self, key: EntryKey) -> Option<&Arc<Entry>> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }

    /// How many entries there ever were: grows with each, so two readings tell what is new.
    pub fn written(&self) -> u64 {
        self.next
    }

    /// Notes what we observed ourselves.
    pub fn observe(&mut self, now: Moment, what: Happening) {
        if let Some(last) = self.entries.back()
            && last.revision.is_none()
            && now.wall_ms.saturating_sub(last.wall_ms) < COALESCE_MS
            && let Some(both) = last.what.coalesced(&what)
        {
            let entry = Entry { what: both, ..Entry::clone(last) };
            self.entries.pop_back();
            self.entries.push_back(Arc::new(entry));
            return;
        }
        self.push(now.wall_ms, None, what);
    }

    /// Notes what a change of a view says.
    pub fn record_change(&mut self, change: &Change) {
        if change.revision() <= self.history_through {
            return;
        }
        for what in happenings_of(change) {
            self.push(change.at_ms, Some(change.revision()), what);
        }
    }

    /// Notes an event of the watch. Joins, leaves and removals are told by changes already.
    pub fn record_event(&mut self, event: &Event) {
        let told_by_change = matches!(
            event.what,
            What::Joined { .. }
                | What::Left { .. }
                | What::Removed { .. }
                | What::Away { .. }
                | What::Returned { .. }
                | What::Updated { .. }
        );
        if event.revision > self.history_through && !told_by_change {
            self.push(event.at_ms, Some(event.revision), happening_of(&event.what));
        }
    }

    /// Takes in the recorded past, in place of what the watch recorded of the same revisions. What
    /// was there already keeps its number, and what we observed its place in time.
    pub fn load_history(&mut self, history: &Events) {
        if history.revision <= self.history_through {
            return;
        }
        let known = |entry: &Arc<Entry>| entry.revision.is_some_and(|at| at <= history.revision);
        let (recorded, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.entries).into_iter().partition(known);
        // The watch tells many changes of one revision as one entry, the history one by one.
        let mut of_watch: BTreeMap<Option<Revision>, Vec<Arc<Entry>>> = BTreeMap::new();
        for entry in recorded {
            of_watch.entry(entry.revision).or_default().push(entry);
        }
        let mut told = None;
        let mut kept = kept.into_iter().peekable();
        // What carries no time of day and stands first happened not after what follows.
        let first_known = history.events.iter().map(|event| event.at_ms).find(|at| *at > 0);
        for event in &history.events {
            let at_ms = match event.at_ms {
                0 if self.entries.is_empty() => first_known.unwrap_or(0),
                known => known,
            };
            while let Some(ours) =
                kept.next_if(|entry| entry.revision.is_none() && entry.wall_ms < at_ms)
            {
                self.entries.push_back(ours);
            }
            let revision = Some(event.revision);
            if let Some(entries) = of_watch.remove(&revision) {
                self.entries.extend(entries);
                told = revision;
            } else if told != revision {
                self.push(at_ms, revision, happening_of(&event.what));
            }
        }
        self.entries.extend(kept);
        self.history_through = history.revision;
        self.trim();
    }

    /// The last election on record, if it is the one of this term.
    pub fn elected(&self, in_term: u64) -> Option<u64> {
        let last = self.entries.iter().rev().find_map(|entry| match entry.what {
            Happening::Election(_, term) => Some((term, entry.wall_ms)),
            _ => None,
        });
        // The time of day of an election may be unknown.
        last.filter(|(term, at)| *term == in_term && *at > 0).map(|(_, at)| at)
    }

    /// The term of the last election on record before a revision.
    pub fn term_at(&self, revision: Revision) -> Option<u64> {
        self.entries.iter().rev().find_map(|entry| match entry.what {
            Happening::Election(_, term) if entry.revision.is_some_and(|at| at <= revision) => {
                Some(term)
            }
            _ => None,
        })
    }

    /// How many members joined, left and were removed after a moment, by group. Complete as far as
    /// the entries reach back.
    pub fn moves(&self, after_ms: u64) -> BTreeMap<GroupId, Moves> {
        let mut moves: BTreeMap<GroupId, Moves> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.wall_ms >= after_ms) {
            let Some(group) = entry.what.group() else {
                continue;
            };
            let of = moves.entry(group.clone()).or_default();
            match &entry.what {
                Happening::Joined(_, who, _) => of.joined += who.count,
                Happening::Left(_, who, _) => of.left += who.count,
                Happening::Removed(_, who, ..) => of.removed += who.count,
                Happening::Replaced(_, who) | Happening::Returned(_, who) => {
                    of.restarted += who.count;
                }
                _ => {}
            }
        }
        moves
    }

    fn push(&mut self, wall_ms: u64, revision: Option<Revision>, what: Happening) {
        // An entry that carries no time of day happened not before the one in front of it.
        let wall_ms = match wall_ms {
            0 => self.entries.back().map_or(0, |last| last.wall_ms),
            known => known,
        };
        let key = EntryKey(self.next);
        self.next = self.next.saturating_add(1);
        self.entries.push_back(Arc::new(Entry { key, wall_ms, revision, what }));
        self.trim();
    }

    fn trim(&mut self) {
        while self.entries.len() > TIMELINE_MAX {
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gms::id::NodeId;

    fn election(revision: u64, at_ms: u64) -> Event {
        let what = What::Election { leader: NodeId(1), term: revision };
        Event { revision: Revision(revision), at_ms, what }
    }

    fn history(through: u64) -> Events {
        let events = (1..=through).map(|n| election(n, 1_000 * n)).collect();
        Events { floor: Revision(0), revision: Revision(through), events }
    }

    #[test]
    fn what_the_watch_told_as_one_stays_one() {
        let mut timeline = Timeline::default();
        let members: Vec<_> =
            (0..3).map(|n| crate::facts::member(&format!("m{n}"), "h:1", 2, 1)).collect();
        let change = Change {
            group: "g".parse().unwrap(),
            from: Revision(0),
            view: Revision(2),
            revision: Revision(2),
            after: Revision(0),
            at_ms: 2_000,
            joined: members.clone(),
            left: Vec::new(),
            removed: Vec::new(),
            updated: Vec::new(),
            away: Vec::new(),
        };
        timeline.record_change(&change);
        assert_eq!(timeline.entries().len(), 1);
        let joined = |member: gms::view::Member| Event {
            revision: Revision(2),
            at_ms: 2_000,
            what: What::Joined {
                group: change.group.clone(),
                member: member.id,
                address: member.address,
                incarnation: member.incarnation,
            },
        };
        let mut events = vec![election(1, 1_000)];
        events.extend(members.into_iter().map(joined));
        timeline.load_history(&Events { floor: Revision(0), revision: Revision(2), events });
        let told: Vec<_> =
            timeline.entries().iter().map(|entry| entry.revision.unwrap().0).collect();
        assert_eq!(told, [1, 2]);
    }

    #[test]
    fn the_past_that_is_read_again_keeps_its_numbers_and_the_order_of_time() {
        let mut timeline = Timeline::default();
        timeline.load_history(&history(3));
        let at = |wall_ms| Moment { at: std::time::Instant::now(), wall_ms };
        timeline.observe(at(3_500), Happening::Note("ours".to_owned()));
        timeline.record_event(&election(4, 4_000));
        let before: Vec<Entry> =
            timeline.entries().iter().map(|entry| Entry::clone(entry)).collect();
        let written = timeline.written();
        timeline.load_history(&history(4));
        let after: Vec<Entry> =
            timeline.entries().iter().map(|entry| Entry::clone(entry)).collect();
        assert_eq!(after, before);
        assert_eq!(timeline.written(), written);
        timeline.load_history(&history(5));
        let times: Vec<u64> = timeline.entries().iter().map(|entry| entry.wall_ms).collect();
        assert_eq!(times, [1_000, 2_000, 3_000, 3_500, 4_000, 5_000]);
    }
}
