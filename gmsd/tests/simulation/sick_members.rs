//! Scenarios in which the fault is a member's: killed, without power, flapping, restarted in a moment,
//! doubled, or replaced by a stranger on its port.

use gms::{evidence::Cause, liveness::Kind};

use crate::{
    faults::Act,
    network::{Place, Trouble, Ways},
    scenario::{AFFIRMED, SEEDS, ms, scenario, secs},
    world::{PORT, Setup, World},
};

#[test]
fn a_kill_is_told_by_the_stream_or_by_the_next_ping() {
    scenario(20, true, |world, members| {
        world.kill(members[0]);
        world.run_for(secs(2));
        world.was_removed(members[0], &AFFIRMED, ms(250));
    });
    scenario(20, false, |world, members| {
        world.kill(members[0]);
        world.run_for(secs(2));
        world.was_removed(members[0], &AFFIRMED, ms(800));
    });
}

#[test]
fn a_power_failure_takes_the_misses_and_the_confirmation() {
    scenario(20, true, |world, members| {
        members[..3].iter().for_each(|member| world.power_off(*member));
        world.run_for(secs(4));
        for member in &members[..3] {
            world.was_removed(*member, &[Cause::Silence], ms(2_750));
        }
    });
}

/// Its socket was there before it joined, so a port that refuses says that it is gone.
#[test]
fn a_udp_life_killed_before_its_first_pong_is_gone_at_once() {
    for seed in 0..SEEDS {
        let mut world = World::new(&Setup::new(seed, 3));
        world.run_for(secs(12));
        world.play(Act::Join(Kind::Udp, false));
        while world.programs[0].life.is_none() {
            world.run_for(ms(1));
        }
        world.kill(0);
        world.run_for(secs(2));
        world.was_removed(0, &AFFIRMED, ms(800));
    }
}

#[test]
fn a_member_that_flips_takes_nobody_else_along() {
    scenario(12, true, |world, members| {
        let Place::Host(host) = world.programs[members[0]].place() else { return };
        for _ in 0..3 {
            let number = world.trouble(Ways::Into(host), Trouble::Cut);
            world.run_for(secs(20));
            world.relief(number);
            world.run_for(secs(20));
        }
        let flips = &world.programs[members[0]].role.member;
        assert!(world.ledger.removals.iter().all(|(subject, ..)| subject.member == *flips));
        world.rests();
    });
}

/// Akka's QuickRestart: never two lives in a view, and the former one is refused.
#[test]
fn a_member_restarted_within_a_moment_is_one_life_after_the_other() {
    for port in [PORT, PORT + 1] {
        scenario(8, true, |world, members| {
            let mut member = members[0];
            for round in 0..10 {
                let late = world.random.ms(0..50);
                world.kill(member);
                world.run_for(late);
                member = world.restart(member, if round % 2 == 0 { port } else { PORT });
                let wait = world.random.ms(100..3_000);
                world.run_for(wait);
            }
            world.rests();
            let running = world.programs[member].life.as_ref();
            assert!(running.is_some(), "the last one is a member\n{}", world.transcript);
        });
    }
}

#[test]
fn a_stranger_on_a_dead_members_port_is_not_the_member() {
    scenario(12, false, |world, members| {
        world.play(Act::Squatter(members[0]));
        world.run_for(secs(4));
        world.was_removed(members[0], &[Cause::Silence, Cause::Refused], ms(3_000));
        world.rests();
    });
}

#[test]
fn a_second_process_with_the_same_id_does_not_get_in() {
    scenario(8, true, |world, members| {
        world.play(Act::Impostor(members[0]));
        world.run_for(secs(10));
        world.nobody_was_removed();
        assert!(world.programs[members[0]].life.is_some(), "{}", world.transcript);
        world.rests();
    });
}

#[test]
fn streams_reset_every_second_are_no_deaths() {
    scenario(12, true, |world, members| {
        for _ in 0..30 {
            world.play(Act::ResetAllStreams);
            world.run_for(secs(1));
        }
        world.nobody_was_removed();
        world.power_off(members[0]);
        world.run_for(secs(4));
        world.was_removed(members[0], &[Cause::Silence], ms(3_000));
    });
}
