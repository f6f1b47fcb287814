//! Liveness: who is heard, who is doubted, who is condemned. Pure: the present is passed in,
//! datagrams and messages go in and come out as values, and nothing here opens a socket.
//!
//! ```text
//!   datagrams, probes, sessions,      ┌──────────┐     datagrams, probes,
//!   messages of other nodes,   ─────> │ observer │ ──> messages, verdicts,
//!   applied states, time              └──────────┘     bands
//!                                      work (what to do with a case)
//!                          caseload ── case ── detector     suspicion   fitness
//!                                                 observed ── timing ── message
//! ```
//!
//! A killed process is noticed by a kernel (its stream closes, its port refuses) and confirmed
//! within [`Timing::affirmed_confirmation`](timing::Timing::affirmed_confirmation); one that only
//! falls silent takes its misses and a longer confirmation. The two never share a timer.

pub mod bands;
mod case;
mod caseload;
pub mod detector;
pub mod fitness;
pub mod histogram;
pub mod message;
pub mod observed;
pub mod observer;
pub mod suspicion;
pub mod timing;
mod work;
