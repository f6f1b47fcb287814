//! The command line: one verb, one file.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `door` | parse, run one verb, exit code, signals, panics |
//! | 3 | `dispatch` | from the verb to its file |
//! | 2 | `tree` | every verb |
//! | 1 | one file a verb | its arguments, its act, its page |
//! | 0 | `globals`, `setting`, `console`, `list`, `fault`, `batch`, `beats`, `exec`, `narrate`, `complete`, `progress`, `lines`, `target`, `when`, `signals`, `leash` | what verbs share |

pub mod batch;
pub mod beats;
pub mod bundle;
pub mod check;
pub mod client;
pub mod complete;
pub mod completions;
pub mod config;
pub mod console;
pub mod context;
pub mod correlate;
#[cfg(feature = "demo")]
pub mod demo;
pub mod diff;
pub mod dispatch;
pub mod doctor;
pub mod door;
pub mod events;
pub mod exec;
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
pub mod list;
pub mod man;
pub mod members;
pub mod narrate;
pub mod node;
pub mod nodes;
pub mod progress;
pub mod record;
pub mod replay;
pub mod report;
pub mod run;
pub mod setting;
pub mod signals;
pub mod status;
pub mod target;
pub mod tree;
pub mod tui;
pub mod version;
pub mod wait;
pub mod watch;
pub mod when;
pub mod why;
