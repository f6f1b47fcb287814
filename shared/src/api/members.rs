//! Members: joins, what changes of a member, leaves.

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::Liveness,
    span::Span,
    view::{Member, Tags},
};

/// Body of `POST /v1/groups/{g}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The member's name within the group.
    pub id: MemberId,
    /// Where it can be reached.
    pub address: Address,
    /// How it wants to be watched; `tcp` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Liveness>,
    /// Facts about itself.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Makes it a static member: how long its place is kept after its process is gone. While it is
    /// kept, the member is `away` and the view's number stays; a join of the same id takes the
    /// place again, without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Span>,
    /// A string unique to this life. With it, a repeated join is known for a retry and another
    /// life for a restart; without it, id and address decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The present life's key, to replace it while it still answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// An operator's act: replace the present life although it still answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// Answer to a join: 201 for a new life, 200 for a retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The member as it now stands in the view.
    pub member: Member,
    /// The view that let it in; the present one for a retry, and for a static member that takes
    /// its place again.
    pub view: Revision,
    /// 64 hex digits that authenticate this life's pings and prove it when it comes back.
    pub key: String,
}

/// Body of `PATCH /v1/groups/{g}/members/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchRequest {
    /// Tags to set; a null value takes the tag away.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub tags: std::collections::BTreeMap<String, Option<String>>,
    /// Ask it to take no new work, or to take work again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<bool>,
    /// The life this is meant for; refused as `fenced` if another lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
}

/// Answer to GET, PATCH of one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAnswer {
    /// The member.
    pub member: Member,
    /// The view it stands in.
    pub view: Revision,
}

/// Answer to a leave or a removal by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAnswer {
    /// Which group.
    pub group: GroupId,
    /// Who left.
    pub id: MemberId,
    /// The life that ended.
    pub incarnation: Incarnation,
    /// The view without it; the present one, if its end was reported and its place is kept.
    pub view: Revision,
}
