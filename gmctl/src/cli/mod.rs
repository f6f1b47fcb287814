//! The command line: one verb, one file.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `door` | parse, run one verb, exit code, signals, panics |
//! | 3 | `dispatch` | from the verb to its file |
//! | 2 | `tree` | every verb |
//! | 1 | one file a verb | its arguments, its act, its page |
//! | 0 | `globals`, `console`, `fault`, `batch`, `lines`, `target`, `signals`, `leash` | what verbs share |

pub mod batch;
#[cfg(feature = "demo")]
pub mod bench;
pub mod check;
pub mod client;
pub mod completions;
pub mod console;
pub mod context;
#[cfg(feature = "demo")]
pub mod demo;
pub mod dispatch;
pub mod doctor;
pub mod door;
pub mod events;
pub mod fault;
pub mod globals;
pub mod groups;
pub mod help;
pub mod hold;
pub mod join;
pub mod leader;
pub mod leash;
pub mod leave;
pub mod lines;
pub mod man;
pub mod members;
pub mod node;
pub mod nodes;
pub mod run;
pub mod signals;
pub mod status;
pub mod target;
pub mod tree;
pub mod tui;
pub mod version;
pub mod wait;
pub mod watch;
pub mod why;
