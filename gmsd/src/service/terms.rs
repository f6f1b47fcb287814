//! What callers of the service hand in and get back.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use gms::{
    api::{Quorum, Role},
    evidence::Cause,
    heartbeat::Key,
    id::{Incarnation, NodeId, Revision},
    snapshot::Header,
};

use crate::membership::{command::Token, life::Life, state::State};

/// What every write carries besides its wish.
#[derive(Debug, Clone)]
pub struct Terms {
    /// When the caller wants an answer at the latest.
    pub deadline: Instant,
    /// The client's idempotency key, 1 to 128 bytes.
    pub idempotency_key: Option<String>,
    /// Count only if the group still has this view.
    pub if_view: Option<Revision>,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl Terms {
    /// By which a repetition of this very request is known.
    pub fn token(&self, request: [u8; 16]) -> Option<Token> {
        self.idempotency_key.clone().map(|key| Token { key, request })
    }
}

/// A member is in.
#[derive(Debug, Clone)]
pub struct Joined {
    /// Its life.
    pub life: Arc<Life>,
    /// The view it stands in; older than the life, if that took a place that was kept.
    pub view: Revision,
    /// False for a retry.
    pub fresh: bool,
    /// The life's key; none on a dry run.
    pub key: Option<Key>,
}

/// How a caller wants a member out.
#[derive(Debug, Clone)]
pub enum Exit {
    /// It leaves, or with a reason an operator makes it leave.
    Leave {
        /// The operator's reason.
        reason: Option<String>,
    },
    /// `gmctl run` reports that its program ended.
    Ended {
        /// `Cause::Exit` or `Cause::Signal`.
        cause: Cause,
        /// The exit code or the signal.
        number: i32,
    },
}

/// A member is out, or away.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The life that ended.
    pub incarnation: Incarnation,
    /// The view without it; for a static member whose place is kept, the present one.
    pub view: Revision,
    /// The revision that ended it.
    pub revision: Revision,
}

/// A state to read, and how old it can be.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The state.
    pub state: Arc<State>,
    /// For local reads: milliseconds since this node last knew itself connected to a quorum; none
    /// if it never was. Linearizable reads give 0.
    pub age_ms: Option<u64>,
}

/// The whole state as a file, in pieces; see [`gms::snapshot`].
#[derive(Debug, Clone)]
pub struct Archive {
    /// What it says of itself.
    pub header: Header,
    /// Its bytes.
    pub pieces: Vec<Bytes>,
}

/// What this node believes about the cluster right now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// This node.
    pub node: NodeId,
    /// The cluster's identity, 32 hex digits.
    pub cluster: String,
    /// Its part in Raft.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// The revision it has applied.
    pub revision: Revision,
    /// Who votes and whether enough are in touch.
    pub quorum: Quorum,
    /// Milliseconds since it last knew itself connected to a quorum; none if it never was.
    pub age_ms: Option<u64>,
    /// Milliseconds this process runs.
    pub uptime_ms: u64,
    /// True once it has applied what was committed when it started, and knows a leader.
    pub ready: bool,
}
