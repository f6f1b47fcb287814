//! The valve: when most members fall silent together, the network is to blame before they are.
//!
//! **While the valve is shut this node neither accuses by silence nor confirms it. It stays shut
//! for at most [`SHUT_MAX`]; then it lets through [`SHARE`] of the members each [`SHARE_TIME`]**,
//! so that a network that really lost most of its machines is told so, slowly. Affirmed deaths do
//! not pass through it.
//!
//! A node decides alone, by the members it watches itself: placement is a hash, so they are a fair
//! sample of all. If only this node is cut off, it is the only one that shuts its valve, and the
//! others go on. (After Kubernetes' zone disruption and Eureka's self-preservation, which lack the
//! bound.)

use std::time::Duration;

use super::observed::Observed;

/// Fewer members than this, in the whole service, are no crowd.
pub const CROWD_MIN: u64 = 10;
/// For how long the valve stays shut at most. The groups are held as long.
pub const SHUT_MAX: Duration = Duration::from_secs(30);
/// Most members must have answered for this long before the valve counts as open again.
const CALM: Duration = Duration::from_secs(1);
/// After [`SHUT_MAX`], one member in this many may be doubted ...
pub const SHARE: usize = 5;
/// ... within this time.
pub const SHARE_TIME: Duration = Duration::from_secs(10);

/// The valve of one node.
#[derive(Debug, Default)]
pub struct Valve {
    /// Since when most members are silent.
    shut: Option<Observed>,
    /// Since when they no longer are.
    calm: Option<Observed>,
    silent: usize,
    watched: usize,
    /// Doubts let through after [`SHUT_MAX`]: since when they are counted, and how many.
    passed: (Observed, usize),
}

impl Valve {
    /// Takes note of how many of the members watched here are silent, and how many members there
    /// are in all.
    pub fn update(&mut self, now: Observed, silent: usize, watched: usize, members: u64) {
        (self.silent, self.watched) = (silent, watched);
        if members >= CROWD_MIN && silent * 2 > watched {
            self.shut.get_or_insert(now);
            self.calm = None;
        } else if self.shut.is_some() {
            let calm = *self.calm.get_or_insert(now);
            if now.since(calm) >= CALM {
                (self.shut, self.calm) = (None, None);
            }
        }
    }

    /// How many of how many members are silent, while the valve is shut.
    pub fn shut(&self, now: Observed) -> Option<(usize, usize)> {
        let since = self.shut?;
        (now.since(since) < SHUT_MAX).then_some((self.silent, self.watched))
    }

    /// Whether one more doubt by silence may be opened now.
    pub fn lets_pass(&mut self, now: Observed) -> bool {
        let Some(since) = self.shut else { return true };
        if now.since(since) < SHUT_MAX {
            return false;
        }
        if now.since(self.passed.0) >= SHARE_TIME {
            self.passed = (now, 0);
        }
        if self.passed.1 >= self.watched.div_ceil(SHARE) {
            return false;
        }
        self.passed.1 += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Observed {
        Observed::default() + Duration::from_millis(ms)
    }

    #[test]
    fn most_members_silent_shut_it_and_half_of_them_do_not() {
        let mut valve = Valve::default();
        valve.update(at(0), 50, 100, 150);
        assert!(valve.shut(at(0)).is_none() && valve.lets_pass(at(0)));
        valve.update(at(1), 51, 100, 150);
        assert_eq!(valve.shut(at(1)), Some((51, 100)));
        assert!(!valve.lets_pass(at(1)));
        valve.update(at(500), 10, 100, 150);
        assert!(valve.shut(at(1400)).is_some(), "not calm for long enough");
        valve.update(at(1500), 10, 100, 150);
        assert!(valve.shut(at(1500)).is_none() && valve.lets_pass(at(1500)));
    }

    #[test]
    fn a_few_members_are_no_crowd() {
        let mut valve = Valve::default();
        valve.update(at(0), 9, 9, 9);
        assert!(valve.lets_pass(at(0)));
        valve.update(at(0), 7, 7, 10);
        assert!(!valve.lets_pass(at(0)));
    }

    #[test]
    fn it_is_shut_for_a_bounded_time_and_then_lets_through_a_share() {
        let mut valve = Valve::default();
        valve.update(at(5_000), 100, 100, 150);
        assert!(!valve.lets_pass(at(34_999)));
        assert!(valve.shut(at(35_000)).is_none());
        let passed = |valve: &mut Valve, ms| (0..100).filter(|_| valve.lets_pass(at(ms))).count();
        assert_eq!(passed(&mut valve, 35_000), 20);
        assert_eq!(passed(&mut valve, 44_999), 0);
        assert_eq!(passed(&mut valve, 45_000), 20);
    }
}
