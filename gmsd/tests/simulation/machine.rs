//! What happens to a process: it runs, is stopped and goes on, or is gone.
//!
//! While it is stopped its timers stand still and what arrives waits in its sockets, of datagrams
//! no more than a socket holds. When it goes on it finds all of it.

use std::{collections::VecDeque, time::Instant};

use crate::agenda::Time;

/// Datagrams that a socket keeps for a process that does not read: what fits into the usual
/// 212992 bytes with the kernel's own bookkeeping of each.
const SOCKET_MAX: usize = 256;

/// A shorter stop is what any busy machine does to a process, and no excuse.
const STALL: Time = Time::from_millis(100);

/// What an observer takes a stall for: a tick.
const NOTICED: Time = Time::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    Running,
    /// SIGSTOP, a paused virtual machine, or no turn on the processor.
    Stopped,
    /// Not there; its kernel says so.
    Dead,
    /// Not there, and nobody says so.
    Off,
}

/// One process; `I` is what reaches it from outside.
#[derive(Debug)]
pub struct Machine<I> {
    power: Power,
    /// Since when it is so.
    since: Time,
    /// How long it has been stalled in all, as an observer can notice it.
    stalled: Time,
    /// Since when it has not been stopped for longer than [`STALL`].
    steady: Time,
    waiting: VecDeque<I>,
    datagrams: usize,
    lost: u32,
    /// What comes on a connection comes in order: nothing before this.
    pub in_order: Time,
    pub clock: Clock,
}

impl<I> Machine<I> {
    pub fn new(clock: Clock) -> Self {
        Self {
            power: Power::Dead,
            since: Time::ZERO,
            steady: Time::ZERO,
            stalled: Time::ZERO,
            waiting: VecDeque::new(),
            datagrams: 0,
            lost: 0,
            in_order: Time::ZERO,
            clock,
        }
    }

    pub fn power(&self) -> Power {
        self.power
    }

    pub fn runs(&self) -> bool {
        self.power == Power::Running
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.power, Power::Dead | Power::Off)
    }

    /// Since when it has been running without a stop; none if it does not run.
    pub fn running_since(&self) -> Option<Time> {
        self.runs().then_some(self.since)
    }

    /// Since when it has been running without a stall, a moment here and there not counted; none if
    /// it does not run.
    pub fn steady_since(&self) -> Option<Time> {
        self.runs().then_some(self.steady)
    }

    /// How much time it has had for watching.
    pub fn awake(&self, now: Time) -> Time {
        let since = if self.power == Power::Stopped { self.since } else { now };
        since.saturating_sub(self.stalled)
    }

    /// Since when it is as it is: for a stopped one, since when it is stopped.
    pub fn since(&self) -> Time {
        self.since
    }

    pub fn set(&mut self, power: Power, now: Time) {
        if self.power != power {
            let lasted = now.saturating_sub(self.since);
            if self.power == Power::Stopped && lasted >= STALL {
                self.stalled += lasted - NOTICED;
            }
            if self.power != Power::Stopped || now.saturating_sub(self.since) >= STALL {
                self.steady = if power == Power::Running { now } else { self.steady };
            }
            self.power = power;
            self.since = now;
        }
        if self.is_gone() {
            self.waiting.clear();
            self.datagrams = 0;
        }
    }

    /// Something arrives: given back if the process reads it at once.
    pub fn arrive(&mut self, input: I, is_datagram: bool) -> Option<I> {
        match self.power {
            Power::Running => Some(input),
            Power::Stopped => {
                if is_datagram {
                    if self.datagrams == SOCKET_MAX {
                        self.lost += 1;
                        return None;
                    }
                    self.datagrams += 1;
                }
                self.waiting.push_back(input);
                None
            }
            Power::Dead | Power::Off => None,
        }
    }

    /// How many datagrams found no room since this was asked last, as the kernel counts them.
    pub fn take_lost(&mut self) -> u32 {
        std::mem::take(&mut self.lost)
    }

    /// What waited while it was stopped.
    pub fn wake(&mut self) -> VecDeque<I> {
        self.datagrams = 0;
        std::mem::take(&mut self.waiting)
    }
}

/// A machine's monotonic clock: it starts anywhere and runs a little too fast or too slow. With
/// what a suspended machine does not count, it falls behind.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    /// Parts in a million too fast; negative is too slow.
    drift: i64,
    uncounted: Time,
}

impl Clock {
    pub fn new(origin: Instant, drift: i64) -> Self {
        Self { origin, drift, uncounted: Time::ZERO }
    }

    pub fn instant(&self, now: Time) -> Instant {
        let counted = now.saturating_sub(self.uncounted);
        let nanos = i128::try_from(counted.as_nanos()).unwrap();
        let nanos = nanos + nanos * i128::from(self.drift) / 1_000_000;
        self.origin + Time::from_nanos(u64::try_from(nanos).unwrap())
    }

    /// When the clock will show this.
    pub fn time(&self, instant: Instant) -> Time {
        let nanos = instant.saturating_duration_since(self.origin).as_nanos();
        let scaled = nanos * 1_000_000 / u128::try_from(1_000_000 + self.drift).unwrap();
        // A nanosecond more than the rounding can have taken away.
        self.uncounted + Time::from_nanos(u64::try_from(scaled).unwrap() + 1)
    }

    /// So long it stood still.
    pub fn lose(&mut self, time: Time) {
        self.uncounted += time;
    }
}
