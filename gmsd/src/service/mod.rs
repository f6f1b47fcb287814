//! The waist: the only door to the log.

pub mod error;
pub mod waist;
