//! What the log says: one [`Entry`] is what one proposal of the leader does to the service.
//!
//! These types are the log's format on disk and between nodes, in postcard. Their order of
//! variants and fields is that format: add at the end, never reorder, never remove.

use std::collections::BTreeMap;

use gms::{
    address::Address,
    evidence::Evidence,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Liveness},
    span::Span,
    view::Tags,
};
use serde::{Deserialize, Serialize};

/// One log entry: everything that came together in one batch. It makes at most one view a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The leader's wall clock at the proposal, in milliseconds since 1970. For people; no
    /// decision reads it.
    pub at_ms: u64,
    /// What is asked, in order. No two touch the same member: the second of them is refused as
    /// [`Rejection::Busy`](super::outcome::Rejection::Busy).
    pub proposals: Vec<Proposal>,
}

/// One wish, with the conditions under which it shall count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// A wish with a token takes effect once, however often it is proposed.
    pub token: Option<Token>,
    /// Count only if the command's group still has this view.
    pub if_view: Option<Revision>,
    /// The wish itself.
    pub command: Command,
}

/// What makes a wish count once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The client's idempotency key: 1 to 128 bytes of its choice.
    pub key: String,
    /// A fingerprint of what was asked, so that a key reused for something else is noticed.
    pub request: [u8; 16],
}

/// What can be asked of the replicated state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Gives the cluster the secret from which members' keys are derived. The first one counts.
    Found {
        /// 32 random bytes.
        secret: [u8; 32],
    },
    /// Lets a member in.
    Join(Join),
    /// Takes a member out by its own wish, or an operator's.
    Leave {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life meant; the present one where absent.
        incarnation: Option<Incarnation>,
        /// The operator's reason; absent when the member itself leaves.
        reason: Option<String>,
    },
    /// Takes members out by verdict. Each counts only if that life is still there and the
    /// monitors are still those that judged.
    Remove {
        /// The epoch of the monitors that judged.
        epoch: u64,
        /// Who, and why.
        removals: Vec<Removal>,
    },
    /// Changes what a member tells about itself, or drains it.
    Change {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// The life meant; the present one where absent.
        incarnation: Option<Incarnation>,
        /// Tags to set, or to take away where the value is absent.
        tags: BTreeMap<String, Option<String>>,
        /// Drain it, or put it back to work.
        drain: Option<bool>,
    },
    /// Says how members of a group are watched that do not say so themselves. The group is kept
    /// from now on, also without members. Counts only while it has none, or changes nothing.
    CreateGroup {
        /// Which group.
        group: GroupId,
        /// The timing of its pings.
        timing: GroupTiming,
    },
    /// Keeps a group no longer. Counts only if it has no members.
    DeleteGroup {
        /// Which group.
        group: GroupId,
    },
    /// Pauses removals by silence in a group.
    SetHold {
        /// Which group.
        group: GroupId,
        /// For how long, in the leader's observed time.
        lasts: Span,
        /// Why.
        reason: String,
    },
    /// Ends a pause.
    ClearHold {
        /// Which group.
        group: GroupId,
        /// Only the pause set by this revision; any where absent.
        since: Option<Revision>,
        /// True when it ran out, false when somebody lifted it.
        expired: bool,
    },
    /// Says which nodes are fit to watch members.
    SetMonitors {
        /// Counts only if this is the present epoch.
        epoch: u64,
        /// The nodes fit from now on.
        nodes: Vec<NodeId>,
    },
    /// A node tells where it can be reached.
    NodeStarted(NodeFacts),
    /// A node has left the cluster for good.
    NodeRemoved {
        /// Which node.
        node: NodeId,
    },
    /// A leader has begun its term: the first thing it proposes, so that the election has a time
    /// of day, which the blank entry before it has not. One that loses its place before it could
    /// propose anything leaves nothing in the history.
    LeaderBegan {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: u64,
    },
    /// Takes out static members that did not come back in time. Each counts only if that life is
    /// the one that is away.
    EndAway {
        /// The places given up.
        places: Vec<Place>,
    },
    /// A node that had not said that it hears these lives hears them: removals by silence whose
    /// doubts began before this entry do not count any more, wherever they are.
    Heard {
        /// Who was heard. One that is over is passed by.
        lives: Vec<Place>,
    },
    /// Tells the history of the present configuration, unless it knows: the entry that made it has no
    /// time of day.
    Configured,
}

/// A life that wants in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub member: MemberId,
    /// Where it can be reached.
    pub address: Address,
    /// How it wants to be watched.
    pub liveness: Liveness,
    /// What it tells about itself.
    pub tags: Tags,
    /// Static members: how long its place is kept when its process is gone.
    pub hold: Option<Span>,
    /// A string unique to this life.
    pub instance: Option<String>,
    /// Who let it join; empty until there are principals.
    pub owner: String,
    /// The life that the proposer found replaceable.
    pub replaces: Option<Former>,
}

/// A life in whose place another one may be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Which life.
    pub incarnation: Incarnation,
    /// Where it was found silent: what the proposer had applied when it began to ask. None where the
    /// key of that life or an operator's word is enough.
    pub since: Option<Revision>,
}

/// One member to be taken out by verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub member: MemberId,
    /// The life that was judged.
    pub incarnation: Incarnation,
    /// Why.
    pub evidence: Evidence,
    /// What the accuser had applied when its doubt began; of no matter unless it was concluded from
    /// silence.
    pub since: Revision,
}

/// A life in its place: one that is away, whose place is kept, or one that was heard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub member: MemberId,
    /// The life that is in it, or was.
    pub incarnation: Incarnation,
}

/// What a node tells about itself when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// Which node.
    pub node: NodeId,
    /// Where clients reach it.
    pub api_url: String,
    /// The random mark of its data directory. A node that comes back with another mark has lost
    /// its disk and with it its promises to the other nodes.
    pub lineage: String,
    /// The version of its program.
    pub version: String,
}

impl Command {
    /// The one group it is about, if it is about one.
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Command::Join(join) => Some(&join.group),
            Command::Leave { group, .. }
            | Command::Change { group, .. }
            | Command::CreateGroup { group, .. }
            | Command::DeleteGroup { group }
            | Command::SetHold { group, .. }
            | Command::ClearHold { group, .. } => Some(group),
            Command::Found { .. }
            | Command::Remove { .. }
            | Command::SetMonitors { .. }
            | Command::NodeStarted(_)
            | Command::NodeRemoved { .. }
            | Command::LeaderBegan { .. }
            | Command::EndAway { .. }
            | Command::Heard { .. }
            | Command::Configured => None,
        }
    }

    /// The one member it is about, if it is about one.
    pub fn member(&self) -> Option<(&GroupId, &MemberId)> {
        match self {
            Command::Join(join) => Some((&join.group, &join.member)),
            Command::Leave { group, member, .. } | Command::Change { group, member, .. } => {
                Some((group, member))
            }
            _ => None,
        }
    }
}
