//! Static members: a place that is kept while nobody is in it.
//!
//! A life of a static member that ends by a verdict leaves its place behind. The member is then
//! *away*: still in the view, whose number stays. It may take its place again, as a new life, and
//! so may a restart that finds its former life still there; that too leaves the view's number. A
//! place that is given up, because its time has run out or by request, is a new view. (After
//! Kafka's static membership, KIP-345.)
//!
//! Whoever was away is over: its incarnation is fenced, and its evidence kept with the place.

use std::sync::Arc;

use gms::{
    evidence::{Cause, Evidence},
    id::GroupId,
    view::MemberState,
};

use super::{
    apply::Applying,
    command::Place,
    life::{Ending, Life},
    outcome::Outcome,
};

impl Applying<'_> {
    /// Ends a life and keeps its place.
    pub(super) fn go_away(&mut self, group: &GroupId, life: &Arc<Life>, evidence: Evidence) {
        let departure = self.departure(life, Ending::Removed(evidence));
        let vacant = Arc::new(Life { state: MemberState::Away, ..Life::clone(life) });
        let slot = Arc::make_mut(self.group_of(group));
        slot.members.insert(life.member.clone(), Arc::clone(&vacant));
        slot.away.insert(life.member.clone(), Arc::clone(&departure));
        slot.heard.remove(&life.member);
        self.state.away += 1;
        self.touch(group, &life.member);
        let draft = self.draft(group);
        draft.placed.push(vacant);
        draft.away.push(departure);
    }

    /// Lets a life into the place of a static member: one that is away, or one that this life
    /// replaces.
    pub(super) fn take_place(
        &mut self,
        group: &GroupId,
        former: &Arc<Life>,
        life: Arc<Life>,
    ) -> Outcome {
        if former.is_away() {
            Arc::make_mut(self.group_of(group)).away.remove(&former.member);
            self.state.away -= 1;
        } else {
            let evidence = Evidence::stated(Cause::Replaced, None, Vec::new());
            let departure = self.departure(former, Ending::Removed(evidence));
            self.draft(group).away.push(departure);
        }
        let slot = Arc::make_mut(self.group_of(group));
        slot.members.insert(life.member.clone(), Arc::clone(&life));
        slot.heard.remove(&life.member);
        self.touch(group, &life.member);
        self.draft(group).placed.push(Arc::clone(&life));
        Outcome::Joined { life, view: self.view(group), fresh: true }
    }

    /// Gives up the places of those who did not come back in time, each with the evidence of how
    /// its life ended.
    pub(super) fn end_away(&mut self, places: &[Place]) -> Outcome {
        let mut applied = Vec::new();
        let mut stale = 0;
        for Place { group, member, incarnation } in places {
            let known = self.state.groups.get(group);
            let life = known.and_then(|known| known.members.get(member)).cloned();
            let ended = known.and_then(|known| known.away.get(member));
            let ended = ended.filter(|ended| ended.incarnation == *incarnation).cloned();
            let key = (group.clone(), member.clone());
            let (Some(life), Some(ended), false) = (life, ended, self.touched.contains(&key))
            else {
                stale += 1;
                continue;
            };
            let mut ending = ended.ending.clone();
            if let (Ending::Removed(evidence), Some(hold)) = (&mut ending, life.hold) {
                evidence.context.push(format!(
                    "away since revision {}; its place was kept for {hold}",
                    ended.revision
                ));
            }
            self.depart(group, &life, ending);
            applied.push((key.0, key.1, *incarnation));
        }
        Outcome::Removed { applied, stale }
    }
}
