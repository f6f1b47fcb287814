//! How long a join waits after the member's former life was removed: what a process believes of
//! its lease must be over before another one has its name.
//!
//! A process that is known to be gone believes nothing. Where nothing shows that it is
//! ([`Departure::proves_the_end`](crate::membership::life::Departure::proves_the_end)), its successor
//! waits for as long as a lease can last. Silence waits before the removal, not after it
//! (`liveness/suspicion.rs`).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use gms::{
    id::{GroupId, MemberId, Revision},
    liveness::Liveness,
    session::lease,
};

use crate::membership::state::State;

/// How many moments are remembered: half a minute of changes, four times a second.
const MOMENTS_MAX: usize = 120;

/// When this node had applied which revision, as often as somebody looks.
#[derive(Debug, Default)]
pub struct Applied {
    moments: VecDeque<(Revision, Instant)>,
}

impl Applied {
    /// This revision is applied now.
    pub fn note(&mut self, now: Instant, revision: Revision) {
        if self.moments.back().is_some_and(|(last, _)| *last >= revision) {
            return;
        }
        if self.moments.len() == MOMENTS_MAX {
            self.moments.pop_front();
        }
        self.moments.push_back((revision, now));
    }

    /// Since when it is known to be applied; never too early.
    fn since(&self, revision: Revision) -> Option<Instant> {
        self.moments.iter().find(|(at, _)| *at >= revision).map(|(_, since)| *since)
    }

    /// For how long the former life may still believe in its lease, if it asked to be watched as
    /// its successor does. `unproven` is the revision that ended it, nothing showing that its process
    /// is gone.
    pub fn lease_left(&self, now: Instant, unproven: Revision, liveness: &Liveness) -> Duration {
        let period = liveness.period_ms.map(|ms| Duration::from_millis(ms.into()));
        let since = self.since(unproven).unwrap_or(now);
        (since + lease::longest(period, liveness.misses)).saturating_duration_since(now)
    }
}

/// The revision that ended the former life of a name, if nothing shows that its process is gone.
/// Where its group may have been forgotten since, the last such end in any that was.
pub fn unproven(state: &State, group: &GroupId, member: &MemberId) -> Option<Revision> {
    let known = state.group(group);
    match known.and_then(|group| group.departure(member)) {
        Some(former) => (!former.proves_the_end()).then_some(former.revision),
        None => Some(state.unproven())
            .filter(|end| *end > Revision(0) && known.is_none_or(|group| group.born >= *end)),
    }
}

#[cfg(test)]
mod tests {
    use gms::liveness::Kind;

    use super::*;
    use crate::host::clock::Clock;

    fn left(applied: &Applied, now: Instant) -> Duration {
        applied.lease_left(now, Revision(9), &Liveness::of(Kind::Udp))
    }

    #[test]
    fn it_waits_from_when_the_removal_was_applied_here() {
        let (mut applied, start) = (Applied::default(), Clock::system().now());
        let after = |ms| start + Duration::from_millis(ms);
        applied.note(start, Revision(8));
        assert_eq!(left(&applied, after(100)), Duration::from_millis(1500));
        applied.note(after(200), Revision(12));
        assert_eq!(left(&applied, after(300)), Duration::from_millis(1400));
        for revision in 13..13 + 2 * MOMENTS_MAX as u64 {
            applied.note(after(1000), Revision(revision));
        }
        // What has been forgotten is taken for younger than it is, never for older.
        assert_eq!(left(&applied, after(1000)), Duration::from_millis(1500));
        assert!(left(&applied, after(2500)).is_zero());
    }
}
