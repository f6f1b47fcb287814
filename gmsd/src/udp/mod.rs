//! Sockets and a timer around the liveness core.

pub mod handle;
pub mod probe;
pub mod shell;
mod streams;
