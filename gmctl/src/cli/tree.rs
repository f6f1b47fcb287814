//! The command line: every verb, its arguments in the verb's own file.

use clap::{Parser, Subcommand};

#[cfg(feature = "demo")]
use crate::cli::own::{bench::BenchArgs, demo::DemoArgs};
use crate::cli::{
    act::{
        client::ClientArgs, drain::DrainArgs, hold::HoldArgs, join::JoinArgs, leader::LeaderArgs,
        leave::LeaveArgs, node::NodeArgs, run::RunArgs,
    },
    base::globals::Globals,
    files::{
        bundle::BundleArgs, diff::DiffArgs, record::RecordArgs, replay::ReplayArgs,
        report::ReportArgs, snapshot::SnapshotArgs,
    },
    follow::{wait::WaitArgs, watch::WatchArgs},
    look::{
        check::CheckArgs, correlate::CorrelateArgs, doctor::DoctorArgs, events::EventsArgs,
        groups::GroupsArgs, members::MembersArgs, nodes::NodesArgs, status::StatusArgs,
        views::ViewsArgs, why::WhyArgs,
    },
    own::{
        completions::CompletionsArgs, config::ConfigArgs, context::ContextArgs, help::HelpArgs,
        man::ManArgs, tui::TuiArgs, version::VersionArgs,
    },
};

/// The terminal of gms: who is in which group, who says so, and a verb for every act
#[derive(Debug, Parser)]
#[command(
    name = "gmctl",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Without a verb gmctl opens the dashboard on a terminal, and prints the status otherwise.
stdout is data only, stderr is messages. gmctl help exit-codes lists the exit codes.

Examples:
  gmctl status
  gmctl members payments -o json
  gmctl join payments web-1 10.0.0.7:8080
  gmctl watch payments -o jsonl"
)]
pub struct Cli {
    /// The flags that every verb takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Every verb.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "each verb's documentation is its arguments' and its file's")]
pub enum Verb {
    Tui(TuiArgs),
    Status(StatusArgs),
    Nodes(NodesArgs),
    Views(ViewsArgs),
    Groups(GroupsArgs),
    Members(MembersArgs),
    Events(EventsArgs),
    Why(WhyArgs),
    Watch(WatchArgs),
    Wait(WaitArgs),
    Check(CheckArgs),
    Diff(DiffArgs),
    Correlate(CorrelateArgs),
    Join(JoinArgs),
    Leave(LeaveArgs),
    Drain(DrainArgs),
    Run(RunArgs),
    Client(ClientArgs),
    Hold(HoldArgs),
    Node(NodeArgs),
    Leader(LeaderArgs),
    Snapshot(SnapshotArgs),
    Record(RecordArgs),
    Replay(ReplayArgs),
    Report(ReportArgs),
    Bundle(BundleArgs),
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    #[cfg(feature = "demo")]
    Bench(BenchArgs),
    Context(ContextArgs),
    Config(ConfigArgs),
    Doctor(DoctorArgs),
    Version(VersionArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Help(HelpArgs),
}
