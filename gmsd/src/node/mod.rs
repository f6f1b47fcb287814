//! Wiring: one node of running parts. Only here is anything bound, spawned or stopped.

pub mod error;
pub mod running;
mod entering;
mod feed;
mod surroundings;
