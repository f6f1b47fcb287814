//! How the dashboard ends, and why there is none.

use std::io;

/// Why the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody quit.
    Quit,
    /// A signal asked for it; exit with 128 and this number. The terminal was given back.
    Signal(i32),
}

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Standard input or output is no terminal. Nothing was done.
    #[error("the dashboard needs a terminal; without one use gmctl status")]
    NotATerminal,
    /// The terminal could not be taken over or given back. It was restored as far as possible.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[source] io::Error),
    /// What is seen cannot be recorded as was wished. Nothing was done.
    #[error("{path} cannot be recorded into: {source}")]
    Recording {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal is gone (hang-up, or writes fail). It was not touched again: exit with 129 at
    /// once and without a word.
    #[error("the terminal is gone")]
    TerminalGone,
    /// A part of the dashboard failed: a bug. The terminal was given back.
    #[error("a part of the dashboard failed, which is a bug: {0}")]
    Task(String),
}

impl RunError {
    /// Somebody else's panic has given the terminal back under us.
    pub(super) fn given_back() -> Self {
        Self::Task("it panicked, and said why above".to_owned())
    }
}
