//! One reading of both clocks, taken by the shell and handed to every pure function.

use std::time::{Duration, Instant};

/// Now: the monotonic clock decides, the wall clock is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What every age and deadline is reckoned by.
    pub at: Instant,
    /// Milliseconds since 1970, as this machine believes.
    pub wall_ms: u64,
}

impl Moment {
    /// How long ago `then` was; zero if it is still to come.
    pub fn since(&self, then: Instant) -> Duration {
        self.at.saturating_duration_since(then)
    }

    /// How long ago a time of day was, in milliseconds since 1970; zero if it is still to come.
    pub fn since_wall(&self, then_ms: u64) -> Duration {
        Duration::from_millis(self.wall_ms.saturating_sub(then_ms))
    }

    /// This moment, so much later.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        Self {
            at: self.at.checked_add(by).unwrap_or(self.at),
            wall_ms: self.wall_ms.saturating_add(whole_millis(by)),
        }
    }
}

/// A length of time in whole milliseconds, as far as a `u64` goes.
pub fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
