//! `gmctl check`: one line for a monitoring system, by the conventions of monitoring plugins.
//!
//! What is found is in `verdict`, which is pure.

use std::fmt::Write as _;

use clap::Args;
use gms::{api::Consistency, client::Options};

use crate::{
    cli::{
        base::console::Console,
        look::verdict::{Bound, Bounds, Check, Level, Report, judge},
    },
    error::Failure,
    exit::Exit,
    output::printer::Printer,
};

/// One line for a monitoring system, with its exit codes
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Exit codes are those of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown. No node that
answers is critical, a command line that is wrong is unknown. Reads are local, so that a cluster
without a quorum can be checked too.

Checks: leader, quorum, nodes (all reachable), agreement (all believe in one leader), lag, health, suspects;
all of them when none is named. --warn and --crit are the bounds of the one named check that has a figure.

Examples:
  gmctl check
  gmctl check leader,quorum
  gmctl check lag --warn 100 --crit 10000
  gmctl check --format prometheus
  gmctl check --lag-warn 100 --lag-crit 10000 --suspects-warn 5
  gmctl check -o json")]
pub struct CheckArgs {
    /// Only these, separated by commas
    #[arg(value_name = "CHECK", value_enum, value_delimiter = ',')]
    checks: Vec<Check>,
    /// Warn from this figure on, for lag, health or suspects
    #[arg(long, value_name = "N")]
    warn: Option<u64>,
    /// Critical from this figure on, for lag, health or suspects
    #[arg(long, value_name = "N")]
    crit: Option<u64>,
    /// How the verdict is printed where -o does not say
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    format: Form,
    /// Warn when a node is so many revisions behind
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    lag_warn: u64,
    /// Critical when a node is so many revisions behind
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    lag_crit: u64,
    /// Warn when so many members are suspected
    #[arg(long, value_name = "N", default_value_t = 1)]
    suspects_warn: usize,
    /// Warn when a node's health is so bad; 0 is sound
    #[arg(long, value_name = "N", default_value_t = 3)]
    health_warn: u32,
}

/// How a verdict is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// One line for a monitoring system
    #[default]
    Nagios,
    /// As -o json
    Json,
    /// Gauges in the text format of Prometheus
    Prometheus,
}

/// Checks and prints.
pub async fn run(args: &CheckArgs, console: &mut Console) -> Result<Exit, Failure> {
    let report = match look(args, console).await {
        Ok(report) => report,
        Err(failure) => {
            if failure.exit == Exit::Usage {
                // For whoever sets it up; a monitoring system reads stdout.
                console.printer.failure(&failure);
            }
            without_answer(&failure)
        }
    };
    match args.format {
        Form::Prometheus => console.printer.data(&prometheus(&report))?,
        Form::Json if console.globals.output.is_none() => {
            let json = serde_json::to_string_pretty(&report).map_err(Failure::bug)?;
            console.printer.data(&(json + "\n"))?;
        }
        Form::Json | Form::Nagios => console.printer.page(&report)?,
    }
    Ok(report.level.exit())
}

/// What a monitoring system is told of a command line that is wrong: nothing is known, which is not
/// critical.
pub(in crate::cli) fn refuse(why: &str, printer: &mut Printer) -> Exit {
    let report = Report::of_one("usage", Level::Unknown, why.to_owned());
    // A reader that is gone does not change what the command line was.
    let _ = printer.page(&report);
    report.level.exit()
}

fn without_answer(failure: &Failure) -> Report {
    let (name, level) = match failure.exit {
        Exit::Unreachable | Exit::Timeout | Exit::NoQuorum => ("reach", Level::Critical),
        Exit::Usage => return Report::of_one("usage", Level::Unknown, failure.what.clone()),
        _ => ("reach", Level::Unknown),
    };
    let asked = failure.asked.as_deref().unwrap_or("nobody");
    Report::of_one(name, level, format!("{}; asked {asked}", failure.what))
}

impl CheckArgs {
    fn bounds(&self) -> Result<Bounds, Failure> {
        let mut bounds = Bounds {
            lag: Bound { warn: self.lag_warn, crit: self.lag_crit },
            health: Bound { warn: self.health_warn.into(), crit: u64::MAX },
            suspects: Bound { warn: (self.suspects_warn as u64).max(1), crit: u64::MAX },
        };
        if self.warn.is_none() && self.crit.is_none() {
            return Ok(bounds);
        }
        let with_figure: Vec<&Check> =
            self.checks.iter().filter(|check| check.has_figure()).collect();
        let bound = match with_figure.as_slice() {
            [Check::Lag] => &mut bounds.lag,
            [Check::Health] => &mut bounds.health,
            [Check::Suspects] => &mut bounds.suspects,
            _ => {
                return Err(Failure::usage(
                    "--warn and --crit need one of lag, health, suspects to be named",
                )
                .hint("gmctl check lag --warn 100 --crit 10000"));
            }
        };
        if let (Some(warn), Some(crit)) = (self.warn, self.crit)
            && warn > crit
        {
            return Err(Failure::usage(format!(
                "--warn {warn} is beyond --crit {crit}, and would never be told"
            )));
        }
        // Who gives one of them means that one alone.
        bound.warn = self.warn.unwrap_or(u64::MAX);
        bound.crit = self.crit.unwrap_or(u64::MAX);
        Ok(bounds)
    }
}

async fn look(args: &CheckArgs, console: &Console) -> Result<Report, Failure> {
    let bounds = args.bounds()?;
    let client = console
        .client()?
        .with_options(Options { consistency: Consistency::Local, ..console.options() });
    let status = client.status().await?.value;
    let nodes = client.nodes().await?.value;
    Ok(judge(&args.checks, &bounds, &status, &nodes))
}

/// Gauges: how bad each check is (0 ok, 1 warning, 2 critical, 3 unknown), and the figures.
fn prometheus(report: &Report) -> String {
    let mut text = String::from(
        "# HELP gms_check_level How bad: 0 ok, 1 warning, 2 critical, 3 unknown.\n\
         # TYPE gms_check_level gauge\n",
    );
    // Writing to a string cannot fail.
    for check in &report.checks {
        let level = check.level.exit().code();
        let _ = writeln!(text, "gms_check_level{{check=\"{}\"}} {level}", check.name);
    }
    for (name, figure) in &report.figures {
        let _ = writeln!(text, "# TYPE gms_check_{name} gauge\ngms_check_{name} {figure}");
    }
    text
}
