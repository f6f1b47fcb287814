//! Links that are cut: between nodes and members, not between nodes.
//!
//! A node that is cut off hears nobody, and may not conclude that nobody is there.

use std::time::{Duration, Instant};

use super::verdict::{KILLED, MEMBERS};
use crate::{
    firewall::Loss,
    netns::Network,
    world::{ALL_HOSTS, NODES, World, node_address},
};

/// For how long a node is cut from the members (scenario S11, after Kubernetes 28832; 10 minutes
/// there, where a node that is going to be wrong is so within seconds).
const CUT: Duration = Duration::from_secs(15);
/// For how long all nodes are cut from all members (scenario S12, after Kubernetes 24597: 60 s; the
/// valve is shut for 30 s, and then lets a fifth through each 10 s).
const ALL_CUT: Duration = Duration::from_secs(25);
/// By when the group must be held.
const HELD_WITHIN: Duration = Duration::from_secs(5);
/// For how long one edge is cut (scenario S6, after Rapid's figure 12).
const EDGE_CUT: Duration = Duration::from_secs(20);
/// For how long two nodes are cut from some members (scenario S13).
const TWO_CUT: Duration = Duration::from_secs(15);
/// How many of the members these are.
const CUT_SHARE_PERCENT: usize = 40;

/// First a follower is cut from all members, then the leader; both stay in the quorum.
pub(crate) async fn monitor_in_quorum(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - 2).await;
    let mut victims = world.solos(&host, "victim", 2).await;
    let baseline = world.baseline().await;
    for node in [world.follower().await, world.leader().await] {
        world.node(node).namespace.lose(&Loss::both(ALL_HOSTS));
        world.kill(victims.pop().into_iter().collect(), KILLED, &NODES);
        world.pass(CUT).await;
        world.node(node).namespace.heal();
        world.settled(&NODES).await;
    }
    world.verdict(baseline, 2..=2, &format!("; cut for {CUT:?} each")).await
}

/// All nodes are cut from all members. That is the network's fault and not that of a hundred
/// members: the groups are held, nobody goes, and when the links are back all is as before.
pub(crate) async fn all_from_all(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS).await;
    let baseline = world.baseline().await;
    for node in NODES {
        world.node(node).namespace.lose(&Loss::both(ALL_HOSTS));
    }
    let cut = Instant::now();
    world.eventually("a hold", async || world.is_held().await?.then_some(())).await;
    let held = cut.elapsed();
    assert!(held < HELD_WITHIN, "the group was held only after {held:?}");
    world.pass(ALL_CUT.saturating_sub(held)).await;
    for node in NODES {
        world.node(node).namespace.heal();
    }
    let healed = Instant::now();
    world.all_leases_valid().await;
    let valid = healed.elapsed();
    world.eventually("the end of the hold", async || (!world.is_held().await?).then_some(())).await;
    let facts =
        format!("; cut for {ALL_CUT:?}, held after {held:.1?}, leases back after {valid:.1?}");
    world.verdict(baseline, 0..=0, &facts).await
}

/// One member and its monitor cannot reach each other; everybody else reaches both.
pub(crate) async fn one_edge(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - 1).await;
    let host = world.host();
    let lonely = world.join(&host, "lonely", 1).await;
    let id = lonely.ids[0].clone();
    world.crowd.push(lonely);
    let baseline = world.baseline().await;
    let monitor = world
        .eventually("a monitor of the member", async || {
            let view = world.view(NODES[0]).await?;
            view.members.iter().find(|member| member.id == id)?.monitor
        })
        .await;
    world.node(monitor.0).namespace.lose(&Loss::both(&host.peer()));
    world.pass(EDGE_CUT).await;
    assert_eq!(world.valid_leases().await, world.sessions(), "a lease was lost over one edge");
    world.node(monitor.0).namespace.heal();
    world.verdict(baseline, 0..=0, &format!("; cut from node {monitor} for {EDGE_CUT:?}")).await
}

/// Two of three nodes are cut from two fifths of the members; the third hears them all.
pub(crate) async fn two_nodes_from_some(network: Network) -> String {
    let some = MEMBERS * CUT_SHARE_PERCENT / 100;
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - some).await;
    let cut_host = world.crowd(some).await;
    let baseline = world.baseline().await;
    let third = world.follower().await;
    for node in NODES.into_iter().filter(|node| *node != third) {
        world.node(node).namespace.lose(&Loss::both(&cut_host.peer()));
    }
    world.pass(TWO_CUT).await;
    for node in NODES {
        world.node(node).namespace.heal();
    }
    let facts =
        format!("; {some} members cut for {TWO_CUT:?} from all but {}", node_address(third));
    world.verdict(baseline, 0..=0, &facts).await
}
