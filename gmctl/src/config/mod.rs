//! Which cluster is meant, and how: the flag, else the environment, else the context, else the file's
//! `[defaults]`, else what gmctl does by itself; for the nodes those are the three of the project's
//! Procfile on this machine.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 2 | `file`, `endpoints` | the file; from wishes to endpoints |
//! | 1 | `contexts` | names for clusters |
//! | 0 | `settings` | what can be set, and who set it |

pub mod contexts;
pub mod endpoints;
pub mod file;
pub mod settings;
