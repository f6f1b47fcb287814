//! Everything that is known of the cluster, in one value.
//!
//! It changes only through the functions of `apply`. Cloning it is cheap by construction: every
//! large part is a persistent map or shared.

use std::{sync::Arc, time::Instant};

use gms::{
    api::{Event, NodeStatus, Nodes, Status, Why},
    id::{GroupId, NodeId, Revision},
};
use imbl::{OrdMap, OrdSet, Vector};

use super::{
    beats::Beats,
    condition::Tally,
    evidence::Evidence,
    group::Group,
    link::Link,
    moment::Moment,
    opinion::{FRESH, Opinion, Said},
    timeline::Timeline,
    veil::Veil,
};

/// How many of a node's median round trips are kept: one a second for a minute.
pub const ROUND_TRIPS_MAX: usize = 60;

/// What is known of a node.
#[derive(Debug, Clone)]
pub struct NodeFacts {
    /// What the node that answers says of it.
    pub status: Arc<NodeStatus>,
    /// Its median round trips in microseconds, one a poll, oldest first; a gap where it told none.
    pub round_trips: Vector<Option<u64>>,
}

/// Whether the nodes believe in the same leader and term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Those that answer do; of the others nobody knows.
    Among {
        /// How many answer.
        answering: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// Two that answer do not.
    Differ,
}

/// Counts what changed: two models with the same stamp list the same members in the same order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Members came, went or changed.
    pub shape: u64,
    /// A member's band changed.
    pub bands: u64,
    /// Anything at all was reported of a member.
    pub reports: u64,
}

/// The cluster as we know it.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// How far all this can be trusted.
    pub link: Link,
    /// What the node that answers says of itself.
    pub status: Option<Arc<Status>>,
    /// Since when the node that answers is without a leader and a quorum; none while it has both.
    pub adrift: Option<Instant>,
    /// Which node told of the nodes.
    pub answered_by: Option<NodeId>,
    /// When the nodes were last told of.
    pub nodes_at: Option<Instant>,
    /// Every node.
    pub nodes: OrdMap<NodeId, NodeFacts>,
    /// Every group.
    pub groups: OrdMap<GroupId, Group>,
    /// What hides how members are now.
    veil: Veil,
    /// What happened.
    pub timeline: Timeline,
    /// Who came and went just before we came: told before or after the groups are.
    pub(super) just_before: OrdMap<GroupId, Vector<Arc<Event>>>,
    /// The newest revision that the watch has told of.
    pub revision: Revision,
    /// While a watch opens anew: the groups it has told of so far. Those it does not mention
    /// before its bookmark are no more.
    pub reopening: Option<OrdSet<GroupId>>,
    /// Whether a watch has told all groups once.
    pub told: bool,
    /// What each node said when it was asked directly.
    pub opinions: OrdMap<NodeId, Arc<Opinion>>,
    /// Second by second, the members that are looked at.
    pub beats: Beats,
    /// Why members went, and why some are doubted.
    pub evidence: Evidence,
    /// What changed so far.
    pub stamp: Stamp,
}

impl Model {
    /// How many members look how, over all groups.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for group in self.groups.values() {
            all.merge(group.tally());
        }
        all
    }

    /// How many members there are, over all groups.
    pub fn members(&self) -> usize {
        self.groups.values().map(|group| group.members.len()).sum()
    }

    /// The leader, as the node that answers knows it.
    pub fn leader(&self) -> Option<NodeId> {
        self.status.as_ref().and_then(|status| status.leader)
    }

    /// Whether anything at all is known yet.
    pub fn is_blank(&self) -> bool {
        self.status.is_none() && self.groups.is_empty() && self.nodes.is_empty()
    }

    /// Whether groups, members and counts of them mean anything: before any was told, none is known
    /// is not there is none.
    pub fn knows_groups(&self) -> bool {
        self.told || self.groups.values().any(|group| !group.members.is_empty())
    }

    /// How many groups a view was told of.
    pub fn groups_told(&self) -> usize {
        self.groups.values().filter(|group| group.is_told).count()
    }

    /// Whether the nodes believe in the same leader and term; none while nobody is known to
    /// believe anything.
    pub fn agreement(&self) -> Option<Agreement> {
        let answering = || self.nodes.values().filter(|node| node.status.reachable);
        let mut beliefs = answering().map(|node| (node.status.leader, node.status.term));
        let first = beliefs.next()?;
        Some(if beliefs.all(|belief| belief == first) {
            Agreement::Among { answering: answering().count(), nodes: self.nodes.len() }
        } else {
            Agreement::Differ
        })
    }

    /// What the node says, if it was asked lately and answered.
    pub fn said(&self, now: Moment, node: NodeId) -> Option<&Said> {
        let opinion = self.opinions.get(&node)?;
        (now.since(opinion.at) < FRESH).then(|| opinion.said.as_ref().ok())?
    }

    /// The node that has a leader and a quorum while the one that answers us has none: it is the
    /// one to ask.
    pub fn better_informed(&self, now: Moment) -> Option<NodeId> {
        let ours = self.status.as_ref()?;
        if ours.quorum.ok && ours.leader.is_some() {
            return None;
        }
        // What was said before says nothing of now.
        let since = self.adrift?;
        let asked_since = |(_, opinion): &(&NodeId, &Arc<Opinion>)| opinion.at >= since;
        let others = self.opinions.iter().filter(asked_since).map(|(node, _)| *node);
        others.filter(|node| *node != ours.node).find(|node| {
            self.said(now, *node)
                .is_some_and(|said| said.status.quorum.ok && said.status.leader.is_some())
        })
    }

    /// Takes in what the service said of why a member is gone or in doubt.
    pub fn apply_why(&mut self, now: Moment, why: Why) {
        self.evidence.keep(now.wall_ms, why);
    }

    /// The group of that name; one of which nothing is known if it is new.
    pub(super) fn group(&mut self, id: GroupId) -> &mut Group {
        let veil = &self.veil;
        self.groups.entry(id).or_insert_with(|| Group::behind(veil))
    }

    /// Whether nothing is known of how members are now.
    pub fn is_blind(&self) -> bool {
        self.veil.blind
    }

    /// Hides what can no longer be known, and shows again what can. Costs nothing unless that is
    /// another than before.
    pub fn see(&mut self, now: Moment) {
        let no_quorum = self.status.as_ref().is_some_and(|status| !status.quorum.ok);
        let lost = self.nodes.iter().filter(|(_, node)| !node.status.reachable);
        let veil = Veil {
            blind: !self.link.trust_in_members(now).is_current(),
            lost: lost.map(|(id, _)| *id).collect(),
            no_quorum,
        };
        if veil == self.veil {
            return;
        }
        let ids: Vec<_> = self.groups.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id) {
                group.hide(&veil);
            }
        }
        self.veil = veil;
        self.stamp.shape += 1;
        self.stamp.bands += 1;
    }

    /// Takes in what a node says of all nodes.
    pub(super) fn take_nodes(&mut self, now: Moment, nodes: Nodes) {
        let mut next = OrdMap::new();
        for status in nodes.nodes {
            let mut round_trips =
                self.nodes.get(&status.id).map(|node| node.round_trips.clone()).unwrap_or_default();
            round_trips.push_back(status.rtt_p50_us);
            while round_trips.len() > ROUND_TRIPS_MAX {
                round_trips.pop_front();
            }
            next.insert(status.id, NodeFacts { status: Arc::new(status), round_trips });
        }
        self.nodes = next;
        self.answered_by = Some(nodes.answered_by);
        self.nodes_at = Some(now.at);
    }
}
