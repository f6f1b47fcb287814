//! gmsd: one node of the group membership service.

pub mod liveness;
pub mod membership;
