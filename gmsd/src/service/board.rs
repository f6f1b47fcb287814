//! How alive every member of the cluster looks, gathered at each node from all nodes, so that any
//! of them can tell.
//!
//! A node knows the looks of the members it is the monitor of. Each node follows the records of
//! all the others (and its own) by asking a few times a second for what changed; a healthy member
//! never changes, so a quiet cluster exchanges empty answers. Changes are numbered without a gap,
//! and the latest [`CHANGES_MAX`] are kept for those who follow this board.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gms::{
    api::{Band, GroupLiveness, MemberLiveness},
    id::{GroupId, MemberId, NodeId},
};
use tokio::sync::watch;

use crate::liveness::{
    bands::{Bands, GroupTally},
    message::Subject,
};

/// Greatest ages are told in steps: they are the same each second while nothing is wrong.
const AGE_STEP_MS: u64 = 100;
/// Changes kept for followers: some seconds of a mass crash.
const CHANGES_MAX: usize = 65_536;
/// A member that was looked at is asked for by name for so many rounds more: three seconds.
const PIN_ROUNDS: u32 = 12;
/// Members asked for by name at the same time: what a few screens can show.
const PINS_MAX: usize = 512;

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// A member looks otherwise.
    Member(MemberLiveness),
    /// A life is over.
    Gone(Subject),
}

/// How a member looked when that was told.
#[derive(Debug)]
struct Told {
    looks: MemberLiveness,
    at: Instant,
}

impl Told {
    /// How it looks by now. A suspect is told of once; its silence goes on all the same, for hours if
    /// its group is held.
    fn by(&self, now: Instant) -> MemberLiveness {
        let mut looks = self.looks.clone();
        if is_suspect(&looks) {
            let since = now.saturating_duration_since(self.at).as_millis();
            let since_ms = u64::try_from(since).unwrap_or(u64::MAX);
            let missed = since_ms.checked_div(looks.period_ms).unwrap_or_default();
            looks.age_ms = looks.age_ms.map(|age| age.saturating_add(since_ms));
            looks.misses = looks.misses.saturating_add(u32::try_from(missed).unwrap_or(u32::MAX));
        }
        looks
    }
}

#[derive(Debug, Default)]
struct Gathered {
    number: u64,
    members: BTreeMap<(GroupId, MemberId), Told>,
    /// When somebody last told something.
    latest: Option<Instant>,
    changes: VecDeque<Look>,
    tallies: BTreeMap<NodeId, Vec<GroupTally>>,
    /// When each node last answered.
    heard: BTreeMap<NodeId, Instant>,
    suspects: usize,
    /// Members that somebody looks at, and for how many more rounds they are asked for by name.
    pins: BTreeMap<(GroupId, MemberId), u32>,
}

/// The board of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Board {
    gathered: Arc<Mutex<Gathered>>,
    number: Arc<watch::Sender<u64>>,
}

impl Default for Board {
    fn default() -> Self {
        Self { gathered: Arc::default(), number: Arc::new(watch::Sender::new(0)) }
    }
}

impl Board {
    /// Tells the number of the last change, and each new one.
    pub fn numbers(&self) -> watch::Receiver<u64> {
        self.number.subscribe()
    }

    /// Everybody (in one group), and the number of the last change that is in there.
    pub fn members(&self, group: Option<&GroupId>) -> (u64, Vec<MemberLiveness>) {
        let gathered = self.lock();
        let wanted = |told: &&Told| group.is_none_or(|group| told.looks.group == *group);
        let members = gathered.members.values().filter(wanted);
        (gathered.number, members.map(|told| told.by(gathered.latest.unwrap_or(told.at))).collect())
    }

    /// One member as last told. From now on for a while it is asked for each round, changed or not,
    /// so whoever looks at it again and again sees its age move.
    pub fn member(&self, group: &GroupId, member: &MemberId) -> Option<MemberLiveness> {
        let mut gathered = self.lock();
        let name = (group.clone(), member.clone());
        let known = gathered.members.get(&name);
        let known = known.map(|told| told.by(gathered.latest.unwrap_or(told.at)));
        if known.is_some() && gathered.pins.len() < PINS_MAX {
            gathered.pins.insert(name, PIN_ROUNDS);
        }
        known
    }

    /// The members to ask for by name in this round.
    pub(super) fn pinned(&self) -> Vec<(GroupId, MemberId)> {
        let mut gathered = self.lock();
        gathered.pins.retain(|_, rounds| {
            *rounds -= 1;
            *rounds > 0
        });
        gathered.pins.keys().cloned().collect()
    }

    /// The changes after this number, and the number of the last; none if they are no longer all
    /// kept.
    pub fn changes_after(&self, number: u64) -> Option<(u64, Vec<Look>)> {
        let gathered = self.lock();
        let missing = usize::try_from(gathered.number.checked_sub(number)?).ok()?;
        let start = gathered.changes.len().checked_sub(missing)?;
        Some((gathered.number, gathered.changes.range(start..).cloned().collect()))
    }

    /// The figures of every group (of one group), ordered by name.
    pub fn counts(&self, group: Option<&GroupId>) -> Vec<GroupLiveness> {
        let gathered = self.lock();
        let mut groups: BTreeMap<&GroupId, GroupTally> = BTreeMap::new();
        for tally in gathered.tallies.values().flatten() {
            if group.is_none_or(|group| tally.group == *group) {
                groups
                    .entry(&tally.group)
                    .or_insert_with(|| GroupTally::new(tally.group.clone()))
                    .merge(tally);
            }
        }
        groups.into_values().map(figures).collect()
    }

    /// When this node last answered.
    pub fn heard(&self, node: NodeId) -> Option<Instant> {
        self.lock().heard.get(&node).copied()
    }

    /// How many members are suspected, in all groups.
    pub fn suspects(&self) -> usize {
        self.lock().suspects
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        // Nothing that holds the lock can panic between two consistent states.
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what one node told.
    pub(super) fn take(&self, now: Instant, node: NodeId, bands: Bands, tally: bool) {
        let mut gathered = self.lock();
        gathered.heard.insert(node, now);
        gathered.latest = gathered.latest.max(Some(now));
        if bands.whole {
            let told: std::collections::BTreeSet<(GroupId, MemberId)> = bands
                .changed
                .iter()
                .map(|member| (member.group.clone(), member.id.clone()))
                .collect();
            let over: Vec<Subject> = gathered
                .members
                .iter()
                .filter(|(name, of)| of.looks.monitor == node && !told.contains(*name))
                .map(|(_, of)| subject(&of.looks))
                .collect();
            for subject in over {
                gathered.remove(subject, node);
            }
        }
        for subject in bands.gone {
            gathered.remove(subject, node);
        }
        for member in bands.changed {
            gathered.set(now, member);
        }
        for member in bands.pinned {
            gathered.refresh(now, member);
        }
        if tally {
            gathered.tallies.insert(node, bands.groups);
        }
        self.number.send_if_modified(|number| {
            let news = *number != gathered.number;
            *number = gathered.number;
            news
        });
    }

    /// A node is no longer in the cluster, or cannot be asked: its figures are nobody's.
    pub(super) fn forget(&self, node: NodeId) {
        self.lock().tallies.remove(&node);
    }
}

impl Gathered {
    fn set(&mut self, at: Instant, member: MemberLiveness) {
        let name = (member.group.clone(), member.id.clone());
        let former = self.members.get(&name).map(|told| &told.looks);
        // A former monitor's last word must not hide the word of the present one.
        if former.is_some_and(|former| former.incarnation > member.incarnation) {
            return;
        }
        self.suspects += usize::from(is_suspect(&member));
        self.suspects -= usize::from(former.is_some_and(is_suspect));
        self.members.insert(name, Told { looks: member.clone(), at });
        self.note(Look::Member(member));
    }

    /// The same looks, but newer times: nothing to tell anybody who did not ask.
    fn refresh(&mut self, at: Instant, member: MemberLiveness) {
        let known = self.members.get_mut(&(member.group.clone(), member.id.clone()));
        if let Some(known) = known
            && known.looks.incarnation == member.incarnation
            && known.looks.state == member.state
        {
            *known = Told { looks: member, at };
        }
    }

    fn remove(&mut self, gone: Subject, by: NodeId) {
        let name = (gone.group.clone(), gone.member.clone());
        let known = self.members.get(&name).map(|told| &told.looks);
        // The duty may have moved to another node, which tells about this life now.
        let is_its =
            known.is_some_and(|known| known.monitor == by && known.incarnation == gone.incarnation);
        if is_its && let Some(former) = self.members.remove(&name) {
            self.suspects -= usize::from(is_suspect(&former.looks));
            self.note(Look::Gone(gone));
        }
    }

    fn note(&mut self, look: Look) {
        self.number += 1;
        if self.changes.len() == CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(look);
    }
}

fn subject(member: &MemberLiveness) -> Subject {
    Subject {
        group: member.group.clone(),
        member: member.id.clone(),
        incarnation: member.incarnation,
    }
}

fn is_suspect(member: &MemberLiveness) -> bool {
    matches!(member.state, Band::Suspect | Band::Condemned)
}

fn figures(tally: GroupTally) -> GroupLiveness {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    GroupLiveness {
        ok: tally.count(Band::Ok),
        late: tally.count(Band::Late),
        suspect: tally.count(Band::Suspect) + tally.count(Band::Condemned),
        unknown: tally.count(Band::Unknown),
        age_p50_ms: tally.ages.percentile(50).map(millis),
        age_max_ms: tally.ages.greatest().map(|age| millis(age).next_multiple_of(AGE_STEP_MS)),
        rtt_p50_us: tally.rtts.percentile(50).map(micros),
        rtt_p99_us: tally.rtts.percentile(99).map(micros),
        group: tally.group,
    }
}

#[cfg(test)]
mod tests {
    use gms::id::Incarnation;

    use crate::liveness::bands::BandsAt;

    use super::*;

    fn looks(member: &str, incarnation: u64, state: Band, monitor: u64) -> MemberLiveness {
        MemberLiveness {
            group: "g".parse().unwrap(),
            id: member.parse().unwrap(),
            incarnation: Incarnation(incarnation),
            state,
            age_ms: Some(1),
            rtt_us: Some(1),
            misses: 0,
            monitor: NodeId(monitor),
            period_ms: 500,
        }
    }

    fn now() -> Instant {
        crate::host::clock::Clock::system().now()
    }

    fn told(whole: bool, changed: Vec<MemberLiveness>, gone: Vec<Subject>) -> Bands {
        let at = BandsAt { start: 1, sequence: 1 };
        Bands { at, whole, changed, gone, pinned: Vec::new(), groups: Vec::new() }
    }

    #[test]
    fn what_several_nodes_tell_becomes_one_numbered_story() {
        let board = Board::default();
        board.take(now(), NodeId(1), told(true, vec![looks("a", 1, Band::Ok, 1)], vec![]), false);
        board.take(
            now(),
            NodeId(2),
            told(true, vec![looks("b", 2, Band::Suspect, 2)], vec![]),
            false,
        );
        let (number, members) = board.members(None);
        assert_eq!((number, members.len(), board.suspects()), (2, 2, 1));
        let gone = subject(&looks("b", 2, Band::Ok, 2));
        board.take(now(), NodeId(2), told(false, vec![], vec![gone.clone()]), false);
        assert_eq!(board.changes_after(2), Some((3, vec![Look::Gone(gone)])));
        assert_eq!(board.changes_after(3), Some((3, vec![])));
        assert_eq!(board.changes_after(4), None);
        assert_eq!(board.suspects(), 0);
    }

    #[test]
    fn a_duty_that_moves_is_not_taken_for_an_end() {
        let board = Board::default();
        board.take(now(), NodeId(1), told(true, vec![looks("a", 1, Band::Ok, 1)], vec![]), false);
        board.take(
            now(),
            NodeId(2),
            told(true, vec![looks("a", 1, Band::Unknown, 2)], vec![]),
            false,
        );
        let left = subject(&looks("a", 1, Band::Ok, 1));
        board.take(now(), NodeId(1), told(false, vec![], vec![left]), false);
        assert_eq!(board.members(None).1, vec![looks("a", 1, Band::Unknown, 2)]);
    }

    #[test]
    fn a_node_that_starts_anew_takes_back_what_it_no_longer_tells() {
        let board = Board::default();
        let both = vec![looks("a", 1, Band::Ok, 1), looks("b", 2, Band::Ok, 1)];
        board.take(now(), NodeId(1), told(true, both, vec![]), false);
        board.take(now(), NodeId(1), told(true, vec![looks("b", 2, Band::Ok, 1)], vec![]), false);
        assert_eq!(board.members(None).1, vec![looks("b", 2, Band::Ok, 1)]);
    }

    #[test]
    fn the_silence_of_a_suspect_goes_on_though_it_is_told_of_once() {
        let (board, start) = (Board::default(), now());
        let suspect =
            MemberLiveness { age_ms: Some(1_900), misses: 2, ..looks("m", 3, Band::Suspect, 1) };
        board.take(start, NodeId(1), told(true, vec![suspect], vec![]), false);
        let later = start + Duration::from_secs(10);
        board.take(later, NodeId(1), told(false, vec![], vec![]), false);
        let member = board.members(None).1.remove(0);
        assert_eq!((member.age_ms, member.misses), (Some(11_900), 22));
        let ok = looks("m", 3, Band::Ok, 1);
        board.take(later, NodeId(1), told(false, vec![ok], vec![]), false);
        board.take(later + Duration::from_secs(9), NodeId(1), told(false, vec![], vec![]), false);
        assert_eq!(board.members(None).1[0].age_ms, Some(1), "who answers has no age of its own");
    }
}
