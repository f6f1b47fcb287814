//! Members of kind `stream`: where they are asked, and what a stream that closes says.

use gms::{
    evidence::{Cause, Verdict},
    heartbeat::Unverified,
    id::{Incarnation, NodeId},
};

use super::{super::test_world::*, *};
use crate::{
    liveness::{output::Output, timing::Timing},
    membership::command::Command,
};

#[test]
fn a_member_is_asked_on_its_streams_and_only_there() {
    let mut world = World::new(true);
    world.run_ms(3_000);
    assert_eq!(world.pings, [0; NODES], "nobody can ask it yet");
    assert_eq!(world.bands(), [gms::api::Band::Unknown]);
    world.open_all();
    world.run_ms(10);
    assert_eq!(world.bands(), [gms::api::Band::Ok]);
    world.run_ms(20_000);
    let bystander = world.bystander();
    for (node, pings) in world.pings.iter().enumerate() {
        assert_eq!(*pings > 30, node != bystander, "{:?}", world.pings);
    }
    assert!(world.removals.is_empty());
}

#[test]
fn a_stranger_has_no_stream() {
    let mut world = World::new(false);
    let other = Subject { incarnation: Incarnation(1), ..subject() };
    assert!(!world.observers[0].handle_stream_opened(world.now, &other));
    // Ends that nobody waits for change nothing.
    world.observers[0].handle_stream_closed(world.now, &subject(), true);
    world.run_ms(1_000);
    assert!(world.removals.is_empty());
}

#[test]
fn a_killed_member_is_condemned_by_the_ends_of_its_streams_within_the_affirmed_time() {
    let mut world = World::new(false);
    world.open_all();
    world.run_ms(3_000);
    world.answers = false;
    for node in 0..NODES {
        world.close(node, true);
        world.run_ms(5);
    }
    world.run(Timing::default().affirmed_confirmation + STEP);
    let removal = world.removals.first().expect("a quorum saw its streams close");
    assert_eq!(removal.evidence.cause, Cause::Fin);
    let affirmed = |seen: &&gms::evidence::Observation| seen.verdict == Verdict::DeadAffirmed;
    assert!(removal.evidence.observers.iter().filter(affirmed).count() >= 2, "{removal:?}");
}

#[test]
fn one_stream_that_is_reset_condemns_nobody() {
    for node in 0..NODES {
        let mut world = World::new(false);
        world.open_all();
        world.run_ms(3_000);
        world.close(node, true);
        world.run_ms(1_000);
        assert!(world.removals.is_empty(), "the other nodes hear it");
        let tallies: Vec<_> = world.observers.iter().map(Observer::tally).collect();
        assert_eq!(tallies[node].refutations, 1, "{tallies:?}");
    }
}

#[test]
fn streams_that_are_open_again_within_the_affirmed_time_keep_the_member() {
    let mut world = World::new(false);
    world.open_all();
    world.run_ms(3_000);
    world.answers = false;
    (0..NODES).for_each(|node| world.close(node, true));
    world.run_ms(75);
    world.answers = true;
    world.open_all();
    world.run_ms(3_000);
    assert!(world.removals.is_empty());
    assert_eq!(world.bands(), [gms::api::Band::Ok]);
}

#[test]
fn a_member_that_falls_silent_on_open_streams_is_removed_like_any_other() {
    let mut world = World::new(false);
    world.open_all();
    world.run(GRACE);
    world.answers = false;
    world.run_ms(1_400);
    assert!(world.removals.is_empty());
    world.run_ms(1_100);
    assert_eq!(world.removals[0].evidence.cause, Cause::Silence);
}

#[test]
fn a_node_without_its_stream_says_nothing_until_the_grace_is_over() {
    let mut world = World::new(false);
    world.open(0);
    world.open(1);
    world.run(GRACE / 2);
    world.close(1, false);
    world.run_ms(500);
    // Of three nodes one hears nothing, one lost its stream by a restart, one never had one.
    world.answers = false;
    world.run(GRACE / 3);
    assert!(world.removals.is_empty(), "{:?}", world.removals);
    let seen = world.observers[0].suspicion(&subject());
    for seen in seen.into_iter().flat_map(|seen| seen.observers).filter(|of| of.node.0 != 1) {
        assert_eq!((seen.verdict, &*seen.detail), (Verdict::Abstain, "could not ping it"));
    }
}

#[test]
fn a_life_whose_streams_nobody_has_is_removed_after_the_grace_and_not_before() {
    for joins_now in [true, false] {
        let mut world = World::new(joins_now);
        world.run(GRACE);
        assert!(world.removals.is_empty());
        world.run_ms(4_000);
        let removal = world.removals.first().expect("it never came");
        assert_eq!(removal.evidence.cause, Cause::Silence);
        let details = removal.evidence.observers.iter().map(|seen| &*seen.detail);
        assert!(details.clone().filter(|of| of.contains("no heartbeat stream")).count() >= 2);
        assert_eq!(world.pings, [0; NODES]);
    }
}

#[test]
fn a_pong_for_another_node_is_passed_on_by_the_stream_it_came_on() {
    let mut world = World::new(false);
    world.open_all();
    world.run(GRACE);
    // The other watcher is gone, the accuser's stream brings nothing back, and the asked node's
    // takes nothing out: only the accuser's pings, answered to the asked node, tell of life.
    let asked = world.bystander();
    let accuser = (asked + 1) % NODES;
    for _ in 0..600 {
        world.now += STEP;
        let mut pings = Vec::new();
        for node in [accuser, asked] {
            if world.observers[node].poll_timeout() <= world.now {
                world.observers[node].handle_timeout(world.now);
            }
            while let Some(output) = world.observers[node].poll_output() {
                match output {
                    Output::Frame { bytes, .. } if node == accuser => pings.push(bytes),
                    Output::Send { to, message } => {
                        let to = usize::try_from(to.0 - 1).unwrap();
                        let from = NodeId(node as u64 + 1);
                        world.observers[to].handle_message(world.now, from, message);
                    }
                    Output::Condemn(verdict) => panic!("{verdict:?}"),
                    _ => {}
                }
            }
        }
        for ping in pings {
            let read = Unverified::read(&ping).unwrap().verify(&key()).unwrap();
            if read.flags.suspected {
                world.observers[asked].handle_frame(world.now, &subject(), &pong(&ping));
            }
        }
    }
    assert!(world.observers[accuser].tally().refutations > 0);
    assert_eq!(world.observers[asked].tally().garbage, 0);
}

#[test]
fn the_streams_of_a_life_that_is_over_are_ended() {
    let mut world = World::new(false);
    world.open(0);
    world.open(2);
    world.apply(Command::Leave {
        group: subject().group,
        member: subject().member,
        incarnation: None,
        reason: None,
    });
    (0..NODES).for_each(|node| world.act(node));
    assert_eq!(world.ended, [true, false, true]);
}
