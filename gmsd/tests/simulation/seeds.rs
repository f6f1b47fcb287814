//! Many seeds, each a course of faults of its own.
//!
//! `GMS_SEEDS` says how many, from `GMS_SEED_FROM` (0) on. Of a seed that fails, the transcript is
//! printed with the command that plays it again.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{faults::drawn, world::World};

/// Seeds where nobody says how many: some seconds of two processors. The gate plays ten thousand.
const SEEDS: u64 = 300;
/// Failing seeds after which it is enough.
const FAILURES_MAX: usize = 5;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, no number")),
        Err(_) => default,
    }
}

/// The account of a seed that fails.
fn account(seed: u64) -> String {
    let world = drawn(seed, true);
    let mut text = world.transcript.to_string();
    for failure in &world.ledger.failures {
        let _ = writeln!(text, "seed {seed}: {failure}");
    }
    let _ = write!(
        text,
        "play it again: GMS_SEED={seed} cargo test -p gmsd --test simulation one_seed -- --nocapture"
    );
    text
}

fn failures(world: &World) -> Option<String> {
    (!world.ledger.failures.is_empty()).then(|| world.ledger.failures.join("\n"))
}

#[test]
fn many_seeds() {
    let (from, count) = (number("GMS_SEED_FROM", 0), number("GMS_SEEDS", SEEDS));
    let next = AtomicU64::new(from);
    let failed: Mutex<BTreeMap<u64, String>> = Mutex::default();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let workers = usize::try_from(number("GMS_SEED_THREADS", workers as u64)).unwrap();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count || failed.lock().unwrap().len() >= FAILURES_MAX {
                        return;
                    }
                    if let Some(text) = failures(&drawn(seed, false)) {
                        failed.lock().unwrap().insert(seed, text);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    if let Some(seed) = failed.keys().next() {
        let others = failed.iter().fold(String::new(), |mut text, (seed, what)| {
            let _ = writeln!(text, "seed {seed}: {what}");
            text
        });
        panic!("{}\nfailing seeds:\n{others}", account(*seed));
    }
}

/// Plays one seed and prints all of it.
#[test]
fn one_seed() {
    let seed = number("GMS_SEED", 1);
    let text = account(seed);
    println!("{text}");
    assert!(failures(&drawn(seed, false)).is_none(), "seed {seed} fails");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        let run = |is_recorded| {
            let world = drawn(seed, is_recorded);
            (world.agenda.numbered(), world.truth.digest(), world.ledger.failures)
        };
        assert_eq!(run(false), run(true), "seed {seed}");
    }
}
