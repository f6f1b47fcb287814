//! The lanes between two nodes: one connection for each kind of traffic.

use std::{fmt, str::FromStr};

/// A kind of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Entries of the log.
    Append,
    /// Heartbeats, votes, transfers of leadership: small and urgent.
    Control,
    /// A snapshot; opened for it and closed after it.
    Snapshot,
    /// Requests of the service above.
    Service,
}

/// A text that names no lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoLane;

impl Lane {
    /// How many requests of one connection are worked on at a time. The others wait in the
    /// socket, which slows their sender.
    pub fn at_work_max(self) -> usize {
        match self {
            // More than the sender's window, so that the window decides.
            Lane::Append | Lane::Control => 64,
            // Its requests build on each other.
            Lane::Snapshot => 1,
            Lane::Service => 256,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Lane::Append => "append",
            Lane::Control => "control",
            Lane::Snapshot => "snapshot",
            Lane::Service => "service",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Lane {
    type Err = NoLane;

    fn from_str(text: &str) -> Result<Self, NoLane> {
        [Lane::Append, Lane::Control, Lane::Snapshot, Lane::Service]
            .into_iter()
            .find(|lane| lane.name() == text)
            .ok_or(NoLane)
    }
}
