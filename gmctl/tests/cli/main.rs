//! gmctl as a program: against a server that speaks the contract, over its own command line.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows a test by its attribute, not the helpers of tests"
)]

mod awaited;
mod batch;
mod bench;
#[cfg(feature = "demo")]
mod demo;
mod denied;
mod errors;
mod fake;
mod floors;
mod help;
mod matrix;
mod member;
mod narrow;
mod past;
mod program;
#[cfg(feature = "demo")]
mod real;
mod snapshot;
mod streams;
mod words;
