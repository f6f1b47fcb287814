//! The replicated state machine: who is in which group, as a function of the log alone.
//!
//! Pure: no clock, no IO, no randomness, no floats, no hash-ordered iteration. The same entries
//! give the same state, byte for byte, on every node.

pub mod command;
pub mod life;
pub mod outcome;
pub mod state;
