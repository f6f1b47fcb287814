//! What a Rust program depends on to become, or to watch, a member of a gms group.
//!
//! The floors, each importing only those below it:
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `session` | be a member: join, answer pings, keep the lease, notice removal, rejoin, leave |
//! | 3 | `client`, `watch` | typed calls to any node, failover, resumable streams |
//! | 2 | `api`, `problem`, `rpc` | the HTTP contract and one bounded HTTP exchange |
//! | 1 | `view`, `evidence`, `liveness`, `heartbeat`, `sse` | what a reader sees; the datagram; the event-stream format |
//! | 0 | `id`, `address`, `span` | valid names, lengths of time |

pub mod address;
pub mod api;
pub mod evidence;
pub mod heartbeat;
pub mod id;
pub mod liveness;
pub mod problem;
pub mod span;
pub mod view;
