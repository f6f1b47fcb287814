//! Observed time: it stands still while this process did.
//!
//! **Who slept accuses nobody.** Every deadline of this folder is in observed time. A process that
//! is stopped, starved or suspended for ten seconds finds on waking that no more than one tick of
//! observed time has passed, so no pong is overdue that could not have been read.
//!
//! The clock is driven by calls that come at least every [`TICK`]; a gap longer than [`STALL_MIN`]
//! between two of them is a stall. What the kernel's monotonic clock does not count (a suspended
//! machine) is not even seen, and does no harm either.

use std::{
    collections::VecDeque,
    ops::{Add, Sub},
    time::{Duration, Instant},
};

/// How often the clock must be advanced at least.
pub const TICK: Duration = Duration::from_millis(20);
/// The shortest gap that counts as a stall: five missed ticks, more than a busy scheduler causes.
pub const STALL_MIN: Duration = Duration::from_millis(100);
/// Stalls older than this, in observed time, no longer weigh on the local health.
const STALL_MEMORY: Duration = Duration::from_secs(10);
/// Stalls remembered at most. Each weighs, and a handful already disqualifies.
const STALLS_MAX: usize = 16;

/// A moment in observed time, counted from the start of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observed(Duration);

impl Observed {
    /// The observed time between two moments; zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Observed {
    type Output = Self;
    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

impl Sub<Duration> for Observed {
    type Output = Self;
    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(time))
    }
}

/// The clock of observed time.
#[derive(Debug)]
pub struct ObservedClock {
    last: Instant,
    observed: Observed,
    stalls: VecDeque<(Observed, Duration)>,
}

impl ObservedClock {
    /// A clock that starts now, at zero.
    pub fn new(now: Instant) -> Self {
        Self { last: now, observed: Observed::default(), stalls: VecDeque::new() }
    }

    /// Takes note of the present; what it could not observe is left out.
    pub fn advance(&mut self, now: Instant) -> Observed {
        let gap = now.saturating_duration_since(self.last);
        self.last = self.last.max(now);
        if gap < STALL_MIN {
            self.observed = self.observed + gap;
        } else {
            self.observed = self.observed + TICK;
            if self.stalls.len() == STALLS_MAX {
                self.stalls.pop_front();
            }
            self.stalls.push_back((self.observed, gap));
        }
        let horizon = self.observed - STALL_MEMORY;
        while self.stalls.front().is_some_and(|(at, _)| *at < horizon) {
            self.stalls.pop_front();
        }
        self.observed
    }

    /// The present as last advanced.
    pub fn now(&self) -> Observed {
        self.observed
    }

    /// When, on the machine's clock, the given moment comes if nothing stalls.
    pub fn instant_of(&self, moment: Observed) -> Instant {
        self.last + moment.since(self.observed)
    }

    /// How long the given moment ago, in observed time, the last stall ended, and how long it was.
    pub fn last_stall(&self) -> Option<(Duration, Duration)> {
        self.stalls.back().map(|(at, gap)| (self.observed.since(*at), *gap))
    }

    /// How long each stall was that still weighs on the local health.
    pub fn stalls(&self) -> impl Iterator<Item = Duration> {
        self.stalls.iter().map(|(_, gap)| *gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::Clock;

    #[test]
    fn a_stall_is_one_tick_of_observed_time() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut clock = ObservedClock::new(start);
        for ms in (20..=200).step_by(20) {
            clock.advance(at(ms));
        }
        assert_eq!(clock.now().since(Observed::default()), Duration::from_millis(200));
        clock.advance(at(32_200));
        assert_eq!(clock.now().since(Observed::default()), Duration::from_millis(220));
        assert_eq!(clock.last_stall(), Some((Duration::ZERO, Duration::from_secs(32))));
        clock.advance(at(32_250));
        assert_eq!(clock.now().since(Observed::default()), Duration::from_millis(270));
        assert_eq!(clock.stalls().count(), 1);
    }

    #[test]
    fn time_that_runs_backwards_is_no_time() {
        let start = Clock::system().now();
        let mut clock = ObservedClock::new(start + Duration::from_secs(1));
        clock.advance(start);
        assert_eq!(clock.now(), Observed::default());
        clock.advance(start + Duration::from_millis(1050));
        assert_eq!(clock.now().since(Observed::default()), Duration::from_millis(50));
    }

    #[test]
    fn old_stalls_are_forgotten() {
        let start = Clock::system().now();
        let mut clock = ObservedClock::new(start);
        clock.advance(start + Duration::from_secs(1));
        let mut now = start + Duration::from_secs(1);
        for _ in 0..600 {
            now += TICK;
            clock.advance(now);
        }
        assert_eq!(clock.stalls().count(), 0);
    }
}
