//! [`Entropy`]: the only source of random bytes.

use std::{fmt, io};

/// Gives random bytes.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `out` with random bytes. On an error `out` holds nothing of use.
    fn fill(&self, out: &mut [u8]) -> io::Result<()>;
}

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "the door itself")]
    fn fill(&self, out: &mut [u8]) -> io::Result<()> {
        getrandom::fill(out).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        OsEntropy.fill(&mut one).unwrap();
        OsEntropy.fill(&mut two).unwrap();
        assert_ne!(one, two);
    }
}
