//! The HTTP contract, version 1: every body that goes over the wire, as a type.
//!
//! Rules of compatibility: fields are added, never renamed or removed; readers ignore fields they
//! do not know; requests refuse them, since a misspelt wish must not pass unheard.
//! Times are milliseconds in `*_ms`; a time of day is milliseconds since 1970 and for people only.
//!
//! | file | what |
//! |---|---|
//! | `cluster` | the nodes: status, configuration, leadership |
//! | `events` | the recorded history |
//! | `groups` | groups, and the holds on them |
//! | `liveness` | how alive members look |
//! | `members` | members: joins, what changes of a member, leaves |
//! | `watch` | what a watch tells |
//! | `why` | why a member is gone or in doubt |

mod cluster;
mod events;
mod groups;
mod liveness;
mod members;
mod watch;
mod why;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::{
    cluster::{
        AddNodeRequest, Configuration, Counts, LeaderAnswer, NodeStatus, Nodes, Quorum, Role,
        Status, TransferRequest,
    },
    events::{Event, Events, What},
    groups::{GroupAnswer, GroupSummary, Groups, Hold, HoldAnswer, HoldRequest},
    liveness::{Band, Gone, GroupLiveness, MemberLiveness},
    members::{JoinRequest, Joined, LeftAnswer, MemberAnswer, PatchRequest},
    watch::{Bookmark, Compacted, WatchEvent},
    why::{Leaving, Removal, Suspicion, Why, WhyState},
};

/// Headers that every answer of a node carries.
pub mod header {
    /// The node that answered.
    pub const NODE: &str = "gms-node";
    /// The leader it knows; absent while it knows none.
    pub const LEADER: &str = "gms-leader";
    /// Its term.
    pub const TERM: &str = "gms-term";
    /// The revision its answer is from.
    pub const REVISION: &str = "gms-revision";
    /// Local reads only: milliseconds since it last knew itself connected to a quorum, that is,
    /// how stale the answer can be.
    pub const AGE_MS: &str = "gms-age-ms";
    /// Requests: the same key with the same request takes effect once.
    pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
    /// Requests for a watch: resume after this revision.
    pub const LAST_EVENT_ID: &str = "last-event-id";
}

/// How often a node writes something on every open stream: a bookmark on a watch, a comment on a
/// liveness feed with nothing to tell. Shared, because a reader takes a stream for broken that
/// was silent for [`STREAM_IDLE_TIMEOUT`].
pub const BOOKMARK_INTERVAL: Duration = Duration::from_secs(5);
/// How long a reader waits for any byte of a stream before it goes to another node: three
/// [`BOOKMARK_INTERVAL`]s, so that one late bookmark costs nothing.
pub const STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// At least as new as everything acknowledged before the read began.
    #[default]
    Linearizable,
    /// What the asked node has applied; the answer says how old that can be.
    Local,
}
