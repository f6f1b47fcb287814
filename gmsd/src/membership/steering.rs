//! What an entry does that lets nobody in and takes nobody out: holds, monitors, nodes.

use std::{collections::BTreeSet, sync::Arc};

use gms::{
    id::{GroupId, NodeId, Revision},
    span::Span,
};

use super::{
    apply::{Answer, Applying},
    command::NodeFacts,
    hold::Hold,
    journal::Happening,
    outcome::{Outcome, Rejection},
    state::Configuration,
};

impl Applying<'_> {
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

    pub(super) fn configured(&mut self) -> Outcome {
        if !std::mem::replace(&mut self.state.configuration_told, true) {
            let Configuration { voters, learners } = self.state.configuration.clone();
            self.note(Happening::Configuration { voters, learners });
        }
        Outcome::Noted
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
        self.state.started.insert(facts.node, self.revision);
        self.note(Happening::NodeStarted {
            node: facts.node,
            api_url: facts.api_url.clone(),
            version: facts.version.clone(),
        });
        Ok(Outcome::Noted)
    }
}
