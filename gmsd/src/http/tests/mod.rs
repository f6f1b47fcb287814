//! The shell as its clients see it: over real sockets, in front of a state machine without a
//! cluster.

pub(super) mod fake;
mod wire;

mod away;
mod contract;
mod doors;
mod heartbeat;
mod liveness;
mod openapi;
mod reads;
mod sessions;
mod watch;
mod writes;
