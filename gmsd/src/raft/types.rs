//! openraft's types as gms uses them, and nothing else.
//!
//! The log carries entries as the bytes that their proposer encoded: encoded once, the same bytes
//! go to disk and to every peer. They are read when they are applied. Leaders are told apart by
//! (term, node), openraft's default, which its own fault tests exercise.

use std::fmt;

use bytes::Bytes;
use gms::id::Revision;

use crate::membership::outcome::{Outcome, Rejection};

/// The bytes of one proposed [`Entry`](crate::membership::command::Entry), in postcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(pub Bytes);

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What applying an entry answered; nothing for entries of openraft's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied(pub Vec<Result<Outcome, Rejection>>);

openraft::declare_raft_types!(
    /// The types openraft works with.
    pub Types:
        D = Encoded,
        R = Applied,
        NodeId = u64,
        Node = openraft::BasicNode,
        AsyncRuntime = openraft_rt_tokio::TokioRuntime,
);

/// Who led when an entry was proposed: term and node.
pub type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;
/// Where an entry stands in the log, and by whom.
pub type LogId = openraft::LogId<LeaderId>;
/// A node's promise to a candidate or leader.
pub type Vote = openraft::impls::Vote<LeaderId>;
/// What an entry carries.
pub type Payload = openraft::EntryPayload<Encoded, u64, openraft::BasicNode>;
/// An entry of the log.
pub type LogEntry = openraft::Entry<LeaderId, Payload>;
/// The voters and learners, with their peer URLs.
pub type Membership = openraft::Membership<u64, openraft::BasicNode>;
/// A cluster configuration and the entry that made it.
pub type StoredMembership = openraft::StoredMembership<LeaderId, u64, openraft::BasicNode>;
/// What a snapshot covers.
pub type SnapshotMeta = openraft::SnapshotMeta<LeaderId, u64, openraft::BasicNode>;

/// The revision of an entry.
pub fn revision(at: &LogId) -> Revision {
    Revision(at.index)
}
