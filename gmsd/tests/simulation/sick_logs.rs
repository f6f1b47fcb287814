//! Scenarios in which the decision is the hard part: leaders that die, sleep or wait for their disk with
//! a verdict in hand, crowds that crash at once, requests that race, holds that end.

use gms::evidence::Cause;

use crate::{
    agenda::Time,
    faults::Act,
    scenario::{AFFIRMED, ms, scenario, secs},
    world::{PORT, World},
};

#[test]
fn a_leader_killed_during_a_mass_crash_costs_an_election() {
    scenario(60, true, |world, members| {
        members[..20].iter().for_each(|member| world.kill(*member));
        world.run_for(ms(100));
        world.play(Act::KillLeader(secs(5)));
        world.run_for(secs(4));
        for member in &members[..20] {
            world.was_removed(*member, &AFFIRMED, ms(2_500));
        }
        world.rests();
    });
}

#[test]
fn ten_of_two_hundred_killed_at_once_are_one_view() {
    scenario(200, true, |world, members| {
        let views = world.ledger.views;
        members[..10].iter().for_each(|member| world.kill(*member));
        world.run_for(secs(3));
        members[..10].iter().for_each(|member| world.was_removed(*member, &AFFIRMED, ms(500)));
        assert_eq!(world.ledger.views, views + 1, "{}", world.transcript);
    });
}

/// A member comes back as a new life while the verdict on its former one is on its way.
pub fn come_back_between_verdict_and_proposal(world: &mut World, member: usize) {
    world.kill(member);
    let until = world.now + secs(2);
    while world.ledger.judged.is_empty() && world.now < until {
        world.run_for(ms(1));
    }
    world.restart(member, PORT + 1);
    world.run_for(secs(3));
}

/// etcd's issue 12528: a leader is stopped between a verdict and its proposal, and the member comes
/// back meanwhile.
fn stop_leader_between_verdict_and_proposal(world: &mut World, member: usize) {
    world.kill(member);
    while world.ledger.judged.is_empty()
        && world.programs[member].died.unwrap() + secs(2) > world.now
    {
        world.run_for(ms(1));
    }
    // The verdict travels, and waits in the cut.
    world.run_for(ms(4));
    let leader = world.log.leader.unwrap();
    world.stop_node(leader);
    let again = world.restart(member, PORT + 1);
    world.run_for(secs(3));
    world.continue_node(leader);
    world.run_for(secs(3));
    assert!(world.programs[again].machine.runs());
}

#[test]
fn a_verdict_that_slept_does_not_meet_the_next_life() {
    scenario(8, true, |world, members| {
        stop_leader_between_verdict_and_proposal(world, members[0]);
        world.rests();
    });
    scenario(8, true, |world, members| {
        come_back_between_verdict_and_proposal(world, members[0]);
        world.rests();
    });
}

/// etcd's issue 15247: the leader's disk stands still, and it goes on deciding when it wakes.
#[test]
fn a_leader_whose_disk_blocks_removes_nobody_who_lives() {
    scenario(12, true, |world, members| {
        let leader = world.log.leader.unwrap();
        world.play(Act::SlowDisk(leader, secs(10)));
        world.stop_program(members[0]);
        world.run_for(secs(2));
        world.stop_node(leader);
        world.run_for(secs(8));
        world.continue_program(members[0]);
        world.continue_node(leader);
        world.play(Act::SlowDisk(leader, Time::ZERO));
        world.rests();
    });
}

/// A member is stopped until it is condemned.
fn stop_until_condemned(world: &mut World, member: usize) {
    world.stop_program(member);
    let until = world.now + secs(4);
    while world.ledger.judged.is_empty() && world.now < until {
        world.run_for(ms(1));
    }
}

/// A member that was condemned is back while the removal waits for the leader's disk.
pub fn hear_before_a_late_commit(world: &mut World, member: usize) {
    let leader = world.log.leader.unwrap();
    stop_until_condemned(world, member);
    world.play(Act::SlowDisk(leader, secs(6)));
    // The verdict travels, and waits in the cut.
    world.run_for(ms(200));
    world.continue_program(member);
    world.run_for(secs(7));
    world.play(Act::SlowDisk(leader, Time::ZERO));
    world.run_for(secs(1));
}

/// The same, and a node that had agreed is started again meanwhile.
pub fn start_before_a_late_commit(world: &mut World, member: usize) {
    let leader = world.log.leader.unwrap();
    stop_until_condemned(world, member);
    world.play(Act::SlowDisk(leader, secs(6)));
    world.run_for(ms(200));
    let node = (leader + 1) % 3;
    world.play(Act::KillNode(node));
    world.run_for(secs(1));
    world.play(Act::StartNode(node));
    world.continue_program(member);
    world.run_for(secs(6));
    world.play(Act::SlowDisk(leader, Time::ZERO));
    world.run_for(secs(3));
}

#[test]
fn a_removal_that_is_committed_late_meets_no_lease() {
    scenario(8, true, |world, members| {
        hear_before_a_late_commit(world, members[0]);
        assert_eq!(world.ledger.removals.len(), 1, "{}", world.transcript);
        world.rests();
    });
    scenario(8, true, |world, members| {
        start_before_a_late_commit(world, members[0]);
        assert_eq!(world.ledger.removals.len(), 1, "{}", world.transcript);
        world.rests();
    });
}

#[test]
fn a_member_that_is_heard_after_its_verdict_has_its_lease_again_soon() {
    scenario(8, true, |world, members| {
        stop_until_condemned(world, members[0]);
        world.continue_program(members[0]);
        // One more ping, at the latest a period later.
        world.run_for(ms(600));
        world.nobody_was_removed();
        let lease = world.programs[members[0]].lease_ends();
        assert!(lease.is_some_and(|ends| ends > world.now), "{lease:?}\n{}", world.transcript);
        world.rests();
    });
}

/// Curator's issues 784 and 817: joins, leaves and crashes race, with requests that come twice.
#[test]
fn joins_leaves_and_crashes_that_race_leave_one_life_or_none() {
    scenario(4, false, |world, members| {
        let mut member = members[0];
        for _ in 0..20 {
            match world.random.below(3) {
                0 => world.play(Act::Leave(member)),
                1 => world.kill(member),
                _ => {}
            }
            let wait = world.random.ms(0..300);
            world.run_for(wait);
            world.kill(member);
            member = world.restart(member, PORT);
            let wait = world.random.ms(0..600);
            world.run_for(wait);
        }
        world.rests();
        assert!(world.programs[member].life.is_some(), "{}", world.transcript);
    });
}

#[test]
fn a_hold_that_ends_removes_only_who_is_silent_then() {
    scenario(9, true, |world, members| {
        world.play(Act::Hold(members[8], secs(8)));
        world.run_for(ms(500));
        world.stop_program(members[0]);
        world.power_off(members[1]);
        world.run_for(secs(6));
        world.nobody_was_removed();
        world.continue_program(members[0]);
        world.run_for(secs(8));
        world.was_removed(members[1], &[Cause::Silence], secs(14));
        assert_eq!(world.ledger.removals.len(), 1, "{}", world.transcript);
        world.rests();
    });
}
