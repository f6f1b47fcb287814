//! The tape: what was seen of a cluster, one line of JSON a fact, so that it can be looked at later.
//!
//! What `gmctl watch -o jsonl` prints is a tape. `gmctl record` keeps more of the same form: how the
//! members looked, the status of the nodes, the holds. A tape is read by `replay`, `report` and
//! `diff`, and by whatever reads lines of JSON.
//!
//! Pure: nothing here waits, reads a clock, draws or talks to anybody; only [`read::Tape::open`]
//! reads a file.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 2 | `play` | facts into a model |
//! | 1 | `read`, `write` | lines to facts, facts to lines |
//! | 0 | `format` | a fact, and the line it is |

pub mod format;
pub mod play;
pub mod read;
pub mod write;
