//! What a reader sees of a group: its members, its numbered views, and the change from one view
//! to the next.
//!
//! Two readers that see the same `(group, view)` see the same ids. Who sits in the place of a *static*
//! member (its incarnation, address, tags and state) may move on while the view's number stays: it
//! goes away and comes back, and only its being removed is another view. Readers at the same
//! `(group, revision)` see the same to the last field. A [`Change`] names the view (`from`) and the
//! revision (`after`) that it follows, so a reader that missed one can tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::Liveness,
    span::Span,
};

/// Tags: small facts a member tells about itself, ordered by key.
pub type Tags = BTreeMap<String, String>;

/// The replicated part of a member's state. Whether it answers its pings is not in the view: see
/// the liveness feed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// In the group and at work.
    #[default]
    Active,
    /// In the group, asked to take no new work.
    Draining,
    /// In the group by its hold alone: its process is gone and may come back in time.
    Away,
}

impl MemberState {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            MemberState::Active => "active",
            MemberState::Draining => "draining",
            MemberState::Away => "away",
        }
    }
}

/// One member of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name within the group.
    pub id: MemberId,
    /// Where it can be reached, as it said itself.
    pub address: Address,
    /// This life of it: the fencing token.
    pub incarnation: Incarnation,
    /// The node responsible for watching it now; null while no node is fit.
    /// Null too for one that is away. Not part of the view's identity: it follows the monitors, not
    /// the group.
    pub monitor: Option<NodeId>,
    /// The second node that watches it; null in a cluster of one. As `monitor`, not identity.
    pub witness: Option<NodeId>,
    /// How it is watched.
    pub liveness: Liveness,
    /// What it tells about itself.
    pub tags: Tags,
    /// Active, draining or away.
    pub state: MemberState,
    /// The string unique to this life, if the join carried one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Static members only: how long it may be gone before it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Span>,
}

/// The members of a group as installed by one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Which group.
    pub group: GroupId,
    /// The revision that installed this view; 0 for a group nobody ever joined.
    pub view: Revision,
    /// The group's last change: `view`, or the last going or coming of a static member since.
    /// 0 where the writer did not tell; see [`View::revision`].
    #[serde(default)]
    pub revision: Revision,
    /// Its members, ordered by id.
    pub members: Vec<Member>,
}

impl View {
    /// The group's last change, at least `view`.
    pub fn revision(&self) -> Revision {
        self.revision.max(self.view)
    }
}

/// A member that asked to go, or for which an operator asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Its name within the group.
    pub id: MemberId,
    /// The life that ended.
    pub incarnation: Incarnation,
    /// The operator's reason; absent when the member itself left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A life that was ended by a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Its name within the group.
    pub id: MemberId,
    /// The life that ended.
    pub incarnation: Incarnation,
    /// What ended it. The evidence is at `/v1/groups/{g}/members/{id}/why`.
    pub cause: Cause,
    /// Exit code or signal, where the cause has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
}

/// What one entry did to one group. To follow it, take out `left` and `removed`, then put in
/// `joined` and `updated`.
///
/// Where `view` is `from`, all that happened is that static members went or came: they are in
/// `updated`, and the view's number stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which group.
    pub group: GroupId,
    /// The view this change follows.
    pub from: Revision,
    /// The view it leads to: the one it installs, numbered by its revision, or `from`.
    pub view: Revision,
    /// The revision that did it: the order of changes, and what a watch resumes after. 0 where the
    /// writer did not tell; see [`Change::revision`].
    #[serde(default)]
    pub revision: Revision,
    /// The group's change before this one. 0 where the writer did not tell; see [`Change::after`].
    #[serde(default)]
    pub after: Revision,
    /// Wall-clock time of the leader at the proposal, milliseconds since 1970, for people only.
    pub at_ms: u64,
    /// New lives, each complete.
    pub joined: Vec<Member>,
    /// Lives ended by request.
    pub left: Vec<Left>,
    /// Lives ended by a verdict.
    pub removed: Vec<Removed>,
    /// Lives that go on with other tags or another state, each complete; and static members: with
    /// state `away`, or as the new life (its incarnation is `revision`) that took the place.
    pub updated: Vec<Member>,
    /// Lives of static members that ended and whose place is kept. The same member is in `updated`:
    /// with state `away`, or, for the cause `replaced`, as the life that took the place.
    #[serde(default)]
    pub away: Vec<Removed>,
}

impl Change {
    /// The revision that did it, at least `view`.
    pub fn revision(&self) -> Revision {
        self.revision.max(self.view)
    }

    /// The group's change before this one, at least `from`.
    pub fn after(&self) -> Revision {
        self.after.max(self.from)
    }

    /// Whether the group has another view by it.
    pub fn installs_view(&self) -> bool {
        self.view != self.from
    }

    /// Whether this is a life that came in by this change.
    pub fn is_new(&self, member: &Member) -> bool {
        member.incarnation.0 == self.revision().0
    }
}
