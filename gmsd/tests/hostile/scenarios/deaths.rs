//! Deaths: alone, in crowds, together with nodes. Whoever died goes in time and in one view.

use super::verdict::{ELECTION, KILLED, MEMBERS, SILENT};
use crate::{
    firewall::Loss,
    machine,
    netns::Network,
    world::{NODES, World},
};

/// How many die together (scenarios S2 and S3, after Rapid's figure 8: ten of a thousand).
const TEN: usize = 10;
/// Of how many, in the long form.
const THOUSAND: usize = 1_000;
/// How many die behind one socket.
const AT_ONE_SOCKET: usize = 300;
/// One is aimed at. The kernel closes so many sockets one by one, and on a machine that plays other
/// scenarios too that takes longer than the cut waits.
const AT_ONE_SOCKET_VIEWS: usize = 4;
/// How many die while the leader does.
const MANY: usize = 30;

/// Ten processes are killed one right after the other: one view without all of them.
pub(crate) async fn ten_at_once(network: Network) -> String {
    let members = if machine::long_forms() { THOUSAND } else { MEMBERS };
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(members - TEN).await;
    let victims = world.solos(&host, "victim", TEN).await;
    let baseline = world.baseline().await;
    world.kill(victims, KILLED, &NODES);
    world.verdict(baseline, 1..=1, &format!("; {TEN} of {members}")).await
}

/// A process with very many members is killed: each of their pings is refused by the same socket,
/// and that is one piece of news.
pub(crate) async fn many_at_one_socket(network: Network) -> String {
    let members = if machine::long_forms() { THOUSAND } else { AT_ONE_SOCKET };
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS).await;
    let victims = world.join(&host, "victim", members).await;
    let baseline = world.baseline().await;
    world.kill(vec![victims], KILLED + KILLED, &NODES);
    world
        .verdict(
            baseline,
            1..=AT_ONE_SOCKET_VIEWS,
            &format!("; {members} of {}", members + MEMBERS),
        )
        .await
}

/// A host with ten members is gone without a word.
pub(crate) async fn power_off(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - TEN).await;
    let host = world.host();
    let victims = world.join(&host, "victim", TEN).await;
    let baseline = world.baseline().await;
    world.note_deaths(&victims.ids, SILENT, &NODES);
    host.namespace.lose(&Loss::both("0.0.0.0/0"));
    world.deaths_shown().await;
    drop(victims);
    world.verdict(baseline, 1..=2, &format!("; {TEN} of {MEMBERS}")).await
}

/// The leader dies together with many members.
pub(crate) async fn leader_in_mass_crash(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - MANY).await;
    let crowded = world.join(&host, "crowded", MANY - TEN).await;
    let mut victims = world.solos(&host, "victim", TEN).await;
    victims.push(crowded);
    let baseline = world.baseline().await;
    let leader = world.leader().await;
    let others: Vec<u64> = NODES.into_iter().filter(|node| *node != leader).collect();
    let half = victims.split_off(victims.len() / 2);
    world.kill(half, KILLED + ELECTION, &others);
    world.kill_node(leader);
    world.kill(victims, KILLED + ELECTION, &others);
    world.deaths_shown().await;
    world.start_node(leader);
    world.verdict(baseline, 1..=4, &format!("; {MANY} and the leader")).await
}

/// A node dies, and with it the monitor of a third of the members: some of these die next.
pub(crate) async fn monitor(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - TEN).await;
    let victims = world.solos(&host, "victim", TEN).await;
    let baseline = world.baseline().await;
    let node = world.follower().await;
    let view = world.view(node).await.unwrap();
    let watched: Vec<_> = view
        .members
        .iter()
        .filter(|member| member.monitor.is_some_and(|monitor| monitor.0 == node))
        .map(|member| member.id.clone())
        .collect();
    let (orphans, others): (Vec<_>, Vec<_>) =
        victims.into_iter().partition(|victim| watched.contains(&victim.ids[0]));
    world.crowd.extend(others);
    let count = orphans.len();
    world.kill_node(node);
    let alive: Vec<u64> = NODES.into_iter().filter(|other| *other != node).collect();
    world.kill(orphans, KILLED + ELECTION, &alive);
    world.deaths_shown().await;
    world.start_node(node);
    // Where nobody holds a stream of the dead, each is noticed by its next ping.
    world.verdict(baseline, count.min(1)..=count, &format!("; {count} orphans killed")).await
}
