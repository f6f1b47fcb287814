//! Why the service did not do what was asked, in terms of the service; `http` alone knows how
//! that looks on the wire.

use gms::id::NodeId;

use crate::membership::outcome::Rejection;

/// Why a call failed, and what became of the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The state machine refused it. Nothing was changed.
    #[error("refused by the state: {0:?}")]
    Rejected(Box<Rejection>),
    /// The request asks for what cannot be. Nothing was changed.
    #[error("{0}")]
    Invalid(String),
    /// A text or a list is over its limit. Nothing was changed.
    #[error("{0}")]
    TooLarge(String),
    /// The present state of the cluster forbids it. Nothing was changed.
    #[error("{0}")]
    Conflict(String),
    /// Too many requests wait already. Nothing was changed.
    #[error("{what}: {limit} wait already; try again")]
    Overloaded {
        /// What there is too much of.
        what: &'static str,
        /// How many are allowed to wait.
        limit: usize,
    },
    /// No node of that number. Nothing was changed.
    #[error("there is no node {0}")]
    NoNode(NodeId),
    /// No leader with a quorum was found in time; nothing was proposed, nothing was changed.
    #[error("no quorum: {0}")]
    NoQuorum(String),
    /// It was proposed, and the deadline passed before the answer: it may or may not take effect.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// A change of the cluster or of its leadership was begun, and the deadline passed before the
    /// answer: it may or may not take effect, and no key makes asking again safe.
    #[error("outcome unknown: {0}")]
    Unsettled(String),
    /// The node has failed and is about to stop. What was proposed may or may not take effect.
    #[error("the node has failed: {0}")]
    Failed(String),
}
