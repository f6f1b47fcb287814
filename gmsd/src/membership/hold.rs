//! The stored form of a hold: a replicated pause of removals by silence, which ends by itself.
//!
//! It ends by an entry of its own, proposed by the leader when the time has passed that the
//! leader itself observed. No wall clock decides.

use gms::{id::Revision, span::Span};
use serde::{Deserialize, Serialize};

/// A pause of removals by silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The revision that set it.
    pub since: Revision,
    /// The leader's wall clock then, for people.
    pub at_ms: u64,
    /// For how long, in the leader's observed time.
    pub lasts: Span,
    /// Why.
    pub reason: String,
}
