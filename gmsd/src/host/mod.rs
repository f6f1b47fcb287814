//! The only door to sockets, clocks, files and randomness.
//!
//! Nothing else in gmsd opens a socket, reads a clock, touches a path or draws a random number
//! (`gmsd/clippy.toml` refuses it), so a whole node also runs on simulated time, network and disk.

pub mod clock;
pub mod disk;
pub mod entropy;
pub mod net;
mod real_datagrams;
pub mod real_disk;
pub mod real_net;
mod refusals;
pub mod vanished;
pub mod world;
