//! Until when a member may believe that it is one.
//!
//! A lease is valid until (send time of the last acknowledged pong) + its length, and that end
//! never moves back. A node that acknowledged a pong heard it after it was sent. No node says
//! that it hears nothing of a member before the longer of all misses (3 periods) and of 1.5 periods
//! plus a confirmation has passed since its own last round trip, and a removal waits as long for a
//! node that says nothing; the lease is shorter than that.
//!
//! Pure. On a fresh join the lease begins when the request was sent: the life begins later.

use std::time::{Duration, Instant};

use crate::liveness::{MISSES_DEFAULT, PERIOD_DEFAULT};

/// The shortest time between a suspicion and a removal by silence.
pub const CONFIRMATION: Duration = Duration::from_millis(600);
/// The length of a lease where pings come every [`PERIOD_DEFAULT`]: 2.4 periods, so that one lost
/// ping does not end it, and well below the earliest removal by silence (3 periods).
pub const LEASE_DEFAULT: Duration = Duration::from_millis(1200);

/// The length of the lease for these pings, and why a chosen length is too long.
///
/// `period` and `misses` are those by which the member is pinged; the defaults where absent.
pub fn length(
    chosen: Option<Duration>,
    period: Option<Duration>,
    misses: Option<u32>,
) -> Result<Duration, LeaseTooLong> {
    let limit = longest(period, misses);
    let usual = period.unwrap_or(PERIOD_DEFAULT).saturating_mul(12) / 5;
    // With few misses to be forgiven, 2.4 periods can be too long.
    let length = chosen.unwrap_or(usual.min(limit * 4 / 5));
    if length >= limit {
        return Err(LeaseTooLong { length, limit });
    }
    Ok(length)
}

/// The length of the lease in a group whose pings may come faster than the member's own choice of
/// length foresaw: never too long.
pub fn fitting(
    chosen: Option<Duration>,
    period: Option<Duration>,
    misses: Option<u32>,
) -> Duration {
    length(chosen, period, misses).unwrap_or_else(|too_long| too_long.limit * 4 / 5)
}

/// What every lease for these pings is shorter than: the earliest removal by silence after the last
/// answered ping.
pub fn longest(period: Option<Duration>, misses: Option<u32>) -> Duration {
    let ping = period.unwrap_or(PERIOD_DEFAULT);
    let silence = ping.saturating_mul(misses.unwrap_or(MISSES_DEFAULT));
    silence.max((ping.saturating_mul(3) / 2).saturating_add(CONFIRMATION))
}

/// A lease that could outlast the member's removal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a lease of {} ms is not shorter than the earliest removal by silence, {} ms after the last \
     answered ping; choose a shorter lease or longer pings",
    length.as_millis(), limit.as_millis()
)]
pub struct LeaseTooLong {
    /// The length asked for.
    pub length: Duration,
    /// What it must be below.
    pub limit: Duration,
}

/// One life's lease.
#[derive(Debug, Clone)]
pub struct Lease {
    length: Duration,
    valid_until: Instant,
}

impl Lease {
    /// A lease of a life whose join was sent at `sent`.
    pub fn begin(sent: Instant, length: Duration) -> Self {
        Self { length, valid_until: sent + length }
    }

    /// The service has acknowledged a pong that was sent at `sent`.
    pub fn acknowledge(&mut self, sent: Instant) {
        self.valid_until = self.valid_until.max(sent + self.length);
    }

    /// The first moment at which it is not valid.
    pub fn valid_until(&self) -> Instant {
        self.valid_until
    }

    /// Whether it is valid.
    pub fn is_valid(&self, now: Instant) -> bool {
        now < self.valid_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_follows_the_pings_and_stays_below_a_removal() {
        let millis = Duration::from_millis;
        for (period, misses, expected) in [
            (None, None, LEASE_DEFAULT),
            (Some(500), Some(3), LEASE_DEFAULT),
            (Some(5000), Some(3), millis(12_000)),
            (Some(100), None, millis(240)),
            (None, Some(1), millis(1080)),
        ] {
            let period = period.map(millis);
            let ping = period.unwrap_or(PERIOD_DEFAULT);
            let limit = (ping * misses.unwrap_or(MISSES_DEFAULT)).max(ping * 3 / 2 + CONFIRMATION);
            assert_eq!(length(None, period, misses), Ok(expected));
            assert!(expected < limit);
            for chosen in [millis(0), limit * 99 / 100] {
                assert_eq!(length(Some(chosen), period, misses), Ok(chosen));
            }
            let refused = length(Some(limit), period, misses).unwrap_err();
            assert_eq!(refused.limit, limit);
        }
        assert_eq!(fitting(Some(millis(700)), None, None), millis(700));
        assert_eq!(fitting(Some(millis(1000)), Some(millis(100)), None), millis(600));
        let text = length(Some(millis(3000)), None, None).unwrap_err();
        assert!(text.to_string().contains("1500 ms"), "{text}");
    }

    #[test]
    fn a_lease_never_shrinks_and_ends_on_time() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut lease = Lease::begin(start, Duration::from_millis(1200));
        assert!(lease.is_valid(after(1199)) && !lease.is_valid(after(1200)));
        lease.acknowledge(after(500));
        lease.acknowledge(after(300));
        assert_eq!(lease.valid_until(), after(1700));
    }
}
