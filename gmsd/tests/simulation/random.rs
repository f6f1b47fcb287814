//! The one source of chance of a run: the same seed gives the same run on every machine.

use std::{ops::Range, time::Duration};

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    pub fn between(&mut self, range: Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }

    /// True in so many of a thousand cases. Draws nothing for the certain ones.
    pub fn chance(&mut self, permille: u64) -> bool {
        permille > 0 && (permille >= 1000 || self.below(1000) < permille)
    }

    pub fn ms(&mut self, range: Range<u64>) -> Duration {
        Duration::from_micros(self.between(range.start * 1000..range.end * 1000))
    }

    pub fn us(&mut self, range: Range<u64>) -> Duration {
        Duration::from_micros(self.between(range))
    }

    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.index(among.len())]
    }
}
