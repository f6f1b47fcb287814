//! Verbs that look once and change nothing.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 2 | `correlate` | what members have in common |
//! | 1 | `members`, `why`, `check` | verbs that stand on the files below |
//! | 0 | `status`, `nodes`, `groups`, `events`, `views`, `doctor`, `beats`, `past`, `verdict` | one verb each; how alive members look, and looked; what a check finds |

pub mod beats;
pub mod check;
pub mod correlate;
pub mod doctor;
pub mod events;
pub mod groups;
pub mod members;
pub mod nodes;
pub mod past;
pub mod status;
pub mod verdict;
pub mod views;
pub mod why;
