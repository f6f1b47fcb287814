//! What a change of the cluster configuration would lead to: decided from what the leader knows,
//! without doing anything. A change that is refused here is never begun.

use gms::{
    api::{Configuration, LeaderAnswer},
    id::NodeId,
};

use super::wire::Refusal;
use crate::{
    membership::state::State,
    raft::{change, error::ChangeError, standing::Standing},
};

/// The greatest number a node may have.
const NODE_MAX: u64 = u32::MAX as u64;

/// The number asked for, or the next that was never used. Adding the same node again is the same
/// wish; giving its number to another is refused.
pub fn number_for(
    standing: &Standing,
    state: &State,
    id: Option<NodeId>,
    peer_url: &str,
) -> Result<NodeId, Refusal> {
    let known = standing.peer_urls.iter().find(|(_, url)| *url == peer_url).map(|(node, _)| *node);
    if let Some(known) = known {
        return match id {
            Some(id) if id != known => {
                Err(Refusal::Conflict(format!("{peer_url} is node {known} already")))
            }
            _ => Ok(known),
        };
    }
    let Some(id) = id else {
        let used = standing.peer_urls.keys().copied().chain(state.retired()).max();
        return Ok(NodeId(used.map_or(1, |used| used.0 + 1)));
    };
    if id.0 == 0 || id.0 > NODE_MAX {
        return Err(Refusal::Invalid(format!("a node's number is 1 to {NODE_MAX}")));
    }
    if let Some(url) = standing.peer_urls.get(&id) {
        return Err(Refusal::Conflict(format!("node {id} is there already, at {url}")));
    }
    if state.is_retired(id) {
        let why = format!("node {id} was removed; a number is never used again");
        return Err(Refusal::Conflict(why));
    }
    Ok(id)
}

/// The configuration as it is, told for a change of this node.
pub fn present(standing: &Standing, cluster: &str, node: NodeId) -> Configuration {
    Configuration {
        node,
        cluster: cluster.to_owned(),
        voters: standing.voters.iter().copied().collect(),
        learners: standing.learners.iter().copied().collect(),
        peers: standing.peer_urls.clone(),
    }
}

/// The configuration after this node was added. It votes once it has caught up.
pub fn added(standing: &Standing, cluster: &str, node: NodeId, peer_url: &str) -> Configuration {
    let mut after = present(standing, cluster, node);
    if after.peers.insert(node, peer_url.to_owned()).is_none() {
        after.learners.push(node);
    }
    after
}

/// The configuration after this node was removed.
pub fn removed(standing: &Standing, cluster: &str, node: NodeId) -> Result<Configuration, Refusal> {
    check_removal(standing, node)?;
    let mut after = present(standing, cluster, node);
    after.voters.retain(|voter| *voter != node);
    after.learners.retain(|learner| *learner != node);
    after.peers.remove(&node);
    Ok(after)
}

/// Whether there is such a node, and another voter.
pub fn check_removal(standing: &Standing, node: NodeId) -> Result<(), Refusal> {
    if !standing.peer_urls.contains_key(&node) {
        return Err(Refusal::NoNode(node));
    }
    change::check_removal(standing, node).map_err(change_refusal)
}

/// Who would lead after leadership was handed over, in the term after the present one.
pub fn transferred(standing: &Standing, to: Option<NodeId>) -> Result<LeaderAnswer, Refusal> {
    if let Some(to) = to.filter(|to| !standing.peer_urls.contains_key(to)) {
        return Err(Refusal::NoNode(to));
    }
    let leader = change::successor(standing, to).map_err(change_refusal)?;
    let term = standing.term + u64::from(leader != standing.node);
    Ok(LeaderAnswer { leader, term })
}

/// Why a change was not made, as the asker is told.
pub fn change_refusal(error: ChangeError) -> Refusal {
    match error {
        ChangeError::NotLeader { leader } => Refusal::NotLeader(leader),
        ChangeError::NoQuorum => Refusal::NoQuorum(error.to_string()),
        ChangeError::Busy | ChangeError::NotCaughtUp(_) => Refusal::Conflict(error.to_string()),
        ChangeError::Refused(why) => Refusal::Invalid(why),
        ChangeError::Unknown => Refusal::Unknown(error.to_string()),
        ChangeError::Fatal(why) => {
            Refusal::Unknown(format!("the node has failed and is about to stop: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(node: u64) -> String {
        format!("http://127.0.0.1:{node}2379")
    }

    fn standing(voters: &[u64], learners: &[u64]) -> Standing {
        let nodes = |of: &[u64]| of.iter().copied().map(NodeId).collect();
        Standing {
            term: 7,
            voters: nodes(voters),
            learners: nodes(learners),
            peer_urls: voters.iter().chain(learners).map(|n| (NodeId(*n), url(*n))).collect(),
            ..Standing::new(NodeId(1))
        }
    }

    #[test]
    fn the_next_free_number_is_given_and_no_number_twice() {
        let (standing, state) = (standing(&[1, 2, 3], &[]), State::default());
        let number =
            |id: Option<u64>, at: u64| number_for(&standing, &state, id.map(NodeId), &url(at));
        assert_eq!(number(None, 9).unwrap(), NodeId(4));
        assert_eq!(number(Some(8), 9).unwrap(), NodeId(8));
        assert_eq!(number(None, 2).unwrap(), NodeId(2));
        assert_eq!(number(Some(2), 2).unwrap(), NodeId(2));
        assert!(matches!(number(Some(3), 2), Err(Refusal::Conflict(_))));
        assert!(matches!(number(Some(3), 9), Err(Refusal::Conflict(_))));
        assert!(matches!(number(Some(0), 9), Err(Refusal::Invalid(_))));
        assert!(matches!(number(Some(NODE_MAX + 1), 9), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn an_added_node_learns_and_a_removed_one_is_nowhere() {
        let standing = standing(&[1, 2, 3], &[4]);
        let after = added(&standing, "c", NodeId(5), &url(5));
        assert_eq!(after.learners, [NodeId(4), NodeId(5)]);
        assert_eq!(after.peers[&NodeId(5)], url(5));
        assert_eq!(added(&standing, "c", NodeId(2), &url(2)), present(&standing, "c", NodeId(2)));
        let after = removed(&standing, "c", NodeId(3)).unwrap();
        assert_eq!(after.voters, [NodeId(1), NodeId(2)]);
        assert!(!after.peers.contains_key(&NodeId(3)));
        assert!(matches!(removed(&standing, "c", NodeId(9)), Err(Refusal::NoNode(_))));
    }

    #[test]
    fn the_only_voter_stays_and_leads() {
        let standing = standing(&[1], &[2]);
        assert!(matches!(removed(&standing, "c", NodeId(1)), Err(Refusal::Invalid(_))));
        assert!(matches!(transferred(&standing, None), Err(Refusal::Invalid(_))));
        assert!(matches!(transferred(&standing, Some(NodeId(2))), Err(Refusal::Invalid(_))));
        assert_eq!(transferred(&standing, Some(NodeId(1))).unwrap().term, 7);
    }

    #[test]
    fn leadership_goes_to_the_voter_named_in_the_next_term() {
        let answer = transferred(&standing(&[1, 2, 3], &[]), Some(NodeId(3))).unwrap();
        assert_eq!((answer.leader, answer.term), (NodeId(3), 8));
        let nobody = transferred(&standing(&[1, 2, 3], &[]), Some(NodeId(9)));
        assert_eq!(nobody, Err(Refusal::NoNode(NodeId(9))));
    }
}
