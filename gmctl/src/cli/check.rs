//! `gmctl check`: one line for a monitoring system, by the conventions of monitoring plugins.
//!
//! The verdict is pure: a status and the nodes in, findings out.

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
    output::{human::count, page::Page, style::Style},
};

/// One line for a monitoring system, with its exit codes
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Exit codes are those of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown. No node that
answers is critical. Reads are local, so that a cluster without a quorum can be checked too.

Examples:
  gmctl check
  gmctl check --lag-warn 100 --lag-crit 10000 --suspects-warn 5
  gmctl check -o json")]
pub struct CheckArgs {
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
    #[serde(skip)]
    figures: String,
}

/// Checks and prints.
pub async fn run(args: &CheckArgs, console: &mut Console) -> Result<Exit, Failure> {
    let report = match look(args, console).await {
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
                figures: String::new(),
            }
        }
    };
    console.printer.page(&report)?;
    Ok(report.level.exit())
}

async fn look(args: &CheckArgs, console: &Console) -> Result<Report, Failure> {
    let client = console
        .client()?
        .with_options(Options { consistency: Consistency::Local, ..console.options() });
    let status = client.status().await?.value;
    let nodes = client.nodes().await?.value;
    Ok(judge(args, &status, &nodes))
}

fn judge(args: &CheckArgs, status: &Status, nodes: &Nodes) -> Report {
    let checks = vec![
        leader(status, nodes),
        quorum(status),
        reach(status, nodes),
        lag(args, nodes),
        health(args, nodes),
        suspects(args, status),
    ];
    let level = checks.iter().map(|check| check.level).max().unwrap_or(Level::Unknown);
    let counts = &status.counts;
    let figures = format!(
        "nodes={} reachable={} groups={} members={} suspects={} revision={}c",
        counts.nodes,
        nodes.nodes.iter().filter(|node| node.reachable).count(),
        counts.groups,
        counts.members,
        counts.suspects,
        status.revision
    );
    Report { level, checks, figures }
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

fn lag(args: &CheckArgs, nodes: &Nodes) -> Finding {
    let worst = nodes.nodes.iter().filter_map(|node| node.lag.map(|lag| (lag, node.id))).max();
    let (level, text) = match worst {
        None => (Level::Ok, "no node tells its lag".to_owned()),
        Some((lag, node)) => {
            let level = if lag >= args.lag_crit {
                Level::Critical
            } else if lag >= args.lag_warn {
                Level::Warning
            } else {
                Level::Ok
            };
            (level, format!("at most {lag} revisions behind (node {node})"))
        }
    };
    Finding { name: "lag", level, text }
}

fn health(args: &CheckArgs, nodes: &Nodes) -> Finding {
    let worst =
        nodes.nodes.iter().filter_map(|node| node.health.map(|health| (health, node.id))).max();
    let (level, text) = match worst {
        Some((health, node)) if health >= args.health_warn => {
            (Level::Warning, format!("node {node} is unwell ({health})"))
        }
        _ => (Level::Ok, "sound".to_owned()),
    };
    Finding { name: "health", level, text }
}

fn suspects(args: &CheckArgs, status: &Status) -> Finding {
    let suspects = status.counts.suspects;
    let is_much = suspects >= args.suspects_warn.max(1);
    Finding {
        name: "suspects",
        level: if is_much { Level::Warning } else { Level::Ok },
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

    /// The worst first, for a pager shows one line; then the figures after a bar.
    fn text(&self, wide: bool, _: &Style) -> String {
        let mut checks: Vec<&Finding> =
            self.checks.iter().filter(|check| wide || check.level == self.level).collect();
        checks.sort_by_key(|check| std::cmp::Reverse(check.level));
        let texts: Vec<&str> = checks.iter().map(|check| check.text.as_str()).collect();
        let bar = if self.figures.is_empty() { "" } else { " | " };
        format!(
            "GMS {}: {}{bar}{}\n",
            self.level.word(),
            crate::output::plain::clean(&texts.join("; ")).replace('|', "/"),
            self.figures
        )
    }
}
