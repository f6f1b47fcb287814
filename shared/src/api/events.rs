//! The recorded history.

use serde::{Deserialize, Serialize};

use super::groups::Hold;
use crate::{
    address::Address,
    evidence::Evidence,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::GroupTiming,
    view::MemberState,
};

/// Answer to `GET /v1/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Ask again `?after=` this for what comes next.
    pub revision: Revision,
    /// History before this revision has been dropped.
    pub floor: Revision,
    /// The events asked for, oldest first.
    pub events: Vec<Event>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The revision that made it happen.
    pub revision: Revision,
    /// Wall-clock time of the leader at the proposal, for people only.
    pub at_ms: u64,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A member joined, or came back as a new life.
    Joined {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The new life.
        incarnation: Incarnation,
        /// Where it can be reached.
        address: Address,
    },
    /// A member left.
    Left {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life that ended.
        incarnation: Incarnation,
        /// The operator's reason, if an operator asked.
        reason: Option<String>,
    },
    /// A member was removed.
    Removed {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life that ended.
        incarnation: Incarnation,
        /// Why.
        evidence: Evidence,
    },
    /// A life of a static member is over. It is away: its place is kept, and the view's number
    /// stays.
    Away {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life that ended.
        incarnation: Incarnation,
        /// Why.
        evidence: Evidence,
    },
    /// A static member is back as a new life, in the place that was kept or that its former life
    /// was in. The view's number stays.
    Returned {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The new life.
        incarnation: Incarnation,
        /// Where it can be reached.
        address: Address,
    },
    /// A member has other tags or another state.
    Updated {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life.
        incarnation: Incarnation,
        /// Its state now.
        state: MemberState,
    },
    /// Removals by silence are paused.
    HoldSet {
        /// Which group.
        group: GroupId,
        /// The pause.
        hold: Hold,
    },
    /// Removals by silence go on.
    HoldCleared {
        /// Which group.
        group: GroupId,
        /// True if it ran out, false if somebody lifted it.
        expired: bool,
    },
    /// A group was created, or has another timing.
    GroupCreated {
        /// Which group.
        group: GroupId,
        /// The timing for its members.
        timing: GroupTiming,
    },
    /// A group is kept no longer.
    GroupDeleted {
        /// Which group.
        group: GroupId,
    },
    /// A leader took over.
    Election {
        /// The leader.
        leader: NodeId,
        /// Its term.
        term: u64,
    },
    /// A node started and told where it can be reached.
    NodeStarted {
        /// Which node.
        node: NodeId,
        /// Where clients reach it.
        api_url: String,
        /// Its version.
        version: String,
    },
    /// This cluster was founded from a snapshot of another one, or of its own past. Revisions in
    /// between were perhaps given out, and are not known here.
    Restored {
        /// The cluster the snapshot is of.
        cluster: String,
        /// The last revision in the snapshot.
        from: Revision,
    },
    /// The cluster configuration changed.
    Configuration {
        /// The voters.
        voters: Vec<NodeId>,
        /// The nodes that receive the log and have no vote.
        learners: Vec<NodeId>,
    },
    /// Other nodes are fit to watch members.
    Monitors {
        /// The epoch that begins.
        epoch: u64,
        /// The nodes.
        nodes: Vec<NodeId>,
    },
}
