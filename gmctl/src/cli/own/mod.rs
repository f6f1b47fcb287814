//! Verbs about gmctl itself: its settings, its help, its dashboard, and a cluster of its own.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 1 | `demo` | a cluster, and the dashboard on it |
//! | 0 | `bench`, `completions`, `config`, `context`, `help`, `man`, `tui`, `version` | one verb each |

#[cfg(feature = "demo")]
pub mod bench;
pub mod completions;
pub mod config;
pub mod context;
#[cfg(feature = "demo")]
pub mod demo;
pub mod help;
pub mod man;
pub mod tui;
pub mod version;
