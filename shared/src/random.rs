//! The one place that asks the operating system for random numbers.

use std::fmt::Write as _;

/// A random number.
pub(crate) fn number() -> u64 {
    getrandom::u64().expect("the operating system always has random bytes once it has started")
}

/// 32 random hex digits: a name nobody has used before.
pub(crate) fn name() -> String {
    let mut name = String::with_capacity(32);
    for _ in 0..2 {
        let _ = write!(name, "{:016x}", number());
    }
    name
}
