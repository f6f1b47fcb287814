//! Verbs that go on looking: until somebody stops them, or something holds.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 1 | `watch`, `wait` | one verb each |
//! | 0 | `seen`, `met`, `narrate`, `sieve`, `exec` | what they print; what they let through; what they call |

pub mod exec;
pub mod met;
pub mod narrate;
pub mod seen;
pub mod sieve;
pub mod wait;
pub mod watch;
