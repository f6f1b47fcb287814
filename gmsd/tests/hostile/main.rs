//! Three real nodes and a hundred real members in network namespaces, and everything that may
//! happen to them: stalls, cuts, losses, crashes, restarts, clocks that jump.
//!
//! **Nobody who lives is ever removed, and whoever died is gone in time.** Each scenario ends with
//! a checker that holds what a watcher on every node saw against what was done (`checker`), and
//! prints one line with its figures.
//!
//! It needs root, network namespaces and nftables. Where it cannot run it says so, in a line that
//! begins with `hostile: NOT RUN`, and the scenarios count as ignored:
//!
//! ```text
//! cargo test -p gmsd --test hostile                      all that can be run
//! cargo test -p gmsd --test hostile -- stalled           scenarios by name
//! GMS_HOSTILE=required cargo test ...                    cannot run: that is a failure
//! GMS_HOSTILE=off cargo test ...                         not now
//! GMS_HOSTILE_LONG=1 cargo test ...                      the longest stall, the largest group
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test says what it sees, opens files and reads clocks, and fails where it stands"
)]

mod cgroup;
mod checker;
mod checker_trials;
mod firewall;
mod machine;
mod manner;
mod members;
mod netns;
mod process;
mod record;
mod roles;
mod scenarios;
mod wall_clock;
mod watcher;
mod world;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use netns::Network;
use scenarios::table::{SCENARIOS, Scenario};

/// Scenarios side by side, where `--test-threads` does not say. Most of their time they wait.
const AT_ONCE: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some((flag, rest)) = arguments.get(1..).and_then(<[String]>::split_first)
        && flag == roles::FLAG
    {
        roles::play(rest);
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let wish = machine::Wish::read();
    let able = wish.check();
    if let Err(why) = &able {
        println!("hostile: NOT RUN: {why}");
        eprintln!("hostile: NOT RUN: {why}");
    }
    if able.is_ok() {
        netns::sweep();
    }
    let mut trials = checker_trials::all();
    trials.extend(SCENARIOS.iter().map(|scenario| {
        Trial::test(scenario.name, || play(scenario)).with_ignored_flag(able.is_err())
    }));
    let conclusion: Conclusion = libtest_mimic::run(&arguments, trials);
    if able.is_err() && wish.is_required() {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// Plays a scenario on a thread of its own, since a thread that has entered a network stays there.
fn play(scenario: &'static Scenario) -> Result<(), Failed> {
    let player = std::thread::Builder::new().name(scenario.name.to_owned()).spawn(|| {
        let network = Network::create(scenario.name);
        network.hub().enter();
        // The watchers have a thread of their own: a scenario that waits for a command must not
        // make what they see look late.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let began = std::time::Instant::now();
        let told = runtime.block_on((scenario.play)(network));
        println!("hostile: {} ({}): {told}, {:.0?}", scenario.name, scenario.from, began.elapsed());
    })?;
    player.join().map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Failed::from(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked"))
    })
}
