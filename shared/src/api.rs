//! The HTTP contract, version 1: every body that goes over the wire, as a type.
//!
//! Rules of compatibility: fields are added, never renamed or removed; readers ignore fields they
//! do not know; requests refuse them, since a misspelt wish must not pass unheard.
//! Times are milliseconds in `*_ms`; a time of day is milliseconds since 1970 and for people only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    evidence::{Evidence, Observation},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Liveness},
    span::Span,
    view::{Change, Member, MemberState, Tags, View},
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

/// Answer to `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The cluster's identity, 32 hex digits.
    pub cluster: String,
    /// The node that answers.
    pub node: NodeId,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// Its term.
    pub term: u64,
    /// Its role.
    pub role: Role,
    /// The revision it has applied.
    pub revision: Revision,
    /// Whether writes can be accepted, and by whom.
    pub quorum: Quorum,
    /// What there is.
    pub counts: Counts,
    /// The version of its program.
    pub version: String,
    /// Milliseconds this process runs.
    pub uptime_ms: u64,
    /// Milliseconds since it last knew itself connected to a quorum; null if it never was.
    pub age_ms: Option<u64>,
}

/// A node's part in Raft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It proposes.
    Leader,
    /// It follows a leader, or waits for one.
    Follower,
    /// It asks for votes.
    Candidate,
    /// It receives the log and has no vote.
    Learner,
    /// It has stopped for good and wants a restart.
    Shutdown,
}

impl Role {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Leader => "leader",
            Role::Follower => "follower",
            Role::Candidate => "candidate",
            Role::Learner => "learner",
            Role::Shutdown => "shutdown",
        }
    }
}

/// Who votes, and whether enough of them are in touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// The voters.
    pub voters: Vec<NodeId>,
    /// How many of them must agree.
    pub needed: usize,
    /// How many this node is in touch with now, itself included.
    pub reachable: usize,
    /// Whether a leader with a quorum was heard within an election timeout.
    pub ok: bool,
}

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Nodes of the cluster, learners included.
    pub nodes: usize,
    /// Groups.
    pub groups: usize,
    /// Members in all groups.
    pub members: usize,
    /// Members that this node and its peers suspect now.
    pub suspects: usize,
    /// Watch streams open at the node that answers.
    pub watchers: usize,
}

/// Answer to `GET /v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// The node that answers; reachability is seen from there.
    pub answered_by: NodeId,
    /// Every node of the cluster, ordered by id.
    pub nodes: Vec<NodeStatus>,
}

/// One node as the answering node sees it; fields only that node can know are null while it is
/// out of reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Which node.
    pub id: NodeId,
    /// Its part in Raft, in its own words, or from the leader's view of it.
    pub role: Option<Role>,
    /// Whether it votes.
    pub voter: bool,
    /// Where the other nodes reach it.
    pub peer_url: String,
    /// Where clients reach it; null until it has told.
    pub api_url: Option<String>,
    /// Whether the answering node can reach it.
    pub reachable: bool,
    /// Whether it is one of the monitors, that is, fit to watch members.
    pub monitor: bool,
    /// Its term.
    pub term: Option<u64>,
    /// The leader it believes in.
    pub leader: Option<NodeId>,
    /// The last revision the leader knows to be on its disk.
    pub matched: Option<Revision>,
    /// The last revision it applied.
    pub applied: Option<Revision>,
    /// How many revisions it is behind the answering node's knowledge of the log.
    pub lag: Option<u64>,
    /// How many members it is the monitor of.
    pub monitored: Option<usize>,
    /// Pings it sends a second.
    pub pings_per_s: Option<u64>,
    /// Median round trip of its pings, in microseconds.
    pub rtt_p50_us: Option<u64>,
    /// 99th percentile of the round trips, in microseconds.
    pub rtt_p99_us: Option<u64>,
    /// How long the last writes of its log took until they were durable: 99th percentile of 256,
    /// in microseconds.
    #[serde(default)]
    pub fsync_p99_us: Option<u64>,
    /// How far its wall clock is ahead of the answering node's, in milliseconds, exact to half a
    /// round trip. Only times that people read depend on it.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// Its local health: 0 is sound.
    pub health: Option<u32>,
    /// The version of its program.
    pub version: Option<String>,
    /// Why it could not be asked.
    pub error: Option<String>,
}

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

/// Data of the SSE events of a watch. The event's name is [`WatchEvent::name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// A whole group. A watch of one group begins with it, unless it resumes; a watch of all
    /// groups sends one for each, then a bookmark.
    Snapshot(View),
    /// The next view of a group, or others in the places of its static members.
    Change(Change),
    /// Everything up to this revision has been sent.
    Bookmark(Bookmark),
    /// The history no longer reaches back to where the watch wanted to go on; snapshots follow.
    Compacted(Compacted),
    /// Something that is no view: an election, a node, a hold. Only with `?events=true`.
    Event(Event),
}

impl WatchEvent {
    /// The name of the SSE event.
    pub fn name(&self) -> &'static str {
        match self {
            WatchEvent::Snapshot(_) => "snapshot",
            WatchEvent::Change(_) => "change",
            WatchEvent::Bookmark(_) => "bookmark",
            WatchEvent::Compacted(_) => "compacted",
            WatchEvent::Event(_) => "event",
        }
    }
}

/// Everything up to `revision` has been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Resume after this.
    pub revision: Revision,
}

/// The history no longer reaches back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// Where the watch wanted to go on.
    pub after: Revision,
    /// The oldest revision after which a watch can go on.
    pub floor: Revision,
}

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

/// Answer to `GET /v1/groups/{g}/members/{id}/why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// The life in question.
    pub incarnation: Incarnation,
    /// What it is now.
    pub state: WhyState,
    /// Its last removal, or how its last life ended that left its place behind; null where there
    /// is none.
    pub removal: Option<Removal>,
    /// How its last life left; absent where it did not end so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Leaving>,
    /// Its present suspicion; null where there is none.
    pub suspicion: Option<Suspicion>,
}

/// How a life ended that was asked to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The revision that took it out.
    pub revision: Revision,
    /// Wall-clock time of the leader, for people only.
    pub at_ms: u64,
    /// The operator's reason; null when the member itself left.
    pub reason: Option<String>,
}

/// What the subject of a `why` is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyState {
    /// A member, and nobody doubts it.
    Member,
    /// A member under suspicion.
    Suspect,
    /// Removed.
    Removed,
    /// A static member whose life is over and whose place is kept: `removal` says how it ended.
    Away,
    /// Left of its own wish or by an operator's.
    Left,
}

/// A removal with its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The revision that removed it.
    pub revision: Revision,
    /// The term in which that was proposed.
    pub term: u64,
    /// Wall-clock time of the leader, for people only.
    pub at_ms: u64,
    /// The record.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// A suspicion that is being confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// Who doubts.
    pub by: NodeId,
    /// For how long, in milliseconds.
    pub for_ms: u64,
    /// Milliseconds since its last round trip with that node.
    pub last_round_trip_ms_ago: Option<u64>,
    /// What the nodes asked have said so far.
    pub observers: Vec<Observation>,
    /// How often this life had been suspected and shown alive before.
    pub refuted: u32,
}

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
    /// Greatest age, in milliseconds.
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

/// Answer to `PUT` and `DELETE /v1/groups/{g}/hold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// Which group.
    pub group: GroupId,
    /// The pause now in force; null after it was lifted.
    pub hold: Option<Hold>,
}

/// Body of `POST /v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddNodeRequest {
    /// Its number; the next free one when absent. A number is never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NodeId>,
    /// Where the other nodes reach it.
    pub peer_url: String,
}

/// Answer to `POST /v1/nodes` and `DELETE /v1/nodes/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The node that was added or removed.
    pub node: NodeId,
    /// The cluster's identity, which the new node needs.
    pub cluster: String,
    /// The voters now.
    pub voters: Vec<NodeId>,
    /// The learners now.
    pub learners: Vec<NodeId>,
    /// Every node's peer URL.
    pub peers: std::collections::BTreeMap<NodeId, String>,
}

/// Body of `POST /v1/leader`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferRequest {
    /// Who shall lead; the voter that is most up to date when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NodeId>,
}

/// Answer to `POST /v1/leader`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderAnswer {
    /// Who leads now.
    pub leader: NodeId,
    /// In which term.
    pub term: u64,
}
