//! Why members went, and why some are doubted, as far as it was told: what a screen of the past and
//! a recording answer `why` with. The newest word of each member, and of so many members only.

use std::sync::Arc;

use gms::api::{Event, Removal, What, Why, WhyState};
use imbl::{OrdMap, Vector};

use super::group::MemberKey;

/// The most members whose evidence is kept; the one told of longest ago goes first. A removal has
/// about a kilobyte.
pub const EVIDENCE_MAX: usize = 1_000;

/// What was told of one member, and when.
#[derive(Debug, Clone)]
pub struct Told {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    pub why: Arc<Why>,
}

/// What was told of all.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    told: OrdMap<MemberKey, Told>,
    /// Whom it was told of, longest ago first.
    order: Vector<MemberKey>,
}

impl Evidence {
    /// What was told last of a member.
    pub fn get(&self, key: &MemberKey) -> Option<&Told> {
        self.told.get(key)
    }

    /// All of it, the oldest first.
    pub fn told(&self) -> impl Iterator<Item = &Told> {
        self.order.iter().filter_map(|key| self.told.get(key))
    }

    /// Keeps what was told of a member, in place of what was told before; an older
    /// removal tells nothing new.
    pub(super) fn keep(&mut self, at_ms: u64, why: Why) {
        let key = MemberKey { group: why.group.clone(), id: why.id.clone() };
        if let Some(before) = self.told.get(&key) {
            let revision = |why: &Why| why.removal.as_ref().map(|removal| removal.revision);
            let is_past = why.suspicion.is_none() && why.removal.is_some();
            if is_past && revision(&before.why) > revision(&why) {
                return;
            }
            // Answers may overtake each other: a life that was removed is not doubted any more.
            let is_over = matches!(before.why.state, WhyState::Removed | WhyState::Away)
                && before.why.incarnation >= why.incarnation
                && matches!(why.state, WhyState::Suspect | WhyState::Member);
            if is_over {
                return;
            }
            self.order.retain(|one| *one != key);
        }
        self.order.push_back(key.clone());
        self.told.insert(key, Told { at_ms, why: Arc::new(why) });
        while self.order.len() > EVIDENCE_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.told.remove(&oldest);
            }
        }
    }

    /// Keeps what an event says of a removal, proposed in this term.
    pub(super) fn keep_event(&mut self, event: &Event, term: u64) {
        let (group, member, incarnation, evidence, state) = match &event.what {
            What::Removed { group, member, incarnation, evidence } => {
                (group, member, incarnation, evidence, WhyState::Removed)
            }
            What::Away { group, member, incarnation, evidence } => {
                (group, member, incarnation, evidence, WhyState::Away)
            }
            _ => return,
        };
        let key = MemberKey { group: group.clone(), id: member.clone() };
        let is_known = self.told.get(&key).is_some_and(|told| {
            told.why.removal.as_ref().is_some_and(|removal| removal.revision >= event.revision)
        });
        if is_known {
            return;
        }
        let why = Why {
            group: group.clone(),
            id: member.clone(),
            incarnation: *incarnation,
            state,
            removal: Some(Removal {
                revision: event.revision,
                term,
                at_ms: event.at_ms,
                evidence: evidence.clone(),
            }),
            left: None,
            hold: None,
            suspicion: None,
        };
        self.keep(event.at_ms, why);
    }
}

#[cfg(test)]
mod tests {
    use gms::{
        evidence::{Cause, Evidence as Record},
        id::{Incarnation, Revision},
    };

    use super::*;

    fn event(member: usize, revision: u64) -> Event {
        Event {
            revision: Revision(revision),
            at_ms: revision,
            what: What::Removed {
                group: "g".parse().unwrap(),
                member: format!("m-{member}").parse().unwrap(),
                incarnation: Incarnation(1),
                evidence: Record::stated(Cause::Silence, None, Vec::new()),
            },
        }
    }

    fn key(member: usize) -> MemberKey {
        MemberKey { group: "g".parse().unwrap(), id: format!("m-{member}").parse().unwrap() }
    }

    #[test]
    fn the_newest_word_of_each_is_kept_and_of_so_many_only() {
        let mut evidence = Evidence::default();
        evidence.keep_event(&event(0, 5), 2);
        evidence.keep_event(&event(0, 3), 1);
        let removal = |evidence: &Evidence, member| {
            evidence.get(&key(member)).and_then(|told| told.why.removal.clone())
        };
        let first = removal(&evidence, 0).unwrap();
        assert_eq!((first.revision, first.term), (Revision(5), 2), "what is older tells no more");
        let late = Why {
            state: WhyState::Suspect,
            removal: None,
            ..evidence.get(&key(0)).unwrap().why.as_ref().clone()
        };
        evidence.keep(9, late);
        assert!(removal(&evidence, 0).is_some(), "a late word of its suspicion undoes nothing");
        for member in 1..=EVIDENCE_MAX {
            evidence.keep_event(&event(member, 5 + member as u64), 2);
        }
        assert!(evidence.get(&key(0)).is_none() && evidence.get(&key(1)).is_some());
        assert_eq!(evidence.order.len(), evidence.told.len());
    }
}
