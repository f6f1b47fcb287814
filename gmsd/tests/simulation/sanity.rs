//! The checkers are no decoration: with each protection taken away, a scenario that holds with it
//! fails. Protections are taken away around the cores, by what goes in and comes out.

use gms::liveness::Kind;

use crate::{
    network::{Place, Trouble, Ways},
    scenario::{ms, settled},
    sick_logs::{
        come_back_between_verdict_and_proposal, hear_before_a_late_commit,
        start_before_a_late_commit,
    },
    sick_nodes::cut_all_members,
    world::{Switches, World},
};

/// Seeds of which one must show the loss; each must hold with the protection.
const SEEDS: u64 = 20;

/// With the protection no seed fails; without it some do.
fn falls(members: usize, without: Switches, play: impl Fn(&mut World, &[usize])) {
    falls_from(Switches::default(), members, without, play);
}

/// The same, with another protection taken away in both cases, which would catch the fall.
fn falls_from(
    with: Switches,
    members: usize,
    without: Switches,
    play: impl Fn(&mut World, &[usize]),
) {
    let played = |seed, switches| {
        let (mut world, members) = settled(seed, switches, members, Kind::Udp, true);
        play(&mut world, &members);
        world
    };
    for seed in 0..SEEDS {
        let world = played(seed, with);
        let failures = world.ledger.failures.join("\n");
        assert!(failures.is_empty(), "seed {seed}: {failures}\n{}", world.transcript);
    }
    for seed in 0..SEEDS {
        let world = played(seed, without);
        if world.ledger.has_failed() {
            return;
        }
        let is_last = seed + 1 == SEEDS;
        assert!(!is_last, "nobody noticed that it is missing: {without:?}\n{}", world.transcript);
    }
}

/// Lets time pass until a node has doubted this member for so many milliseconds. Which node.
fn until_doubted(world: &mut World, member: usize, for_ms: u64) -> usize {
    let subject = world.programs[member].life.as_ref().unwrap().subject.clone();
    loop {
        world.run_for(ms(1));
        let doubts = |node: &usize| {
            let doubt = world.nodes[*node].observer.as_ref().unwrap().suspicion(&subject);
            doubt.is_some_and(|doubt| doubt.for_ms >= for_ms)
        };
        if let Some(accuser) = (0..3).find(doubts) {
            return accuser;
        }
        assert!(world.now < ms(25_000), "nobody doubts\n{}", world.transcript);
    }
}

#[test]
fn without_the_fence_a_verdict_that_slept_meets_the_next_life() {
    let without = Switches { no_fence: true, ..Switches::default() };
    falls(8, without, |world, members| {
        come_back_between_verdict_and_proposal(world, members[0]);
    });
}

#[test]
fn without_the_quorum_a_monitor_cut_from_the_members_removes_them() {
    let without = Switches { one_vote: true, ..Switches::default() };
    falls(8, without, |world, members| {
        let (node, host) = (world.monitor_of(members[0]), world.programs[members[0]].place());
        world.trouble(Ways::Between(Place::Node(node), host), Trouble::Cut);
        world.run_for(ms(10_000));
    });
}

/// The nodes that were asked are paused in the middle of a doubt, and the member is back when they
/// wake: time in which nobody listened must not count against it.
#[test]
fn without_observed_time_a_pause_finishes_what_was_in_doubt() {
    let without = Switches { machine_time: true, ..Switches::default() };
    falls(8, without, |world, members| {
        let host = world.programs[members[0]].place();
        let Place::Host(number) = host else { return };
        // The answer to what they ask on waking comes later than a word of theirs.
        world.trouble(Ways::AllMembers, Trouble::Delay(ms(70), ms(1)));
        let cut = world.trouble(Ways::Into(number), Trouble::Cut);
        let age = world.random.between(400..430);
        let accuser = until_doubted(world, members[0], age);
        world.trouble(Ways::Between(Place::Node(accuser), host), Trouble::Cut);
        let others = || (0..3).filter(|node| *node != accuser);
        others().for_each(|node| world.stop_node(node));
        world.run_for(ms(20));
        world.relief(cut);
        // Not so long that they lose touch with the quorum.
        world.run_for(ms(200));
        others().for_each(|node| world.continue_node(node));
        world.run_for(ms(4_000));
    });
}

/// Two nodes that do not get their turn at the end of a doubt have the answer in their sockets. That
/// they read it a moment later would void the removal, if the log were told.
#[test]
fn without_reading_first_a_late_turn_is_silence() {
    let with = Switches { early_leases: true, ..Switches::default() };
    let without = Switches { judge_first: true, ..with };
    falls_from(with, 8, without, |world, members| {
        let host = world.programs[members[0]].place();
        let Place::Host(number) = host else { return };
        world.trouble(Ways::AllMembers, Trouble::Delay(ms(30), ms(1)));
        let cut = world.trouble(Ways::Into(number), Trouble::Cut);
        let age = world.random.between(482..497);
        // Near the end of somebody's doubt the others reach the member again.
        let accuser = until_doubted(world, members[0], age);
        world.trouble(Ways::Between(Place::Node(accuser), host), Trouble::Cut);
        world.relief(cut);
        // What is sent now is answered, but not yet heard.
        world.run_for(ms(55));
        let others = || (0..3).filter(|node| *node != accuser);
        others().for_each(|node| world.stop_node(node));
        // With a tick before it still shorter than what counts as a stall.
        world.run_for(ms(78));
        others().for_each(|node| world.continue_node(node));
        world.run_for(ms(4_000));
    });
}

#[test]
fn without_the_word_in_the_log_a_removal_that_is_late_meets_a_lease() {
    let without = Switches { early_leases: true, ..Switches::default() };
    falls(8, without, |world, members| hear_before_a_late_commit(world, members[0]));
}

#[test]
fn without_its_start_in_the_log_a_node_extends_what_it_had_agreed_to_end() {
    let without = Switches { early_start: true, ..Switches::default() };
    falls(8, without, |world, members| start_before_a_late_commit(world, members[0]));
}

/// Too few members are no crowd, and have no valve: the same cut removes them.
#[test]
fn without_the_valve_a_cut_of_all_members_removes_them() {
    let (mut world, _) = settled(0, Switches::default(), 8, Kind::Udp, true);
    cut_all_members(&mut world);
    assert_eq!(world.ledger.removals.len(), 8, "{}", world.transcript);
    let (mut world, _) = settled(0, Switches::default(), 12, Kind::Udp, true);
    cut_all_members(&mut world);
    assert_eq!(world.ledger.removals.len(), 0, "{}", world.transcript);
}
