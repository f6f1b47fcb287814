//! gmsd: one node of the group membership service.

pub mod host;
pub mod http;
pub mod membership;
pub mod raft;
pub mod service;
