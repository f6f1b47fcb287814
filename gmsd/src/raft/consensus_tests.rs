//! Consensus as the rest of gmsd sees it: three nodes in one process, real sockets, real disks.

use gms::id::NodeId;

use super::{
    error::ProposeError,
    standing::Role,
    test_cluster::{Cluster, has, join},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_elect_propose_and_apply_alike() {
    let cluster = Cluster::start(3).await;
    let first = cluster.propose(join("a")).await;
    assert!(first.outcomes[0].is_ok());
    let second = cluster.propose(join("b")).await;
    assert!(second.revision > first.revision);
    cluster.agrees(second.revision).await;
    let leader = cluster.leader().await;
    let standing = cluster.stands(leader, |it| it.followers.len() == 2).await;
    assert_eq!((standing.role, standing.leader), (Role::Leader, Some(leader)));
    assert_eq!(standing.voters.len(), 3);
    let read = cluster.node(leader).read_index().await.unwrap();
    assert!(read >= second.revision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposer_reads_what_it_wrote() {
    let cluster = Cluster::start(1).await;
    for member in ["a", "b", "c"] {
        cluster.propose(join(member)).await;
        assert!(has(&cluster.node(NodeId(1)).state().borrow(), member));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_does_not_propose_and_names_the_leader() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.running().into_iter().find(|it| *it != leader);
    let follower = follower.unwrap();
    cluster.stands(follower, |it| it.leader == Some(leader)).await;
    let refused = cluster.node(follower).propose(join("a")).await;
    let expected = ProposeError::NotLeader { leader: Some(leader) };
    assert_eq!(refused, Err(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_go_on_when_the_leader_dies_and_it_catches_up_later() {
    let mut cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    cluster.kill(leader).await;
    let next = cluster.propose(join("b")).await;
    cluster.restart(leader).await;
    cluster.stands(leader, |it| it.recovered).await;
    cluster.shows(leader, |state| state.revision() >= next.revision).await;
    assert!(has(&cluster.node(leader).state().borrow(), "b"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_survives_the_end_of_all() {
    let mut cluster = Cluster::start(3).await;
    let members = ["a", "b", "c", "d", "e"];
    for member in members {
        cluster.propose(join(member)).await;
    }
    cluster.kill_all().await;
    for node in [1, 2, 3].map(NodeId) {
        cluster.restart(node).await;
    }
    for node in cluster.running() {
        cluster.stands(node, |it| it.recovered).await;
        let state = cluster.node(node).state().borrow().clone();
        assert!(members.iter().all(|member| has(&state, member)), "node {node}");
    }
}
