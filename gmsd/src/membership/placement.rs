//! Which node watches which member: the same answer on every node, from replicated facts alone.
//!
//! When a node leaves the monitors, only the members it watched move; when one comes, it takes an
//! equal share from each of the others. This is rendezvous hashing (Thaler and Ravishankar, "Using
//! name-based mappings to increase hit rates", 1998): each node scores each member, and the
//! highest score is the monitor, the second the witness, the rest the confirmers.

use std::collections::BTreeSet;

use gms::id::{GroupId, MemberId, NodeId};
use serde::{Deserialize, Serialize};

/// The nodes fit to watch members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitors {
    /// Counts the changes of `nodes`; a verdict counts only in the epoch it was made in.
    pub epoch: u64,
    /// The nodes.
    pub nodes: BTreeSet<NodeId>,
}

/// Who watches one member, best score first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement(Vec<NodeId>);

impl Placement {
    /// The node responsible; none while no node is fit.
    pub fn monitor(&self) -> Option<NodeId> {
        self.0.first().copied()
    }

    /// The second node that pings; none in a cluster of one.
    pub fn witness(&self) -> Option<NodeId> {
        self.0.get(1).copied()
    }

    /// The nodes that are asked when there is doubt.
    pub fn confirmers(&self) -> &[NodeId] {
        self.0.get(2..).unwrap_or_default()
    }

    /// Whether the node pings this member, as monitor or as witness.
    pub fn watches(&self, node: NodeId) -> bool {
        self.0.iter().take(2).any(|watcher| *watcher == node)
    }
}

impl Monitors {
    /// Who watches this member.
    pub fn place(&self, group: &GroupId, member: &MemberId) -> Placement {
        let name = name_hash(group, member);
        let mut scored: Vec<(u64, NodeId)> =
            self.nodes.iter().map(|node| (score(name, *node), *node)).collect();
        // Equal scores are settled by the id, so that no two nodes can disagree.
        scored.sort_unstable_by(|a, b| b.cmp(a));
        Placement(scored.into_iter().map(|(_, node)| node).collect())
    }
}

fn name_hash(group: &GroupId, member: &MemberId) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(group.as_str().as_bytes()).update(b"/").update(member.as_str().as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(head)
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014) over both names: every bit of the
/// result depends on every bit of both.
fn score(name: u64, node: NodeId) -> u64 {
    let mut z = name ^ node.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitors(nodes: &[u64]) -> Monitors {
        Monitors { epoch: 1, nodes: nodes.iter().copied().map(NodeId).collect() }
    }

    fn members() -> impl Iterator<Item = (GroupId, MemberId)> {
        (0..3000).map(|n| ("g".parse().unwrap(), format!("m{n}").parse().unwrap()))
    }

    #[test]
    fn shares_are_even_and_roles_distinct() {
        let three = monitors(&[1, 2, 3]);
        let mut shares = [0; 3];
        for (group, member) in members() {
            let placement = three.place(&group, &member);
            let (monitor, witness) = (placement.monitor().unwrap(), placement.witness().unwrap());
            assert_ne!(monitor, witness);
            assert_eq!(placement.confirmers().len(), 1);
            assert!(placement.watches(monitor) && placement.watches(witness));
            shares[usize::try_from(monitor.0).unwrap() - 1] += 1;
        }
        assert!(shares.iter().all(|share| (900..1100).contains(share)), "{shares:?}");
    }

    #[test]
    fn a_node_that_goes_moves_only_its_own_members() {
        let (three, two) = (monitors(&[1, 2, 3]), monitors(&[1, 3]));
        for (group, member) in members() {
            let (before, after) = (three.place(&group, &member), two.place(&group, &member));
            if before.monitor() == Some(NodeId(2)) {
                assert_eq!(after.monitor(), before.witness());
            } else {
                assert_eq!(after.monitor(), before.monitor());
            }
        }
    }

    #[test]
    fn without_fit_nodes_nobody_is_responsible() {
        let placement = monitors(&[]).place(&"g".parse().unwrap(), &"m".parse().unwrap());
        assert_eq!((placement.monitor(), placement.witness()), (None, None));
        let one = monitors(&[7]).place(&"g".parse().unwrap(), &"m".parse().unwrap());
        assert_eq!((one.monitor(), one.witness()), (Some(NodeId(7)), None));
        assert!(one.confirmers().is_empty());
    }
}
