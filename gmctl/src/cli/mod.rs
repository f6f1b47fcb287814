//! The command line: one verb, one file.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 8 | `door` | parse, run one verb, exit code, signals, panics |
//! | 7 | `dispatch` | from the verb to its file |
//! | 6 | `tree` | every verb |
//! | 5 | `act` | verbs that change something |
//! | 4 | `follow` | verbs that go on looking |
//! | 3 | `files` | verbs that write files, or read them |
//! | 2 | `look` | verbs that look once |
//! | 1 | `own` | verbs about gmctl itself |
//! | 0 | `base` | what every verb is given, and what many need |

pub mod act;
pub mod base;
pub mod dispatch;
pub mod door;
pub mod files;
pub mod follow;
pub mod look;
pub mod own;
pub mod tree;
