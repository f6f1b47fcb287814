//! Scenarios in which the fault is the observers': stopped, starved, cut off, restarted, with a network
//! of their own that fails. Every famous false removal was one of these.

use gms::evidence::Cause;

use crate::{
    faults::Act,
    machine::Power,
    network::{Place, Trouble, Ways},
    scenario::{AFFIRMED, ms, scenario, secs},
    world::World,
};

#[test]
fn a_stopped_monitor_accuses_nobody_and_hinders_no_removal() {
    for stall in [128, 500, 2_000, 8_000, 16_000, 32_000] {
        scenario(20, true, |world, members| {
            for _ in 0..3 {
                world.stop_node(0);
                world.run_for(ms(stall));
                world.continue_node(0);
                world.run_for(ms(stall));
            }
            world.nobody_was_removed();
            world.stop_node(0);
            world.run_for(ms(stall.min(1_000)));
            world.kill(members[3]);
            world.run_for(secs(3));
            world.was_removed(members[3], &AFFIRMED, ms(1_500));
            world.rests();
        });
    }
}

#[test]
fn a_monitor_with_a_twentieth_of_a_processor_accuses_nobody() {
    scenario(20, true, |world, _| {
        world.play(Act::StarveNode(1, ms(10), ms(200), secs(30)));
        world.run_for(secs(30));
        world.nobody_was_removed();
        world.rests();
    });
}

#[test]
fn a_monitor_that_loses_most_of_one_direction_is_not_believed() {
    for ways in [Ways::FromMembers(0), Ways::ToMembers(0)] {
        scenario(20, true, |world, _| {
            let number = world.trouble(ways, Trouble::Loss(800));
            world.run_for(secs(60));
            world.nobody_was_removed();
            world.relief(number);
            world.rests();
        });
    }
}

/// Kubernetes' issue 28832: the monitor's own network fails, and everybody is evicted.
#[test]
fn a_monitor_cut_from_the_members_but_in_the_quorum_removes_nobody() {
    scenario(20, true, |world, members| {
        world.trouble(Ways::ToMembers(0), Trouble::Cut);
        world.trouble(Ways::FromMembers(0), Trouble::Cut);
        world.run_for(secs(30));
        world.nobody_was_removed();
        world.kill(members[1]);
        world.run_for(secs(4));
        world.was_removed(members[1], &AFFIRMED, ms(3_000));
        world.rests();
    });
}

#[test]
fn a_member_that_one_node_alone_does_not_reach_stays() {
    scenario(12, true, |world, members| {
        let (node, host) = (world.monitor_of(members[0]), world.programs[members[0]].place());
        world.trouble(Ways::Between(Place::Node(node), host), Trouble::Cut);
        let views = world.ledger.views;
        world.run_for(secs(60));
        assert_eq!(world.ledger.views, views, "{}", world.transcript);
        world.rests();
    });
}

/// Each watcher is cut off from another member: their doubts are refuted again and again, and do
/// not make them unfit to see who really died.
#[test]
fn refuted_doubts_of_a_few_do_not_protect_the_dead() {
    scenario(12, false, |world, members| {
        for (node, member) in members[..3].iter().enumerate() {
            let host = world.programs[*member].place();
            world.trouble(Ways::Between(Place::Node(node), host), Trouble::Cut);
        }
        world.run_for(secs(15));
        world.power_off(members[6]);
        world.run_for(secs(4));
        world.was_removed(members[6], &[Cause::Silence], ms(3_500));
        world.rests();
    });
}

#[test]
fn a_wall_clock_that_jumps_an_hour_changes_nothing() {
    scenario(12, true, |world, members| {
        for (node, wall_ms) in [(0, 1_003_600_000), (1, 996_400_000), (2, 0)] {
            world.play(Act::StepClock(node, wall_ms));
            world.run_for(secs(2));
        }
        world.nobody_was_removed();
        world.kill(members[0]);
        world.run_for(secs(2));
        world.was_removed(members[0], &AFFIRMED, ms(250));
        world.rests();
    });
}

#[test]
fn all_nodes_restart_under_living_members_and_no_view_changes() {
    for down in [1, 10] {
        scenario(30, true, |world, _| {
            let views = world.ledger.views;
            (0..3).for_each(|node| world.kill_node(node, Power::Dead));
            world.run_for(secs(down));
            (0..3).for_each(|node| world.start_node(node));
            world.run_for(secs(15));
            assert_eq!(world.ledger.views, views, "{}", world.transcript);
            world.rests();
        });
    }
}

#[test]
fn a_rolling_restart_removes_nobody() {
    scenario(20, true, |world, _| {
        for node in 0..3 {
            world.kill_node(node, Power::Dead);
            world.run_for(secs(2));
            world.start_node(node);
            world.run_for(secs(3));
        }
        world.nobody_was_removed();
        world.rests();
    });
}

/// Nacos' issue 1873: the monitor of some members dies, and whoever takes over finds them silent.
#[test]
fn who_takes_over_from_a_dead_monitor_starts_with_fresh_windows() {
    scenario(30, true, |world, members| {
        let monitor = world.monitor_of(members[0]);
        world.kill_node(monitor, Power::Off);
        world.run_for(secs(10));
        world.nobody_was_removed();
        world.power_off(members[0]);
        world.run_for(secs(5));
        world.was_removed(members[0], &[Cause::Silence], ms(3_500));
        world.rests();
    });
}

#[test]
fn a_monitor_killed_together_with_its_member_costs_an_election_and_a_second() {
    scenario(20, true, |world, members| {
        let monitor = world.monitor_of(members[0]);
        world.kill_node(monitor, Power::Off);
        world.kill(members[0]);
        world.run_for(secs(5));
        world.was_removed(members[0], &AFFIRMED, ms(2_500));
        world.rests();
    });
}

/// Akka's IndirectlyConnected: two nodes do not reach each other, and both reach the third.
#[test]
fn two_nodes_cut_from_each_other_keep_one_leader_and_everybody() {
    scenario(12, true, |world, members| {
        let leader = world.log.leader.unwrap();
        let (a, b) = ((leader + 1) % 3, (leader + 2) % 3);
        let term = world.log.term;
        world.trouble(Ways::Between(Place::Node(a), Place::Node(b)), Trouble::Cut);
        world.run_for(secs(20));
        assert_eq!(world.log.term, term, "{}", world.transcript);
        world.nobody_was_removed();
        world.power_off(members[0]);
        world.run_for(secs(6));
        world.was_removed(members[0], &[Cause::Silence], ms(5_000));
        world.rests();
    });
}

/// The only node that hears a member is cut off from the others: they may remove it, but not
/// before its lease has ended.
#[test]
fn a_member_that_only_a_cut_off_node_hears_loses_its_lease_first() {
    scenario(9, false, |world, members| {
        let host = world.programs[members[0]].place();
        let hears = world.monitor_of(members[0]);
        for node in (0..3).filter(|node| *node != hears) {
            world.trouble(Ways::Between(Place::Node(node), host), Trouble::Cut);
        }
        world.run_for(secs(10));
        world.nobody_was_removed();
        world.trouble(Ways::Peers(hears), Trouble::Cut);
        world.run_for(secs(10));
        world.rests();
    });
}

#[test]
fn without_a_quorum_nobody_is_removed_and_with_it_again_the_dead_are() {
    scenario(9, true, |world, members| {
        world.kill_node(1, Power::Off);
        world.kill_node(2, Power::Off);
        world.power_off(members[3]);
        world.kill(members[4]);
        world.run_for(secs(10));
        world.nobody_was_removed();
        world.start_node(1);
        world.run_for(secs(20));
        world.was_removed(members[3], &[Cause::Silence], secs(30));
        world.was_removed(members[4], &AFFIRMED, secs(14));
        world.rests();
    });
}

#[test]
fn one_lossy_hundredth_everywhere_removes_nobody() {
    scenario(30, true, |world, _| {
        world.trouble(Ways::AllMembers, Trouble::Loss(50));
        world.run_for(secs(60));
        world.nobody_was_removed();
        world.rests();
    });
}

/// Kubernetes' issue 24597: all members fall silent together, which is the network.
pub fn cut_all_members(world: &mut World) {
    let number = world.trouble(Ways::AllMembers, Trouble::Cut);
    world.run_for(secs(20));
    world.relief(number);
    world.run_for(secs(5));
}

#[test]
fn all_members_silent_together_are_held_and_the_killed_among_them_are_not() {
    scenario(30, true, |world, _| {
        cut_all_members(world);
        world.nobody_was_removed();
        world.rests();
        world.nobody_was_removed();
    });
    scenario(30, true, |world, members| {
        // Most have no power, and a few are killed: a kernel says so.
        members[..20].iter().for_each(|member| world.power_off(*member));
        members[20..23].iter().for_each(|member| world.kill(*member));
        world.run_for(secs(10));
        members[20..23].iter().for_each(|member| world.was_removed(*member, &AFFIRMED, ms(1_000)));
        assert_eq!(world.ledger.removals.len(), 3, "{}", world.transcript);
        world.run_for(secs(110));
        assert_eq!(world.ledger.removals.len(), 23, "{}", world.transcript);
    });
}
