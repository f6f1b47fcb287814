//! The door to the dashboard: [`run`] shows the cluster until somebody quits.
//!
//! It needs a terminal on both sides, survives the loss of every node, and gives the terminal back
//! as it was.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use gms::client::Client;
use jiff::tz::TimeZone;
use tokio::sync::mpsc::Sender;

use super::{
    app::{App, Settings},
    demo::DemoCommand,
    outcome::{Outcome, RunError},
    place::Place,
    run::{clock, event_loop::EventLoop},
    theme::Theme,
};
use crate::{
    action::keymap::Keymap,
    model::{
        history::{self, History},
        moment::Moment,
    },
    tape::read::Tape,
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
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
    /// No writes unless somebody unlocks them for a while.
    pub protected: bool,
    /// For a slow link: a frame a second, ASCII, no sparklines.
    pub slow: bool,
    /// The file to record into from the beginning on.
    pub record: Option<String>,
    /// How much of the past can be gone back to, at most [`LENGTH_MAX`](history::LENGTH_MAX).
    pub history: Duration,
    /// Where wishes to the demo go, if the cluster is one.
    pub demo: Option<Sender<DemoCommand>>,
    /// Which keys do what.
    pub keys: Keymap,
}

/// How to show a recording.
#[derive(Debug)]
pub struct Replay {
    /// What was seen.
    pub tape: Tape,
    /// The name of its file, for the header.
    pub name: String,
    /// The file as the command line named it.
    pub path: String,
    /// How fast it is played, in times: 1 is as it was.
    pub speed: f64,
    /// Begin with this time, in milliseconds since 1970, and stand still.
    pub at_ms: Option<u64>,
    /// The screen to open.
    pub place: Place,
    /// ASCII alone.
    pub ascii: bool,
    /// Whether to use colours.
    pub color: ColorChoice,
    /// News is drawn at most so many times a second, 1 to 60; keys are answered at once.
    pub fps: u32,
    /// Which keys do what.
    pub keys: Keymap,
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
            protected: false,
            slow: false,
            record: None,
            history: history::LENGTH,
            demo: None,
            keys: Keymap::default(),
        }
    }
}

/// Shows the cluster until somebody quits, a signal ends it, or the terminal is gone.
pub async fn run(options: Options) -> Result<Outcome, RunError> {
    prepare()?;
    let settings = Settings {
        ascii: options.ascii || options.slow,
        theme: theme(options.color),
        read_only: options.read_only,
        protected: options.protected,
        slow: options.slow,
        demo: options.demo.is_some(),
        keys: options.keys,
        zone: TimeZone::system(),
        ..Settings::new(options.context)
    };
    let mut app = App::new(settings, clock::now());
    app.ui.place = options.place;
    app.history = History::of(options.history);
    let fps = if options.slow { 1 } else { options.fps };
    // On the heap: it holds the whole picture.
    Box::pin(EventLoop::start(app, options.client, options.demo, fps, options.record)?.run()).await
}

/// Shows a recording until somebody quits, a signal ends it, or the terminal is gone. It has the
/// screens and the keys of the live dashboard, and asks nobody anything.
pub async fn replay(replay: Replay) -> Result<Outcome, RunError> {
    prepare()?;
    let settings = Settings {
        ascii: replay.ascii,
        theme: theme(replay.color),
        replay: true,
        tape: replay.path,
        keys: replay.keys,
        zone: TimeZone::system(),
        ..Settings::new(replay.name)
    };
    let start = Moment { wall_ms: replay.tape.start_ms().unwrap_or(0), ..clock::now() };
    let mut app = App::new(settings, start);
    app.ui.place = replay.place;
    app.ui.speed = if replay.at_ms.is_some() { None } else { Some(replay.speed) };
    let showing = EventLoop::replay(app, replay.tape, replay.speed, replay.at_ms, replay.fps)?;
    Box::pin(showing.run()).await
}

fn prepare() -> Result<(), RunError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(RunError::NotATerminal);
    }
    // crossterm answers NO_COLOR by printing empty attributes, which undo reverse and bold. The
    // theme without colours is ours; crossterm prints what it is told.
    crossterm::style::force_color_output(true);
    Ok(())
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
