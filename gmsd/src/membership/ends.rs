//! Ends of lives that neither a group nor history tells of any more, and that nothing shows to be
//! gone: whoever comes into such a place waits for the lease of the former life, as if its end were
//! still known. The latest [`UNPROVEN_MAX`] are kept, in the snapshot too.

use gms::id::{GroupId, MemberId, Revision};
use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::{life::Departure, limits::UNPROVEN_MAX};

/// Unproven ends, by the place in which the life was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct UnprovenEnds {
    by_place: OrdMap<(GroupId, MemberId), Revision>,
    /// In the order in which they were taken in.
    order: Vector<(GroupId, MemberId, Revision)>,
}

impl UnprovenEnds {
    /// The entry that ended the last such life in that place.
    pub(super) fn get(&self, group: &GroupId, member: &MemberId) -> Option<Revision> {
        self.by_place.get(&(group.clone(), member.clone())).copied()
    }

    /// Takes in an end that is forgotten elsewhere, if it is unproven.
    pub(super) fn keep(&mut self, group: &GroupId, end: &Departure) {
        let place = (group.clone(), end.member.clone());
        let is_known = self.by_place.get(&place).is_some_and(|known| *known >= end.revision);
        if end.proves_the_end() || is_known {
            return;
        }
        self.order.push_back((group.clone(), end.member.clone(), end.revision));
        self.by_place.insert(place, end.revision);
        if self.order.len() > UNPROVEN_MAX
            && let Some((group, member, revision)) = self.order.pop_front()
        {
            let place = (group, member);
            // A later one of the same place stands further behind.
            if self.by_place.get(&place) == Some(&revision) {
                self.by_place.remove(&place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gms::{
        evidence::{Cause, Evidence},
        id::Incarnation,
    };

    use super::*;
    use crate::membership::life::Ending;

    fn end(member: usize, revision: u64, cause: Cause) -> Departure {
        Departure {
            member: format!("m{member}").parse().unwrap(),
            incarnation: Incarnation(1),
            revision: Revision(revision),
            term: 1,
            at_ms: 0,
            ending: Ending::Removed(Evidence::stated(cause, None, Vec::new())),
        }
    }

    #[test]
    fn the_last_unproven_end_of_each_place_is_kept_and_so_many_only() {
        let group: GroupId = "g".parse().unwrap();
        let mut ends = UnprovenEnds::default();
        let get = |ends: &UnprovenEnds, n: usize| {
            ends.get(&group, &format!("m{n}").parse().unwrap()).map(|at| at.0)
        };
        ends.keep(&group, &end(0, 5, Cause::Exit));
        assert_eq!(get(&ends, 0), None, "that one is gone for sure");
        ends.keep(&group, &end(0, 6, Cause::Fin));
        ends.keep(&group, &end(1, 7, Cause::Fin));
        ends.keep(&group, &end(0, 8, Cause::Fin));
        ends.keep(&group, &end(0, 6, Cause::Fin));
        assert_eq!((get(&ends, 0), get(&ends, 1)), (Some(8), Some(7)));
        for n in 2..UNPROVEN_MAX {
            ends.keep(&group, &end(n, 100, Cause::Fin));
        }
        assert_eq!((get(&ends, 0), get(&ends, 1)), (Some(8), Some(7)));
        ends.keep(&group, &end(UNPROVEN_MAX, 100, Cause::Fin));
        assert_eq!((get(&ends, 0), get(&ends, 1)), (Some(8), None), "the oldest goes");
    }
}
