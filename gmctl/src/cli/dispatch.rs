//! From the verb to its file.

use clap::CommandFactory as _;

#[cfg(feature = "demo")]
use crate::cli::own::{bench, demo};
use crate::{
    cli::{
        act::{client, drain, hold, join, leader, leave, node, run as program},
        base::console::Console,
        files::{bundle, diff, record, replay, report, snapshot},
        follow::{wait, watch},
        look::{check, correlate, doctor, events, groups, members, nodes, status, views, why},
        own::{completions, config, context, help, man, tui, version},
        tree::{Cli, Verb},
    },
    error::Failure,
    exit::Exit,
};

/// Whether a verb handles signals itself. Every other verb is dropped by the first of them.
pub fn owns_signals(verb: &Verb, console: &Console) -> bool {
    matches!(verb, Verb::Run(_) | Verb::Client(_) | Verb::Tui(_) | Verb::Record(_))
        || is_dashboard_of_a_demo(verb, console)
}

/// Whether the verb is a demo that ends in the dashboard.
fn is_dashboard_of_a_demo(verb: &Verb, console: &Console) -> bool {
    match verb {
        #[cfg(feature = "demo")]
        Verb::Demo(args) => args.wants_dashboard(console),
        _ => false,
    }
}

/// Carries a verb out.
pub async fn run(verb: &Verb, console: &mut Console) -> Result<Exit, Failure> {
    match verb {
        Verb::Tui(args) => tui::run(args, console).await,
        Verb::Status(args) => status::run(args, console).await,
        Verb::Nodes(args) => nodes::run(args, console).await,
        Verb::Views(args) => views::run(args, console).await,
        Verb::Groups(args) => groups::run(args, console).await,
        Verb::Members(args) => members::run(args, console).await,
        Verb::Events(args) => events::run(args, console).await,
        Verb::Why(args) => why::run(args, console).await,
        Verb::Watch(args) => watch::run(args, console).await,
        Verb::Wait(args) => wait::run(args, console).await,
        Verb::Check(args) => check::run(args, console).await,
        Verb::Diff(args) => diff::run(args, console).await,
        Verb::Correlate(args) => correlate::run(args, console).await,
        Verb::Record(args) => record::run(args, console).await,
        Verb::Replay(args) => replay::run(args, console).await,
        Verb::Report(args) => report::run(args, console),
        Verb::Bundle(args) => bundle::run(args, console).await,
        Verb::Join(args) => join::run(args, console).await,
        Verb::Leave(args) => leave::run(args, console).await,
        Verb::Drain(args) => drain::run(args, console).await,
        Verb::Run(args) => program::run(args, console).await,
        Verb::Client(args) => client::run(args, console).await,
        #[cfg(feature = "demo")]
        Verb::Demo(args) => demo::run(args, console).await,
        #[cfg(feature = "demo")]
        Verb::Bench(args) => bench::run(args, console).await,
        Verb::Hold(args) => hold::run(args, console).await,
        Verb::Node(args) => node::run(args, console).await,
        Verb::Leader(args) => leader::run(args, console).await,
        Verb::Snapshot(args) => snapshot::run(args, console).await,
        Verb::Context(args) => context::run(args, console),
        Verb::Config(args) => config::run(args, console),
        Verb::Doctor(args) => doctor::run(args, console).await,
        Verb::Version(args) => version::run(args, console).await,
        Verb::Completions(args) => completions::run(args, Cli::command(), console),
        Verb::Man(args) => man::run(args, Cli::command(), console),
        Verb::Help(args) => help::run(args, Cli::command(), console),
    }
}
