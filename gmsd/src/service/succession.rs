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

use gms::{id::Revision, liveness::Liveness, session::lease};

/// How many moments are remembered: the older, the further apart, the first one always. So what
/// was applied long ago is known to be so, however much came after it.
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
        if self.moments.len() == MOMENTS_MAX
            && let Some(place) = self.least_missed(now)
        {
            self.moments.remove(place);
        }
        self.moments.push_back((revision, now));
    }

    /// The moment without which the gap between its neighbours is smallest for its age. The first
    /// and the last one stay.
    fn least_missed(&self, now: Instant) -> Option<usize> {
        let at = |place: usize| self.moments.get(place).map_or(now, |(_, at)| *at);
        let gap = |place: &usize| {
            let gap = at(place + 1).saturating_duration_since(at(place - 1)).as_nanos();
            let age = now.saturating_duration_since(at(*place)).as_nanos().max(1);
            gap.saturating_mul(1_000) / age
        };
        (1..self.moments.len().saturating_sub(1)).min_by_key(gap)
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
        // However many come after it, what was applied long ago was so long ago, within a part of that.
        for revision in 13..13 + 50 * MOMENTS_MAX as u64 {
            applied.note(after(250 * (revision - 8)), Revision(revision));
            assert!(applied.moments.len() <= MOMENTS_MAX);
        }
        let end = 250 * (5 + 50 * MOMENTS_MAX as u64);
        let long =
            Liveness { period_ms: Some(60_000), misses: Some(100), ..Liveness::of(Kind::Udp) };
        let whole = lease::longest(Some(Duration::from_mins(1)), Some(100)).as_millis();
        let left = |revision| applied.lease_left(after(end), Revision(revision), &long).as_millis();
        assert_eq!(left(8), whole - u128::from(end));
        let at = end / 250 / 2;
        let exact = whole - u128::from(end - 250 * (at - 8));
        assert!(left(at) >= exact, "never taken for older than it is");
        assert!(left(at) <= exact + u128::from(end / 10));
    }
}
