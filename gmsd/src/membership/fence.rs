//! The fence of a verdict: who may end a life, whoever proposed it.

use std::collections::BTreeSet;

use gms::{
    evidence::{Cause, Evidence, Verdict},
    id::NodeId,
};

use super::{apply::Applying, command::Removal};

impl Applying<'_> {
    /// What somebody stated needs no observers; what was concluded needs the present
    /// monitors' epoch, a quorum of distinct voters among the observers, nobody who saw the member
    /// alive, and, if it was concluded from silence, no hold.
    pub(super) fn is_entitled(&self, epoch: u64, removal: &Removal) -> bool {
        let Evidence { cause, observers, .. } = &removal.evidence;
        match cause {
            Cause::Exit | Cause::Signal | Cause::Operator => return true,
            Cause::Replaced => return false,
            Cause::Fin | Cause::Refused => {}
            Cause::Silence | Cause::Quality => {
                let group = self.state.groups.get(&removal.group);
                if group.is_some_and(|group| group.hold.is_some()) {
                    return false;
                }
            }
        }
        let voters = &self.state.configuration.voters;
        let against: BTreeSet<NodeId> = observers
            .iter()
            .filter(|seen| match seen.verdict {
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
