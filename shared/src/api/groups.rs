//! Groups, and the holds on them.

use serde::{Deserialize, Serialize};

use crate::{
    id::{GroupId, Revision},
    liveness::GroupTiming,
    span::Span,
};

/// Answer to `GET /v1/groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// The revision the list is from.
    pub revision: Revision,
    /// Every group, ordered by name.
    pub groups: Vec<GroupSummary>,
}

/// One group in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Its name.
    pub name: GroupId,
    /// Its present view.
    pub view: Revision,
    /// How many members it has, those who are away included.
    pub members: usize,
    /// How many of them are away: static members whose process is gone and whose place is kept.
    #[serde(default)]
    pub away: usize,
    /// How many of them are suspected now.
    pub suspects: usize,
    /// The pause of removals by silence, if one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The timing with which it was created; absent for a group that came to be by a join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<GroupTiming>,
}

/// Answer to `PUT` and `DELETE /v1/groups/{g}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupAnswer {
    /// Which group.
    pub group: GroupId,
    /// Its timing, for members that do not choose their own; null where it is kept no longer.
    pub timing: Option<GroupTiming>,
}

/// A pause of removals by silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The revision that set it.
    pub since: Revision,
    /// Wall-clock time of the leader when it was set, for people only.
    pub at_ms: u64,
    /// How long it lasts in all, in the leader's observed time.
    #[serde(rename = "for")]
    pub lasts: Span,
    /// Why.
    pub reason: String,
}

impl Hold {
    /// About how much of it is left, in milliseconds, at that wall-clock time: for people, for it ends
    /// by the leader's observed time.
    pub fn left_ms(&self, now_ms: u64) -> u64 {
        self.at_ms.saturating_add(self.lasts.as_millis()).saturating_sub(now_ms)
    }
}

/// Body of `PUT /v1/groups/{g}/hold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// How long it shall last, 1 s to 24 h.
    #[serde(rename = "for")]
    pub lasts: Span,
    /// Why, for whoever looks next.
    pub reason: String,
}

/// Answer to `PUT` and `DELETE /v1/groups/{g}/hold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// Which group.
    pub group: GroupId,
    /// The pause now in force; null after it was lifted.
    pub hold: Option<Hold>,
}
