//! What the recorded history says of a member at a moment of the past: what it was then, and why the
//! last removal before it happened.

use std::str::FromStr;

use gms::{
    api::{Event, Removal, What, Why, WhyState},
    id::{GroupId, MemberId, Revision},
};

use crate::cli::base::when::When;

/// A moment: a revision, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After this revision.
    Revision(Revision),
    /// At this time.
    Time(When),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Point::Revision(Revision(number))),
            Err(_) => text
                .parse()
                .map(Point::Time)
                .map_err(|why: String| format!("give a revision (918); else {why}")),
        }
    }
}

impl Point {
    /// Whether an event had happened by then.
    pub fn covers(self, event: &Event, now_ms: u64) -> bool {
        match self {
            Point::Revision(revision) => event.revision <= revision,
            Point::Time(when) => event.at_ms <= when.millis(now_ms),
        }
    }
}

/// What the events of a member, oldest first, say of it; none if they say nothing. `term` tells the
/// term in which a revision was proposed.
pub fn why(
    group: &GroupId,
    id: &MemberId,
    events: &[Event],
    term: impl Fn(Revision) -> u64,
) -> Option<Why> {
    let mut known: Option<Why> = None;
    for event in events {
        let (incarnation, state) = match &event.what {
            What::Joined { incarnation, .. }
            | What::Returned { incarnation, .. }
            | What::Updated { incarnation, .. } => (*incarnation, WhyState::Member),
            What::Away { incarnation, .. } => (*incarnation, WhyState::Away),
            What::Left { incarnation, .. } => (*incarnation, WhyState::Left),
            What::Removed { incarnation, .. } => (*incarnation, WhyState::Removed),
            _ => continue,
        };
        let removal = match &event.what {
            What::Removed { evidence, .. } | What::Away { evidence, .. } => Some(Removal {
                revision: event.revision,
                term: term(event.revision),
                at_ms: event.at_ms,
                evidence: evidence.clone(),
            }),
            _ => known.take().and_then(|why| why.removal),
        };
        let (group, id) = (group.clone(), id.clone());
        known = Some(Why {
            group,
            id,
            incarnation,
            state,
            removal,
            left: None,
            suspicion: None,
            hold: None,
        });
    }
    known
}

/// The term of the last election at or before a revision; 0 if none is on record.
pub fn term_at(events: &[Event], revision: Revision) -> u64 {
    let before = events.iter().rev().filter(|event| event.revision <= revision);
    let mut elections = before.filter_map(|event| match event.what {
        What::Election { term, .. } => Some(term),
        _ => None,
    });
    elections.next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use gms::{
        evidence::{Cause, Evidence},
        id::{Incarnation, NodeId},
    };

    use super::*;

    fn event(revision: u64, what: What) -> Event {
        Event { revision: Revision(revision), at_ms: revision * 1_000, what }
    }

    #[test]
    fn a_member_is_what_its_last_event_by_then_says() {
        let (group, id): (GroupId, MemberId) = ("g".parse().unwrap(), "m".parse().unwrap());
        let joined = |n| What::Joined {
            group: group.clone(),
            member: id.clone(),
            incarnation: Incarnation(n),
            address: "h:1".parse().unwrap(),
        };
        let events = [
            event(2, What::Election { leader: NodeId(1), term: 3 }),
            event(4, joined(4)),
            event(
                6,
                What::Removed {
                    group: group.clone(),
                    member: id.clone(),
                    incarnation: Incarnation(4),
                    evidence: Evidence::stated(Cause::Silence, None, Vec::new()),
                },
            ),
            event(8, joined(8)),
        ];
        let at = |point: &str| {
            let point: Point = point.parse().unwrap();
            let by = events.iter().filter(|event| point.covers(event, 0)).cloned();
            let by: Vec<Event> = by.collect();
            why(&group, &id, &by, |revision| term_at(&events, revision))
        };
        assert_eq!(at("3"), None);
        let member = at("5").unwrap();
        assert_eq!((member.state, member.removal), (WhyState::Member, None));
        let removed = at("1970-01-01T00:00:07Z").unwrap();
        let removal = removed.removal.clone().unwrap();
        assert_eq!((removed.state, removed.incarnation), (WhyState::Removed, Incarnation(4)));
        assert_eq!((removal.revision, removal.term), (Revision(6), 3));
        let again = at("9").unwrap();
        assert_eq!((again.state, again.incarnation), (WhyState::Member, Incarnation(8)));
        assert_eq!(again.removal, Some(removal), "the last removal before it is told");
        assert!("soon".parse::<Point>().is_err());
    }
}
