//! What a Rust program depends on to become, or to watch, a member of a gms group.
//!
//! The floors, each importing only those below it:
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `session` | be a member: join, answer pings, keep the lease, notice removal, rejoin, leave |
//! | 3 | `client`, `calls`, `stream`, `watch`, `liveness_feed` | typed calls to any node, failover, resumable streams |
//! | 2 | `api`, `problem`, `rpc`, `answer`, `failover`, `sequence`, `mirror` | the HTTP contract, one bounded HTTP exchange, what follows what |
//! | 1 | `view`, `evidence`, `liveness`, `heartbeat`, `sse`, `endpoint` | what a reader sees; the datagram; the event-stream format |
//! | 0 | `id`, `address`, `span`, `random` | valid names, lengths of time |

pub mod address;
pub mod answer;
pub mod api;
pub mod calls;
pub mod client;
pub mod endpoint;
pub mod evidence;
mod failover;
pub mod heartbeat;
pub mod id;
pub mod liveness;
pub mod liveness_feed;
pub mod mirror;
pub mod problem;
mod random;
pub mod rpc;
mod sequence;
pub mod span;
pub mod sse;
pub mod stream;
#[cfg(test)]
mod test_history;
#[cfg(test)]
mod test_node;
pub mod view;
pub mod watch;
