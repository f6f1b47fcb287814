//! [`Pulse`]: what the two ends of one connection's task tell each other: the bytes' end, which
//! sees the peer, and the requests' end, which knows whether an answer is due.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed it: its kernel sent FIN or RST.
    ByPeer,
    /// It was lost: nothing was heard from the peer's kernel any more.
    Lost,
    /// This node closed it, or it still lives.
    ByUs,
}

const BY_US: u8 = 0;
const BY_PEER: u8 = 1;
const LOST: u8 = 2;

/// The state shared by the two ends of a connection.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Requests begun.
    begun: AtomicU64,
    /// Answers completed or given up.
    done: AtomicU64,
    ending: AtomicU8,
}

impl Pulse {
    /// A request's headers have been read.
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Its answer has been sent, or will never be.
    pub fn finish(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests have begun.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether no answer is due: what comes now belongs to the next request's headers.
    pub fn is_idle(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.begun.load(Ordering::Relaxed)
    }

    /// Notes how the connection ends. The first word counts.
    pub fn end(&self, ending: Ending) {
        let ending = match ending {
            Ending::ByUs => return,
            Ending::ByPeer => BY_PEER,
            Ending::Lost => LOST,
        };
        let _ = self.ending.compare_exchange(BY_US, ending, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// How the connection ended, as far as is known.
    pub fn ending(&self) -> Ending {
        match self.ending.load(Ordering::Relaxed) {
            BY_PEER => Ending::ByPeer,
            LOST => Ending::Lost,
            _ => Ending::ByUs,
        }
    }
}
