//! `gmctl bench`: measurements of a real cluster on this machine.

use std::time::Duration;

use clap::{Args, Subcommand};
use gms::{
    liveness::{PERIOD_MS_MAX, PERIOD_MS_MIN},
    span::Span,
};

use crate::{
    bench::{detect, failover, idle, join, read, report::Report, start, watch},
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
};

/// The most repetitions: a night of the slowest.
const TRIALS_MAX: u64 = 10_000;
/// The most members of an idle cluster, which this one machine also hosts.
const MEMBERS_MAX: u64 = 200_000;

/// Measure how soon deaths are told, how fast joins and reads are, what idling costs
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; each measurement starts a cluster of its own on free ports, kills only its own
processes, and leaves nothing behind

The table holds this machine's figures beside the goals and beside what peers took for the same work
on a machine of two processors. The load runs on the same machine: compare figures of one run. Build
with --release. Progress is told on stderr, where that is a terminal.

Examples:
  gmctl bench detect --trials 50
  gmctl bench idle --members 1000,10000 --for 60s
  gmctl bench join -o json")]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    what: What,
}

/// What to measure.
#[derive(Debug, Subcommand)]
enum What {
    /// From the end of a process, of many, with a node, to all watches having told it
    #[command(after_help = "\
Impact: local

Processes with a session, under gmctl run and watched by tcp get kill -9, others are stopped. As root
and with iproute2, the links of hosts are cut too: network namespaces that go with the run. A thousand
members die with one process, a hundred with a monitor, a hundred with the leader.

Examples:
  gmctl bench detect
  gmctl bench detect --trials 100 -o json")]
    Detect(Trials),
    /// Joins a second, and how long one takes, with 1, 64 and 256 at once
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench join
  gmctl bench join --for 10s")]
    Join(Lasts),
    /// Linearizable reads a second of a group of 100 and of 1000
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench read
  gmctl bench read --for 10s")]
    Read(Lasts),
    /// One join told to 1000 watchers, 2000 joins to 100 full views
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench watch
  gmctl bench watch --trials 100")]
    Watch(Trials),
    /// What members cost that only live
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench idle
  gmctl bench idle --members 1000,10000,50000 --for 60s")]
    Idle(IdleArgs),
    /// From the end of the leader to the next acknowledged join
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench failover
  gmctl bench failover --trials 20")]
    Failover(Trials),
    /// From nothing to the first acknowledged join
    #[command(after_help = "\
Impact: local

Examples:
  gmctl bench start
  gmctl bench start --trials 20")]
    Start(Trials),
}

#[derive(Debug, Args)]
struct Trials {
    /// How often each thing is done
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=TRIALS_MAX))]
    trials: u64,
}

impl Trials {
    fn number(&self) -> usize {
        usize::try_from(self.trials).unwrap_or(usize::MAX)
    }
}

#[derive(Debug, Args)]
struct Lasts {
    /// How long each row is measured
    #[arg(long = "for", value_name = "TIME", default_value = "5s")]
    lasts: Span,
}

#[derive(Debug, Args)]
struct IdleArgs {
    /// How many members, one row each
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        default_values_t = [1_000_u64, 10_000, 50_000],
        value_parser = clap::value_parser!(u64).range(1..=MEMBERS_MAX)
    )]
    members: Vec<u64>,
    /// The group's ping period, 50 ms to 60 s [default: 500 ms, and for more than 12,500 members
    /// longer, so that 50,000 pings a second leave]
    #[arg(long, value_name = "TIME", value_parser = period)]
    period: Option<Duration>,
    /// How long each row is measured
    #[arg(long = "for", value_name = "TIME", default_value = "60s")]
    lasts: Span,
}

fn period(text: &str) -> Result<Duration, String> {
    let period = Duration::from(text.parse::<Span>().map_err(|error| error.to_string())?);
    let range = PERIOD_MS_MIN.into()..=PERIOD_MS_MAX.into();
    if range.contains(&period.as_millis()) {
        return Ok(period);
    }
    Err(format!("a ping period is {PERIOD_MS_MIN} to {PERIOD_MS_MAX} ms"))
}

/// Measures.
pub async fn run(args: &BenchArgs, console: &mut Console) -> Result<Exit, Failure> {
    let report: Report = match &args.what {
        What::Detect(trials) => detect::measure(trials.number(), console).await?,
        What::Join(args) => join::measure(Duration::from(args.lasts), console).await?,
        What::Read(args) => read::measure(Duration::from(args.lasts), console).await?,
        What::Watch(trials) => watch::measure(trials.number(), console).await?,
        What::Idle(args) => {
            let members: Vec<usize> =
                args.members.iter().filter_map(|count| usize::try_from(*count).ok()).collect();
            idle::measure(&members, args.period, Duration::from(args.lasts), console).await?
        }
        What::Failover(trials) => failover::measure(trials.number(), console).await?,
        What::Start(trials) => start::measure(trials.number(), console).await?,
    };
    console.printer.page(&report)?;
    Ok(Exit::Ok)
}
