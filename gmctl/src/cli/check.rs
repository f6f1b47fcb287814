//! `gmctl check`: one line for a monitoring system, by the conventions of monitoring plugins.
//!
//! The verdict is pure: a status and the nodes in, findings out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use clap::Args;
use gms::{
    api::{Consistency, Nodes, Status},
    client::Options,
    id::NodeId,
};
use serde::Serialize;

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        human::count,
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// One line for a monitoring system, with its exit codes
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Exit codes are those of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown. No node that
answers is critical. Reads are local, so that a cluster without a quorum can be checked too.

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

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Check {
    /// Somebody leads
    Leader,
    /// Enough voters are in touch
    Quorum,
    /// Every node can be reached
    Nodes,
    /// Every node that can be reached believes in the same leader and term
    Agreement,
    /// How many revisions the slowest node is behind
    Lag,
    /// How unwell the worst node is
    Health,
    /// How many members are suspected
    Suspects,
}

impl Check {
    const ALL: [Check; 7] = [
        Check::Leader,
        Check::Quorum,
        Check::Nodes,
        Check::Agreement,
        Check::Lag,
        Check::Health,
        Check::Suspects,
    ];

    fn has_figure(self) -> bool {
        matches!(self, Check::Lag | Check::Health | Check::Suspects)
    }
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

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Unknown => "UNKNOWN",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
        }
    }

    fn exit(self) -> Exit {
        match self {
            Level::Ok => Exit::Ok,
            Level::Warning => Exit::Passed(1),
            Level::Critical => Exit::Passed(2),
            Level::Unknown => Exit::Passed(3),
        }
    }
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    name: &'static str,
    level: Level,
    text: String,
}

/// All of them.
#[derive(Debug, Serialize)]
struct Report {
    level: Level,
    checks: Vec<Finding>,
    /// What there is, for a monitoring system to draw.
    figures: BTreeMap<&'static str, u64>,
}

/// Checks and prints.
pub async fn run(args: &CheckArgs, console: &mut Console) -> Result<Exit, Failure> {
    let bounds = args.bounds()?;
    let report = match look(args, &bounds, console).await {
        Ok(report) => report,
        Err(failure) => {
            let level = match failure.exit {
                Exit::Unreachable | Exit::Timeout | Exit::NoQuorum => Level::Critical,
                _ => Level::Unknown,
            };
            let asked = failure.asked.as_deref().unwrap_or("nobody");
            Report {
                level,
                checks: vec![Finding {
                    name: "reach",
                    level,
                    text: format!("{}; asked {asked}", failure.what),
                }],
                figures: BTreeMap::new(),
            }
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

/// From which figures on it is a warning, and critical.
#[derive(Debug, Clone, Copy)]
struct Bound {
    warn: u64,
    crit: u64,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    lag: Bound,
    health: Bound,
    suspects: Bound,
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
        // Who gives one of them means that one alone.
        bound.warn = self.warn.unwrap_or(u64::MAX);
        bound.crit = self.crit.unwrap_or(u64::MAX);
        Ok(bounds)
    }
}

impl Bound {
    fn level(self, figure: u64) -> Level {
        if figure >= self.crit {
            Level::Critical
        } else if figure >= self.warn {
            Level::Warning
        } else {
            Level::Ok
        }
    }
}

async fn look(args: &CheckArgs, bounds: &Bounds, console: &Console) -> Result<Report, Failure> {
    let client = console
        .client()?
        .with_options(Options { consistency: Consistency::Local, ..console.options() });
    let status = client.status().await?.value;
    let nodes = client.nodes().await?.value;
    Ok(judge(&args.checks, bounds, &status, &nodes))
}

fn judge(wanted: &[Check], bounds: &Bounds, status: &Status, nodes: &Nodes) -> Report {
    let wanted = if wanted.is_empty() { Check::ALL.as_slice() } else { wanted };
    let checks: Vec<Finding> = wanted
        .iter()
        .map(|check| match check {
            Check::Leader => leader(status, nodes),
            Check::Quorum => quorum(status),
            Check::Nodes => reach(status, nodes),
            Check::Agreement => agreement(nodes),
            Check::Lag => lag(bounds.lag, nodes),
            Check::Health => health(bounds.health, nodes),
            Check::Suspects => suspects(bounds.suspects, status),
        })
        .collect();
    let level = checks.iter().map(|check| check.level).max().unwrap_or(Level::Unknown);
    let counts = &status.counts;
    let reachable = nodes.nodes.iter().filter(|node| node.reachable).count();
    let figures = [
        ("nodes", counts.nodes),
        ("reachable", reachable),
        ("groups", counts.groups),
        ("members", counts.members),
        ("suspects", counts.suspects),
    ];
    let mut figures: BTreeMap<&str, u64> =
        figures.into_iter().map(|(name, figure)| (name, figure as u64)).collect();
    figures.insert("revision", status.revision.0);
    Report { level, checks, figures }
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

fn leader(status: &Status, nodes: &Nodes) -> Finding {
    let mut others: Vec<NodeId> = nodes.nodes.iter().filter_map(|node| node.leader).collect();
    others.extend(status.leader);
    others.sort_unstable();
    others.dedup();
    let (level, text) = match (status.leader, others.len()) {
        (None, _) => (Level::Critical, "no leader".to_owned()),
        (Some(_), 2..) => {
            let names: Vec<String> = others.iter().map(NodeId::to_string).collect();
            (Level::Warning, format!("nodes name different leaders: {}", names.join(", ")))
        }
        (Some(leader), _) => (Level::Ok, format!("node {leader} leads, term {}", status.term)),
    };
    Finding { name: "leader", level, text }
}

fn quorum(status: &Status) -> Finding {
    let quorum = &status.quorum;
    Finding {
        name: "quorum",
        level: if quorum.ok { Level::Ok } else { Level::Critical },
        text: format!(
            "{} of {} voters in touch, {} needed",
            quorum.reachable,
            quorum.voters.len(),
            quorum.needed
        ),
    }
}

fn reach(status: &Status, nodes: &Nodes) -> Finding {
    let lost: Vec<String> = nodes
        .nodes
        .iter()
        .filter(|node| !node.reachable && node.id != status.node)
        .map(|node| node.id.to_string())
        .collect();
    if lost.is_empty() {
        return Finding {
            name: "nodes",
            level: Level::Ok,
            text: format!("all {} reachable", count(nodes.nodes.len(), "node")),
        };
    }
    Finding {
        name: "nodes",
        level: Level::Warning,
        text: format!("out of reach from node {}: node {}", status.node, lost.join(", ")),
    }
}

/// A node cut off from the others may believe in a leader of yesterday.
fn agreement(nodes: &Nodes) -> Finding {
    let known = nodes.nodes.iter().filter(|node| node.reachable && node.term.is_some());
    let beliefs: BTreeSet<_> = known.map(|node| (node.leader, node.term)).collect();
    let (level, text) = match beliefs.len() {
        0 => (Level::Unknown, "no node tells what it believes".to_owned()),
        1 => (Level::Ok, "all nodes agree".to_owned()),
        number => {
            (Level::Warning, format!("nodes believe {number} different things of the leader"))
        }
    };
    Finding { name: "agreement", level, text }
}

fn lag(bound: Bound, nodes: &Nodes) -> Finding {
    let worst = nodes.nodes.iter().filter_map(|node| node.lag.map(|lag| (lag, node.id))).max();
    let (level, text) = match worst {
        None => (Level::Ok, "no node tells its lag".to_owned()),
        Some((lag, node)) => {
            (bound.level(lag), format!("at most {lag} revisions behind (node {node})"))
        }
    };
    Finding { name: "lag", level, text }
}

fn health(bound: Bound, nodes: &Nodes) -> Finding {
    let worst =
        nodes.nodes.iter().filter_map(|node| node.health.map(|health| (health, node.id))).max();
    let (level, text) = match worst {
        Some((health, node)) if bound.level(health.into()) > Level::Ok => {
            (bound.level(health.into()), format!("node {node} is unwell ({health})"))
        }
        _ => (Level::Ok, "sound".to_owned()),
    };
    Finding { name: "health", level, text }
}

fn suspects(bound: Bound, status: &Status) -> Finding {
    let suspects = status.counts.suspects;
    Finding {
        name: "suspects",
        level: bound.level(suspects as u64),
        text: count(suspects, "suspect"),
    }
}

impl Page for Report {
    type Item = Finding;

    fn items(&self) -> Vec<&Finding> {
        self.checks.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        vec![self.level.word().to_owned()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("CHECK").field("name"),
            Column::new("LEVEL"),
            Column::new("TEXT"),
        ]);
        for check in &self.checks {
            table.row([check.name.into(), check.level.word().into(), (&check.text).into()]);
        }
        table
    }

    /// The worst first, for a pager shows one line; then the figures after a bar.
    fn text(&self, wide: bool, _: &Style) -> String {
        let mut checks: Vec<&Finding> =
            self.checks.iter().filter(|check| wide || check.level == self.level).collect();
        checks.sort_by_key(|check| std::cmp::Reverse(check.level));
        let texts: Vec<&str> = checks.iter().map(|check| check.text.as_str()).collect();
        let figures: Vec<String> = self
            .figures
            .iter()
            // Counters carry a c, by the convention of the plugins.
            .map(|(name, figure)| {
                format!("{name}={figure}{}", if *name == "revision" { "c" } else { "" })
            })
            .collect();
        let bar = if figures.is_empty() { "" } else { " | " };
        format!(
            "GMS {}: {}{bar}{}\n",
            self.level.word(),
            crate::output::plain::clean(&texts.join("; ")).replace('|', "/"),
            figures.join(" ")
        )
    }
}
