//! Wall clocks that jump. No decision reads one, so nothing may happen.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gms::api::WatchEvent;

use super::verdict::{KILLED, MEMBERS};
use crate::{
    netns::Network,
    record::Sight,
    wall_clock::WallClock,
    world::{NODES, World},
};

/// The steps of the reference (scenario S20, after Jepsen), on all nodes and members at once.
const HOUR: Duration = Duration::from_hours(1);
const STROBE: Duration = Duration::from_secs(200);
/// Between two steps of the strobe.
const STROBE_PERIOD: Duration = Duration::from_millis(50);
/// For how long the strobe lasts, and each hour.
const LASTS: Duration = Duration::from_secs(6);

/// An hour forward, an hour back, then to and fro by 200 s every 50 ms. A member dies under each.
pub(crate) async fn stepped(network: Network) -> String {
    let mut clock = None;
    let mut world = World::start_in(network, &[], |dir| {
        let built = WallClock::build(dir);
        let environment = built.environment().to_vec();
        clock = Some(Arc::new(built));
        environment
    })
    .await;
    let clock = clock.expect("it was built");
    let host = world.crowd(MEMBERS - 3).await;
    let mut victims = world.solos(&host, "victim", 3).await;
    let baseline = world.baseline().await;
    let mut told = Vec::new();
    for backwards in [false, true] {
        clock.set(HOUR, backwards);
        world.kill(victims.pop().into_iter().collect(), KILLED, &NODES);
        world.pass(LASTS).await;
        told.push(last_change_ms(&world) - now_ms());
    }
    let hour = i128::try_from(HOUR.as_millis()).unwrap();
    let close = |told: i128, true_step: i128| (told - true_step).abs() < 60_000;
    assert!(close(told[0], hour) && close(told[1], -hour), "the clock did not step: {told:?}");
    world.kill(victims.pop().into_iter().collect(), KILLED, &NODES);
    let strobing = tokio::spawn({
        let clock = Arc::clone(&clock);
        async move {
            let until = Instant::now() + LASTS;
            let mut backwards = false;
            while Instant::now() < until {
                clock.set(STROBE, backwards);
                backwards = !backwards;
                tokio::time::sleep(STROBE_PERIOD).await;
            }
        }
    });
    world.pass(LASTS).await;
    strobing.await.unwrap();
    clock.set(Duration::ZERO, false);
    world.verdict(baseline, 3..=3, "; an hour forward, two back, a strobe of 200 s").await
}

/// The leader's wall clock at the last change of a view, by its own word.
fn last_change_ms(world: &World) -> i128 {
    let at_ms = world.record.look(|histories| {
        histories.sightings.iter().rev().find_map(|sighting| match &sighting.what {
            Sight::Event(WatchEvent::Change(change)) => Some(change.at_ms),
            _ => None,
        })
    });
    i128::from(at_ms.expect("a member died"))
}

fn now_ms() -> i128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i128::try_from(now.as_millis()).unwrap()
}
