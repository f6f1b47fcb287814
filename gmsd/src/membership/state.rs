//! The replicated state: a function of the log, equal on every node byte for byte.
//!
//! Cloning it costs O(1), so a reader keeps the state it began with while the next entries are
//! applied. What an entry does to it is in `apply`; here is what can be read.

use std::sync::Arc;

use gms::id::{GroupId, MemberId, NodeId, Revision};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::{
    command::{NodeFacts, Token},
    ends::UnprovenEnds,
    group::Group,
    journal::{Happening, Journal},
    life::{Delta, Departure, Life},
    placement::{Monitors, Placement},
    receipts::{Known, Receipts},
};

/// The nodes that vote and those that only receive the log, as the last applied entry says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The nodes that vote, ordered.
    pub voters: Vec<NodeId>,
    /// The nodes that receive the log without a vote, ordered.
    pub learners: Vec<NodeId>,
}

impl Configuration {
    /// How many nodes must agree on a verdict: more than half of the voters.
    pub fn quorum(&self) -> usize {
        self.voters.len() / 2 + 1
    }
}

/// The replicated state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    pub(super) revision: Revision,
    pub(super) secret: Option<[u8; 32]>,
    pub(super) groups: OrdMap<GroupId, Arc<Group>>,
    pub(super) members: u64,
    /// How many of the members are away.
    pub(super) away: u64,
    /// The greatest view of any group that was forgotten: where a group of that name goes on.
    pub(super) forgotten: Revision,
    pub(super) unproven: Arc<UnprovenEnds>,
    pub(super) monitors: Monitors,
    pub(super) configuration: Configuration,
    /// Whether the history tells of it.
    pub(super) configuration_told: bool,
    pub(super) nodes: OrdMap<NodeId, NodeFacts>,
    /// The entry that told of each node's last start.
    pub(super) started: OrdMap<NodeId, Revision>,
    /// Numbers of nodes that left for good. They are never given again.
    pub(super) retired: OrdSet<NodeId>,
    pub(super) journal: Journal,
    pub(super) receipts: Receipts,
}

impl State {
    /// The revision of the last applied entry.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The secret from which members' keys are derived; none before the first write.
    pub fn secret(&self) -> Option<&[u8; 32]> {
        self.secret.as_ref()
    }

    /// A group, if anybody joined or created it and it was not forgotten since.
    pub fn group(&self, group: &GroupId) -> Option<&Arc<Group>> {
        self.groups.get(group)
    }

    /// All groups, ordered by name.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupId, &Arc<Group>)> {
        self.groups.iter()
    }

    /// One member's present life.
    pub fn life(&self, group: &GroupId, member: &MemberId) -> Option<&Arc<Life>> {
        self.groups.get(group)?.members.get(member)
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// How many members there are in all groups, those who are away included.
    pub fn member_count(&self) -> u64 {
        self.members
    }

    /// How many members there are to watch: all but those who are away.
    pub fn present_count(&self) -> u64 {
        self.members - self.away
    }

    /// The view that a group nobody knows stands at: 0, unless groups have been forgotten.
    pub fn empty_view(&self) -> Revision {
        self.forgotten
    }

    /// The revision that ended the former life in a place, if nothing shows that its process is gone:
    /// it may believe in its lease yet.
    pub fn unproven_end(&self, group: &GroupId, member: &MemberId) -> Option<Revision> {
        let known = self.groups.get(group).and_then(|group| group.departure(member));
        match known {
            Some(end) => (!end.proves_the_end()).then_some(end.revision),
            None => self.unproven.get(group, member),
        }
    }

    /// The nodes fit to watch members.
    pub fn monitors(&self) -> &Monitors {
        &self.monitors
    }

    /// Who watches this member.
    pub fn place(&self, group: &GroupId, member: &MemberId) -> Placement {
        self.monitors.place(group, member)
    }

    /// The cluster configuration as applied.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// What a node told about itself when it last started.
    pub fn node(&self, node: NodeId) -> Option<&NodeFacts> {
        self.nodes.get(&node)
    }

    /// What every node told about itself.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.values()
    }

    /// Whether a node of this number has left for good.
    pub fn is_retired(&self, node: NodeId) -> bool {
        self.retired.contains(&node)
    }

    /// The numbers of nodes that have left for good.
    pub fn retired(&self) -> impl Iterator<Item = NodeId> {
        self.retired.iter().copied()
    }

    /// Whether an answer is kept for this key: what is asked with it again is not done again.
    pub fn is_answered(&self, token: &Token) -> bool {
        !matches!(self.receipts.look_up(token), Known::No)
    }

    /// Whether the history tells of the present configuration, and since when it holds.
    pub fn is_configuration_told(&self) -> bool {
        self.configuration_told
    }

    /// Whether the group is held: nobody is removed from it for what is concluded from silence.
    pub fn is_held(&self, group: &GroupId) -> bool {
        self.group(group).is_some_and(|group| group.hold.is_some())
    }

    /// The history.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Passes the blank entry with which a leader begins its term. It has no time of day; what it
    /// proposes next tells of the election.
    pub fn apply_blank(&mut self, revision: Revision) {
        self.revision = revision;
    }

    /// Takes in an entry that changes the cluster configuration. It has no time of day; what the
    /// leader proposes next tells the history.
    pub fn apply_configuration(
        &mut self,
        revision: Revision,
        voters: Vec<NodeId>,
        learners: Vec<NodeId>,
    ) {
        self.revision = revision;
        let configuration = Configuration { voters, learners };
        if configuration != self.configuration {
            self.configuration = configuration;
            self.configuration_told = false;
        }
    }

    /// A digest of the whole state: equal on every node that applied the same entries.
    pub fn digest(&self) -> [u8; 32] {
        let bytes = postcard::to_stdvec(self).expect("the state has no type postcard refuses");
        *blake3::hash(&bytes).as_bytes()
    }

    /// Rebuilds what a snapshot leaves out because the journal tells it. To be called once on a
    /// state that was just read.
    pub fn rebuild_indices(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        let floor = journal.floor();
        for slot in journal.deltas_mut() {
            let Some(group) = self.groups.get_mut(&slot.group) else {
                continue;
            };
            if slot.revision <= group.born {
                continue;
            }
            let group = Arc::make_mut(group);
            let delta = Arc::new(share_lives(Delta::clone(slot), group));
            if delta.revision > floor {
                group.remember(Arc::clone(&delta));
            } else {
                group.remember_departures(&delta);
            }
            *slot = delta;
        }
        self.journal = journal;
    }

    /// Drops what exceeds the bound of the history, and with the last delta of an empty group the
    /// group itself.
    pub(super) fn trim_history(&mut self) {
        while let Some(record) = self.journal.pop_excess() {
            let Happening::View(delta) = &record.what else {
                continue;
            };
            keep_unproven(
                &mut self.unproven,
                &delta.group,
                delta.departed.iter().chain(&delta.away),
            );
            let Some(group) = self.groups.get_mut(&delta.group) else {
                continue;
            };
            Arc::make_mut(group).forget(delta);
            if group.is_bare() {
                self.forget_group(&delta.group);
            }
        }
    }

    /// Drops a group. One of that name will go on from a view not below its last.
    pub(super) fn forget_group(&mut self, name: &GroupId) {
        if let Some(group) = self.groups.remove(name) {
            self.forgotten = self.forgotten.max(group.revision);
            keep_unproven(&mut self.unproven, name, group.ends());
        }
    }
}

fn keep_unproven<'a>(
    kept: &mut Arc<UnprovenEnds>,
    group: &GroupId,
    ends: impl Iterator<Item = &'a Arc<Departure>>,
) {
    for end in ends.filter(|end| !end.proves_the_end()) {
        Arc::make_mut(kept).keep(group, end);
    }
}

/// Lets the delta hold the same lives as the group does, instead of equal ones.
fn share_lives(mut delta: Delta, group: &Group) -> Delta {
    for life in delta.joined.iter_mut().chain(&mut delta.updated) {
        if let Some(present) = group.members.get(&life.member)
            && present == life
        {
            *life = Arc::clone(present);
        }
    }
    delta
}
