//! What an act would do beyond what it names: how much of each group it takes, what it means for
//! the quorum, whether it can be undone, and what has changed since the form opened.

use std::collections::BTreeMap;

use gms::id::{GroupId, NodeId};

use super::figures::{counted, grouped};
use crate::tui::{
    app::App,
    dialog::purpose::Purpose,
    request::Target,
    theme::Role,
    widget::brush::{Piece, piece},
};

/// The most groups that are told one by one.
const GROUPS_MAX: usize = 4;
/// A group that loses at least this share of its members, in percent, is worth a warning.
const LARGE_PERCENT: usize = 50;

type Lines<'a> = Vec<Vec<Piece<'a>>>;

/// What the act is about and how far it reaches, line by line.
pub(super) fn of<'a>(app: &App, purpose: &Purpose) -> Lines<'a> {
    match purpose {
        Purpose::Leave(targets, _) => leave(app, targets),
        Purpose::Drain(targets, _) => lives(app, targets),
        Purpose::RemoveNode(node) => remove_node(app, *node),
        Purpose::Transfer(node) => transfer(app, *node),
        Purpose::SetHold(group) => hold(app, group),
        Purpose::AddNode => vec![line(
            "effect",
            "it receives the log first and votes once it has caught up".to_owned(),
            Role::Text,
        )],
        Purpose::ClearHold(group) => lift(app, group),
        Purpose::Join => Vec::new(),
    }
}

fn line<'a>(name: &str, text: String, role: Role) -> Vec<Piece<'a>> {
    vec![piece(format!(" {name:12} "), Role::Faint), piece(text, role)]
}

/// Which lives it is about, and how many of them are still there.
fn lives<'a>(app: &App, targets: &[Target]) -> Lines<'a> {
    let names: Vec<String> = targets
        .iter()
        .take(4)
        .map(|target| format!("{}/{}", target.key.group, target.key.id))
        .collect();
    let more = targets.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut lines = vec![line("lives", format!("{}{more}", names.join(" ")), Role::Text)];
    let still = targets.iter().filter(|target| is_there(app, target)).count();
    if still < targets.len() {
        let text = format!("{still} of {}: the others are gone by now", targets.len());
        lines.push(line("still there", text, Role::Warn));
    }
    lines
}

fn is_there(app: &App, target: &Target) -> bool {
    let group = app.live.groups.get(&target.key.group);
    let member = group.and_then(|group| group.members.get(&target.key.id));
    member.is_some_and(|member| member.incarnation == target.incarnation)
}

fn leave<'a>(app: &App, targets: &[Target]) -> Lines<'a> {
    let mut lines = lives(app, targets);
    let mut by_group: BTreeMap<&GroupId, usize> = BTreeMap::new();
    for target in targets.iter().filter(|target| is_there(app, target)) {
        *by_group.entry(&target.key.group).or_default() += 1;
    }
    for (group, count) in by_group.iter().take(GROUPS_MAX) {
        let all = app.live.groups.get(*group).map_or(0, |group| group.members.len());
        let rest = all.saturating_sub(*count);
        let (warning, role) = match (rest, count * 100 >= all * LARGE_PERCENT) {
            (0, _) => ("   nobody is left", Role::Danger),
            (_, true) if all > 1 => ("   half of it or more", Role::Warn),
            _ => ("", Role::Text),
        };
        let text =
            format!("{group} {} -> {} members{warning}", grouped(all as u64), grouped(rest as u64));
        lines.push(line("effect", text, role));
    }
    if let more @ 1.. = by_group.len().saturating_sub(GROUPS_MAX) {
        lines.push(line("", format!("and {more} more groups"), Role::Text));
    }
    let text = "not affected; who is alive may join again, as a new life".to_owned();
    lines.push(line("quorum", text, Role::Faint));
    lines
}

fn remove_node<'a>(app: &App, node: NodeId) -> Lines<'a> {
    let Some(status) = &app.live.status else {
        return Vec::new();
    };
    let voters = &status.quorum.voters;
    if !voters.contains(&node) {
        return vec![line("quorum", "it has no vote: not affected".to_owned(), Role::Text)];
    }
    let rest: Vec<NodeId> = voters.iter().copied().filter(|voter| *voter != node).collect();
    let needed = rest.len() / 2 + 1;
    let alive = rest
        .iter()
        .filter(|id| app.live.nodes.get(*id).is_some_and(|facts| facts.status.reachable))
        .count();
    let spare = alive.saturating_sub(needed);
    let role = if spare == 0 { Role::Danger } else { Role::Text };
    let mut lines = vec![
        line(
            "quorum",
            format!(
                "{} voters, {} needed -> {} voters, {needed} needed",
                voters.len(),
                status.quorum.needed,
                rest.len()
            ),
            Role::Text,
        ),
        line(
            "then",
            match spare {
                0 => "no further node may fail".to_owned(),
                1 => "one more node may fail".to_owned(),
                n => format!("{n} more nodes may fail"),
            },
            role,
        ),
    ];
    if status.leader == Some(node) {
        let text = "it leads: another node takes over first".to_owned();
        lines.push(line("leader", text, Role::Warn));
    }
    lines.push(line("undo", "none: its number is never used again".to_owned(), Role::Warn));
    lines
}

fn transfer<'a>(app: &App, node: NodeId) -> Lines<'a> {
    if app.live.leader() == Some(node) {
        return vec![line("effect", "it leads already: none".to_owned(), Role::Text)];
    }
    let from = app.live.leader().map_or("nobody".to_owned(), |leader| format!("node {leader}"));
    let lag = app.live.nodes.get(&node).and_then(|facts| facts.status.lag);
    let behind = match lag {
        None | Some(0) => String::new(),
        Some(lag) => format!("; it is {} behind", counted(lag, "revision")),
    };
    let text = format!("{from} -> node {node}, an election; writes wait meanwhile{behind}");
    vec![line("effect", text, Role::Text)]
}

fn hold<'a>(app: &App, group: &GroupId) -> Lines<'a> {
    let Some(facts) = app.live.groups.get(group) else {
        return Vec::new();
    };
    let tally = facts.tally();
    let text = format!(
        "{}, {} of them in doubt: none is removed by silence",
        counted(tally.total(), "member"),
        grouped(tally.suspect as u64)
    );
    vec![line("effect", text, Role::Text)]
}

fn lift<'a>(app: &App, group: &GroupId) -> Lines<'a> {
    let Some(facts) = app.live.groups.get(group) else {
        return Vec::new();
    };
    let (text, role) = match facts.tally().suspect {
        0 => ("no member is in doubt now".to_owned(), Role::Text),
        doubted => {
            let whom = if doubted == 1 { "1 member" } else { &format!("{doubted} members") };
            (format!("{whom} in doubt: may be removed at once"), Role::Danger)
        }
    };
    vec![line("effect", text, role)]
}
