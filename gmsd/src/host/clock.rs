//! [`Clock`]: the only reader of a clock.
//!
//! Decisions use [`Clock::now`], which is tokio's clock: it can be paused and simulated, and no
//! step of the wall clock moves it. [`Clock::wall_ms`] is for people to read.

use std::time::Instant;

#[derive(Debug, Clone, Copy)]
enum Wall {
    System,
    /// A wall clock that read `at_ms` at `since` and runs with tokio's clock.
    Running {
        since: tokio::time::Instant,
        at_ms: u64,
    },
}

/// Reads the time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: Wall,
}

impl Clock {
    /// The clocks of this machine.
    pub fn system() -> Self {
        Self { wall: Wall::System }
    }

    /// A wall clock that reads `at_ms` now and then runs with tokio's clock, so that a simulation
    /// gives the same times in every run. Milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the reader of the clock")]
    pub fn starting_at(at_ms: u64) -> Self {
        Self { wall: Wall::Running { since: tokio::time::Instant::now(), at_ms } }
    }

    /// The monotonic time by which every decision is made.
    #[expect(clippy::disallowed_methods, reason = "this is the reader of the clock")]
    pub fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// The wall clock in milliseconds since 1970, for people; 0 if it stands before that.
    #[expect(clippy::disallowed_methods, reason = "this is the reader of the clock")]
    pub fn wall_ms(&self) -> u64 {
        match self.wall {
            Wall::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            Wall::Running { since, at_ms } => {
                let past = tokio::time::Instant::now().duration_since(since);
                at_ms.saturating_add(u64::try_from(past.as_millis()).unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn both_clocks_follow_simulated_time() {
        let clock = Clock::starting_at(1_000);
        let before = clock.now();
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.now().duration_since(before), Duration::from_millis(250));
        assert_eq!(clock.wall_ms(), 1_250);
    }
}
