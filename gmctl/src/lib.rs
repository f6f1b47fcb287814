//! gmctl: the terminal of gms.

pub mod action;
pub mod filter;
pub mod model;
pub mod tui;
