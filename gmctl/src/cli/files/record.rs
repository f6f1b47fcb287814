//! `gmctl record FILE`: keeps what is seen of the cluster on a tape: views and events, how members
//! look, the evidence of removals and suspicions, and once a second the status and the nodes.
//!
//! It goes on over the loss of every node; what broke is on the tape too. It ends by its time or by a
//! signal, and either way the tape is whole.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, IsTerminal as _, Write},
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use clap::Args;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use gms::{
    api::{Consistency, WatchEvent},
    client::{Client, Options},
    endpoint::Endpoint,
    id::GroupId,
    liveness_feed::{LivenessFeed, LivenessOptions},
    span::Span,
    watch::{Watch, WatchOptions},
};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    cli::{
        base::{
            complete,
            console::{Console, now_ms},
            progress::Progress,
            signals::{Signals, exit_of},
            when::reach,
        },
        files::asked::{Doubted, Facts, evidence, of_liveness, of_watch, past, poll, why},
        own::version::VERSION,
    },
    error::Failure,
    exit::Exit,
    output::{
        human,
        page::Page,
        style::Style,
        table::{Cell, Column, Table},
    },
    tape::{
        format::{self, Fact, Header, Record},
        write::Writer,
    },
};

/// How often status and nodes are asked for, and the tape is handed to the file.
const POLL: Duration = Duration::from_secs(1);
/// Every so many polls the list of groups is asked for too: it carries the holds.
const GROUPS_EACH: u64 = 5;
/// A poll that takes longer has failed; another follows.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
/// Questions under way: a poll, and one for each of a burst of removals; more wait for the next poll.
const QUESTIONS_MAX: usize = 16;
/// Keep what is seen of the cluster in a file, to look at it later
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read; writes FILE

The tape is lines of JSON: what gmctl watch -o jsonl prints, and besides it how members look, the evidence
of removals, and once a second the status and the nodes. replay shows it again, report writes a summary,
diff compares two moments. Without --for it goes on until Ctrl-C; the tape is whole whatever ends it.

Examples:
  gmctl record incident.jsonl
  gmctl record incident.jsonl --for 10m --note 'switch upgrade'
  gmctl record - --group payments | gzip > payments.jsonl.gz")]
pub struct RecordArgs {
    /// Where to; - is stdout
    file: PathBuf,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<Span>,
    /// Only this group
    #[arg(long, value_name = "GROUP", add = complete::groups())]
    group: Option<GroupId>,
    /// A remark that goes on the tape
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Write over FILE if it is there
    #[arg(long)]
    force: bool,
}

/// Records until its time is over or a signal comes.
pub async fn run(args: &RecordArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    console.has_no_dry_run("record")?;
    let client = console.client()?;
    let to = open(&args.file, args.force, console)?;
    let header = Header {
        version: format::VERSION,
        gmctl: VERSION.to_owned(),
        endpoints: client.endpoints().iter().map(Endpoint::to_string).collect(),
        group: args.group.clone(),
    };
    let tape = Writer::begin(to, &header, now_ms()).map_err(|why| unwritable(&args.file, &why))?;
    let mut recorder = Recorder {
        tape,
        file: &args.file,
        client,
        group: args.group.clone(),
        doubted: Doubted::default(),
    };
    let start = Instant::now();
    if let Some(note) = &args.note {
        recorder.keep(Fact::Note(note.clone()))?;
    }
    let end = args.lasts.map(|lasts| start + Duration::from(lasts));
    let exit = recorder.record(end, &mut signals, console).await?;
    recorder.flush()?;
    let (facts, bytes) = recorder.tape.written();
    let to_file = args.file != Path::new("-");
    if to_file {
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let file = args.file.display().to_string();
        console.printer.page(&Recorded { file, facts, bytes, for_ms: millis })?;
    }
    Ok(exit)
}

fn open(file: &Path, force: bool, console: &Console) -> Result<Box<dyn Write>, Failure> {
    if file == Path::new("-") {
        if io::stdout().is_terminal() && !console.globals.quiet {
            return Err(Failure::usage("a tape is not for a terminal").hint("gmctl record FILE"));
        }
        return Ok(Box::new(io::stdout()));
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    match options.open(file) {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            let what = format!("{} is there already; nothing was written", file.display());
            Err(Failure::new(Exit::Refused, what).hint("--force writes over it"))
        }
        Err(why) => Err(unwritable(file, &why)),
    }
}

fn unwritable(file: &Path, why: &io::Error) -> Failure {
    if file == Path::new("-") {
        return Failure::of_write(why);
    }
    Failure::new(Exit::Refused, format!("{} cannot be written: {why}", file.display()))
}

type Question = Pin<Box<dyn Future<Output = Facts>>>;

struct Recorder<'a> {
    tape: Writer<Box<dyn Write>>,
    file: &'a Path,
    client: Client,
    group: Option<GroupId>,
    doubted: Doubted,
}

impl Recorder<'_> {
    fn keep(&mut self, fact: Fact) -> Result<(), Failure> {
        let record = Record { at_ms: now_ms(), fact };
        self.tape.write(&record).map_err(|why| unwritable(self.file, &why))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.tape.flush().map_err(|why| unwritable(self.file, &why))
    }

    async fn record(
        &mut self,
        end: Option<Instant>,
        signals: &mut Signals,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let asking = self.client.with_options(Options {
            timeout: POLL_TIMEOUT,
            consistency: Consistency::Local,
            ..self.client.options().clone()
        });
        for fact in past(&asking, self.group.clone()).await {
            self.keep(fact)?;
        }
        let options = WatchOptions { events: true, ..WatchOptions::default() };
        let mut watch = match &self.group {
            Some(group) => Watch::of_group(&self.client, group, &options),
            None => Watch::of_all(&self.client, &options),
        };
        let options = LivenessOptions { group: self.group.clone(), member: None };
        let mut liveness = LivenessFeed::new(&self.client, &options);
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut questions: FuturesUnordered<Question> = FuturesUnordered::new();
        let mut polls = 0_u64;
        let mut progress = Progress::of_silent_work(console);
        let start = Instant::now();
        let exit = loop {
            tokio::select! {
                biased;
                signal = signals.next() => break exit_of(signal),
                () = reach(end) => break Exit::Ok,
                _ = ticks.tick() => {
                    self.flush()?;
                    if questions.len() < QUESTIONS_MAX {
                        let with_groups = polls.is_multiple_of(GROUPS_EACH);
                        questions.push(Box::pin(poll(asking.clone(), with_groups)));
                        polls = polls.wrapping_add(1);
                    }
                }
                item = watch.next() => {
                    let fact = of_watch(item.map_err(Failure::from)?);
                    if let Fact::Watch(WatchEvent::Change(change)) = &fact
                        && !(change.removed.is_empty() && change.away.is_empty())
                        && questions.len() < QUESTIONS_MAX
                    {
                        let (group, from) = (change.group.clone(), change.revision());
                        questions.push(Box::pin(evidence(asking.clone(), group, from)));
                    }
                    self.keep(fact)?;
                }
                item = liveness.next() => {
                    let fact = of_liveness(item.map_err(Failure::from)?);
                    self.doubted.forget_gone(&fact);
                    if let Fact::Member(report) = &fact
                        && self.doubted.is_new(report)
                        && questions.len() < QUESTIONS_MAX
                    {
                        let (group, id) = (report.group.clone(), report.id.clone());
                        questions.push(Box::pin(why(asking.clone(), group, id)));
                    }
                    self.keep(fact)?;
                }
                Some(facts) = questions.next(), if !questions.is_empty() => {
                    for fact in facts {
                        self.keep(fact)?;
                    }
                }
            }
            let (facts, bytes) = self.tape.written();
            progress.draw(console, || {
                let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                format!("{facts} facts, {} kB, {}; Ctrl-C ends", bytes / 1_000, human::age(millis))
            });
        };
        progress.clear(console);
        Ok(exit)
    }
}

/// What was recorded.
#[derive(Serialize)]
struct Recorded {
    file: String,
    facts: u64,
    bytes: u64,
    for_ms: u64,
}

impl Page for Recorded {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.file.clone()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("FILE"),
            Column::new("FACTS").right(),
            Column::new("BYTES").right(),
            Column::new("FOR").field("for_ms").right(),
        ]);
        let lasted = Cell::figure(Some(self.for_ms), |millis| human::age(*millis));
        table.row([(&self.file).into(), self.facts.into(), self.bytes.into(), lasted]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        format!(
            "{}: {} facts, {} bytes, {}; gmctl replay or gmctl report reads it\n",
            self.file,
            self.facts,
            self.bytes,
            human::age(self.for_ms)
        )
    }
}
