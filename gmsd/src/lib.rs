//! gmsd: one node of the group membership service.

pub mod membership;
pub mod service;
