//! What ends by itself: holds of groups, and places kept for static members.
//!
//! It ends by an entry of its own, when its time has passed as the leader observed it. A leader
//! counts from when it first saw it, so a change of leader makes it longer, never shorter, and no
//! wall clock decides.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use gms::id::{GroupId, Incarnation, MemberId, Revision};

use crate::membership::{
    command::{Command, Place},
    group::Group,
    state::State,
};

/// Places given up by one entry, so that it stays below a megabyte.
const PLACES_MAX: usize = 4_096;
/// What was asked for and has not happened is asked for again after this.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Since when this leader has seen what has a time to run.
#[derive(Debug, Default)]
pub struct Expiry {
    holds: BTreeMap<(GroupId, Revision), Instant>,
    vacant: BTreeMap<GroupId, Vacant>,
}

/// The places of one group that are kept for nobody.
#[derive(Debug)]
struct Vacant {
    /// The group's last change when this was read: without another, nobody went or came.
    revision: Revision,
    places: BTreeMap<MemberId, Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    incarnation: Incarnation,
    since: Instant,
    lasts: Duration,
    asked: Option<Instant>,
}

impl Expiry {
    /// Forgets everything: this node does not lead.
    pub fn clear(&mut self) {
        self.holds.clear();
        self.vacant.clear();
    }

    /// What has run out.
    pub fn wish(&mut self, now: Instant, state: &State) -> Vec<Command> {
        let mut over = self.holds_over(now, state);
        over.extend(self.places_over(now, state));
        over
    }

    fn holds_over(&mut self, now: Instant, state: &State) -> Vec<Command> {
        let mut seen = BTreeMap::new();
        let mut over = Vec::new();
        for (name, group) in state.groups() {
            let Some(hold) = &group.hold else { continue };
            let key = (name.clone(), hold.since);
            let first = self.holds.get(&key).copied().unwrap_or(now);
            if now.saturating_duration_since(first) >= hold.lasts.into() {
                over.push(Command::ClearHold {
                    group: name.clone(),
                    since: Some(hold.since),
                    expired: true,
                });
            }
            seen.insert(key, first);
        }
        self.holds = seen;
        over
    }

    /// Members whose time ran out together leave in one view of their group.
    fn places_over(&mut self, now: Instant, state: &State) -> Option<Command> {
        let mut seen = BTreeMap::new();
        let mut over = Vec::new();
        for (name, group) in state.groups().filter(|(_, group)| group.away_count() > 0) {
            let mut vacant = match self.vacant.remove(name) {
                Some(known) if known.revision == group.revision => known,
                former => Vacant::read(now, group, former),
            };
            for (member, kept) in &mut vacant.places {
                if over.len() < PLACES_MAX && kept.is_due(now) {
                    kept.asked = Some(now);
                    over.push(Place {
                        group: name.clone(),
                        member: member.clone(),
                        incarnation: kept.incarnation,
                    });
                }
            }
            seen.insert(name.clone(), vacant);
        }
        self.vacant = seen;
        (!over.is_empty()).then_some(Command::EndAway { places: over })
    }
}

impl Vacant {
    fn read(now: Instant, group: &Group, former: Option<Self>) -> Self {
        let former = former.map(|former| former.places).unwrap_or_default();
        let places = group.away().map(|departure| {
            let (member, incarnation) = (&departure.member, departure.incarnation);
            let hold = group.members.get(member).and_then(|life| life.hold);
            let known = former.get(member).filter(|kept| kept.incarnation == incarnation);
            let fresh = || Kept {
                incarnation,
                since: now,
                lasts: hold.map(Duration::from).unwrap_or_default(),
                asked: None,
            };
            (member.clone(), known.copied().unwrap_or_else(fresh))
        });
        Self { revision: group.revision, places: places.collect() }
    }
}

impl Kept {
    fn is_due(&self, now: Instant) -> bool {
        let passed = |since| now.saturating_duration_since(since);
        passed(self.since) >= self.lasts && self.asked.is_none_or(|at| passed(at) >= ASK_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use gms::{
        evidence::{Cause, Evidence},
        liveness::{Kind, Liveness},
        span::Span,
        view::Tags,
    };

    use super::*;
    use crate::{
        host::clock::Clock,
        membership::command::{Entry, Join, Proposal, Removal},
    };

    fn join(n: u64) -> Command {
        Command::Join(Join {
            group: "g".parse().unwrap(),
            member: format!("m{n}").parse().unwrap(),
            address: "h:1".parse().unwrap(),
            liveness: Liveness::of(Kind::Tcp),
            tags: Tags::new(),
            hold: Some(Span::from_millis(1_000)),
            instance: None,
            owner: String::new(),
            replaces: None,
        })
    }

    /// The members are in by entry 1, and the first so many of them go away by entry 2.
    fn away(members: u64, gone: u64) -> State {
        let mut state = State::default();
        apply(&mut state, 1, (0..members).map(join).collect());
        let removals = (0..gone).map(|n| Removal {
            group: "g".parse().unwrap(),
            member: format!("m{n}").parse().unwrap(),
            incarnation: Incarnation(1),
            evidence: Evidence::stated(Cause::Exit, None, Vec::new()),
            since: Revision(0),
        });
        let removals = removals.collect();
        apply(&mut state, 2, vec![Command::Remove { epoch: 0, removals }]);
        state
    }

    fn apply(state: &mut State, revision: u64, commands: Vec<Command>) {
        let proposals = commands
            .into_iter()
            .map(|command| Proposal { token: None, if_view: None, command })
            .collect();
        state.apply(Revision(revision), 1, &Entry { at_ms: 0, proposals });
    }

    fn ended(wishes: &[Command]) -> usize {
        match wishes {
            [] => 0,
            [Command::EndAway { places }] => places.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_place_is_kept_from_when_this_leader_saw_it_empty() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut state = away(3, 2);
        let mut expiry = Expiry::default();
        assert_eq!(ended(&expiry.wish(at(0), &state)), 0);
        assert_eq!(ended(&expiry.wish(at(999), &state)), 0);
        // Somebody else's coming does not begin the time anew.
        apply(&mut state, 3, vec![join(9)]);
        assert_eq!(ended(&expiry.wish(at(1_000), &state)), 2, "both in one entry");
        assert_eq!(ended(&expiry.wish(at(1_050), &state)), 0, "it is on its way");
        let wishes = expiry.wish(at(1_500), &state);
        assert_eq!(ended(&wishes), 2, "or it was lost");
        apply(&mut state, 4, wishes);
        assert_eq!((state.member_count(), state.present_count()), (2, 2));
        assert_eq!(ended(&expiry.wish(at(9_000), &state)), 0);
    }

    #[test]
    fn another_leader_counts_anew_and_so_does_another_absence() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut state = away(1, 1);
        let mut expiry = Expiry::default();
        expiry.wish(at(0), &state);
        expiry.clear();
        assert_eq!(ended(&expiry.wish(at(900), &state)), 0);
        assert_eq!(ended(&expiry.wish(at(1_899), &state)), 0);
        apply(&mut state, 3, vec![join(0)]);
        let again = Removal {
            group: "g".parse().unwrap(),
            member: "m0".parse().unwrap(),
            incarnation: Incarnation(3),
            evidence: Evidence::stated(Cause::Exit, None, Vec::new()),
            since: Revision(0),
        };
        apply(&mut state, 4, vec![Command::Remove { epoch: 0, removals: vec![again] }]);
        assert_eq!(state.present_count(), 0);
        assert_eq!(ended(&expiry.wish(at(1_900), &state)), 0);
        assert_eq!(ended(&expiry.wish(at(2_899), &state)), 0);
        assert_eq!(ended(&expiry.wish(at(2_900), &state)), 1);
    }

    #[test]
    fn more_than_one_entry_takes_go_in_several() {
        let start = Clock::system().now();
        let many = PLACES_MAX as u64 + 5;
        let state = away(many, many);
        let mut expiry = Expiry::default();
        expiry.wish(start, &state);
        let later = start + Duration::from_secs(1);
        assert_eq!(ended(&expiry.wish(later, &state)), PLACES_MAX);
        assert_eq!(ended(&expiry.wish(later, &state)), 5);
        assert_eq!(ended(&expiry.wish(later, &state)), 0);
    }

    #[test]
    fn a_hold_ends_by_the_revision_that_set_it() {
        let start = Clock::system().now();
        let mut state = away(1, 0);
        let hold = Command::SetHold {
            group: "g".parse().unwrap(),
            lasts: Span::from_millis(1_000),
            reason: "upgrade".to_owned(),
        };
        apply(&mut state, 3, vec![hold]);
        let mut expiry = Expiry::default();
        assert!(expiry.wish(start, &state).is_empty());
        let clear = Command::ClearHold {
            group: "g".parse().unwrap(),
            since: Some(Revision(3)),
            expired: true,
        };
        assert_eq!(expiry.wish(start + Duration::from_secs(1), &state), [clear]);
    }
}
