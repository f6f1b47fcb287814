//! The waist: the only door to the log, and the duties of the leader.
//!
//! ```text
//!   http ──> waist ──> leader ──(one hop)──> executor ──> batch ──> raft
//!              │                    peer ────────┘  duties ──┘
//!              └── reading (linearizable reads)     cut, crowd ──┘
//! ```

pub mod batch;
pub mod board;
mod crowd;
pub mod cut;
pub mod door;
pub mod duties;
pub mod error;
pub mod executor;
pub mod following;
pub mod leader;
pub mod peer;
pub mod reading;
pub mod terms;
pub mod waist;
pub mod wire;
