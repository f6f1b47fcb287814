//! What an entry does that lets nobody in and takes nobody out: groups, holds, monitors, nodes.

use std::{collections::BTreeSet, sync::Arc};

use gms::{
    id::{GroupId, NodeId, Revision},
    liveness::GroupTiming,
    span::Span,
};

use super::{
    apply::{Answer, Applying},
    command::NodeFacts,
    hold::Hold,
    journal::Happening,
    outcome::{Outcome, Rejection},
};

impl Applying<'_> {
    /// Creating what is there with that timing is no fault: it is as asked.
    pub(super) fn create_group(&mut self, group: &GroupId, timing: GroupTiming) -> Answer {
        self.check_room_for_group(group)?;
        if let Some(known) = self.state.groups.get(group) {
            let present = known.timing.unwrap_or_default();
            if known.timing == Some(timing) {
                return Ok(Outcome::Group { fresh: false });
            }
            if present != timing && !known.members.is_empty() {
                let members = known.members.len() as u64;
                return Err(Rejection::GroupInUse { members, timing: present });
            }
        }
        self.open_group(group).timing = Some(timing);
        self.note(Happening::GroupCreated { group: group.clone(), timing });
        Ok(Outcome::Group { fresh: true })
    }

    /// The group goes with the last that history knows of it. To delete what nobody created is no
    /// fault: it is not kept.
    pub(super) fn delete_group(&mut self, group: &GroupId) -> Answer {
        let slot = self.state.groups.get_mut(group);
        let slot = slot.ok_or_else(|| Rejection::NoGroup { group: group.clone() })?;
        if !slot.members.is_empty() {
            let timing = slot.timing.unwrap_or_default();
            return Err(Rejection::GroupInUse { members: slot.members.len() as u64, timing });
        }
        let fresh = slot.timing.is_some();
        if fresh {
            Arc::make_mut(slot).timing = None;
            self.state.forget_if_bare(group);
            self.note(Happening::GroupDeleted { group: group.clone() });
        }
        Ok(Outcome::Group { fresh })
    }

    pub(super) fn set_hold(&mut self, group: &GroupId, lasts: Span, reason: &str) -> Answer {
        let hold =
            Hold { since: self.revision, at_ms: self.at_ms, lasts, reason: reason.to_owned() };
        let slot = self
            .state
            .groups
            .get_mut(group)
            .ok_or_else(|| Rejection::NoGroup { group: group.clone() })?;
        Arc::make_mut(slot).hold = Some(hold.clone());
        self.note(Happening::HoldSet { group: group.clone(), hold });
        Ok(Outcome::Held { since: Some(self.revision) })
    }

    /// Clearing what is not there, or another hold than the one meant, is no fault: it is gone.
    pub(super) fn clear_hold(
        &mut self,
        group: &GroupId,
        since: Option<Revision>,
        expired: bool,
    ) -> Outcome {
        let Some(slot) = self.state.groups.get_mut(group) else {
            return Outcome::Held { since: None };
        };
        let present = slot.hold.as_ref().map(|hold| hold.since);
        if present.is_none() || since.is_some_and(|since| Some(since) != present) {
            return Outcome::Held { since: present };
        }
        Arc::make_mut(slot).hold = None;
        self.note(Happening::HoldCleared { group: group.clone(), expired });
        Outcome::Held { since: None }
    }

    pub(super) fn set_monitors(&mut self, epoch: u64, nodes: &[NodeId]) -> Answer {
        let monitors = &mut self.state.monitors;
        if epoch != monitors.epoch {
            return Err(Rejection::StaleEpoch { epoch: monitors.epoch });
        }
        let nodes: BTreeSet<NodeId> = nodes.iter().copied().collect();
        if nodes != monitors.nodes {
            monitors.epoch += 1;
            monitors.nodes.clone_from(&nodes);
            let epoch = monitors.epoch;
            self.note(Happening::Monitors { epoch, nodes: nodes.into_iter().collect() });
        }
        Ok(Outcome::Monitors { epoch: self.state.monitors.epoch })
    }

    pub(super) fn node_started(&mut self, facts: &NodeFacts) -> Answer {
        if self.state.retired.contains(&facts.node) {
            return Err(Rejection::LineageLost { known: "a node that was removed".to_owned() });
        }
        if let Some(known) = self.state.nodes.get(&facts.node)
            && known.lineage != facts.lineage
        {
            return Err(Rejection::LineageLost { known: known.lineage.clone() });
        }
        self.state.nodes.insert(facts.node, facts.clone());
        self.note(Happening::NodeStarted {
            node: facts.node,
            api_url: facts.api_url.clone(),
            version: facts.version.clone(),
        });
        Ok(Outcome::Noted)
    }
}
