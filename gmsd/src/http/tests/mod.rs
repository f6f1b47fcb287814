//! The shell as its clients see it: over real sockets, in front of a state machine without a
//! cluster.

mod fake;
mod wire;

mod contract;
mod reads;
mod writes;
