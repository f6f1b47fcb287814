//! The command line: one verb, one file.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 11 | `door` | parse, run one verb, exit code, signals, panics |
//! | 10 | `dispatch` | from the verb to its file |
//! | 9 | `tree` | every verb |
//! | 8 | `run` | a verb that stands on others |
//! | 7 | `client`, `drain`, `leave`, `join`, `node`, `wait`, `watch`, `markdown` | verbs, and a report as text |
//! | 6 | `correlate`, `diff`, `chosen`, `report`, `why`, `seen`, `met`, `awaited` | verbs; what watch and wait print; what an act waits for |
//! | 5 | `bench`, `bundle`, `demo`, `doctor`, `events`, `groups`, `members`, `nodes`, `record`, `snapshot`, `batch` | verbs; many acts |
//! | 4 | `check`, `completions`, `config`, `context`, `help`, `hold`, `leader`, `man`, `replay`, `status`, `tui`, `version`, `views`, `exec`, `list`, `progress` | verbs; what verbs share |
//! | 3 | `console` | what a verb is given |
//! | 2 | `setting` | what holds, and who said so |
//! | 1 | `globals`, `past` | the flags of every verb; what a member was at a moment |
//! | 0 | `acknowledged`, `asked`, `beats`, `complete`, `fault`, `leash`, `lines`, `narrate`, `near`, `patience`, `shown`, `sieve`, `signals`, `target`, `trace`, `verdict`, `when` | what needs none of the others |

pub mod acknowledged;
pub mod asked;
pub mod awaited;
pub mod batch;
pub mod beats;
#[cfg(feature = "demo")]
pub mod bench;
pub mod bundle;
pub mod check;
pub mod chosen;
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
pub mod drain;
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
pub mod markdown;
pub mod members;
pub mod met;
pub mod narrate;
pub mod near;
pub mod node;
pub mod nodes;
pub mod past;
pub mod patience;
pub mod progress;
pub mod record;
pub mod replay;
pub mod report;
pub mod run;
pub mod seen;
pub mod setting;
pub mod shown;
pub mod sieve;
pub mod signals;
pub mod snapshot;
pub mod status;
pub mod target;
pub mod trace;
pub mod tree;
pub mod tui;
pub mod verdict;
pub mod version;
pub mod views;
pub mod wait;
pub mod watch;
pub mod when;
pub mod why;
