//! Why a node does not run, or no longer.

use std::{io, net::SocketAddr};

use crate::{config::ConfigError, raft::error::StartError};

/// Why a node does not run, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// It was told what makes no sense. Nothing was written.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A port it needs is not to be had. Nothing was written.
    #[error(
        "cannot listen on {at} for {what}: {source}; is another process there, or another gmsd?"
    )]
    Bind {
        /// Which of the two ports.
        what: &'static str,
        /// Where.
        at: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The cluster it was to enter did not let it in. Nothing was written.
    #[error("cannot enter the cluster through {through}: {why}")]
    Enter {
        /// The node that was asked.
        through: String,
        /// What it said.
        why: String,
    },
    /// The cluster was not founded from a snapshot. Nothing was written.
    #[error("cannot restore: {0}")]
    Restore(String),
    /// Its log did not start; the text says what became of the data.
    #[error("{0}")]
    Start(#[from] StartError),
    /// The machine failed it.
    #[error("{doing}: {source}")]
    Machine {
        /// What was attempted.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It has failed while running and must be started again.
    #[error("the node has failed: {0}")]
    Failed(String),
}

/// What the machine refused while something was attempted.
pub(super) fn machine(doing: &'static str) -> impl FnOnce(io::Error) -> NodeError {
    move |source| NodeError::Machine { doing, source }
}
