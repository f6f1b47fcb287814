//! All cases of this node: found by slot, by name and by address, and woken in time order.
//!
//! A slot is a small number that stays with a case for its whole stay; it is the upper half of the
//! nonces of its pings, so a pong finds its case without a search.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
};

use gms::id::{GroupId, Incarnation, MemberId};

use super::{case::Case, message::Subject, observed::Observed};

/// Where a case is kept.
pub(super) type Slot = u32;

/// The slot of the case that a nonce belongs to.
pub(super) fn slot_of_nonce(nonce: u64) -> Slot {
    Slot::try_from(nonce >> 32).expect("32 bits are left")
}

/// All cases of this node.
#[derive(Debug, Default)]
pub(super) struct Caseload {
    cases: Vec<Option<Case>>,
    /// When each of them wants to be looked at.
    wakes: Vec<Option<Observed>>,
    free: Vec<Slot>,
    names: HashMap<(GroupId, MemberId), Slot>,
    targets: HashMap<SocketAddr, BTreeSet<Slot>>,
    /// The same, soonest first.
    timers: BTreeSet<(Observed, Slot)>,
}

impl Caseload {
    pub(super) fn get(&self, slot: Slot) -> Option<&Case> {
        self.cases.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Case> {
        self.cases.get_mut(slot as usize)?.as_mut()
    }

    /// The case of that member, whichever life of it.
    pub(super) fn slot_of(&self, group: &GroupId, member: &MemberId) -> Option<Slot> {
        self.names.get(&(group.clone(), member.clone())).copied()
    }

    /// The case of that very life.
    pub(super) fn find(&self, subject: &Subject) -> Option<Slot> {
        let slot = self.slot_of(&subject.group, &subject.member)?;
        self.is(slot, subject.incarnation).then_some(slot)
    }

    fn is(&self, slot: Slot, incarnation: Incarnation) -> bool {
        self.get(slot).is_some_and(|case| case.life.incarnation == incarnation)
    }

    /// The cases whose pings go to this address: several members may share a socket.
    pub(super) fn at(&self, target: SocketAddr) -> Vec<Slot> {
        self.targets.get(&target).into_iter().flatten().copied().collect()
    }

    pub(super) fn insert(&mut self, case: Case) -> Slot {
        let name = (case.group.clone(), case.life.member.clone());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.cases.push(None);
            self.wakes.push(None);
            Slot::try_from(self.cases.len() - 1).expect("members are bounded far below 2^32")
        });
        if let Some(target) = case.target {
            self.targets.entry(target).or_default().insert(slot);
        }
        self.cases[slot as usize] = Some(case);
        self.names.insert(name, slot);
        slot
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<Case> {
        let case = self.cases.get_mut(slot as usize)?.take()?;
        self.schedule(slot, None);
        self.names.remove(&(case.group.clone(), case.life.member.clone()));
        if let Some(target) = case.target {
            self.leave_target(target, slot);
        }
        self.free.push(slot);
        Some(case)
    }

    /// The name of a case's address was resolved.
    pub(super) fn set_target(&mut self, slot: Slot, target: SocketAddr) {
        let Some(case) = self.get_mut(slot) else {
            return;
        };
        let former = case.target.replace(target);
        if let Some(former) = former {
            self.leave_target(former, slot);
        }
        self.targets.entry(target).or_default().insert(slot);
    }

    fn leave_target(&mut self, target: SocketAddr, slot: Slot) {
        if let Some(slots) = self.targets.get_mut(&target) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.targets.remove(&target);
            }
        }
    }

    /// Sets when the case is woken next; none for never.
    pub(super) fn schedule(&mut self, slot: Slot, wake: Option<Observed>) {
        let Some(kept) = self.wakes.get_mut(slot as usize) else {
            return;
        };
        // A pong in time changes nothing: most calls end here.
        if *kept == wake {
            return;
        }
        if let Some(former) = std::mem::replace(kept, wake) {
            self.timers.remove(&(former, slot));
        }
        if let Some(wake) = wake {
            self.timers.insert((wake, slot));
        }
    }

    /// The next case that is due.
    pub(super) fn pop_due(&mut self, now: Observed) -> Option<Slot> {
        let (wake, slot) = *self.timers.first()?;
        if wake > now {
            return None;
        }
        self.schedule(slot, None);
        Some(slot)
    }

    /// When the next case is due.
    pub(super) fn next_wake(&self) -> Option<Observed> {
        self.timers.first().map(|(wake, _)| *wake)
    }

    /// All cases, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Case)> {
        let numbered = self.cases.iter().enumerate();
        numbered.filter_map(|(slot, case)| Some((Slot::try_from(slot).ok()?, case.as_ref()?)))
    }
}
