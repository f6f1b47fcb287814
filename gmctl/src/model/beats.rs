//! Second by second, the members that are looked at: what a beat strip and a sparkline of round
//! trips are drawn from. Only the member under the cursor is reported each second, so only of a few
//! members is there anything to keep.

use std::time::Duration;

use gms::api::{Band, MemberLiveness};
use imbl::{OrdMap, Vector};

use super::{answers::Second, group::MemberKey, moment::Moment};

/// Reports kept of a member: one a second for a minute.
pub const BEATS_MAX: usize = 60;
/// Members of which reports are kept: as many as somebody may look at in turn and come back to.
const MEMBERS_MAX: usize = 16;

/// One report of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// The second in which it came, since 1970.
    pub second: u64,
    /// Its band then.
    pub band: Band,
    /// Whether it had answered within its last period or two.
    pub answered: bool,
    /// Its last round trip, in microseconds.
    pub rtt_us: Option<u64>,
}

/// The reports of the members that are looked at.
#[derive(Debug, Clone, Default)]
pub struct Beats {
    by_member: OrdMap<MemberKey, Vector<Beat>>,
    /// The members, the longest looked at first.
    order: Vector<MemberKey>,
}

impl Beats {
    /// From now on the reports of this member are kept.
    pub fn follow(&mut self, key: &MemberKey) {
        if self.by_member.contains_key(key) {
            return;
        }
        while self.order.len() >= MEMBERS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.by_member.remove(&oldest);
            }
        }
        self.order.push_back(key.clone());
        self.by_member.insert(key.clone(), Vector::new());
    }

    /// Forgets every report, but not whose to keep.
    pub(super) fn clear(&mut self) {
        self.by_member = self.order.iter().map(|key| (key.clone(), Vector::new())).collect();
    }

    /// Keeps a report, if its member is looked at.
    pub(super) fn note(&mut self, now: Moment, report: &MemberLiveness) {
        if self.order.is_empty() {
            return;
        }
        let key = MemberKey { group: report.group.clone(), id: report.id.clone() };
        let Some(beats) = self.by_member.get_mut(&key) else {
            return;
        };
        let age = report.age_ms.map(Duration::from_millis);
        let beat = Beat {
            second: now.wall_ms / 1_000,
            band: report.state,
            answered: report.state == Band::Ok
                && age.is_none_or(|age| age < Duration::from_millis(2 * report.period_ms.max(500))),
            rtt_us: report.rtt_us,
        };
        if beats.back().is_some_and(|last| last.second == beat.second) {
            beats.pop_back();
        }
        beats.push_back(beat);
        while beats.len() > BEATS_MAX {
            beats.pop_front();
        }
    }

    /// The last `seconds` seconds of a member, oldest first, each with its round trip if it
    /// answered.
    pub fn strip(&self, key: &MemberKey, now: Moment, seconds: u64) -> Vec<(Second, Option<u64>)> {
        let beats = self.by_member.get(key);
        let last = now.wall_ms / 1_000;
        (0..seconds)
            .rev()
            .map(|ago| {
                let second = last.saturating_sub(ago);
                let beat = beats.and_then(|b| b.iter().find(|beat| beat.second == second));
                match beat {
                    None => (Second::Unknown, None),
                    Some(beat) if beat.answered => (Second::Beat, beat.rtt_us),
                    Some(_) => (Second::Missed, None),
                }
            })
            .collect()
    }
}
