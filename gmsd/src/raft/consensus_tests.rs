//! Consensus as the rest of gmsd sees it: three nodes in one process, real sockets, real disks.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gms::id::{NodeId, Revision};

use super::{
    compaction::Compaction,
    consensus::Consensus,
    error::{ChangeError, ProposeError, ReadError},
    standing::Role,
    test_cluster::{Cluster, SOON, has, join},
    types::Membership,
};
use crate::host::{disk::Disk as _, real_disk::RealDisk, world::Host};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_without_its_quorum_refuses_in_time() {
    let mut cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    for node in cluster.running() {
        if node != leader {
            cluster.kill(node).await;
        }
    }
    let alone = cluster.node(leader);
    let promised = Duration::from_secs(2);
    let first = tokio::time::timeout(promised, alone.propose(join("b"))).await;
    let first = first.expect("an answer in time").unwrap_err();
    let allowed = [ProposeError::NoQuorum, ProposeError::Unknown];
    assert!(allowed.contains(&first), "{first}");
    // By then its lease has run out for sure.
    let second = tokio::time::timeout(promised, alone.propose(join("c"))).await;
    assert_eq!(second.expect("an answer in time"), Err(ProposeError::NoQuorum));
    let read = tokio::time::timeout(promised, alone.read_index()).await;
    assert_eq!(read.expect("an answer in time"), Err(ReadError::NoQuorum));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quorum_contact_is_fresh_on_every_node_and_stays_behind_when_the_others_are_gone() {
    let mut cluster = Cluster::start(3).await;
    let revision = cluster.propose(join("a")).await.revision;
    cluster.agrees(revision).await;
    let clock = Host::real().clock;
    for node in cluster.running() {
        cluster.stands(node, |_| cluster.node(node).quorum_contact().is_some()).await;
        let since = clock.now() - cluster.node(node).quorum_contact().unwrap();
        assert!(since < SOON, "node {node}: {since:?}");
    }
    let leader = cluster.leader().await;
    for node in cluster.running() {
        if node != leader {
            cluster.kill(node).await;
        }
    }
    let gone = clock.now();
    let refused = cluster.node(leader).read_index().await;
    assert_eq!(refused, Err(ReadError::NoQuorum));
    assert!(cluster.node(leader).quorum_contact().unwrap() <= gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leadership_goes_where_it_is_sent() {
    let cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    let to = cluster.running().into_iter().find(|it| *it != leader).unwrap();
    assert_eq!(cluster.node(leader).transfer(Some(to)).await, Ok(to));
    cluster.stands(to, |it| it.leader_ready).await;
    cluster.stands(leader, |it| it.role == Role::Follower && it.leader == Some(to)).await;
    let refused = cluster.node(leader).transfer(None).await;
    assert!(matches!(refused, Err(ChangeError::NotLeader { .. })), "{refused:?}");
    let nobody = cluster.node(to).transfer(Some(NodeId(9))).await;
    assert!(matches!(nobody, Err(ChangeError::Refused(_))), "{nobody:?}");
    cluster.propose(join("b")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_shuts_down_hands_over_first() {
    let mut cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    let term = cluster.node(leader).standing().borrow().term;
    let going = cluster.take(leader);
    going.shutdown().await;
    let next = cluster.leader().await;
    assert_ne!(next, leader);
    // One election and no more: nobody had to wait for a timeout and compete.
    assert_eq!(cluster.node(next).standing().borrow().term, term + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_joins_votes_and_another_leaves() {
    let mut cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let fourth = NodeId(4);
    cluster.start_joiner(fourth).await;
    let url = cluster.url(fourth);
    let leader = cluster.leader().await;
    let early = cluster.node(leader).promote(fourth).await;
    assert!(matches!(early, Err(ChangeError::Refused(_))), "{early:?}");
    let add = |url: String| {
        move |leader: Consensus| {
            let url = url.clone();
            async move { leader.add_learner(fourth, &url, SOON).await }
        }
    };
    cluster.change(add(url)).await;
    cluster.stands(fourth, |it| it.learners.contains(&fourth)).await;
    let leader = cluster.leader().await;
    let moved = add("http://127.0.0.1:1".to_owned())(cluster.node(leader).clone()).await;
    assert!(matches!(moved, Err(ChangeError::Refused(_))), "{moved:?}");
    cluster.change(|leader| async move { leader.promote(fourth).await }).await;
    cluster.stands(fourth, |it| it.voters.len() == 4 && !it.joint).await;
    let leader = cluster.leader().await;
    let gone = cluster.running().into_iter().find(|it| *it != leader && *it != fourth);
    let gone = gone.unwrap();
    cluster.change(|leader| async move { leader.remove(gone).await }).await;
    cluster.stands(fourth, |it| it.voters.len() == 3 && !it.voters.contains(&gone)).await;
    cluster.kill(gone).await;
    let done = cluster.propose(join("b")).await;
    cluster.agrees(done.revision).await;
    let state = cluster.node(fourth).state().borrow().clone();
    assert!(has(&state, "a") && has(&state, "b"));
    assert!(state.configuration().voters.contains(&fourth));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_can_remove_itself() {
    let cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    cluster.change(|now| async move { now.remove(leader).await }).await;
    let next = cluster.running().into_iter().find(|it| *it != leader).unwrap();
    cluster
        .stands(next, |it| it.leader.is_some_and(|now| now != leader) && it.voters.len() == 2)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_voter_cannot_be_removed() {
    let cluster = Cluster::start(1).await;
    let only = cluster.leader().await;
    let refused = cluster.node(only).remove(only).await;
    assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_left_half_done_is_finished() {
    let cluster = Cluster::start(3).await;
    cluster.propose(join("a")).await;
    let leader = cluster.leader().await;
    // Both voter sets at once: what a leader that dies between its two entries leaves.
    let urls = cluster.urls().into_iter();
    let nodes: BTreeMap<u64, openraft::BasicNode> =
        urls.map(|(node, url)| (node.0, openraft::BasicNode::new(url))).collect();
    let sets = vec![BTreeSet::from([1, 2, 3]), BTreeSet::from([1, 2])];
    let joint = Membership::new(sets, nodes).unwrap();
    let written =
        cluster.node(leader).raft().append_membership(joint, openraft::EntryPayload::Blank, []);
    let at = written.await.unwrap().log_id.index;
    let done = cluster.stands(leader, |it| it.applied > Some(Revision(at)) && !it.joint).await;
    assert_eq!(done.voters, BTreeSet::from([NodeId(1), NodeId(2)]));
}

/// A log that is shortened after a few entries.
fn small() -> Compaction {
    Compaction { snapshot_after_len: 2_000, keep_len: 0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lagged_too_far_gets_a_snapshot() {
    let mut cluster = Cluster::new();
    cluster.compaction = small();
    cluster.found(3).await;
    cluster.propose(join("first")).await;
    let leader = cluster.leader().await;
    let lagging = cluster.running().into_iter().find(|it| *it != leader).unwrap();
    let missed = cluster.node(lagging).standing().borrow().last_log;
    cluster.kill(lagging).await;
    for count in 0..60 {
        cluster.propose(join(&format!("m{count}"))).await;
    }
    let leader = cluster.leader().await;
    cluster.stands(leader, |it| it.purged > missed).await;
    cluster.restart(lagging).await;
    let last = cluster.propose(join("last")).await.revision;
    cluster.agrees(last).await;
    let standing = cluster.stands(lagging, |it| it.snapshot > missed).await;
    assert!(standing.recovered);
    assert!(has(&cluster.node(lagging).state().borrow(), "m0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_reads_the_snapshot_and_the_log_after_it() {
    let mut cluster = Cluster::new();
    cluster.compaction = small();
    cluster.found(1).await;
    let only = NodeId(1);
    for count in 0..40 {
        cluster.propose(join(&format!("m{count}"))).await;
    }
    cluster.stands(only, |it| it.purged.is_some()).await;
    cluster.propose(join("after")).await;
    let before = cluster.node(only).state().borrow().clone();
    cluster.kill(only).await;
    let names = RealDisk.list(&cluster.data_dir(only)).unwrap();
    let snapshots = names.iter().filter(|name| name.starts_with("snapshot-"));
    assert_eq!(snapshots.count(), 1, "{names:?}");
    cluster.restart(only).await;
    cluster.stands(only, |it| it.recovered).await;
    let state = cluster.node(only).state().borrow().clone();
    assert!(has(&state, "m0") && has(&state, "after"));
    assert!(state.revision() >= before.revision());
}
