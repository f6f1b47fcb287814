//! Liveness: who is heard, who is doubted, who is condemned. Pure: the present is passed in,
//! datagrams and messages go in and come out as values, and nothing here opens a socket.
//!
//! ```text
//!   datagrams, streams, probes,       ┌──────────┐     datagrams, frames, probes,
//!   sessions, messages of nodes, ───> │ observer │ ──> messages, verdicts,
//!   applied states, time              └──────────┘     bands
//!        whom to watch: assignment         │
//!        pings and pongs: pinging          │  looking: one look at one case
//!        connections of members: streaming │
//!        own doubts: accusing              │
//!        doubts of others: inquiring       │
//!        whether verdicts may follow: flux
//!        leases after a doubt: leasing     │
//!        members that answer too little: weighing, and those that come back: returns
//!                        caseload ── case ── detector     suspicion   fitness
//!                                                  observed ── timing ── message
//! ```
//!
//! A killed process is noticed by a kernel (its stream closes, its port refuses) and confirmed
//! within [`Timing::affirmed_confirmation`](timing::Timing::affirmed_confirmation); one that only
//! falls silent takes its misses and a longer confirmation. The two never share a timer.

mod accusing;
mod assignment;
pub mod bands;
mod case;
mod caseload;
pub mod detector;
pub mod fitness;
pub mod flux;
pub mod histogram;
mod inquiring;
mod leasing;
mod looking;
pub mod message;
pub mod observed;
pub mod observer;
pub mod output;
mod pinging;
mod pleas;
pub mod quality;
mod returns;
mod streaming;
mod streams;
pub mod suspicion;
#[cfg(test)]
mod test_world;
pub mod timing;
pub mod valve;
mod weighing;
