//! One life of one member, how it ended, and what one entry did to a group: the stored forms.
//!
//! Stored forms are plain: every field is always written, and their order is the format of the
//! snapshot. Add at the end.

use std::sync::Arc;

use gms::{
    address::Address,
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::Liveness,
    span::Span,
    view::{MemberState, Tags},
};
use serde::{Deserialize, Serialize};

/// One life of one member, as every node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Who.
    pub member: MemberId,
    /// Which life: the revision that let it in.
    pub incarnation: Incarnation,
    /// Where it can be reached.
    pub address: Address,
    /// How it wants to be watched.
    pub liveness: Liveness,
    /// What it tells about itself.
    pub tags: Tags,
    /// Active, draining or away.
    pub state: MemberState,
    /// Static members: how long its place is kept.
    pub hold: Option<Span>,
    /// A string unique to this life.
    pub instance: Option<String>,
    /// Who let it join; empty until there are principals.
    pub owner: String,
    /// The leader's wall clock when it joined, for people.
    pub joined_at_ms: u64,
}

/// What a node says of a member whose kernel told it that nobody has its port: the process that had
/// it is gone.
pub const REFUSES: &str = "its address refuses";

/// How a life ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It left, or an operator (with a reason) made it leave.
    Left {
        /// The operator's reason.
        reason: Option<String>,
    },
    /// It was removed.
    Removed(Evidence),
}

/// A life that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// Who.
    pub member: MemberId,
    /// Which life.
    pub incarnation: Incarnation,
    /// The revision that ended it.
    pub revision: Revision,
    /// The term of that revision.
    pub term: u64,
    /// The leader's wall clock then, for people.
    pub at_ms: u64,
    /// How.
    pub ending: Ending,
}

/// What one entry did to one group: it installed a view, or, if all it did was that static members
/// went or came, changed who sits in the places of the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Which group.
    pub group: GroupId,
    /// The view it follows.
    pub from: Revision,
    /// The view it leads to: the one it installs, numbered by its revision, or `from`.
    pub view: Revision,
    /// The group's change before this one; `from`, unless static members have gone or come since.
    pub after: Revision,
    /// The entry that did it.
    pub revision: Revision,
    /// The leader's wall clock, for people.
    pub at_ms: u64,
    /// New lives.
    pub joined: Vec<Arc<Life>>,
    /// Ended lives, by request and by verdict.
    pub departed: Vec<Arc<Departure>>,
    /// Lives that go on with other tags or another state, and static members whose place now has
    /// nobody in it, or another life.
    pub updated: Vec<Arc<Life>>,
    /// Ended lives whose place is kept; the same member is in `updated`.
    pub away: Vec<Arc<Departure>>,
    /// Whether the group begins with it: nobody knew one of that name, or it had been forgotten.
    pub begins: bool,
}

impl Life {
    /// Whether its place is kept when its process is gone.
    pub fn is_static(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether it is over, and only its place is there.
    pub fn is_away(&self) -> bool {
        self.state == MemberState::Away
    }
}

impl Departure {
    /// Whether the process is known to be gone, or its lease to be over. A connection that was
    /// closed proves no such thing where nobody's ping was refused: the process may live behind a
    /// firewall that answers nothing. Silence has waited for the lease before the removal.
    pub fn proves_the_end(&self) -> bool {
        let Ending::Removed(evidence) = &self.ending else {
            return true;
        };
        let refuses =
            |seen: &Observation| seen.verdict == Verdict::DeadAffirmed && seen.detail == REFUSES;
        evidence.cause != Cause::Fin || evidence.observers.iter().any(refuses)
    }
}

impl Delta {
    /// How many member changes it holds: what the bound of the history counts.
    pub fn changes(&self) -> usize {
        self.joined.len() + self.departed.len() + self.updated.len() + self.away.len()
    }

    /// Whether this is a life that came in by this change.
    pub fn is_new(&self, life: &Life) -> bool {
        life.incarnation.0 == self.revision.0
    }

    /// Whether the group has another view by it.
    pub fn installs_view(&self) -> bool {
        self.view != self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gms::id::NodeId;

    fn end(ending: Ending) -> Departure {
        let member = "m".parse().unwrap();
        Departure {
            member,
            incarnation: Incarnation(5),
            revision: Revision(9),
            term: 1,
            at_ms: 0,
            ending,
        }
    }

    fn removed(cause: Cause, detail: &str) -> Departure {
        let observer = Observation {
            node: NodeId(1),
            verdict: Verdict::DeadAffirmed,
            age_ms: None,
            health: 0,
            detail: detail.to_owned(),
        };
        let observers = vec![observer];
        end(Ending::Removed(Evidence { observers, ..Evidence::stated(cause, None, Vec::new()) }))
    }

    #[test]
    fn only_a_closed_connection_alone_does_not_prove_the_end() {
        assert!(!removed(Cause::Fin, "its stream was closed").proves_the_end());
        assert!(removed(Cause::Fin, REFUSES).proves_the_end());
        for cause in [Cause::Refused, Cause::Exit, Cause::Silence, Cause::Replaced] {
            assert!(removed(cause, "").proves_the_end(), "{cause:?}");
        }
        assert!(end(Ending::Left { reason: None }).proves_the_end());
    }
}
