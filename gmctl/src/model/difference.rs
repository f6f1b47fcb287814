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
    /// Members in doubt then and now.
    pub suspects: (usize, usize),
}

impl Sums {
    /// Whether nothing happened at all.
    pub fn is_nothing(&self) -> bool {
        let Self { joined, left, removed, away, restarted, elections, suspects } = *self;
        joined + left + removed + away + restarted + elections == 0 && suspects.0 == suspects.1
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
            _ => {}
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
