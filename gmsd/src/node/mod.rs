//! Wiring: one node of running parts. Only here is anything bound, spawned or stopped.

mod entering;
pub mod error;
mod feed;
pub mod running;
mod surroundings;
