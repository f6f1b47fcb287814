//! Which cluster is meant: the flag, else the environment, else the context, else the three nodes
//! of the project's Procfile on this machine.

pub mod contexts;
pub mod endpoints;
pub mod file;
