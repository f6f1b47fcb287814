//! From the verb to its file.

use clap::CommandFactory as _;

use crate::{
    cli::{
        check, completions,
        console::Console,
        context, doctor, events, groups, help, hold, join, leader, leave, man, members, node,
        nodes, status,
        tree::{Cli, Verb},
        version, wait, watch, why,
    },
    error::Failure,
    exit::Exit,
};

/// Carries a verb out.
pub async fn run(verb: &Verb, console: &mut Console) -> Result<Exit, Failure> {
    match verb {
        Verb::Status(args) => status::run(args, console).await,
        Verb::Nodes(args) => nodes::run(args, console).await,
        Verb::Groups(args) => groups::run(args, console).await,
        Verb::Members(args) => members::run(args, console).await,
        Verb::Events(args) => events::run(args, console).await,
        Verb::Why(args) => why::run(args, console).await,
        Verb::Watch(args) => watch::run(args, console).await,
        Verb::Wait(args) => wait::run(args, console).await,
        Verb::Check(args) => check::run(args, console).await,
        Verb::Join(args) => join::run(args, console).await,
        Verb::Leave(args) => leave::run(args, console).await,
        Verb::Hold(args) => hold::run(args, console).await,
        Verb::Node(args) => node::run(args, console).await,
        Verb::Leader(args) => leader::run(args, console).await,
        Verb::Context(args) => context::run(args, console),
        Verb::Doctor(args) => doctor::run(args, console).await,
        Verb::Version(args) => version::run(args, console).await,
        Verb::Completions(args) => completions::run(args, Cli::command(), console),
        Verb::Man(args) => man::run(args, Cli::command(), console),
        Verb::Help(args) => help::run(args, Cli::command(), console),
    }
}
