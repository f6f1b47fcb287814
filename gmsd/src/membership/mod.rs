//! The replicated state machine: who is in which group, as a function of the log alone.
//!
//! Pure: no clock, no IO, no randomness, no floats, no hash-ordered iteration. The same entries
//! give the same state, byte for byte, on every node.
//!
//! ```text
//!    command::Entry ──> state::State::apply ──> outcome::{Outcome, Rejection}
//!                            │
//!      apply, away, fence, groups, steering ── group ── journal ── receipts ── ends ── placement
//! ```

pub mod apply;
mod away;
#[cfg(test)]
mod away_tests;
pub mod command;
mod ends;
mod fence;
pub mod group;
mod groups;
pub mod hold;
pub mod journal;
pub mod life;
pub mod limits;
pub mod outcome;
pub mod placement;
pub mod receipts;
pub mod restore;
pub mod state;
#[cfg(test)]
mod state_tests;
mod steering;
