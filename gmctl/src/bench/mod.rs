//! Measurements of a real cluster of child processes on this machine, in the terms in which peers
//! were measured: how soon a death is told, how many joins and reads a second, what idling costs.
//!
//! Every measurement starts its own cluster on free ports, kills its own processes only, and leaves
//! nothing behind. Figures are of this machine at this hour; compare those of one run.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `detect`, `crash`, `power_off`, `join`, `read`, `watch`, `idle`, `failover`, `start` | one measurement a file |
//! | 3 | `victims` | processes that are members, to be killed |
//! | 2 | `arena` | a cluster, its watchers, the progress on the terminal |
//! | 1 | `roles`, `watching`, `report` | child processes; what every node's watch told; the table |
//! | 0 | `sample`, `usage`, `hosts` | percentiles; what a process has used; network namespaces |

pub mod arena;
pub mod crash;
pub mod detect;
pub mod failover;
pub mod hosts;
pub mod idle;
pub mod join;
pub mod power_off;
pub mod read;
pub mod report;
pub mod roles;
pub mod sample;
pub mod start;
pub mod usage;
pub mod victims;
pub mod watch;
pub mod watching;
