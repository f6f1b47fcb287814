//! The log, the vote and the identity of a node on disk.
//!
//! What was acknowledged is there after any crash, or the node refuses to start and names the
//! file. Nothing is ever silently shortened.

pub mod data_dir;
pub mod database;
pub mod log;
pub mod memory;
pub mod pace;
pub mod summed;
pub mod writer;

#[cfg(test)]
mod database_tests;
#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod summed_tests;
