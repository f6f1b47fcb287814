//! Others that get in the way: a process on a dead member's port, middleboxes that reset
//! connections, a second process that claims a living member's name.

use std::time::Duration;

use super::verdict::{KILLED, MEMBERS};
use crate::{
    netns::Network,
    world::{ALL_HOSTS, NODES, World, api},
};

/// The port of the member that dies.
const PORT: u16 = 7200;
/// Every so often all session streams are reset (scenario S33).
const RESET_EVERY: Duration = Duration::from_secs(1);
/// How often.
const RESETS: usize = 12;
/// For how long a second process claims a living member's name.
const CLAIM: Duration = Duration::from_secs(5);

/// A member dies, and another process takes its port, echoes its pings and accepts connections:
/// the member is dead all the same (scenario S32).
pub(crate) async fn impostor(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - 1).await;
    let host = world.host();
    let victim = world.spawn(&host, "victim", 1, PORT);
    world.note_returns(1);
    let baseline = world.baseline().await;
    world.kill(vec![victim], KILLED, &NODES);
    world.impostor(&host, PORT).await;
    world.deaths_shown().await;
    world.verdict(baseline, 1..=1, "").await
}

/// All session streams are reset every second, at the nodes' end and at the members': the kernel's
/// word that a stream is gone is no proof that the process is.
pub(crate) async fn streams_reset(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS).await;
    let baseline = world.baseline().await;
    for round in 0..RESETS {
        for node in NODES {
            if round % 2 == 0 {
                world.node(node).namespace.reset_connections(ALL_HOSTS);
            } else {
                host.namespace.reset_connections(&api(node).ip().to_string());
            }
        }
        world.pass(RESET_EVERY).await;
    }
    world.verdict(baseline, 0..=0, &format!("; {RESETS} times, every {RESET_EVERY:?}")).await
}

/// A second process claims the name of a member that answers: it is refused and changes nothing.
pub(crate) async fn two_processes(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    let host = world.crowd(MEMBERS - 1).await;
    let owner = world.join(&host, "owner", 1).await;
    world.crowd.push(owner);
    let baseline = world.baseline().await;
    let elsewhere = world.host();
    let claimant = world.spawn(&elsewhere, "owner", 1, 0);
    world.pass(CLAIM).await;
    let log = claimant.process.log();
    assert!(log.contains("conflict") || log.contains("not joined"), "nobody refused it: {log}");
    assert!(!log.contains("joined 1"), "it was let in: {log}");
    drop(claimant);
    world.verdict(baseline, 0..=0, &format!("; claimed for {CLAIM:?}")).await
}
