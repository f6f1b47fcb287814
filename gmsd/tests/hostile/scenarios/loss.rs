//! Packets that are lost one way: what is heard is no proof of being heard.

use std::time::{Duration, Instant};

use gms::{
    api::WatchEvent,
    evidence::Cause,
    id::{Incarnation, MemberId},
};

use super::verdict::{MEMBERS, SILENT};
use crate::{
    firewall::{Loss, Way},
    netns::Network,
    record::{Histories, Sight},
    world::{ALL_HOSTS, NODES, World},
};

/// Lost at the monitor, of the packets one way (scenario S10).
const LOST_PERCENT: u32 = 80;
/// For how long each way.
const LOSSY: Duration = Duration::from_secs(12);
/// Members that lose as much of what comes in, and as many of what goes out (scenario S5, after
/// Rapid's figure 10: 1 %).
const LOSSY_MEMBERS: usize = 2;
/// By when the first life of each must be over: the window in which it begins, two bad ones of ten
/// seconds after it, eleven seconds to ask the others (41 s are usual, and 45 s the reference's); and once
/// asked in vain, because the path was good for a moment, three windows again; and so once more.
const LOSSY_GONE: Duration = Duration::from_secs(110);
/// The same for a life after that, counted from its join: its past counts as all but one of the windows.
const LOSSY_GONE_AGAIN: Duration = Duration::from_secs(85);
/// Lives of one lossy member: by chance the first goes for silence, and the member is back at once; after
/// that it stays away for minutes, and at once after a removal for lost pings.
const LOSSY_LIVES: usize = 2;
/// By when a member that has no answer to its join asks again.
const JOIN_WAIT: Duration = Duration::from_secs(10);
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

/// Some members lose 80 % of what comes in, some of what goes out. Each answers now and then, and so
/// refutes most doubts; they go all the same, and nobody else does. One that goes for silence by chance
/// comes back once, is found out sooner, and then it too stays away.
pub(crate) async fn members(network: Network) -> String {
    let mut world = World::start(network, &[]).await;
    world.crowd(MEMBERS - 2 * LOSSY_MEMBERS).await;
    let (hear_little, say_little) = (world.host(), world.host());
    let lossy = [
        world.join(&hear_little, "hears-little", LOSSY_MEMBERS).await,
        world.join(&say_little, "says-little", LOSSY_MEMBERS).await,
    ];
    let ids: Vec<MemberId> = lossy.iter().flat_map(|members| members.ids.clone()).collect();
    let baseline = world.baseline().await;
    for id in &ids {
        world.record.give_up(id);
    }
    world.note_deaths(&ids, LOSSY_GONE, &NODES);
    let began = Instant::now();
    hear_little.namespace.lose(&[Loss::of_all(Way::In).percent(LOST_PERCENT)]);
    say_little.namespace.lose(&[Loss::of_all(Way::Out).percent(LOST_PERCENT)]);
    world.deaths_shown().await;
    let courses = loop {
        let courses: Vec<Vec<Course>> =
            world.record.look(|histories| ids.iter().map(|id| courses(histories, id)).collect());
        let stay_away = courses.iter().all(|lives| {
            let last = lives.last().and_then(|life| life.ended);
            let known = |(_, cause)| cause == Cause::Quality || lives.len() == LOSSY_LIVES;
            last.is_some_and(known)
        });
        // One that nobody lets in any more, since its requests are lost too, proves nothing further.
        if stay_away || began.elapsed() > LOSSY_GONE + LOSSY_GONE_AGAIN {
            break courses;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let mut longest = [Duration::ZERO; LOSSY_LIVES];
    for (id, lives) in ids.iter().zip(&courses) {
        assert!(lives.len() <= LOSSY_LIVES, "{id} flaps: {lives:?}");
        for (number, life) in lives.iter().enumerate() {
            let end = life.ended.map_or_else(Instant::now, |(at, _)| at);
            let lasted = end.saturating_duration_since(life.began.max(began));
            let bound = if number == 0 { LOSSY_GONE } else { LOSSY_GONE_AGAIN };
            assert!(lasted <= bound, "life {number} of {id} lasts {lasted:.1?}: {lives:?}");
            longest[number] = longest[number].max(lasted);
        }
    }
    // Where their path is good again they could come back.
    drop(lossy);
    hear_little.namespace.heal();
    say_little.namespace.heal();
    let lives: Vec<usize> = courses.iter().map(Vec::len).collect();
    let facts =
        format!("; {LOST_PERCENT} % lost one way, lives {lives:?} of at most {longest:.0?}");
    let most = ids.len() * (2 * LOSSY_LIVES - 1);
    world.verdict(baseline, 1..=most, &facts).await
}

/// One life of a lossy member as the watchers saw it.
#[derive(Debug)]
struct Course {
    incarnation: Incarnation,
    began: Instant,
    ended: Option<(Instant, Cause)>,
}

/// All lives of a member, in order, but for those of which it never knew: the answer to its join was
/// lost too, and it asked again.
fn courses(histories: &Histories, id: &MemberId) -> Vec<Course> {
    let mut lives: Vec<Course> = Vec::new();
    for sighting in &histories.sightings {
        let Sight::Event(WatchEvent::Change(change)) = &sighting.what else { continue };
        for gone in change.removed.iter().filter(|gone| gone.id == *id) {
            let life = lives.iter_mut().find(|life| life.incarnation == gone.incarnation);
            if let Some(life) = life {
                life.ended.get_or_insert((sighting.at, gone.cause));
            }
        }
        for came in change.joined.iter().filter(|came| came.id == *id) {
            if lives.iter().all(|life| life.incarnation < came.incarnation) {
                let (incarnation, began) = (came.incarnation, sighting.at);
                lives.push(Course { incarnation, began, ended: None });
            }
        }
    }
    let never_known = |life: &Course| {
        let asked_again = |at: Instant| at.saturating_duration_since(life.began) < JOIN_WAIT;
        life.ended.is_some_and(|(at, cause)| cause == Cause::Replaced && asked_again(at))
    };
    lives.retain(|life| !never_known(life));
    lives
}
