//! One group: its members by their last known view, what was heard of each, and who is just gone.
//!
//! A member's condition is derived from these facts at the moment it is asked for and stored
//! nowhere, so two screens cannot disagree about it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    api::{Band, GroupLiveness, Hold, MemberLiveness},
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    view::{Member, MemberState},
};
use imbl::OrdMap;

use super::{
    condition::{Condition, Tally},
    moment::Moment,
};

/// How long a new member is marked as new, and one that is gone is still shown.
pub const RECENT: Duration = Duration::from_mins(1);

/// How long an age that was reported is counted on for a member that answers. The feed repeats
/// pinned members each second; for the others silence means only "still in the same band".
pub const REPORT_FRESH: Duration = Duration::from_secs(3);

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
        }
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
    /// The group's counts and percentiles by the liveness feed.
    pub counts: Option<GroupLiveness>,
}

impl Group {
    /// What was heard of this life of the member.
    pub fn heard_of(&self, member: &Member) -> Option<&Heard> {
        self.heard.get(&member.id).filter(|heard| heard.incarnation == member.incarnation)
    }

    /// How the member looks now; none if it is neither a member nor just gone.
    pub fn condition(&self, now: Moment, id: &MemberId) -> Option<Condition> {
        let Some(member) = self.members.get(id) else {
            return self.gone.get(id).map(|gone| match gone.cause {
                Some(_) => Condition::Removed,
                None => Condition::Left,
            });
        };
        if member.state == MemberState::Away {
            return Some(Condition::Away);
        }
        let band = self.heard_of(member).map_or(Band::Unknown, |heard| heard.band);
        let new = self.arrived.get(id).is_some_and(|at| now.since(*at) < RECENT);
        Some(if band == Band::Ok && new { Condition::New } else { band.into() })
    }

    /// How long ago the member's last round trip was, as far as that is known.
    pub fn age(&self, now: Moment, member: &Member) -> Age {
        let Some(heard) = self.heard_of(member) else {
            return Age::Unknown;
        };
        let fresh = now.since(heard.reported_at) < REPORT_FRESH;
        match (heard.round_trip_at, heard.band) {
            (Some(at), Band::Late | Band::Suspect | Band::Condemned) => Age::Known(now.since(at)),
            (Some(at), _) if fresh => Age::Known(now.since(at)),
            (_, Band::Ok) => Age::Below(Duration::from_millis(heard.period_ms.saturating_mul(2))),
            _ => Age::Unknown,
        }
    }

    /// How many members look how.
    pub fn tally(&self, now: Moment) -> Tally {
        let mut tally = Tally::default();
        for id in self.members.keys() {
            if let Some(condition) = self.condition(now, id) {
                tally.add(condition);
            }
        }
        tally
    }

    /// Forgets who is gone for long, and what was heard of nobody we know.
    pub fn tidy(&mut self, now: Moment) {
        drop_where(&mut self.gone, |_, gone| now.since(gone.at) >= RECENT);
        drop_where(&mut self.arrived, |_, at| now.since(*at) >= RECENT);
        if self.heard.len() > self.members.len() {
            let members = &self.members;
            drop_where(&mut self.heard, |id, heard| {
                !members.contains_key(id) && now.since(heard.reported_at) >= RECENT
            });
        }
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
