//! What is promised to static members and to those on streams, beyond what is promised to all.

use std::time::{Duration, Instant};

use gms::id::{Incarnation, MemberId};

use super::verdict::{ELECTION, KILLED, MEMBERS, SILENT};
use crate::{
    firewall::Loss,
    manner::Manner,
    members::{Host, Members},
    netns::Network,
    world::{NODES, World, api},
};

/// How long the place of the static member is kept: longer than it is ever away, but for the last
/// time, and short enough to be waited for.
const HOLD: Duration = Duration::from_secs(12);
/// How often it dies and comes back while nothing else happens.
const ROUNDS: usize = 5;
/// How long the lease of a session is.
const LEASE: Duration = Duration::from_millis(1_200);
/// What the leader may take to find that a hold has run out.
const EXPIRY: Duration = Duration::from_secs(3);
/// Members on streams, besides those of the crowd.
const STREAMS: usize = 5;
/// For how long no new connection gets through. A quorum takes the end of a stream for the member's
/// after 150 ms.
const REFUSED: Duration = Duration::from_millis(100);
/// How often that happens.
const OUTAGES: usize = 10;
/// Between two of them, so that each finds streams that have lasted.
const OUTAGE_EVERY: Duration = Duration::from_millis(2_500);

/// A static member dies of a kill, a power failure and together with the leader, and is back in time:
/// its place is kept, no view changes, and each of its lives is over in time. At last it does not
/// come back, and when its hold has run out that is one view.
pub(crate) async fn static_member(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - 1).await;
    let host = world.host();
    let mut kept = world.join_as(Manner::Static(HOLD), &host, "kept", 1).await;
    let id = kept.ids[0].clone();
    let baseline = world.baseline().await;
    for _ in 0..ROUNDS {
        let life = world.life(&id);
        world.kill(vec![kept], KILLED, &NODES);
        world.deaths_shown().await;
        kept = back(&mut world, &host, &id, life).await;
    }
    // Without power: nobody's kernel says a word, and the next life comes from elsewhere.
    let life = world.life(&id);
    world.note_deaths(&kept.ids, SILENT, &NODES);
    host.namespace.lose(&Loss::both("0.0.0.0/0"));
    world.deaths_shown().await;
    drop(kept);
    host.namespace.heal();
    let elsewhere = world.host();
    let kept = back(&mut world, &elsewhere, &id, life).await;
    // Who counts the hold dies.
    let leader = world.leader().await;
    let others: Vec<u64> = NODES.into_iter().filter(|node| *node != leader).collect();
    let life = world.life(&id);
    world.kill(vec![kept], KILLED + ELECTION, &others);
    world.kill_node(leader);
    world.deaths_shown().await;
    world.start_node(leader);
    let kept = back(&mut world, &elsewhere, &id, life).await;
    let moved = world.views_since(&baseline);
    assert_eq!(moved, 0, "a view changed although it was back in time");
    world.kill(vec![kept], KILLED, &NODES);
    world.deaths_shown().await;
    let away = Instant::now();
    world
        .eventually("the end of its hold", async || {
            (world.views_since(&baseline) > 0).then_some(())
        })
        .await;
    let took = away.elapsed();
    assert!(HOLD < took + KILLED && took < HOLD + EXPIRY, "its place was kept for {took:.1?}");
    let facts = format!("; back in its place {} times without a view", ROUNDS + 2);
    world.verdict(baseline, 1..=1, &facts).await
}

/// Its next life, once all see it and a node has heard it: one that was never heard is given ten seconds
/// to open its port before its silence counts.
async fn back(world: &mut World, host: &Host, id: &MemberId, life: Incarnation) -> Members {
    let kept = world.spawn_as(Manner::Static(HOLD), host, id.as_str(), 1, 0);
    world.note_returns(1);
    world
        .eventually("the next life to be seen", async || (world.life(id) > life).then_some(()))
        .await;
    world.settled(&NODES).await;
    // What was counted as well may still have been the life before. The lease a life begins with is over
    // by then, and one that is still valid was prolonged by a node that heard it.
    world.pass(LEASE).await;
    world.crowd.push(kept);
    world.all_leases_valid().await;
    world.crowd.pop().unwrap()
}

/// Members on streams: their connections are cut and for a moment there are no new ones, as when a
/// proxy starts again; each node is killed in turn, and with it the streams to it. Nobody goes. Then
/// one is killed, which its kernel tells, and one loses its power, which nobody tells.
pub(crate) async fn stream_member(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - STREAMS).await;
    let host = world.host();
    let mut solos = Vec::new();
    for number in 0..STREAMS {
        let name = format!("streamer{number}");
        solos.push(world.join_as(Manner::Stream, &host, &name, 1).await);
    }
    let baseline = world.baseline().await;
    for round in 0..OUTAGES {
        host.namespace.refuse_connections(&NODES.map(api), REFUSED);
        if round % 2 == 0 {
            host.namespace.reset_connections("10.77.0.0/24");
        } else {
            for node in NODES {
                world.node(node).namespace.reset_connections(&host.peer());
            }
        }
        world.pass(OUTAGE_EVERY).await;
    }
    world.settled(&NODES).await;
    for node in NODES {
        world.kill_node(node);
        world.pass(ELECTION).await;
        world.start_node(node);
        world.settled(&NODES).await;
    }
    assert_eq!(world.views_since(&baseline), 0, "a living member went");
    world.kill(solos.pop().into_iter().collect(), KILLED, &NODES);
    world.deaths_shown().await;
    let dark = world.host();
    let last = world.join_as(Manner::Stream, &dark, "in-the-dark", 1).await;
    world.settled(&NODES).await;
    world.note_deaths(&last.ids, SILENT, &NODES);
    dark.namespace.lose(&Loss::both("0.0.0.0/0"));
    world.deaths_shown().await;
    drop(last);
    world.crowd.extend(solos);
    let facts = format!("; {OUTAGES} outages of {REFUSED:?}, each node killed once");
    world.verdict(baseline, 3..=3, &facts).await
}
