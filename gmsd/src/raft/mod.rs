//! Consensus: what a quorum of nodes has agreed on stays agreed on.
//!
//! Everything that names openraft is in this folder and stays there: `consensus` is the facade,
//! the only file the rest of gmsd uses besides `peer::call`. What is written to disk or to a peer
//! is in our own versioned encodings (`record`, `peer::message`), so that another openraft
//! changes no byte.
//!
//! The pitfalls of openraft that this folder answers are named where they bite.

pub mod archive;
pub mod change;
pub mod compaction;
pub mod config;
pub mod consensus;
pub mod error;
pub mod identity;
pub mod options;
pub mod peer;
pub mod record;
pub mod recovery;
pub mod snapshot;
pub mod standing;
pub mod state_machine;
pub mod store;
pub mod types;
pub mod watching;

#[cfg(test)]
mod consensus_tests;
#[cfg(test)]
mod peer_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod test_cluster;
