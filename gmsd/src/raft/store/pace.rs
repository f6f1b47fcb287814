//! [`Pace`]: how long the disk took for the last writes of the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How many writes are remembered: enough for two to be slower than the 99th percentile.
const WRITES_MAX: usize = 256;

/// How long the last [`WRITES_MAX`] writes took until they were durable. Cheap to clone; clones
/// share what they remember.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    recent: Arc<Mutex<VecDeque<Duration>>>,
}

impl Pace {
    /// A write took so long.
    pub fn note(&self, took: Duration) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == WRITES_MAX {
            recent.pop_front();
        }
        recent.push_back(took);
    }

    /// What 99 of 100 did not exceed; none before the first.
    pub fn p99(&self) -> Option<Duration> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<Duration> = recent.iter().copied().collect();
        drop(recent);
        sorted.sort_unstable();
        let rank = (sorted.len() * 99).div_ceil(100);
        sorted.get(rank.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_write_of_a_hundred_is_no_slow_disk_and_two_are() {
        let pace = Pace::default();
        assert_eq!(pace.p99(), None);
        let ms = Duration::from_millis;
        pace.note(ms(900));
        assert_eq!(pace.p99(), Some(ms(900)));
        (0..99).for_each(|_| pace.note(ms(2)));
        assert_eq!(pace.p99(), Some(ms(2)));
        pace.note(ms(900));
        assert_eq!(pace.p99(), Some(ms(900)));
    }

    #[test]
    fn old_writes_are_forgotten() {
        let pace = Pace::default();
        pace.note(Duration::from_secs(9));
        (0..WRITES_MAX).for_each(|_| pace.note(Duration::from_millis(1)));
        assert_eq!(pace.p99(), Some(Duration::from_millis(1)));
    }
}
