//! How the members look that this node is the monitor of, kept so that others can follow by
//! asking for what changed.
//!
//! A follower that names a place in this record gets exactly what changed since, each member once;
//! one that is too far behind, or followed a former start of the node, gets everything.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    api::{Band, MemberLiveness},
    id::{GroupId, MemberId},
};
use serde::{Deserialize, Serialize};

use super::{histogram::Histogram, message::Subject};

/// Lives remembered as gone. A follower that asks each quarter of a second is never behind so far.
const GONE_MAX: usize = 65_536;

/// A place in one node's record of bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandsAt {
    /// A number drawn when that node started, so that a restart is noticed.
    pub start: u64,
    /// Counts the changes since that start.
    pub sequence: u64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    /// Up to where this tells.
    pub at: BandsAt,
    /// True if this is everything, and not only what changed.
    pub whole: bool,
    /// Members that look otherwise, each once.
    pub changed: Vec<MemberLiveness>,
    /// Lives that are no longer this node's to tell about.
    pub gone: Vec<Subject>,
    /// The members asked for by name, as they look right now.
    pub pinned: Vec<MemberLiveness>,
    /// The figures of each group at this node.
    pub groups: Vec<GroupTally>,
}

/// One group at one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTally {
    /// Which group.
    pub group: GroupId,
    /// Members by band: unknown, ok, late, suspect, condemned.
    pub bands: [u32; 5],
    /// Since the last round trips.
    pub ages: Histogram,
    /// The last round trips.
    pub rtts: Histogram,
}

impl GroupTally {
    /// A tally of nobody.
    pub fn new(group: GroupId) -> Self {
        Self { group, bands: [0; 5], ages: Histogram::default(), rtts: Histogram::default() }
    }

    /// How many members look like this.
    pub fn count(&self, band: Band) -> usize {
        self.bands[index(band)] as usize
    }

    /// Counts one member.
    pub fn add(&mut self, band: Band, age: Option<Duration>, rtt: Option<Duration>) {
        self.bands[index(band)] += 1;
        if let Some(age) = age {
            self.ages.add(age);
        }
        if let Some(rtt) = rtt {
            self.rtts.add(rtt);
        }
    }

    /// Takes in another node's tally of the same group.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.bands.iter_mut().zip(other.bands) {
            *mine = mine.saturating_add(theirs);
        }
        self.ages.merge(&other.ages);
        self.rtts.merge(&other.rtts);
    }
}

fn index(band: Band) -> usize {
    match band {
        Band::Unknown => 0,
        Band::Ok => 1,
        Band::Late => 2,
        Band::Suspect => 3,
        Band::Condemned => 4,
    }
}

/// The record of one node.
#[derive(Debug)]
pub struct BandRecord {
    at: BandsAt,
    members: BTreeMap<(GroupId, MemberId), (u64, MemberLiveness)>,
    /// Changes by their number: whose.
    changes: BTreeMap<u64, (GroupId, MemberId)>,
    gone: BTreeMap<u64, Subject>,
    /// What is gone before this number is no longer known.
    floor: u64,
    suspects: usize,
}

impl BandRecord {
    /// An empty record; `start` is random.
    pub fn new(start: u64) -> Self {
        Self {
            at: BandsAt { start, sequence: 0 },
            members: BTreeMap::new(),
            changes: BTreeMap::new(),
            gone: BTreeMap::new(),
            floor: 0,
            suspects: 0,
        }
    }

    /// How many members are suspected.
    pub fn suspects(&self) -> usize {
        self.suspects
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member looks otherwise.
    pub fn set(&mut self, liveness: MemberLiveness) {
        let name = (liveness.group.clone(), liveness.id.clone());
        self.at.sequence += 1;
        self.suspects += usize::from(is_suspect(&liveness));
        let former = self.members.insert(name.clone(), (self.at.sequence, liveness));
        if let Some((sequence, former)) = former {
            self.suspects -= usize::from(is_suspect(&former));
            self.changes.remove(&sequence);
        }
        self.changes.insert(self.at.sequence, name);
    }

    /// A life is no longer this node's to tell about.
    pub fn remove(&mut self, subject: Subject) {
        let name = (subject.group.clone(), subject.member.clone());
        let is_same = |(_, known): &(u64, MemberLiveness)| known.incarnation == subject.incarnation;
        if !self.members.get(&name).is_some_and(is_same) {
            return;
        }
        if let Some((sequence, former)) = self.members.remove(&name) {
            self.suspects -= usize::from(is_suspect(&former));
            self.changes.remove(&sequence);
        }
        self.at.sequence += 1;
        self.gone.insert(self.at.sequence, subject);
        if self.gone.len() > GONE_MAX
            && let Some((sequence, _)) = self.gone.pop_first()
        {
            self.floor = sequence;
        }
    }

    /// What changed since; everything if that cannot be told.
    pub fn since(&self, after: Option<BandsAt>) -> Bands {
        let known = after.filter(|at| at.start == self.at.start && at.sequence >= self.floor);
        let from = known.map_or(0, |at| at.sequence) + 1;
        let changed = self.changes.range(from..).filter_map(|(_, name)| {
            let (_, liveness) = self.members.get(name)?;
            Some(liveness.clone())
        });
        let gone = self.gone.range(from..).map(|(_, subject)| subject.clone());
        Bands {
            at: self.at,
            whole: known.is_none(),
            changed: changed.collect(),
            gone: if known.is_some() { gone.collect() } else { Vec::new() },
            pinned: Vec::new(),
            groups: Vec::new(),
        }
    }
}

fn is_suspect(liveness: &MemberLiveness) -> bool {
    matches!(liveness.state, Band::Suspect | Band::Condemned)
}

#[cfg(test)]
mod tests {
    use gms::id::{Incarnation, NodeId};

    use super::*;

    fn looks(member: &str, incarnation: u64, state: Band) -> MemberLiveness {
        MemberLiveness {
            group: "g".parse().unwrap(),
            id: member.parse().unwrap(),
            incarnation: Incarnation(incarnation),
            state,
            age_ms: Some(1),
            rtt_us: Some(1),
            misses: 0,
            monitor: NodeId(1),
            period_ms: 500,
        }
    }

    fn subject(member: &str, incarnation: u64) -> Subject {
        Subject {
            group: "g".parse().unwrap(),
            member: member.parse().unwrap(),
            incarnation: Incarnation(incarnation),
        }
    }

    #[test]
    fn a_follower_gets_each_change_once_and_a_stranger_everything() {
        let mut record = BandRecord::new(7);
        record.set(looks("a", 1, Band::Ok));
        record.set(looks("b", 2, Band::Ok));
        let first = record.since(None);
        assert!(first.whole);
        assert_eq!(first.changed.len(), 2);
        record.set(looks("a", 1, Band::Late));
        record.set(looks("a", 1, Band::Suspect));
        record.remove(subject("b", 2));
        assert_eq!(record.suspects(), 1);
        let next = record.since(Some(first.at));
        assert!(!next.whole);
        assert_eq!(next.changed, vec![looks("a", 1, Band::Suspect)]);
        assert_eq!(next.gone, vec![subject("b", 2)]);
        let nothing = record.since(Some(next.at));
        assert!(nothing.changed.is_empty() && nothing.gone.is_empty() && !nothing.whole);
        assert!(record.since(Some(BandsAt { start: 8, sequence: 0 })).whole);
    }

    #[test]
    fn the_end_of_a_former_life_does_not_hide_the_present_one() {
        let mut record = BandRecord::new(7);
        record.set(looks("a", 1, Band::Ok));
        record.set(looks("a", 5, Band::Unknown));
        record.remove(subject("a", 1));
        assert_eq!(record.len(), 1);
        assert!(record.since(None).gone.is_empty());
    }
}
