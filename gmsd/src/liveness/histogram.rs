//! How times are spread: counts in buckets that double, so that two nodes' figures add up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets: the last takes everything from 2^30 us (18 minutes) on.
const BUCKETS: usize = 31;

/// Counts of durations by the power of two of their microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    counts: [u32; BUCKETS],
    greatest: Option<Duration>,
}

impl Histogram {
    /// Counts one duration.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let bucket = (micros.ilog2() as usize).min(BUCKETS - 1);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.greatest = self.greatest.max(Some(time));
    }

    /// Takes in another one's counts.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.greatest = self.greatest.max(other.greatest);
    }

    /// The greatest duration, exactly; none if nothing was counted.
    pub fn greatest(&self) -> Option<Duration> {
        self.greatest
    }

    /// The duration that `percent` of all do not exceed, exact to the width of its bucket (three
    /// quarters of the way through it); none if nothing was counted.
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let total: u64 = self.counts.iter().copied().map(u64::from).sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        Some(Duration::from_micros((1_u64 << bucket) + (1_u64 << bucket) / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_a_factor_of_two_and_add_up() {
        let (mut one, mut two) = (Histogram::default(), Histogram::default());
        assert_eq!(one.percentile(50), None);
        for n in 1..=98 {
            one.add(Duration::from_micros(1000 + n));
        }
        for _ in 0..2 {
            two.add(Duration::from_millis(40));
        }
        one.merge(&two);
        let near = |got: Option<Duration>, want: Duration| {
            let got = got.unwrap();
            assert!(got >= want / 2 && got <= want * 2, "{got:?} for {want:?}");
        };
        near(one.percentile(50), Duration::from_micros(1050));
        near(one.percentile(98), Duration::from_micros(1098));
        near(one.percentile(99), Duration::from_millis(40));
        assert_eq!(one.greatest(), Some(Duration::from_millis(40)));
    }
}
