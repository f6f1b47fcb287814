//! gmctl: the terminal of gms.
//!
//! A library only so that tests reach its rooms; the program is the product.

pub mod action;
#[cfg(feature = "demo")]
pub mod bench;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod error;
pub mod exit;
pub mod filter;
pub mod model;
pub mod output;
pub mod tape;
pub mod tui;

#[cfg(test)]
#[path = "../tests/support/facts.rs"]
pub(crate) mod facts;
