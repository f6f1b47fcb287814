//! Which nodes are fit to watch members, as their leader sees it: the monitors that should be.
//!
//! Pure and level-triggered: it compares what should be with what is. A node that is lost for one
//! election timeout goes out; one that is back must stay so for a second before it comes in, so
//! that a flapping node does not move members about.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use gms::id::{NodeId, Revision};

use crate::{
    membership::{command::Command, state::State},
    raft::standing::Standing,
};

/// A node without Raft contact for this long is not fit: one election timeout.
const CONTACT_LOST: Duration = Duration::from_millis(300);
/// A node that is back must stay so for this long before it watches members again.
const CONTACT_BACK: Duration = Duration::from_secs(1);
/// A node that far behind the log does not know whom to watch.
const LAG_MAX: u64 = 10_000;

/// Which nodes look fit, and since when. For one term of leadership.
#[derive(Debug, Default)]
pub struct Contact {
    back_since: BTreeMap<NodeId, Instant>,
}

impl Contact {
    /// The change of the monitors that is due, if one is.
    pub fn wish(&mut self, now: Instant, standing: &Standing, state: &State) -> Option<Command> {
        let present = &state.monitors().nodes;
        let voters = &state.configuration().voters;
        let mut fit = BTreeSet::new();
        for node in voters.iter().copied() {
            let in_touch = node == standing.node || is_in_touch(now, standing, node);
            if !in_touch {
                self.back_since.remove(&node);
                continue;
            }
            let since = *self.back_since.entry(node).or_insert(now);
            // At the first look of all there is nobody to protect from a flapping node.
            let settled =
                present.is_empty() || now.saturating_duration_since(since) >= CONTACT_BACK;
            if present.contains(&node) || settled {
                fit.insert(node);
            }
        }
        (!fit.is_empty() && fit != *present).then(|| Command::SetMonitors {
            epoch: state.monitors().epoch,
            nodes: fit.into_iter().collect(),
        })
    }
}

pub(super) fn is_in_touch(now: Instant, standing: &Standing, node: NodeId) -> bool {
    standing.followers.get(&node).is_some_and(|follower| {
        let fresh =
            follower.contact.is_some_and(|at| now.saturating_duration_since(at) < CONTACT_LOST);
        fresh && lag(standing, follower.matched) <= LAG_MAX
    })
}

/// How many entries behind the end of the log a node is.
pub(super) fn lag(standing: &Standing, matched: Option<Revision>) -> u64 {
    standing.last_log.unwrap_or_default().0.saturating_sub(matched.unwrap_or_default().0)
}
