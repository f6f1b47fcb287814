//! What became of a proposal: an [`Outcome`] when it counted, a [`Rejection`] when it did not.
//!
//! Both are results of the log, equal on every node. A rejection is no error: the entry was
//! applied, and what it asked for was refused without any change.

use std::sync::Arc;

use gms::{
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::GroupTiming,
};
use serde::{Deserialize, Serialize};

use super::life::{Departure, Life};

/// What a proposal that counted has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The member is in.
    Joined {
        /// Its life as it now stands.
        life: Arc<Life>,
        /// The view that let it in; the present one for a retry, and for a static member that
        /// takes its place again.
        view: Revision,
        /// False when this very life was in already.
        fresh: bool,
    },
    /// The member is out by request.
    Left {
        /// The life that ended.
        incarnation: Incarnation,
        /// The view without it.
        view: Revision,
    },
    /// Those lives of the verdict that were still there are over: the members are out, or, with
    /// their places kept, away.
    Removed {
        /// Whose life is over.
        applied: Vec<(GroupId, MemberId, Incarnation)>,
        /// How many verdicts came too late: another life, another epoch, a hold, or one that was
        /// heard since.
        stale: u64,
    },
    /// The member's tags or state are as asked.
    Changed {
        /// Its life as it now stands.
        life: Arc<Life>,
        /// The view it stands in.
        view: Revision,
    },
    /// The group is there with that timing, or is kept no longer.
    Group {
        /// Whether it was not so before.
        fresh: bool,
    },
    /// The pause is set, or cleared, or there was none to clear.
    Held {
        /// The revision that set the present pause; absent where there is none now.
        since: Option<Revision>,
    },
    /// The monitors are as asked.
    Monitors {
        /// The epoch that now holds.
        epoch: u64,
    },
    /// Noted; nothing to tell.
    Noted,
}

/// Why a proposal did not count. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// `if_view` does not hold.
    ViewChanged {
        /// The group's view.
        present: Revision,
    },
    /// Nobody joined or created this group, or it was forgotten since.
    NoGroup {
        /// The group asked for.
        group: GroupId,
    },
    /// The group has members, which are watched by its timing.
    GroupInUse {
        /// How many.
        members: u64,
        /// Its timing.
        timing: GroupTiming,
    },
    /// The group has no such member.
    NoMember {
        /// The group asked for.
        group: GroupId,
        /// The member asked for.
        member: MemberId,
    },
    /// Another life of the member is there and was not found replaceable.
    Occupied {
        /// The life that is there.
        present: Arc<Life>,
    },
    /// The life named is not the living one.
    Fenced {
        /// The life named.
        incarnation: Incarnation,
        /// The living one, if one lives.
        present: Option<Incarnation>,
        /// How the named life, or the last one known, ended.
        departure: Option<Arc<Departure>>,
    },
    /// A limit on how much there may be is reached.
    Full {
        /// What there is too much of: "groups", "members in the group", "members".
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The member would have more tags than it may.
    TooManyTags {
        /// The limit.
        limit: u64,
    },
    /// The same idempotency key came with another request.
    TokenReused,
    /// The same entry already did something to this member; ask again.
    Busy,
    /// The monitors have changed since.
    StaleEpoch {
        /// The epoch that holds.
        epoch: u64,
    },
    /// The node's data directory is not the one this number was known by.
    LineageLost {
        /// The mark that is known.
        known: String,
    },
}
