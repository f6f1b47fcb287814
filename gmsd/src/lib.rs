//! gmsd: one node of the group membership service.

pub mod cli;
pub mod config;
pub mod host;
pub mod http;
pub mod liveness;
pub mod membership;
pub mod node;
pub mod raft;
pub mod service;
pub mod udp;
