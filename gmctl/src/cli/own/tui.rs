//! `gmctl tui`: the dashboard, also what `gmctl` alone opens on a terminal and what a demo ends in.

use std::time::Duration;

use clap::{Args, ValueEnum};
use gms::{client::Client, span::Span};
use tokio::sync::mpsc::Sender;

use crate::{
    cli::base::{console::Console, shown},
    error::Failure,
    exit::Exit,
    model::history,
    tui::{
        dashboard::{self, FPS, Options},
        demo::DemoCommand,
        place::Place,
    },
};

/// The screens that a dashboard can open with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Screen {
    /// The whole at a glance.
    #[default]
    Overview,
    /// The groups.
    Groups,
    /// The members of all groups.
    Members,
    /// The heat grid.
    Heat,
    /// What happened.
    Timeline,
    /// The nodes.
    Nodes,
    /// Each node's opinion, side by side.
    Views,
}

impl Screen {
    fn place(self) -> Place {
        match self {
            Screen::Overview => Place::Overview,
            Screen::Groups => Place::Groups,
            Screen::Members => Place::Members(None),
            Screen::Heat => Place::Heat,
            Screen::Timeline => Place::Timeline,
            Screen::Nodes => Place::Nodes,
            Screen::Views => Place::Views,
        }
    }
}

/// The dashboard: the cluster live, and every act behind a form
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Impact: read; every act asks before it is done, and --read-only has none

It survives the death of every node and says how old what it shows is. ? lists the keys.

Examples:
  gmctl tui
  gmctl tui --screen members --read-only
  gmctl tui --record incident.jsonl --history 1h
  gmctl -e http://10.0.0.1:12380 tui --ascii")]
pub struct TuiArgs {
    /// The screen to open
    #[arg(long, value_enum, default_value_t, env = "GMCTL_SCREEN")]
    screen: Screen,
    /// News is drawn at most so many times a second; keys are answered at once
    #[arg(long, value_name = "N", env = "GMCTL_FPS", value_parser = clap::value_parser!(u32).range(1..=60))]
    fps: Option<u32>,
    /// For a slow link: a frame a second, ASCII, no sparklines
    #[arg(long, env = "GMCTL_SLOW")]
    slow: bool,
    /// Record from the beginning on into a new file, which gmctl replay shows; r ends it
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    record: Option<String>,
    /// How far one can go back when something happens each second, and farther when less does, at
    /// most 4h [default: 15m]
    #[arg(long, value_name = "TIME", env = "GMCTL_HISTORY", value_parser = length)]
    history: Option<Duration>,
    /// No writes
    #[arg(long, env = "GMCTL_READ_ONLY")]
    read_only: bool,
}

/// A length of the past that can be kept.
fn length(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|why: gms::span::SpanError| why.to_string())?;
    let length = Duration::from(span);
    if (Duration::from_mins(1)..=history::LENGTH_MAX).contains(&length) {
        return Ok(length);
    }
    Err("it is 1m to 4h; gmctl record keeps more".to_owned())
}

/// Shows the cluster of the command line until somebody quits.
pub async fn run(args: &TuiArgs, console: &Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    let context =
        console.settings.context.value.as_ref().filter(|_| console.globals.endpoints.is_empty());
    let context = context.map(ToString::to_string);
    show(args, console, client, context.unwrap_or_else(|| "default".to_owned()), None).await
}

/// Shows this service; wishes to a demo go to `demo`.
pub async fn show(
    args: &TuiArgs,
    console: &Console,
    client: Client,
    context: String,
    demo: Option<Sender<DemoCommand>>,
) -> Result<Exit, Failure> {
    let options = Options {
        context,
        place: args.screen.place(),
        ascii: console.settings.ascii.value,
        color: shown::colors(console.settings.color.value),
        fps: args.fps.unwrap_or(FPS),
        read_only: args.read_only || console.globals.readonly,
        protected: console.protected_context().is_some(),
        slow: args.slow,
        record: args.record.clone(),
        history: args.history.unwrap_or(history::LENGTH),
        demo,
        keys: console.keys()?,
        ..Options::new(client)
    };
    shown::ended(dashboard::run(options).await)
}
