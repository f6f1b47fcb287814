//! Each node's opinion side by side: what it says of itself when it is asked directly, and whether
//! to believe it. A node that could not be asked is told of by the one that answers us.

use std::collections::BTreeSet;

use gms::{
    api::NodeStatus,
    id::{GroupId, NodeId},
};

use super::{
    figures::{grouped, known, millis, round_trip},
    page::Page,
};
use crate::{
    action::table::Action,
    model::{cluster::NodeFacts, opinion::Said},
    tui::{
        app::App,
        theme::Role,
        widget::brush::{Piece, piece},
    },
};

/// The width of a node's column.
const COLUMN: usize = 14;
/// The width of the column with the names of the rows.
const NAMES: usize = 14;
/// The most groups whose views are compared on the screen: more are no reading for people.
const GROUPS_MAX: usize = 200;

/// One node with what is known of its opinion.
struct Witness<'a> {
    facts: &'a NodeFacts,
    said: Option<&'a Said>,
}

type Fact = fn(&Witness<'_>) -> String;

/// A row: its name, what to show, and whether nodes that differ are worth a mark.
const FACTS: &[(&str, Fact, bool)] = &[
    (
        "role",
        |w| w.facts.status.role.map_or("?".to_owned(), |role| role.as_str().to_owned()),
        false,
    ),
    (
        "leader",
        |w| {
            let leader = w.said.map_or(w.facts.status.leader, |said| said.status.leader);
            leader.map_or("nobody".to_owned(), |id| format!("node {id}"))
        },
        true,
    ),
    ("term", |w| known(w.said.map_or(w.facts.status.term, |said| Some(said.status.term))), true),
    (
        "quorum",
        |w| match w.said {
            None => "not asked".to_owned(),
            Some(said) => {
                let quorum = &said.status.quorum;
                let word = if quorum.ok { "yes" } else { "NO" };
                format!("{word} {}/{}", quorum.reachable, quorum.voters.len())
            }
        },
        true,
    ),
    (
        "contact",
        |w| match w.said {
            None => "-".to_owned(),
            // Within a second contacts differ by chance.
            Some(said) => match said.status.age_ms {
                Some(0..1_000) => "<1s".to_owned(),
                age => millis(age),
            },
        },
        false,
    ),
    (
        "revision",
        |w| match w.said {
            Some(said) => grouped(said.status.revision.0),
            None => w.facts.status.applied.map_or("-".to_owned(), |at| grouped(at.0)),
        },
        false,
    ),
    ("lag", |w| known(w.facts.status.lag), false),
    ("votes", |w| yes(w.facts.status.voter), false),
    ("monitor", |w| yes(w.facts.status.monitor), false),
    ("watches", |w| w.facts.status.monitored.map_or("-".to_owned(), |n| grouped(n as u64)), false),
    ("health", |w| w.facts.status.health.map_or("-".to_owned(), |h| h.to_string()), false),
    ("version", |w| w.facts.status.version.clone().unwrap_or_else(|| "-".to_owned()), true),
];

fn yes(is: bool) -> String {
    if is { "yes".to_owned() } else { "no".to_owned() }
}

/// The opinions: whom not to trust first, then what each says.
pub(super) fn page<'a>(app: &App) -> Page<'a> {
    let model = app.model();
    let witnesses: Vec<Witness<'_>> = model
        .nodes
        .values()
        .map(|facts| Witness { facts, said: model.said(app.moment(), facts.status.id) })
        .collect();
    if witnesses.is_empty() {
        let none = vec![piece("  no node has told of the nodes yet", Role::Faint)];
        return Page { head: Vec::new(), lines: vec![none] };
    }
    let mut lines = Vec::new();
    if let Some(better) = model.better_informed(app.moment()) {
        lines.push(vec![piece(
            format!(
                " node {better} has a leader and a quorum: it is the one to ask   [{}] reconnects",
                app.key(Action::Retry)
            ),
            Role::Danger,
        )]);
    }
    lines.extend(witnesses.iter().filter_map(remark));
    if !lines.is_empty() {
        lines.push(Vec::new());
    }
    for (name, fact, must_agree) in FACTS {
        let cells = witnesses.iter().map(|w| can_be_asked(w).then(|| fact(w)));
        lines.push(row(name, &cells.collect::<Vec<_>>(), *must_agree));
    }
    lines.extend(views_of_groups(&witnesses));
    Page { head: vec![head(app, &witnesses)], lines }
}

fn can_be_asked(witness: &Witness<'_>) -> bool {
    witness.said.is_some() || witness.facts.status.reachable
}

fn head<'a>(app: &App, witnesses: &[Witness<'_>]) -> Vec<Piece<'a>> {
    let mut head = vec![piece(format!("{:NAMES$}", ""), Role::Title)];
    for witness in witnesses {
        let id = witness.facts.status.id;
        let here = if app.model().link.node == Some(id) { " <-you" } else { "" };
        // The selected node is the one that acts on a node are about.
        let sign = if app.ui.selection.node == Some(id) { ">" } else { " " };
        let text = format!("{sign}node {id}{here}");
        head.push(piece(format!("{text:COLUMN$}"), Role::Title));
    }
    let slowest = slowest(app, witnesses);
    head.push(piece(format!(" {slowest}"), Role::Faint));
    head
}

/// How the nodes were asked.
fn slowest(app: &App, witnesses: &[Witness<'_>]) -> String {
    let asked = witnesses.iter().filter(|witness| witness.said.is_some()).count();
    let took = witnesses
        .iter()
        .filter_map(|w| app.model().opinions.get(&w.facts.status.id))
        .map(|opinion| opinion.took_us)
        .max();
    match (asked, took) {
        (0, _) | (_, None) => {
            "as the node that answers tells; the nodes are being asked".to_owned()
        }
        // Rounded up, so that an idle screen stands still.
        (asked, Some(took)) => format!(
            "{asked} of {} asked side by side within {}",
            witnesses.len(),
            round_trip(Some(took.next_multiple_of(100_000)))
        ),
    }
}

/// One row; `None` stands for a node that cannot be asked.
fn row<'a>(name: &str, cells: &[Option<String>], must_agree: bool) -> Vec<Piece<'a>> {
    let common = most_common(cells);
    let mut line = vec![piece(format!(" {name:NAMES$}"), Role::Faint)];
    for cell in cells {
        let (text, role) = match cell {
            None => ("?".to_owned(), Role::Faint),
            Some(text) if must_agree && common.is_some_and(|common| common != text) => {
                (format!("{text} !"), Role::Warn)
            }
            Some(text) => (text.clone(), Role::Text),
        };
        line.push(piece(format!("{text:COLUMN$}"), role));
    }
    line
}

/// What most nodes that can be asked say.
fn most_common(cells: &[Option<String>]) -> Option<&String> {
    let told = || cells.iter().flatten();
    told().max_by_key(|text| told().filter(|other| other == text).count())
}

/// The view that each node has of each group: a node that still lists whom the others have taken
/// out shows here.
fn views_of_groups<'a>(witnesses: &[Witness<'_>]) -> Vec<Vec<Piece<'a>>> {
    let groups: BTreeSet<&GroupId> =
        witnesses.iter().filter_map(|w| w.said).flat_map(|said| said.groups.keys()).collect();
    let cells = |group: &GroupId| -> Vec<Option<String>> {
        witnesses
            .iter()
            .map(|w| {
                let said = w.said?;
                Some(match said.groups.get(group) {
                    Some((view, members)) => format!("{}: {members}", grouped(view.0)),
                    None => "none".to_owned(),
                })
            })
            .collect()
    };
    let differs = |group: &GroupId| {
        let mut told = witnesses.iter().filter_map(|w| w.said).map(|said| said.groups.get(group));
        let first = told.next();
        told.any(|other| Some(other) != first)
    };
    // Where they differ first.
    let (different, same): (Vec<&GroupId>, Vec<&GroupId>) =
        groups.into_iter().partition(|group| differs(group));
    let mut lines = Vec::new();
    if !different.is_empty() || !same.is_empty() {
        lines.push(vec![piece(" view: members of each group", Role::Title)]);
    }
    let more = (different.len() + same.len()).saturating_sub(GROUPS_MAX);
    for group in different.into_iter().chain(same).take(GROUPS_MAX) {
        let name: String = group.as_str().chars().take(NAMES - 1).collect();
        lines.push(row(&name, &cells(group), true));
    }
    if more > 0 {
        lines.push(vec![piece(format!(" and {more} more groups"), Role::Faint)]);
    }
    lines
}

/// Why a node should not be believed.
fn remark<'a>(witness: &Witness<'_>) -> Option<Vec<Piece<'a>>> {
    let node: &NodeStatus = &witness.facts.status;
    let id: NodeId = node.id;
    let quorum = witness.said.map(|said| &said.status);
    let (text, role) = if let Some(status) = quorum.filter(|status| !status.quorum.ok) {
        let contact = match status.age_ms {
            Some(age) => format!("{} ago", millis(Some(age))),
            None => "never".to_owned(),
        };
        (
            format!(" node {id} was last in touch with a quorum {contact}: do not trust it"),
            Role::Danger,
        )
    } else if !can_be_asked(witness) {
        let why = node.error.as_deref().unwrap_or("it does not answer");
        (format!(" node {id} is out of reach: {why}"), Role::Danger)
    } else if node.leader.is_none() && quorum.is_none_or(|status| status.leader.is_none()) {
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
