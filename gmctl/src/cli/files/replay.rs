//! `gmctl replay FILE`: a tape, shown again. On a terminal in the dashboard; otherwise, or with -o, what
//! happened, a line each.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use tokio::time::sleep;

use crate::{
    cli::base::{console::Console, shown, when::When},
    error::Failure,
    exit::Exit,
    model::{
        cluster::Model,
        happening::Tone,
        timeline::{Entry, EntryKey},
    },
    output::{
        page::Page,
        plain,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
    tape::{
        format::Fact,
        play::{Clock, apply},
        read::{Tape, TapeError},
    },
    tui::{
        dashboard::{self, FPS, Replay},
        place::Place,
    },
};

/// Between two facts no longer is waited than this, so that a quiet night does not take a night.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// A tape, shown again
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; no node is asked

FILE is what gmctl record or gmctl watch -o jsonl wrote; - is stdin. On a terminal it is shown in the
dashboard, with the screens and keys of the live one; Space stops it, [ ] step, :at goes to a time. With -o,
or without a terminal, what happened is printed, a line each: at once, or with --speed at that many times
the pace it had.

Examples:
  gmctl replay incident.jsonl
  gmctl replay incident.jsonl --speed 10
  gmctl replay incident.jsonl --at 2026-11-22T10:00:00Z -o jsonl")]
pub struct ReplayArgs {
    /// The tape
    file: PathBuf,
    /// How many times as fast as it was; at once when absent
    #[arg(long, value_name = "N", value_parser = parse_speed)]
    speed: Option<f64>,
    /// Begin at this time: of day, or so long before the end of the tape
    #[arg(long, value_name = "WHEN")]
    at: Option<When>,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && (0.001..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("give a number from 0.001 to 100000; 1 is the pace it had".to_owned()),
    }
}

/// Reads a tape, and says what is odd about it.
pub fn open(file: &Path, console: &mut Console) -> Result<Tape, Failure> {
    let name = file.display();
    let read =
        if file == Path::new("-") { Tape::read(std::io::stdin().lock()) } else { Tape::open(file) };
    let tape = read.map_err(|why| match &why {
        TapeError::File(file) if file.kind() == ErrorKind::NotFound => {
            Failure::new(Exit::NotFound, format!("{name} cannot be read: {why}"))
        }
        TapeError::File(_) => Failure::new(Exit::Refused, format!("{name} cannot be read: {why}")),
        TapeError::Newer { .. } => {
            Failure::new(Exit::Refused, format!("{name} cannot be read: {why}"))
                .hint("a later gmctl reads it")
        }
        _ => Failure::new(Exit::Refused, format!("{name} is no tape: {why}"))
            .hint("gmctl record FILE or gmctl watch -o jsonl makes one"),
    })?;
    if tape.is_cut {
        console.printer.note(&format!("{name} ends within a line; what that said is lost"));
    }
    if tape.skipped > 0 {
        let what = "lines of a kind that this gmctl does not know were passed over";
        console.printer.note(&format!("{name}: {} {what}", tape.skipped));
    }
    Ok(tape)
}

/// Shows the tape.
pub async fn run(args: &ReplayArgs, console: &mut Console) -> Result<Exit, Failure> {
    let tape = open(&args.file, console)?;
    let from = args.at.map(|at| at.millis(tape.end_ms().unwrap_or(0)));
    let terminal = console.terminal.stdin && console.terminal.stdout;
    if terminal && console.globals.output.is_none() && args.file != Path::new("-") {
        return show(args, tape, from, console).await;
    }
    lines(&tape, args.speed, from, console).await?;
    Ok(Exit::Ok)
}

/// Shows the tape in the dashboard.
async fn show(
    args: &ReplayArgs,
    tape: Tape,
    from: Option<u64>,
    console: &Console,
) -> Result<Exit, Failure> {
    let name = args.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let replay = Replay {
        tape,
        name,
        path: args.file.to_string_lossy().into_owned(),
        speed: args.speed.unwrap_or(1.0),
        at_ms: from,
        place: Place::Overview,
        ascii: console.settings.ascii.value,
        color: shown::colors(console.settings.color.value),
        fps: FPS,
        keys: console.keys()?,
    };
    shown::ended(dashboard::replay(replay).await)
}

/// Something that happened on a tape.
#[derive(Debug, Clone)]
pub enum Told {
    /// What the timeline has.
    Entry(Arc<Entry>),
    /// A remark of whoever recorded, and when it was made.
    Note(u64, String),
}

impl Told {
    /// When, in milliseconds since 1970.
    pub fn at_ms(&self) -> u64 {
        match self {
            Told::Entry(entry) => entry.wall_ms,
            Told::Note(at_ms, _) => *at_ms,
        }
    }
}

/// What happened while the tape ran, in its order; the past that a recording puts in front is left out.
pub fn happened(tape: &Tape) -> Vec<Told> {
    let clock = Clock::new(Instant::now(), tape);
    let mut model = Model::default();
    let mut all: Vec<Told> = Vec::new();
    // The place of the last entry: more of the same kind may still be counted into it.
    let mut last: Option<(EntryKey, usize)> = None;
    let mut told = 0;
    for record in &tape.records {
        apply(&mut model, clock.moment(record.at_ms), &record.fact);
        match &record.fact {
            Fact::Note(text) => all.push(Told::Note(record.at_ms, text.clone())),
            Fact::History(_) => {
                told = model.timeline.written();
                last = None;
                continue;
            }
            _ => {}
        }
        let entries = model.timeline.entries();
        if let (Some((key, place)), Some(entry)) = (last, entries.back())
            && entry.key == key
        {
            all[place] = Told::Entry(Arc::clone(entry));
        }
        let fresh: Vec<_> =
            entries.iter().rev().take_while(|entry| entry.key.0 >= told).cloned().collect();
        for entry in fresh.into_iter().rev() {
            last = Some((entry.key, all.len()));
            all.push(Told::Entry(entry));
        }
        told = model.timeline.written();
    }
    all
}

async fn lines(
    tape: &Tape,
    speed: Option<f64>,
    from: Option<u64>,
    console: &mut Console,
) -> Result<(), Failure> {
    let mut before: Option<u64> = None;
    for told in happened(tape) {
        if from.is_some_and(|from| told.at_ms() < from) {
            continue;
        }
        if let (Some(speed), Some(before)) = (speed, before) {
            let apart = Duration::from_millis(told.at_ms().saturating_sub(before));
            sleep(apart.div_f64(speed).min(PAUSE_MAX)).await;
        }
        before = Some(told.at_ms());
        console.printer.item(&Happened::of(&told))?;
    }
    Ok(())
}

/// One thing that happened.
#[derive(Debug, Serialize)]
pub struct Happened {
    at_ms: u64,
    revision: Option<u64>,
    what: &'static str,
    group: Option<String>,
    detail: String,
    #[serde(skip)]
    role: Role,
}

impl Happened {
    /// For printing.
    pub fn of(told: &Told) -> Self {
        let entry = match told {
            Told::Entry(entry) => entry,
            Told::Note(at_ms, text) => {
                return Self {
                    at_ms: *at_ms,
                    revision: None,
                    what: "note",
                    group: None,
                    detail: text.clone(),
                    role: Role::Strong,
                };
            }
        };
        Self {
            at_ms: entry.wall_ms,
            revision: entry.revision.map(|revision| revision.0),
            what: entry.what.word(),
            group: entry.what.group().map(ToString::to_string),
            detail: entry.what.text(),
            role: match entry.what.tone() {
                Tone::Calm => Role::Plain,
                Tone::Good => Role::Good,
                Tone::Notice => Role::Strong,
                Tone::Warn => Role::Warn,
                Tone::Bad => Role::Bad,
            },
        }
    }
}

impl Page for Happened {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.revision.map_or_else(|| "-".to_owned(), |revision| revision.to_string())]
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("TIME").field("at"),
            Column::new("REVISION").right(),
            Column::new("WHAT"),
            Column::new("GROUP"),
            Column::new("DETAIL"),
        ]);
        table.row([
            Cell::time(self.at_ms, style),
            Cell::or_dash(self.revision),
            Cell::new(self.role, self.what),
            Cell::or_dash(self.group.as_ref()),
            (&self.detail).into(),
        ]);
        table
    }

    fn text(&self, _: bool, style: &Style) -> String {
        let time = crate::output::human::time(self.at_ms, style);
        let what = style.paint(self.role, &format!("{:<10}", self.what));
        let group = self.group.as_deref().unwrap_or("-");
        format!("{time}  {what}  {group}  {}\n", plain::clean(&self.detail))
    }
}

impl Happened {
    /// Time, word, group and the rest, as texts.
    pub fn cells(&self) -> (String, &'static str, &str, &str) {
        let time = crate::output::human::time_of_day(self.at_ms);
        (time, self.what, self.group.as_deref().unwrap_or(""), &self.detail)
    }
}
