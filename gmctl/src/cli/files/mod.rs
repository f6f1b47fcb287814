//! Verbs that keep something of a cluster in a file, or read what was kept.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 2 | `markdown` | a report as text |
//! | 1 | `record`, `report`, `diff` | verbs that stand on the files below |
//! | 0 | `replay`, `bundle`, `snapshot`, `asked` | one verb each; what a recording asks |

pub mod asked;
pub mod bundle;
pub mod diff;
pub mod markdown;
pub mod record;
pub mod replay;
pub mod report;
pub mod snapshot;
