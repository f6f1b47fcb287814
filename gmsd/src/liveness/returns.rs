//! Who was removed lately because too little was heard of it: if it comes back, it was not dead, and
//! its path or its machine is bad.
//!
//! **Every node knows the same members,** for it learns of them from the log: so it does not matter
//! which nodes watch the next life. Nothing is decided by it but how soon the others are asked about a
//! life's loss (`quality`); a node that started meanwhile knows of nobody, and asks later.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use gms::{
    evidence::Cause,
    id::{GroupId, MemberId},
};

use super::observed::Observed;
use crate::membership::life::{Departure, Ending};

/// For how long a removal is remembered: as long as a session takes the next one for the fault of its
/// path.
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// Members that are remembered at the same time. More are not removed within that time by their own
/// paths; of a great outage some come back without a past.
const REMEMBERED_MAX: usize = 4_096;

/// The members that may come back.
#[derive(Debug, Default)]
pub(super) struct Returns {
    removed: HashMap<(GroupId, MemberId), Observed>,
    /// In the order of time; of a member that was removed again only the last entry counts.
    order: VecDeque<((GroupId, MemberId), Observed)>,
}

impl Returns {
    /// A life has ended.
    pub(super) fn note(&mut self, now: Observed, group: &GroupId, departure: &Departure) {
        let Ending::Removed(evidence) = &departure.ending else {
            return;
        };
        if !matches!(evidence.cause, Cause::Silence | Cause::Quality) {
            return;
        }
        let name = (group.clone(), departure.member.clone());
        self.removed.insert(name.clone(), now);
        self.order.push_back((name, now));
        while let Some((_, at)) = self.order.front()
            && (self.order.len() > REMEMBERED_MAX || now.since(*at) >= REMEMBERED_FOR)
        {
            let Some((name, at)) = self.order.pop_front() else { return };
            if self.removed.get(&name) == Some(&at) {
                self.removed.remove(&name);
            }
        }
    }

    /// Whether a life of this member that is watched from now on is a return.
    pub(super) fn is_expected(&self, now: Observed, group: &GroupId, member: &MemberId) -> bool {
        let removed = self.removed.get(&(group.clone(), member.clone()));
        removed.is_some_and(|at| now.since(*at) < REMEMBERED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use gms::{
        evidence::Evidence,
        id::{Incarnation, Revision},
    };

    use super::*;

    fn at(secs: u64) -> Observed {
        Observed::default() + Duration::from_secs(secs)
    }

    fn group() -> GroupId {
        "g".parse().unwrap()
    }

    fn member(number: usize) -> MemberId {
        format!("m{number}").parse().unwrap()
    }

    fn ended(number: usize, ending: Ending) -> Departure {
        Departure {
            member: member(number),
            incarnation: Incarnation(7),
            revision: Revision(9),
            term: 1,
            at_ms: 0,
            ending,
        }
    }

    fn removed(number: usize, cause: Cause) -> Departure {
        ended(number, Ending::Removed(Evidence::stated(cause, None, Vec::new())))
    }

    fn expected(returns: &Returns, now: Observed, numbers: Range<usize>) -> usize {
        numbers.filter(|number| returns.is_expected(now, &group(), &member(*number))).count()
    }

    #[test]
    fn only_who_was_not_heard_is_expected_and_not_for_ever() {
        let mut returns = Returns::default();
        returns.note(at(0), &group(), &removed(0, Cause::Silence));
        returns.note(at(0), &group(), &removed(1, Cause::Quality));
        for (number, cause) in
            [Cause::Fin, Cause::Refused, Cause::Exit, Cause::Operator, Cause::Replaced]
                .into_iter()
                .enumerate()
        {
            returns.note(at(0), &group(), &removed(2 + number, cause));
        }
        returns.note(at(0), &group(), &ended(9, Ending::Left { reason: None }));
        assert_eq!((expected(&returns, at(599), 0..2), expected(&returns, at(1), 2..10)), (2, 0));
        assert!(!returns.is_expected(at(1), &"h".parse().unwrap(), &member(0)));
        assert_eq!(expected(&returns, at(600), 0..2), 0);
    }

    #[test]
    fn the_latest_are_remembered_and_one_that_is_removed_again_is_late() {
        let mut returns = Returns::default();
        returns.note(at(0), &group(), &removed(0, Cause::Silence));
        returns.note(at(1), &group(), &removed(1, Cause::Silence));
        returns.note(at(2), &group(), &removed(0, Cause::Silence));
        for number in 2..=REMEMBERED_MAX {
            returns.note(at(3), &group(), &removed(number, Cause::Silence));
        }
        assert_eq!(returns.order.len(), REMEMBERED_MAX);
        assert_eq!(expected(&returns, at(4), 0..2), 1, "the second removal of the first counts");
        assert!(returns.is_expected(at(4), &group(), &member(0)));
        returns.note(at(700), &group(), &removed(0, Cause::Fin));
        returns.note(at(700), &group(), &removed(1, Cause::Silence));
        assert_eq!((returns.order.len(), returns.removed.len()), (1, 1));
    }
}
