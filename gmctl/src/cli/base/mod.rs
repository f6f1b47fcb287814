//! What every verb is given, and what many of them need.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 4 | `list`, `progress` | what every list has; progress of long work |
//! | 3 | `console` | what a verb is given |
//! | 2 | `setting` | what holds, and who said so |
//! | 1 | `globals` | the flags of every verb |
//! | 0 | `complete`, `fault`, `leash`, `lines`, `near`, `patience`, `shown`, `signals`, `target`, `trace`, `when` | what needs none of the others |

pub mod complete;
pub mod console;
pub mod fault;
pub mod globals;
pub mod leash;
pub mod lines;
pub mod list;
pub mod near;
pub mod patience;
pub mod progress;
pub mod setting;
pub mod shown;
pub mod signals;
pub mod target;
pub mod trace;
pub mod when;
