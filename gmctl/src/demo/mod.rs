//! A real cluster on this machine: nodes and members are processes of their own, so that `kill -9`
//! means what it says. Whatever way the demo ends, no process and no file of it stays behind.
//!
//! Every process is this program again, with a hidden first argument. Each holds the reading end
//! of a pipe whose writing end only the demo has: when the demo is gone, however it went, the pipe
//! ends and the process with it. That needs no `unsafe` and works on every Unix.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `story` | a bounded story that checks itself |
//! | 3 | `stage` | its acts |
//! | 2 | `cluster` | all processes of a demo, and the handle that kills and restarts them |
//! | 1 | `child`, `node`, `member` | one process, from the outside and from the inside |
//! | 0 | `plan`, `lifeline` | who there is; the pipe |

pub mod child;
pub mod cluster;
pub mod lifeline;
pub mod member;
pub mod node;
pub mod plan;
pub mod stage;
pub mod story;
