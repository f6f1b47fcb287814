//! gmsd: one node of the group membership service.

pub mod host;
pub mod liveness;
pub mod membership;
