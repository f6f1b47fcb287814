//! What changed between two moments: counted from what happened in between, and group by group.

use std::sync::Arc;

use gms::id::GroupId;

use super::{
    cluster::Model, condition::Tally, group::Group, happening::Happening, timeline::Entry,
};

/// How much happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Members that joined.
    pub joined: usize,
    /// Members that left.
    pub left: usize,
    /// Members that were removed.
    pub removed: usize,
    /// Members that went away and keep their places.
    pub away: usize,
    /// Members that came back as new lives.
    pub restarted: usize,
    /// Elections.
    pub elections: usize,
    /// Holds set, lifted and run out.
    pub holds: usize,
    /// Changes of the nodes that vote or learn.
    pub configurations: usize,
    /// What else happened to members, groups and nodes.
    pub others: usize,
    /// Members in doubt then and now.
    pub suspects: (usize, usize),
}

impl Sums {
    /// Whether nothing happened at all.
    pub fn is_nothing(&self) -> bool {
        let quiet = Self { suspects: self.suspects, ..Self::default() };
        *self == quiet && self.suspects.0 == self.suspects.1
    }
}

/// A group that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Which.
    pub group: GroupId,
    /// How its members looked then; none if there was no such group.
    pub then: Option<Tally>,
    /// How they look now.
    pub now: Tally,
}

/// What happened after the first moment, as far as it is still kept, oldest first.
pub fn entries<'a>(then: &Model, now: &'a Model) -> impl Iterator<Item = &'a Entry> {
    let (written, revision) = (then.timeline.written(), then.revision);
    // The history may be read at any time, and tells again what was known.
    let is_new = move |entry: &&Arc<Entry>| match entry.revision {
        Some(at) => at > revision,
        None => entry.key.0 >= written,
    };
    now.timeline.entries().iter().filter(is_new).map(AsRef::as_ref)
}

/// How much happened in between.
pub fn sums(then: &Model, now: &Model) -> Sums {
    let (before, after) = (then.tally(), now.tally());
    // Who is unknown is not known to be better.
    let is_hidden = after.suspect < before.suspect && after.unknown > before.unknown;
    let suspects = if is_hidden || then.is_blind() || now.is_blind() {
        (0, 0)
    } else {
        (before.suspect, after.suspect)
    };
    let mut sums = Sums { suspects, ..Sums::default() };
    for entry in entries(then, now) {
        match &entry.what {
            Happening::Joined(_, who, _) => sums.joined += who.count,
            Happening::Left(_, who, _) => sums.left += who.count,
            Happening::Removed(_, who, ..) => sums.removed += who.count,
            Happening::Away(_, who, ..) => sums.away += who.count,
            Happening::Replaced(_, who) | Happening::Returned(_, who) => {
                sums.restarted += who.count;
            }
            Happening::Election(..) => sums.elections += 1,
            Happening::HoldSet(..) | Happening::HoldCleared(..) => sums.holds += 1,
            Happening::Configuration(..) => sums.configurations += 1,
            Happening::Updated(..)
            | Happening::GroupCreated(..)
            | Happening::GroupDeleted(..)
            | Happening::NodeStarted(..)
            | Happening::Monitors(..)
            | Happening::NodeLost(..)
            | Happening::NodeBack(..)
            | Happening::Restored(..)
            | Happening::Gap(..) => sums.others += 1,
            // Doubts are told by how many there were and are; the rest is about this screen.
            Happening::Suspected(..)
            | Happening::Refuted(..)
            | Happening::LinkLost(..)
            | Happening::LinkBack(..)
            | Happening::Command(..)
            | Happening::Note(..) => {}
        }
    }
    sums
}

/// The groups that are not as they were; none while nothing is known of how members are.
pub fn groups(then: &Model, now: &Model) -> Vec<GroupChange> {
    if then.is_blind() || now.is_blind() {
        return Vec::new();
    }
    now.groups
        .iter()
        .map(|(id, group)| GroupChange {
            group: id.clone(),
            then: then.groups.get(id).map(Group::tally),
            now: group.tally(),
        })
        .filter(|change| change.then != Some(change.now))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use gms::{
        api::{Event, What},
        id::{NodeId, Revision},
        span::Span,
    };

    use super::*;
    use crate::model::moment::Moment;

    /// What is counted after the history told this.
    fn after(what: What) -> Sums {
        let then = Model::default();
        let mut now = then.clone();
        now.timeline.record_event(&Event { revision: Revision(9), at_ms: 1_000, what });
        sums(&then, &now)
    }

    #[test]
    fn a_hold_and_other_voters_are_changes_too() {
        let group: GroupId = "payments".parse().unwrap();
        let hold = gms::api::Hold {
            since: Revision(9),
            at_ms: 1_000,
            lasts: Span::from_millis(60_000),
            reason: "switch".to_owned(),
        };
        let set = after(What::HoldSet { group: group.clone(), hold });
        assert_eq!(set, Sums { holds: 1, ..Sums::default() });
        let voters = vec![NodeId(1)];
        let changed = after(What::Configuration { voters, learners: Vec::new() });
        assert_eq!(changed, Sums { configurations: 1, ..Sums::default() });
        let deleted = after(What::GroupDeleted { group });
        assert_eq!(deleted, Sums { others: 1, ..Sums::default() });
        assert!([set, changed, deleted].iter().all(|sums| !sums.is_nothing()));
    }

    #[test]
    fn what_is_about_the_screen_alone_is_no_change() {
        let then = Model::default();
        let mut now = then.clone();
        let moment = Moment { at: Instant::now(), wall_ms: 5_000 };
        now.timeline.observe(moment, Happening::Note("lunch".to_owned()));
        assert!(sums(&then, &now).is_nothing());
    }
}
