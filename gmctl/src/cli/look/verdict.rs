//! What `gmctl check` finds: a status and the nodes in, findings out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use gms::{
    api::{Nodes, Status},
    id::NodeId,
};
use serde::Serialize;

use crate::{
    exit::Exit,
    model::contact::Contact,
    output::{
        human::count,
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Check {
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
    /// Every check.
    const ALL: [Check; 7] = [
        Check::Leader,
        Check::Quorum,
        Check::Nodes,
        Check::Agreement,
        Check::Lag,
        Check::Health,
        Check::Suspects,
    ];

    /// Whether it has a figure that bounds can be set for.
    pub(super) fn has_figure(self) -> bool {
        matches!(self, Check::Lag | Check::Health | Check::Suspects)
    }
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Level {
    /// The word of monitoring plugins.
    pub(super) fn word(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Unknown => "UNKNOWN",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
        }
    }

    /// The exit code of monitoring plugins.
    pub(super) fn exit(self) -> Exit {
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
pub(super) struct Finding {
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) text: String,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) level: Level,
    pub(super) checks: Vec<Finding>,
    /// What there is, for a monitoring system to draw.
    pub(super) figures: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Of this finding alone.
    pub(super) fn of_one(name: &'static str, level: Level, text: String) -> Self {
        let checks = vec![Finding { name, level, text }];
        Self { level, checks, figures: BTreeMap::new() }
    }
}

/// From which figures on it is a warning, and critical.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) warn: u64,
    pub(super) crit: u64,
}

/// The bounds of every check that has a figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) lag: Bound,
    pub(super) health: Bound,
    pub(super) suspects: Bound,
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

pub(super) fn judge(wanted: &[Check], bounds: &Bounds, status: &Status, nodes: &Nodes) -> Report {
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
            "{}{} of {} voters in touch, {} needed",
            match Contact::of(quorum) {
                Contact::Quorum => String::new(),
                missing => format!("{}, ", missing.as_str()),
            },
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
