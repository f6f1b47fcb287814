//! Packets that are lost one way: what is heard is no proof of being heard.

use std::time::Duration;

use super::verdict::{MEMBERS, SILENT};
use crate::{
    firewall::{Loss, Way},
    netns::Network,
    world::{ALL_HOSTS, NODES, World},
};

/// Lost at the monitor, of the packets one way (scenario S10).
const LOST_PERCENT: u32 = 80;
/// For how long each way.
const LOSSY: Duration = Duration::from_secs(12);
/// Members whose incoming packets are lost (scenario S4, after Rapid's figure 9: 1 %).
const FLIPPED: usize = 2;
/// For how long they are, and then for how long they are not.
const FLIP: Duration = Duration::from_secs(20);

/// One node loses 80 % of what comes from the members; then of what goes to them; then of all that
/// comes in, its peers' packets too.
pub(crate) async fn monitor(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS).await;
    let baseline = world.baseline().await;
    let node = world.follower().await;
    let losses =
        [Loss::of(Way::In, ALL_HOSTS), Loss::of(Way::Out, ALL_HOSTS), Loss::of_all(Way::In)];
    for loss in losses {
        world.node(node).namespace.lose(&[loss.percent(LOST_PERCENT)]);
        world.pass(LOSSY).await;
        world.node(node).namespace.heal();
        world.settled(&NODES).await;
    }
    let facts = format!("; {LOST_PERCENT} % lost for {LOSSY:?}, three ways");
    world.verdict(baseline, 0..=0, &facts).await
}

/// A few members hear nothing for 20 s, then all, then nothing again. Exactly these go, and come
/// back when they hear again.
pub(crate) async fn flip_flop(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - FLIPPED).await;
    let host = world.host();
    let deaf = world.join(&host, "deaf", FLIPPED).await;
    let ids = deaf.ids.clone();
    let baseline = world.baseline().await;
    for round in 0..2 {
        for id in &ids {
            world.record.give_up(id);
        }
        world.note_deaths(&ids, SILENT, &NODES);
        host.namespace.lose(&[Loss::of(Way::In, "0.0.0.0/0")]);
        world.pass(FLIP).await;
        host.namespace.heal();
        // The second time their path is known to be bad: they stay away for minutes.
        if round == 0 {
            world.note_returns(ids.len());
        }
        world.settled(&NODES).await;
        world.pass(FLIP / 4).await;
    }
    // Each time out together or one by one, and once in again. They would come back once more in five
    // minutes, which nobody waits for here.
    let facts = format!("; {FLIPPED} members deaf for {FLIP:?}, twice");
    let told = world.verdict(baseline, 3..=3 * FLIPPED, &facts).await;
    drop(deaf);
    told
}
