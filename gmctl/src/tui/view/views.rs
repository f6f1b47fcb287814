//! Each node's opinion side by side: what it believes, and whether to believe it.

use gms::api::NodeStatus;
use ratatui::layout::Rect;

use super::figures::{grouped, known};
use crate::{
    model::cluster::NodeFacts,
    tui::{
        app::App,
        theme::Role,
        widget::brush::{Brush, Piece, piece},
    },
};

/// The width of a node's column.
const COLUMN: usize = 14;
/// The width of the column with the names of the rows.
const NAMES: usize = 14;

type Fact = fn(&NodeStatus) -> String;

/// A row: its name, what to show, and whether nodes that differ are worth a mark.
const FACTS: &[(&str, Fact, bool)] = &[
    ("role", |node| node.role.map_or("?".to_owned(), |role| role.as_str().to_owned()), false),
    ("leader", |node| node.leader.map_or("nobody".to_owned(), |id| format!("node {id}")), true),
    ("term", |node| known(node.term), true),
    ("applied", |node| node.applied.map_or("-".to_owned(), |at| grouped(at.0)), false),
    ("matched", |node| node.matched.map_or("-".to_owned(), |at| grouped(at.0)), false),
    ("lag", |node| known(node.lag), false),
    (
        "votes",
        |node| {
            if node.voter { "yes".to_owned() } else { "no".to_owned() }
        },
        false,
    ),
    (
        "monitor",
        |node| {
            if node.monitor { "yes".to_owned() } else { "no".to_owned() }
        },
        false,
    ),
    ("watches", |node| node.monitored.map_or("-".to_owned(), |n| grouped(n as u64)), false),
    ("health", |node| node.health.map_or("-".to_owned(), |health| health.to_string()), false),
    ("version", |node| node.version.clone().unwrap_or_else(|| "-".to_owned()), true),
];

/// Draws the opinions.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let nodes: Vec<&NodeFacts> = app.model().nodes.values().collect();
    if nodes.is_empty() {
        brush.line(area, &[piece("  no node has told of the nodes yet", Role::Faint)]);
        return;
    }
    let mut lines: Vec<Vec<Piece<'_>>> = Vec::new();
    let mut head = vec![piece(format!(" {:NAMES$}", ""), Role::Title)];
    for facts in &nodes {
        let here = if app.model().link.node == Some(facts.status.id) { " <-you" } else { "" };
        let text = format!("node {}{here}", facts.status.id);
        head.push(piece(format!("{text:COLUMN$}"), Role::Title));
    }
    lines.push(head);
    for (name, fact, must_agree) in FACTS {
        let common = most_common(&nodes, *fact);
        let mut line = vec![piece(format!(" {name:NAMES$}"), Role::Faint)];
        for facts in &nodes {
            let node = &facts.status;
            let (text, role) = if node.reachable {
                let text = fact(node);
                let differs = *must_agree && common.as_ref().is_some_and(|c| *c != text);
                (
                    if differs { format!("{text} !") } else { text },
                    if differs { Role::Warn } else { Role::Text },
                )
            } else {
                ("?".to_owned(), Role::Faint)
            };
            line.push(piece(format!("{text:COLUMN$}"), role));
        }
        lines.push(line);
    }
    lines.push(Vec::new());
    lines.extend(nodes.iter().filter_map(|facts| remark(&facts.status)));
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        brush.line(Rect { y, height: 1, ..area }, line);
    }
}

/// What most nodes that can be asked say.
fn most_common(nodes: &[&NodeFacts], fact: Fact) -> Option<String> {
    let told: Vec<String> = nodes
        .iter()
        .filter(|facts| facts.status.reachable)
        .map(|facts| fact(&facts.status))
        .collect();
    told.iter().max_by_key(|text| told.iter().filter(|other| other == text).count()).cloned()
}

/// Why a node should not be believed.
fn remark<'a>(node: &NodeStatus) -> Option<Vec<Piece<'a>>> {
    let id = node.id;
    let (text, role) = if !node.reachable {
        let why = node.error.as_deref().unwrap_or("it does not answer");
        (format!(" node {id} is out of reach from here: {why}"), Role::Danger)
    } else if node.leader.is_none() {
        (
            format!(" node {id} knows no leader: do not trust what it says of the present"),
            Role::Warn,
        )
    } else if node.health.is_some_and(|health| health > 0) {
        (format!(" node {id} doubts itself and abstains from verdicts"), Role::Warn)
    } else {
        return None;
    };
    Some(vec![piece(text, role)])
}
