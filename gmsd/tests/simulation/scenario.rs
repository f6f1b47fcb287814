//! How named scenarios are played: with a few seeds each, while the checkers look on. `GMS_TRANSCRIPT`
//! in the environment keeps the transcript for one that fails.

use gms::{evidence::Cause, liveness::Kind};

use crate::{
    agenda::Time,
    log::index,
    world::{Setup, Switches, World},
};

/// Seeds of each scenario.
pub const SEEDS: u64 = 5;

pub fn ms(millis: u64) -> Time {
    Time::from_millis(millis)
}

pub const fn secs(seconds: u64) -> Time {
    Time::from_secs(seconds)
}

/// A cluster of three and its members, who have been there for longer than any grace.
pub fn settled(
    seed: u64,
    switches: Switches,
    members: usize,
    kind: Kind,
    streams: bool,
) -> (World, Vec<usize>) {
    let setup = Setup {
        switches,
        is_recorded: std::env::var_os("GMS_TRANSCRIPT").is_some(),
        ..Setup::new(seed, 3)
    };
    let mut world = World::new(&setup);
    let members = world.members(members, kind, streams);
    world.run_for(secs(12));
    (world, members)
}

/// Plays a scenario with some seeds; no checker may complain.
pub fn scenario(members: usize, streams: bool, play: impl Fn(&mut World, &[usize])) {
    for seed in 0..SEEDS {
        let (mut world, members) = settled(seed, Switches::default(), members, Kind::Udp, streams);
        play(&mut world, &members);
        let failures = world.ledger.failures.join("\n");
        assert!(failures.is_empty(), "seed {seed}: {failures}\n{}", world.transcript);
    }
}

impl World {
    /// All is mended and has time; then all must be in order.
    pub fn rests(&mut self) {
        self.mend();
        self.run_for(secs(27));
        if !self.ledger.has_failed() {
            self.check_rest();
        }
    }

    /// Nobody who runs was removed.
    pub fn nobody_was_removed(&self) {
        let removals = &self.ledger.removals;
        assert!(removals.is_empty(), "{removals:?}\n{}", self.transcript);
    }

    /// That process's life was removed for such a cause, not later than this after its end.
    pub fn was_removed(&self, program: usize, causes: &[Cause], within: Time) {
        let died = self.programs[program].died.unwrap();
        let removed = self
            .ledger
            .removals
            .iter()
            .find(|(subject, ..)| self.ledger.lives[subject].program == program);
        let Some((_, evidence, at)) = removed else {
            panic!("({program}) died at {died:?} and is there\n{}", self.transcript);
        };
        let took = at.saturating_sub(died);
        assert!(causes.contains(&evidence.cause), "{evidence:?}\n{}", self.transcript);
        assert!(took <= within, "({program}) took {took:?}\n{}", self.transcript);
    }

    pub fn monitor_of(&self, program: usize) -> usize {
        let role = &self.programs[program].role;
        index(self.truth.place(&role.group, &role.member).monitor().unwrap())
    }
}

pub const AFFIRMED: [Cause; 2] = [Cause::Fin, Cause::Refused];
