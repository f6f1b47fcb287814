//! Which cluster is meant, and how: the flag, else the environment, else the context, else the file's
//! `[defaults]`, else what gmctl does by itself; for the nodes those are the three of the project's
//! Procfile on this machine.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 3 | `endpoints` | from wishes to endpoints |
//! | 2 | `file`, `origin` | the file; who set something |
//! | 1 | `contexts` | names for clusters |
//! | 0 | `cache`, `settings` | what was answered a moment ago; what can be set |

pub mod cache;
pub mod contexts;
pub mod endpoints;
pub mod file;
pub mod origin;
pub mod settings;
