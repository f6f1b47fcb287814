//! How alive members look.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, Incarnation, MemberId, NodeId};

/// How alive a member looks: few bands instead of a scale, so that a healthy member never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Nobody has an opinion yet: it just joined, or its monitor just changed.
    Unknown,
    /// It answers.
    Ok,
    /// It missed a ping.
    Late,
    /// It missed enough to be suspected.
    Suspect,
    /// Confirmed dead; the removal is on its way.
    Condemned,
}

impl Band {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Band::Unknown => "unknown",
            Band::Ok => "ok",
            Band::Late => "late",
            Band::Suspect => "suspect",
            Band::Condemned => "condemned",
        }
    }
}

/// Data of the SSE event `member` of the liveness feed: sent for each member when the feed opens,
/// and from then on when its band changes (or each second, if it is pinned by `?member=`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLiveness {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// Which life.
    pub incarnation: Incarnation,
    /// Its band.
    pub state: Band,
    /// Milliseconds since its last round trip; null if it had none with this monitor yet.
    pub age_ms: Option<u64>,
    /// Its last round trip, in microseconds.
    pub rtt_us: Option<u64>,
    /// Consecutive unanswered pings.
    pub misses: u32,
    /// The node that says so.
    pub monitor: NodeId,
    /// Milliseconds between its pings.
    pub period_ms: u64,
}

/// Data of the SSE event `counts` of the liveness feed: once a second, for each group whose
/// counts changed, and for all when the feed opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLiveness {
    /// Which group.
    pub group: GroupId,
    /// Members that answer.
    pub ok: usize,
    /// Members that missed a ping.
    pub late: usize,
    /// Members under suspicion, the condemned included.
    pub suspect: usize,
    /// Members nobody has an opinion of.
    pub unknown: usize,
    /// Median age of the last round trips, in milliseconds.
    pub age_p50_ms: Option<u64>,
    /// Greatest age, in milliseconds, rounded up to a tenth of a second, so that it stays the same
    /// while nothing is wrong.
    pub age_max_ms: Option<u64>,
    /// Median round trip, in microseconds.
    pub rtt_p50_us: Option<u64>,
    /// 99th percentile of the round trips, in microseconds.
    pub rtt_p99_us: Option<u64>,
}

/// Data of the SSE event `gone` of the liveness feed: this life is no longer in the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// The life that ended.
    pub incarnation: Incarnation,
}
