//! The fence of a verdict: who may end a life, or take its place, whoever proposed it.

use std::{collections::BTreeSet, sync::Arc};

use gms::{
    evidence::{Cause, Evidence, Verdict},
    id::NodeId,
};

use super::{
    apply::Applying,
    command::{Join, Place, Removal},
    life::Life,
    outcome::Outcome,
};

impl Applying<'_> {
    /// Notes of lives that they were heard.
    pub(super) fn heard(&mut self, lives: &[Place]) -> Outcome {
        for Place { group, member, incarnation } in lives {
            if let Some(slot) = self.state.groups.get_mut(group)
                && slot.life(member, *incarnation).is_some()
            {
                Arc::make_mut(slot).heard.insert(member.clone(), self.revision);
            }
        }
        Outcome::Noted
    }

    /// Whether this join may take the place of that life: of the one that was looked at, and that, if
    /// it was found silent, nobody heard since. A node that started since has forgotten that it found
    /// it silent, and may extend its lease again.
    pub(super) fn may_replace(&self, join: &Join, life: &Life) -> bool {
        let group = self.state.groups.get(&join.group);
        let heard = group.map(|group| group.heard_at(&life.member)).unwrap_or_default();
        join.replaces.is_some_and(|former| {
            let started = |since| self.state.started.values().any(|start| *start > since);
            former.incarnation == life.incarnation
                && former.since.is_none_or(|since| since >= heard && !started(since))
        })
    }

    /// What somebody stated needs no observers; what was concluded needs the present
    /// monitors' epoch, a quorum of distinct voters among the observers, nobody who saw the member
    /// alive, and, if it was concluded from silence, no hold and nobody who heard it since the doubt
    /// began. The word of a node that started since does not count: it has forgotten it.
    pub(super) fn is_entitled(&self, epoch: u64, removal: &Removal) -> bool {
        let Evidence { cause, observers, .. } = &removal.evidence;
        match cause {
            Cause::Exit | Cause::Signal | Cause::Operator => return true,
            Cause::Replaced => return false,
            Cause::Fin | Cause::Refused => {}
            Cause::Silence | Cause::Quality => {
                if self.state.is_held(&removal.group) {
                    return false;
                }
                let group = self.state.groups.get(&removal.group);
                // Whoever had it noted extends its lease again (`liveness/leasing.rs`).
                let heard = group.map(|group| group.heard_at(&removal.member)).unwrap_or_default();
                if *cause == Cause::Silence && removal.since < heard {
                    return false;
                }
            }
        }
        let voters = &self.state.configuration.voters;
        let forgot = |node| {
            let start = self.state.started.get(&node).copied().unwrap_or_default();
            *cause == Cause::Silence && start > removal.since
        };
        let against: BTreeSet<NodeId> = observers
            .iter()
            .filter(|seen| match seen.verdict {
                Verdict::Silent if forgot(seen.node) => false,
                Verdict::Silent | Verdict::DeadAffirmed => *cause != Cause::Quality,
                Verdict::Lossy => *cause == Cause::Quality,
                Verdict::Alive | Verdict::Abstain => false,
            })
            .map(|seen| seen.node)
            .filter(|node| voters.contains(node))
            .collect();
        epoch == self.state.monitors.epoch
            && against.len() >= self.state.configuration.quorum()
            && observers.iter().all(|seen| seen.verdict != Verdict::Alive)
    }
}
