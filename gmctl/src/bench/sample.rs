//! Durations and their percentiles. Pure.
//!
//! A percentile is one of the durations measured, never a value in between: the smallest that is
//! not exceeded by so many in a hundred.

use std::time::Duration;

use serde::Serialize;

/// How a number of durations is spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub n: usize,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, in milliseconds; with fewer than a hundred the greatest.
    pub p99_ms: f64,
    /// Greatest, in milliseconds.
    pub max_ms: f64,
}

impl Spread {
    /// Of these; none of none.
    pub fn of(mut sample: Vec<Duration>) -> Option<Self> {
        sample.sort_unstable();
        Some(Self {
            n: sample.len(),
            p50_ms: millis(percentile(&sample, 50)?),
            p99_ms: millis(percentile(&sample, 99)?),
            max_ms: millis(*sample.last()?),
        })
    }
}

/// The smallest of the ordered durations that `percent` in a hundred do not exceed.
fn percentile(ordered: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (ordered.len() * percent).div_ceil(100).max(1);
    ordered.get(rank - 1).copied()
}

/// In milliseconds, to a microsecond.
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_were_measured() {
        let sample = |n: u64| (1..=n).rev().map(Duration::from_millis).collect::<Vec<_>>();
        for (n, p50, p99, max) in
            [(1, 1.0, 1.0, 1.0), (2, 1.0, 2.0, 2.0), (3, 2.0, 3.0, 3.0), (50, 25.0, 50.0, 50.0)]
        {
            let spread = Spread::of(sample(n)).unwrap();
            assert_eq!((spread.p50_ms, spread.p99_ms, spread.max_ms), (p50, p99, max), "{n}");
        }
        let hundred = Spread::of(sample(200)).unwrap();
        assert_eq!((hundred.n, hundred.p50_ms, hundred.p99_ms), (200, 100.0, 198.0));
        assert_eq!(Spread::of(Vec::new()), None);
        assert!((millis(Duration::from_nanos(1_234_567)) - 1.235).abs() < 1e-9);
    }
}
