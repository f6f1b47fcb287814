//! The whole protocol in simulated time: the real observers, state, cut and responders, on a network
//! that loses, delays and cuts, on machines that stall, and on a log that keeps only Raft's
//! contract.
//!
//! One thread plays one run, from one seed; nothing sleeps. `faults` draws what befalls a run,
//! `checkers` says what must hold whatever does. A run that fails prints what happened and the
//! command that plays it again.
//!
//! ```text
//!   seeds   sick_nodes, sick_members, sick_logs   sanity
//!     │                     │                       │
//!   faults               scenario ──────────────────┘      checkers, rest
//!     └─────────────────────┼─────────────────────────────────── │
//!                         world ────────────────────────────── ledger
//!        ┌──────────────┬───┴─────────┬──────────────┐
//!   node, shell     consensus      service    program, session     transcript
//!        └────── log, machine, network, agenda, random ┘
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::large_enum_variant,
    clippy::needless_for_each,
    clippy::similar_names,
    clippy::struct_excessive_bools,
    clippy::unchecked_time_subtraction,
    clippy::unused_self,
    clippy::wrong_self_convention,
    unreachable_pub,
    missing_docs,
    reason = "a test may fail where it stands, and nobody imports it"
)]

mod agenda;
mod checkers;
mod consensus;
mod faults;
mod ledger;
mod log;
mod machine;
mod network;
mod node;
mod program;
mod random;
mod rest;
mod sanity;
mod scenario;
mod seeds;
mod service;
mod session;
mod shell;
mod sick_logs;
mod sick_members;
mod sick_nodes;
mod transcript;
mod world;
