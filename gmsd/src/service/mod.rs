//! The waist: the only door to the log, and the duties of the leader.
//!
//! ```text
//!   http ──> writes, reads, cluster ──> leader ──(one hop)──> executor ──> batch ──> raft
//!            (the waist)  │                        peer ────────┘  duties ──┘
//!                         ├── reading (linearizable reads)   cut, crowd, contact ──┘
//!                         └── admission ──> inquiry (does a life answer), succession (is a lease over)
//! ```

pub mod admission;
pub mod batch;
pub mod board;
pub mod cluster;
pub mod configuring;
pub mod contact;
pub mod crowd;
pub mod cut;
pub mod door;
pub mod duties;
pub mod error;
pub mod executor;
pub mod expiry;
pub mod following;
pub mod inquiry;
pub mod leader;
pub mod peer;
pub mod reading;
pub mod reads;
pub mod succession;
pub mod terms;
pub mod waist;
pub mod wire;
pub mod writes;
