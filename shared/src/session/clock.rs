//! The clock that leases run on: it goes on while the machine sleeps.
//!
//! [`Instant`] stands still while Linux is suspended, but the service's patience does not. A
//! [`LeaseClock`] gives instants that advance by `CLOCK_BOOTTIME` from a common beginning, so a
//! lease that ended during a sleep is seen to have ended. Elsewhere it is [`Instant::now`].

use std::time::{Duration, Instant};

/// A clock. Only instants of one clock (and its copies) can be compared.
#[derive(Debug, Clone, Copy)]
pub struct LeaseClock {
    origin: Instant,
    boot: Duration,
}

impl LeaseClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { origin: Instant::now(), boot: since_boot() }
    }

    /// Its beginning.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// The present.
    pub fn now(&self) -> Instant {
        if cfg!(target_os = "linux") {
            self.origin + since_boot().saturating_sub(self.boot)
        } else {
            Instant::now()
        }
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_its_origin_and_never_goes_back() {
        let clock = LeaseClock::start();
        let mut last = clock.origin();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
        while clock.now() == clock.origin() {
            std::hint::spin_loop();
        }
        // While awake it keeps pace with the other clock.
        assert!(clock.now() <= Instant::now() + Duration::from_millis(100));
    }
}
