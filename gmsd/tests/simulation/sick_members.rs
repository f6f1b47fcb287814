//! Scenarios in which the fault is a member's: killed, without power, flapping, restarted in a moment,
//! doubled, or replaced by a stranger on its port.

use gms::{evidence::Cause, liveness::Kind, span::Span};

use crate::{
    agenda::Time,
    faults::Act,
    network::{Place, Trouble, Ways},
    scenario::{AFFIRMED, SEEDS, ms, scenario, secs, settled},
    world::{PORT, Setup, Switches, World},
};

/// By when a lossy member is gone: the window in which it begins, two bad ones of ten seconds after it,
/// and eleven seconds to ask the others.
const LOSSY_FIRST: Time = secs(45);
/// The same for each life after that, counted from its join: one bad window, the time to ask, and ten
/// seconds for a window that was good by chance.
const LOSSY_AGAIN: Time = secs(33);
/// How much longer where the others were asked in vain: three windows.
const LOSSY_ANEW: Time = secs(31);

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

/// One that loses most of its pings goes for that, or by chance for silence. It comes back on the same
/// path, and that is found out in the first windows of each next life, not after as long as at first.
#[test]
fn a_lossy_member_that_comes_back_is_found_out_sooner() {
    let mut returns = 0;
    let (mut lost_pings, mut soon) = (0, 0);
    for seed in 0..SEEDS {
        let (mut world, members) = settled(seed, Switches::default(), 12, Kind::Udp, true);
        let Place::Host(host) = world.programs[members[0]].place() else { return };
        let began = world.now;
        let number = world.trouble(Ways::Into(host), Trouble::Loss(800));
        world.run_for(secs(240));
        let member = &world.programs[members[0]].role.member;
        for (number, (subject, evidence, at)) in world.ledger.removals.iter().enumerate() {
            assert_eq!(subject.member, *member, "{evidence:?}\n{}", world.transcript);
            let since = if number == 0 { began } else { world.ledger.lives[subject].joined };
            let took = at.saturating_sub(since);
            // A question that met a good moment by chance is put again after three windows.
            let most = if number == 0 { LOSSY_FIRST } else { LOSSY_AGAIN } + LOSSY_ANEW;
            soon += usize::from(number > 0 && took <= LOSSY_AGAIN);
            assert!(took <= most, "seed {seed}: {took:?}: {evidence:?}\n{}", world.transcript);
            returns += usize::from(number > 0);
            lost_pings += usize::from(number > 0 && evidence.cause == Cause::Quality);
        }
        world.relief(number);
        world.rests();
        let failures = world.ledger.failures.join("\n");
        assert!(failures.is_empty(), "seed {seed}: {failures}\n{}", world.transcript);
    }
    assert!(4 * soon >= 3 * returns, "only {soon} of {returns} lives were found out sooner");
    assert!(lost_pings > 0, "of {returns} lives none was found out by its loss");
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

/// KIP-345's static membership: who comes back in time changes no view, who does not is one.
#[test]
fn a_static_member_keeps_its_place_for_its_hold_and_no_longer() {
    statics(12, |world, members| {
        let views = world.ledger.views;
        world.kill(members[0]);
        world.run_for(secs(2));
        world.was_removed(members[0], &AFFIRMED, ms(250));
        let back = world.restart(members[0], PORT + 1);
        world.run_for(secs(3));
        assert!(world.programs[back].life.is_some(), "it is back\n{}", world.transcript);
        assert_eq!(world.ledger.views, views, "{}", world.transcript);
        world.power_off(members[1]);
        world.kill(back);
        world.run_for(secs(5));
        assert_eq!((world.ledger.away.len(), world.ledger.views), (2, views));
        // Nobody watches those who are away.
        world.check_duties();
        world.run_for(secs(7));
        assert!(world.ledger.away.is_empty() && world.ledger.views > views);
        assert_eq!(world.truth.member_count(), 10);
        world.rests();
    });
}

#[test]
fn a_mass_crash_of_static_members_is_no_view_and_their_return_none_either() {
    statics(60, |world, members| {
        let (views, entries) = (world.ledger.views, world.log.last());
        members[..50].iter().for_each(|member| world.kill(*member));
        world.run_for(ms(800));
        assert_eq!((world.ledger.away.len(), world.ledger.views), (50, views));
        assert_eq!(world.truth.present_count(), 10);
        let cuts = world.log.last().0 - entries.0;
        assert!(cuts <= 2, "{cuts} entries\n{}", world.transcript);
        for member in &members[..50] {
            world.restart(*member, PORT);
        }
        world.run_for(secs(4));
        assert!(world.ledger.away.is_empty());
        assert_eq!(world.ledger.views, views, "{}", world.transcript);
        world.rests();
    });
}

/// A leader that counts a place's time dies: the next one counts anew.
#[test]
fn a_place_is_kept_at_least_its_hold_whoever_leads() {
    statics(8, |world, members| {
        world.kill(members[0]);
        world.run_for(secs(4));
        world.play(Act::KillLeader(secs(2)));
        world.run_for(secs(4));
        assert_eq!(world.ledger.away.len(), 1, "{}", world.transcript);
        world.rests();
        assert!(world.ledger.away.is_empty());
    });
}

/// Plays with static members, whose places are kept for six seconds.
fn statics(count: usize, play: impl Fn(&mut World, &[usize])) {
    for seed in 0..SEEDS {
        let mut world = World::new(&Setup::new(seed, 3));
        let hold = Some(Span::from_millis(6_000));
        let members = world.members_with(count, Kind::Udp, true, hold);
        world.run_for(secs(12));
        play(&mut world, &members);
        let failures = world.ledger.failures.join("\n");
        assert!(failures.is_empty(), "seed {seed}: {failures}\n{}", world.transcript);
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
