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
    api::{Band, GroupLiveness, GroupSummary, Hold, What},
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::GroupTiming,
    view::{Member, MemberState},
};
use imbl::{OrdMap, OrdSet};

use super::{
    condition::{Condition, Tally},
    heard::{Age, Heard, Left, left_of_window},
    moment::Moment,
    veil::Veil,
};

/// How long a new member is marked as new, and one that is gone is still shown.
pub const RECENT: Duration = Duration::from_mins(1);

/// Somebody who is no member any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The life that ended.
    pub incarnation: Incarnation,
    /// When we learned of it.
    pub at: Instant,
    /// What ended it; none if it left.
    pub cause: Option<Cause>,
    /// What is known of it from when it was a member; none if it went before we came.
    pub member: Option<Arc<Member>>,
}

/// One group as we know it.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Whether its view was told, or that it is empty, and not only how some members look, or that
    /// somebody asked.
    pub is_told: bool,
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
    pub(super) fn hear(&mut self, id: &MemberId, heard: Heard) {
        let heard = self.heard.get(id).map_or(heard, |before| heard.after(before));
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

    /// It as `GET /v1/groups` tells of it.
    pub fn summary(&self, name: &GroupId) -> GroupSummary {
        GroupSummary {
            name: name.clone(),
            view: self.view,
            members: self.members.len(),
            away: self.tally.away,
            suspects: self.tally.suspect,
            hold: self.hold.clone(),
            timing: self.timing,
        }
    }

    /// How many members look how.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How much of the hold is left, by the clock of the leader that set it; none without a hold.
    pub fn hold_left(&self, now: Moment) -> Option<Duration> {
        Some(Duration::from_millis(self.hold.as_ref()?.left_ms(now.wall_ms)))
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
        Some(Left::AtLeast(left_of_window(member, heard.period_ms, age)))
    }

    /// Marks somebody as just come or just gone, as an event of this group tells it; what was seen
    /// with own eyes stays. True if anybody looks different for it.
    pub(super) fn mark_recent(&mut self, of: &GroupId, what: &What, at: Instant) -> bool {
        let (group, id, incarnation, cause) = match what {
            What::Joined { group, member, incarnation, .. }
            | What::Returned { group, member, incarnation, .. } => {
                let is_it = self.members.get(member).is_some_and(|m| m.incarnation == *incarnation);
                let is_news = group == of && is_it && !self.arrived.contains_key(member);
                if is_news {
                    self.arrived.insert(member.clone(), at);
                }
                return is_news;
            }
            What::Left { group, member, incarnation, .. } => (group, member, *incarnation, None),
            What::Removed { group, member, incarnation, evidence } => {
                (group, member, *incarnation, Some(evidence.cause))
            }
            _ => return false,
        };
        let is_known = self.members.contains_key(id)
            || self.gone.get(id).is_some_and(|gone| gone.incarnation >= incarnation);
        if group != of || is_known {
            return false;
        }
        self.gone.insert(id.clone(), Gone { incarnation, at, cause, member: None });
        true
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
