//! Nodes and members that come back.

use std::time::{Duration, Instant};

use super::verdict::{ELECTION, KILLED, MEMBERS};
use crate::{
    netns::Network,
    world::{NODES, World},
};

/// How long all nodes are gone (scenario S18: 1, 10 and 60 s; after the lease it makes no
/// difference to a member how long it was).
const AWAY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// Members from before a start are not removed by silence for so long; the default is 10 s.
const BOOT_GRACE: Duration = Duration::from_secs(4);
/// How many die while there are no nodes (scenario S19).
const DIED_MEANWHILE: usize = 5;
/// How often a member is killed and started again under its name (scenario S21).
const ROUNDS: usize = 20;
/// It is back within this.
const BACK_WITHIN: Duration = Duration::from_millis(50);

/// All nodes are killed at once and come back, twice; the second time a few members died meanwhile.
pub(crate) async fn all_nodes(network: Network) -> String {
    let grace = format!("{}s", BOOT_GRACE.as_secs());
    let mut world = World::start(network, &["--boot-grace", &grace]).await;
    let host = world.crowd(MEMBERS - DIED_MEANWHILE).await;
    let mut victims = world.solos(&host, "victim", DIED_MEANWHILE).await;
    let baseline = world.baseline().await;
    let before = world.view(NODES[0]).await.unwrap();
    let mut back = Vec::new();
    for (round, time) in AWAY.into_iter().enumerate() {
        for node in NODES {
            world.kill_node(node);
        }
        if round + 1 == AWAY.len() {
            let bound = time + BOOT_GRACE + KILLED + ELECTION;
            world.kill(std::mem::take(&mut victims), bound, &NODES);
        }
        world.pass(time).await;
        for node in NODES {
            world.start_node(node);
        }
        let began = Instant::now();
        if round == 0 {
            world.leader().await;
            world.all_leases_valid().await;
            back.push(began.elapsed());
            let after = world.view(NODES[0]).await.unwrap();
            assert_eq!(after.view, before.view, "a restart changed the view");
            world.pass(BOOT_GRACE + KILLED).await;
        }
    }
    let facts = format!("; leases back after {back:.1?}");
    world.verdict(baseline, 1..=DIED_MEANWHILE, &facts).await
}

/// One node after the other is asked to end, as for an upgrade, and comes back.
pub(crate) async fn rolling(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS).await;
    let baseline = world.baseline().await;
    for node in NODES {
        world.terminate_node(node);
        world.pass(Duration::from_secs(1)).await;
        world.start_node(node);
        world.settled(&NODES).await;
    }
    world.verdict(baseline, 0..=0, "; all three").await
}

/// A member is killed and back under the same name within 50 ms, again and again: never two lives,
/// and each life goes once.
pub(crate) async fn member(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - 1).await;
    let mut phoenix = world.solos(&host, "phoenix", 1).await.pop().unwrap();
    let baseline = world.baseline().await;
    let id = phoenix.ids[0].clone();
    let mut slowest = Duration::ZERO;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let life = world.life(&id);
        world.kill(vec![phoenix], KILLED, &NODES);
        phoenix = world.spawn(&host, id.as_str(), 1, 0);
        slowest = slowest.max(began.elapsed());
        world.note_returns(1);
        world
            .eventually("the next life to be seen", async || (world.life(&id) > life).then_some(()))
            .await;
        world.settled(&NODES).await;
    }
    assert!(slowest < BACK_WITHIN * 10, "the machine is too slow for this: {slowest:?}");
    world.crowd.push(phoenix);
    // A view for both, or one each.
    let facts = format!("; {ROUNDS} lives, the next one started within {slowest:.0?}");
    world.verdict(baseline, ROUNDS..=2 * ROUNDS, &facts).await
}
