//! Nodes that stop and wake, and nodes that get almost no processor.
//!
//! A node that slept must accuse nobody when it wakes: the pongs it did not read are not pongs that
//! were not sent.

use std::time::Duration;

use super::verdict::{ELECTION, KILLED, MEMBERS};
use crate::{
    cgroup::CpuLimit,
    machine,
    netns::Network,
    world::{NODES, World},
};

/// How long the node is stopped, one time after the other (scenario S8, after Lifeguard).
const STALLS: [Duration; 5] = [
    Duration::from_millis(128),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// Only in the long form: it does what the one before did, for longer.
const LONGEST_STALL: Duration = Duration::from_secs(32);
/// Between two stalls, at most; as long as the stall, if that is shorter.
const GAP_MAX: Duration = Duration::from_secs(2);
/// A member is killed during each stall from this length on.
const KILL_FROM: Duration = Duration::from_secs(2);
/// How long two of three are stopped.
const TWO_STALLED: Duration = Duration::from_secs(8);
/// How much of one processor a starved node gets (scenario S9).
const STARVED_PERCENT: u32 = 5;
/// For how long, first one node, then all three.
const STARVED: Duration = Duration::from_secs(15);

pub(crate) async fn follower(network: Network) -> String {
    stall(network, false).await
}

pub(crate) async fn leader(network: Network) -> String {
    stall(network, true).await
}

async fn stall(network: Network, of_leader: bool) -> String {
    let mut stalls = STALLS.to_vec();
    if machine::long_forms() {
        stalls.push(LONGEST_STALL);
    }
    let kills = stalls.iter().filter(|stall| **stall >= KILL_FROM).count();
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - kills).await;
    let mut victims = world.solos(&host, "victim", kills).await;
    let baseline = world.baseline().await;
    for time in &stalls {
        let node = if of_leader { world.leader().await } else { world.follower().await };
        world.node(node).process().stop();
        if *time >= KILL_FROM {
            let others: Vec<u64> = NODES.into_iter().filter(|other| *other != node).collect();
            let bound = if of_leader { KILLED + ELECTION } else { KILLED };
            world.kill(victims.pop().into_iter().collect(), bound, &others);
        }
        world.pass(*time).await;
        world.node(node).process().resume();
        world.pass((*time).min(GAP_MAX)).await;
    }
    let facts = format!("; {} stalls of up to {:?}", stalls.len(), stalls.last().unwrap());
    world.verdict(baseline, kills..=kills, &facts).await
}

pub(crate) async fn two_of_three(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - 1).await;
    let victims = world.solos(&host, "victim", 1).await;
    let baseline = world.baseline().await;
    let awake = world.follower().await;
    let asleep: Vec<u64> = NODES.into_iter().filter(|node| *node != awake).collect();
    for node in &asleep {
        world.node(*node).process().stop();
    }
    // Nobody can be removed before they wake.
    world.kill(victims, TWO_STALLED + KILLED + ELECTION, &NODES);
    world.pass(TWO_STALLED).await;
    for node in &asleep {
        world.node(*node).process().resume();
    }
    world.verdict(baseline, 1..=1, &format!("; for {TWO_STALLED:?}")).await
}

pub(crate) async fn starved(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - 1).await;
    let victims = world.solos(&host, "victim", 1).await;
    let baseline = world.baseline().await;
    let node = world.follower().await;
    let limits: Vec<CpuLimit> = NODES
        .into_iter()
        .map(|node| CpuLimit::create(&format!("node{node}"), STARVED_PERCENT).unwrap())
        .collect();
    let limit = |node: u64| &limits[usize::try_from(node).unwrap() - 1];
    limit(node).add(world.node(node).process().pid());
    let others: Vec<u64> = NODES.into_iter().filter(|other| *other != node).collect();
    world.kill(victims, KILLED, &others);
    world.pass(STARVED).await;
    for node in others {
        limit(node).add(world.node(node).process().pid());
    }
    world.pass(STARVED).await;
    let throttled: Vec<u64> = limits.iter().map(CpuLimit::times_throttled).collect();
    assert!(throttled.iter().all(|times| *times > 0), "they were not starved: {throttled:?}");
    drop(limits);
    let facts = format!("; made to wait {throttled:?} times");
    world.verdict(baseline, 1..=1, &facts).await
}
