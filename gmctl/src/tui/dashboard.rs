//! The door to the dashboard: [`run`] shows the cluster until somebody quits.
//!
//! It needs a terminal on both sides, survives the loss of every node, and gives the terminal back
//! as it was.

use std::io::{self, IsTerminal};

use gms::client::Client;
use tokio::sync::mpsc::Sender;

use super::{
    app::{App, Settings},
    demo::DemoCommand,
    place::Place,
    run::{clock, event_loop::EventLoop},
    theme::Theme,
};

/// The data rate unless told otherwise, in frames a second.
pub const FPS: u32 = 4;

/// Whether to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Unless `NO_COLOR` is set or the terminal is a dumb one.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// No; modifiers alone.
    Never,
}

/// How to show the cluster.
#[derive(Debug, Clone)]
pub struct Options {
    /// The service.
    pub client: Client,
    /// The name of the context, for the header.
    pub context: String,
    /// The screen to open.
    pub place: Place,
    /// ASCII alone.
    pub ascii: bool,
    /// Whether to use colours.
    pub color: ColorChoice,
    /// News is drawn at most so many times a second, 1 to 60; keys are answered at once.
    pub fps: u32,
    /// No writes.
    pub read_only: bool,
    /// Where wishes to the demo go, if the cluster is one.
    pub demo: Option<Sender<DemoCommand>>,
}

impl Options {
    /// A dashboard of this service, everything else as usual.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            context: "default".to_owned(),
            place: Place::Overview,
            ascii: false,
            color: ColorChoice::Auto,
            fps: FPS,
            read_only: false,
            demo: None,
        }
    }
}

/// Why the dashboard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody quit.
    Quit,
    /// A signal asked for it; exit with 128 and this number. The terminal was given back.
    Signal(i32),
}

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Standard input or output is no terminal. Nothing was done.
    #[error("the dashboard needs a terminal; without one use gmctl status")]
    NotATerminal,
    /// The terminal could not be taken over or given back. It was restored as far as possible.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[source] io::Error),
    /// The terminal is gone (hang-up, or writes fail). It was not touched again: exit with 129 at
    /// once and without a word.
    #[error("the terminal is gone")]
    TerminalGone,
    /// A part of the dashboard failed: a bug. The terminal was given back.
    #[error("a part of the dashboard failed, which is a bug: {0}")]
    Task(String),
}

/// Shows the cluster until somebody quits, a signal ends it, or the terminal is gone.
pub async fn run(options: Options) -> Result<Outcome, RunError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(RunError::NotATerminal);
    }
    // crossterm answers NO_COLOR by printing empty attributes, which undo reverse and bold. The
    // theme without colours is ours; crossterm prints what it is told.
    crossterm::style::force_color_output(true);
    let settings = Settings {
        context: options.context,
        ascii: options.ascii,
        theme: theme(options.color),
        read_only: options.read_only,
        demo: options.demo.is_some(),
    };
    let mut app = App::new(settings, clock::now());
    app.ui.place = options.place;
    EventLoop::start(app, options.client, options.demo, options.fps)?
        .run()
        .await
}

fn theme(color: ColorChoice) -> Theme {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match color {
        ColorChoice::Never => Theme::Mono,
        ColorChoice::Auto if set("NO_COLOR") || dumb => Theme::Mono,
        ColorChoice::Always | ColorChoice::Auto => Theme::Palette,
    }
}
