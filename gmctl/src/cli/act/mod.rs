//! Verbs that change something, and a program that is a member.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 2 | `run` | a program as a member |
//! | 1 | `join`, `leave`, `drain`, `node` | verbs that stand on the files below |
//! | 0 | `client`, `hold`, `leader`, `batch`, `chosen`, `acknowledged`, `awaited` | one verb each; many acts, and on whom; what an act prints and waits for |

pub mod acknowledged;
pub mod awaited;
pub mod batch;
pub mod chosen;
pub mod client;
pub mod drain;
pub mod hold;
pub mod join;
pub mod leader;
pub mod leave;
pub mod node;
pub mod run;
