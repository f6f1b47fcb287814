//! One group: its members by their last known view, what was heard of each, and who is just gone.
//!
//! A member's condition is derived from these facts at the moment it is asked for, so two screens
//! cannot disagree about it. What every frame needs of a whole group, how many look how and who is
//! not well, is kept up to date by the functions that change a member: reading it costs nothing,
//! however large the group is. Whoever reads a group may look at its fields; only the functions
//! here change them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    api::{Band, GroupLiveness, Hold, MemberLiveness},
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, MISSES_DEFAULT},
    view::{Member, MemberState},
};
use imbl::{OrdMap, OrdSet};

use super::{
    condition::{Condition, Tally},
    moment::Moment,
    veil::Veil,
};

/// How long a new member is marked as new, and one that is gone is still shown.
pub const RECENT: Duration = Duration::from_mins(1);

/// How long an age that was reported is counted on for a member that answers. The feed repeats
/// pinned members each second; for the others silence means only "still in the same band", and an age
/// that goes on would look like a silence of theirs.
pub const REPORT_FRESH: Duration = Duration::from_millis(1_200);

/// What the liveness feed last said of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The life it was said of.
    pub incarnation: Incarnation,
    /// Its band.
    pub band: Band,
    /// When its last known round trip was; none if its monitor knows of none yet.
    pub round_trip_at: Option<Instant>,
    /// How long that round trip took, in microseconds.
    pub rtt_us: Option<u64>,
    /// Consecutive unanswered pings.
    pub misses: u32,
    /// The node that said so.
    pub monitor: NodeId,
    /// Milliseconds between its pings.
    pub period_ms: u64,
    /// When the report came.
    pub reported_at: Instant,
    /// The worse band it is still shown in, and until when: a member looks worse at once, and
    /// better only after two clean beats, so that a cell does not flicker.
    pub settling: Option<(Band, Instant)>,
}

impl Heard {
    /// The report, with its age turned into a point on our clock.
    pub fn of(now: Moment, report: &MemberLiveness) -> Self {
        Self {
            incarnation: report.incarnation,
            band: report.state,
            round_trip_at: report
                .age_ms
                .and_then(|age| now.at.checked_sub(Duration::from_millis(age))),
            rtt_us: report.rtt_us,
            misses: report.misses,
            monitor: report.monitor,
            period_ms: report.period_ms,
            reported_at: now.at,
            settling: None,
        }
    }

    /// The band it is shown in.
    pub fn shown(&self) -> Band {
        self.settling.map_or(self.band, |(worse, _)| worse)
    }

    /// How long ago its last round trip was, as far as that is known.
    pub fn age(&self, now: Moment) -> Age {
        let fresh = now.since(self.reported_at) < REPORT_FRESH;
        match (self.round_trip_at, self.band) {
            (Some(at), Band::Late | Band::Suspect | Band::Condemned) => Age::Known(now.since(at)),
            (Some(at), _) if fresh => Age::Known(now.since(at)),
            (_, Band::Ok) => Age::Below(Duration::from_millis(self.period_ms.saturating_mul(2))),
            _ => Age::Unknown,
        }
    }

    /// Whether it is better than it looked before, so that it has to prove it.
    fn settle(&mut self, before: &Heard) {
        let (was, is) = (before.shown(), self.band);
        let doubted = matches!(was, Band::Late | Band::Suspect | Band::Condemned);
        if before.incarnation != self.incarnation || !doubted || is >= was || is == Band::Unknown {
            return;
        }
        // The report is the first clean beat; the second is due a period later. A report that
        // repeats the same does not begin the wait anew.
        let until = match before.settling {
            Some((_, until)) if before.band == is => Some(until),
            _ => self.reported_at.checked_add(Duration::from_millis(self.period_ms)),
        };
        self.settling = until.filter(|until| self.reported_at < *until).map(|until| (was, until));
    }
}

/// What can honestly be said of the time since a member's last round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// So long since the last known round trip.
    Known(Duration),
    /// It answers its pings, so less than this; the exact age is reported for pinned members only.
    Below(Duration),
    /// Nothing is known.
    Unknown,
}

/// How long it is until a silent member can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Not before this; zero if it is a matter of its confirmation only.
    AtLeast(Duration),
    /// Never while the hold lasts.
    Held,
    /// Never while there is no quorum.
    NoQuorum,
    /// Nobody can tell: its monitor is out of reach, or nothing comes in.
    Unknown,
}

/// Somebody who is no member any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The life that ended.
    pub incarnation: Incarnation,
    /// When we learned of it.
    pub at: Instant,
    /// What ended it; none if it left.
    pub cause: Option<Cause>,
    /// What is known of it from when it was a member.
    pub member: Option<Arc<Member>>,
}

/// One group as we know it.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The revision that installed the view we know.
    pub view: Revision,
    /// The last change we know: that view, or a static member's going or coming since.
    pub revision: Revision,
    /// Its members, by id.
    pub members: OrdMap<MemberId, Arc<Member>>,
    /// What the liveness feed last said, by member. May name members that no view has shown yet.
    pub heard: OrdMap<MemberId, Heard>,
    /// Who is just gone.
    pub gone: OrdMap<MemberId, Gone>,
    /// Who just joined, and when we learned of it.
    pub arrived: OrdMap<MemberId, Instant>,
    /// The pause of removals by silence, if one is set.
    pub hold: Option<Hold>,
    /// The timing with which it was created; none where it came to be by a join.
    pub timing: Option<GroupTiming>,
    /// The group's counts and percentiles by the liveness feed.
    pub counts: Option<GroupLiveness>,
    /// What hides how its members are now.
    veil: Veil,
    /// How many members look how.
    tally: Tally,
    /// The members that do not simply answer.
    unwell: OrdSet<MemberId>,
    /// Those who have yet to prove that they are better.
    settling: OrdSet<MemberId>,
}

impl Group {
    /// A group of which nothing is known.
    pub(super) fn behind(veil: &Veil) -> Self {
        Self { veil: veil.clone(), ..Self::default() }
    }

    /// Hides more or less.
    pub(super) fn hide(&mut self, veil: &Veil) {
        self.veil = veil.clone();
        self.count_anew();
    }

    /// What hides how its members are now.
    pub fn veil(&self) -> &Veil {
        &self.veil
    }

    /// Changes what is known of one member, and keeps the counts true.
    fn change(&mut self, id: &MemberId, how: impl FnOnce(&mut Self)) {
        if let Some(before) = self.standing(id) {
            self.tally.take(before);
        }
        how(self);
        match self.standing(id) {
            Some(after) => {
                self.tally.add(after);
                if after == Condition::Ok {
                    self.unwell.remove(id);
                } else {
                    self.unwell.insert(id.clone());
                }
            }
            None => {
                self.unwell.remove(id);
            }
        }
    }

    /// A member as a view shows it.
    pub(super) fn put(&mut self, member: Member) {
        let id = member.id.clone();
        self.change(&id, |group| {
            group.members.insert(member.id.clone(), Arc::new(member));
        });
    }

    /// A member that no view shows any more.
    pub(super) fn take(&mut self, id: &MemberId) -> Option<Arc<Member>> {
        let mut taken = None;
        self.change(id, |group| taken = group.members.remove(id));
        taken
    }

    /// What the liveness feed says of a member.
    pub(super) fn hear(&mut self, id: &MemberId, mut heard: Heard) {
        if let Some(before) = self.heard.get(id) {
            heard.settle(before);
        }
        if heard.settling.is_some() {
            self.settling.insert(id.clone());
        } else {
            self.settling.remove(id);
        }
        self.change(id, |group| {
            group.heard.insert(id.clone(), heard);
        });
    }

    /// Shows those better who have proved to be; true if anybody looks different for it.
    fn settle(&mut self, now: Moment) -> bool {
        let proved = |id: &&MemberId| {
            let heard = self.heard.get(*id).and_then(|heard| heard.settling);
            heard.is_none_or(|(_, until)| until <= now.at)
        };
        let proved: Vec<MemberId> = self.settling.iter().filter(proved).cloned().collect();
        for id in &proved {
            self.settling.remove(id);
            self.change(id, |group| {
                if let Some(heard) = group.heard.get_mut(id) {
                    heard.settling = None;
                }
            });
        }
        !proved.is_empty()
    }

    /// Whether anybody has yet to prove to be better.
    pub(super) fn is_settling(&self) -> bool {
        !self.settling.is_empty()
    }

    /// What the feed said of a life that ended is of no use.
    pub(super) fn forget(&mut self, id: &MemberId, incarnation: Incarnation) {
        self.change(id, |group| {
            if group.heard.get(id).is_some_and(|heard| heard.incarnation <= incarnation) {
                group.heard.remove(id);
            }
        });
    }

    /// Nothing is known of how its members are.
    pub(super) fn forget_all_heard(&mut self) {
        self.heard = OrdMap::new();
        self.settling = OrdSet::new();
        self.counts = None;
        self.count_anew();
    }

    /// Every member is another: as a snapshot shows them.
    pub(super) fn replace_members(&mut self, members: OrdMap<MemberId, Arc<Member>>) {
        self.members = members;
        self.count_anew();
    }

    fn count_anew(&mut self) {
        self.tally = Tally::default();
        self.unwell = OrdSet::new();
        for id in self.members.keys() {
            if let Some(standing) = self.standing(id) {
                self.tally.add(standing);
                if standing != Condition::Ok {
                    self.unwell.insert(id.clone());
                }
            }
        }
    }

    /// How a member looks, whether it is new or not; none if it is no member.
    fn standing(&self, id: &MemberId) -> Option<Condition> {
        let member = self.members.get(id)?;
        Some(self.standing_of(member, self.heard_of(member)))
    }

    /// How a member looks of whom this was heard, whether it is new or not.
    pub fn standing_of(&self, member: &Member, heard: Option<&Heard>) -> Condition {
        match heard {
            _ if member.state == MemberState::Away => Condition::Away,
            Some(heard) if self.veil.hides(heard.monitor) => Condition::Unknown,
            Some(heard) => heard.shown().into(),
            None => Condition::Unknown,
        }
    }

    /// The members that do not simply answer: silent, suspected, away or unknown.
    pub fn unwell(&self) -> impl Iterator<Item = &MemberId> {
        self.unwell.iter()
    }

    /// What was heard of this life of the member.
    pub fn heard_of(&self, member: &Member) -> Option<&Heard> {
        self.heard.get(&member.id).filter(|heard| heard.incarnation == member.incarnation)
    }

    /// The same, as far as it still holds.
    pub fn known_of(&self, member: &Member) -> Option<&Heard> {
        self.heard_of(member).filter(|heard| !self.veil.hides(heard.monitor))
    }

    /// How the member looks now; none if it is neither a member nor just gone.
    pub fn condition(&self, now: Moment, id: &MemberId) -> Option<Condition> {
        let Some(standing) = self.standing(id) else {
            return self.gone.get(id).map(|gone| match gone.cause {
                Some(_) => Condition::Removed,
                None => Condition::Left,
            });
        };
        let new = standing == Condition::Ok
            && self.arrived.get(id).is_some_and(|at| now.since(*at) < RECENT);
        Some(if new { Condition::New } else { standing })
    }

    /// How long ago the member's last round trip was, as far as that is known.
    pub fn age(&self, now: Moment, member: &Member) -> Age {
        self.heard_of(member).map_or(Age::Unknown, |heard| self.age_of(now, heard))
    }

    /// The same of a member of whom this was heard.
    pub fn age_of(&self, now: Moment, heard: &Heard) -> Age {
        if self.veil.hides(heard.monitor) { Age::Unknown } else { heard.age(now) }
    }

    /// Whether the member does not simply answer.
    pub fn is_unwell(&self, id: &MemberId) -> bool {
        self.unwell.contains(id)
    }

    /// How many members look how.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How much of the hold is left, by the clock of the leader that set it; none without a hold.
    pub fn hold_left(&self, now: Moment) -> Option<Duration> {
        let hold = self.hold.as_ref()?;
        let ends = hold.at_ms.saturating_add(hold.lasts.as_millis());
        Some(Duration::from_millis(ends.saturating_sub(now.wall_ms)))
    }

    /// How long it is, at the earliest, until the member is removed for its silence; none while it
    /// answers or nothing is known. The service removes later than this if its observers disagree,
    /// are unfit, or the member has only just joined.
    pub fn left(&self, now: Moment, member: &Member) -> Option<Left> {
        self.left_of(now, member, self.heard_of(member)?)
    }

    /// The same of a member of whom this was heard.
    pub fn left_of(&self, now: Moment, member: &Member, heard: &Heard) -> Option<Left> {
        if self.veil.hides(heard.monitor) {
            return Some(Left::Unknown);
        }
        let (Age::Known(age), true) = (heard.age(now), heard.band >= Band::Late) else {
            return None;
        };
        if self.veil.no_quorum {
            return Some(Left::NoQuorum);
        }
        if self.hold.is_some() {
            return Some(Left::Held);
        }
        let misses = u64::from(member.liveness.misses.unwrap_or(MISSES_DEFAULT));
        // The window runs from the first unanswered ping, at most a period after the last answer.
        let window = Duration::from_millis(heard.period_ms.saturating_mul(misses));
        Some(Left::AtLeast(window.saturating_sub(age)))
    }

    /// Forgets who is gone for long, and what was heard of nobody we know; true if anybody looks
    /// different for it.
    pub fn tidy(&mut self, now: Moment) -> bool {
        let before = (self.gone.len(), self.arrived.len());
        drop_where(&mut self.gone, |_, gone| now.since(gone.at) >= RECENT);
        drop_where(&mut self.arrived, |_, at| now.since(*at) >= RECENT);
        if self.heard.len() > self.members.len() {
            let members = &self.members;
            drop_where(&mut self.heard, |id, heard| {
                !members.contains_key(id) && now.since(heard.reported_at) >= RECENT
            });
        }
        let settled = self.settle(now);
        settled || before != (self.gone.len(), self.arrived.len())
    }
}

/// Takes out every item for which `doomed` holds; touches nothing if there is none.
pub(super) fn drop_where<K: Ord + Clone, V: Clone>(
    map: &mut OrdMap<K, V>,
    doomed: impl Fn(&K, &V) -> bool,
) {
    let keys: Vec<K> =
        map.iter().filter(|(key, value)| doomed(key, value)).map(|(key, _)| key.clone()).collect();
    for key in keys {
        map.remove(&key);
    }
}

/// A member of a group: what a row, a mark or a dialog is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
}
