//! Actions whose subject is named in the palette, as on the command line: `leave payments web-1`.

use gms::id::{GroupId, MemberId, NodeId};

use super::{forms, places, turn::ask_why};
use crate::{
    action::table::Action,
    model::group::MemberKey,
    tui::{app::App, message::Effect, place::Place},
};

/// Does it to whom or what is named; an error says what is wrong with the name.
pub(super) fn perform(
    app: &mut App,
    action: Action,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    match action {
        Action::Members => {
            let group = known_group(app, text)?;
            places::go(app, Place::Members(Some(group)));
        }
        Action::Filter => {
            let narrowed = app.ui.filters.set(&app.ui.place, text);
            narrowed.map_err(|mistake| mistake.to_string())?;
            app.ui.order_held_until = None;
        }
        Action::Why => {
            // Who is gone is asked about too, so nobody need be known.
            let [key] = <[MemberKey; 1]>::try_from(keys(text)?)
                .map_err(|keys| format!("one member, not {}", keys.len()))?;
            places::go(app, Place::Why(key.clone()));
            ask_why(app, key, effects);
        }
        Action::Join => forms::open_join(app, text),
        Action::Leave => {
            let members = known_members(app, text)?;
            forms::open_leave(app, members);
        }
        Action::Drain => {
            let members = known_members(app, text)?;
            forms::open_drain(app, members);
        }
        Action::Hold => {
            // The command line has a verb for each direction; here the group's state decides.
            let verbs = ["set ", "clear "];
            let name = verbs.iter().find_map(|verb| text.strip_prefix(verb)).unwrap_or(text);
            let group = known_group(app, name)?;
            forms::open_hold(app, group);
        }
        Action::Transfer => {
            let node = known_node(app, text.trim_start_matches("--to"))?;
            forms::open_transfer(app, Some(node));
        }
        Action::NodeRemove => {
            let node = known_node(app, text)?;
            forms::open_node_remove(app, Some(node));
        }
        _ => {}
    }
    Ok(())
}

fn known_group(app: &App, name: &str) -> Result<GroupId, String> {
    let group: GroupId = name.trim().parse().map_err(|why| format!("{why}"))?;
    let is_known = app.model().groups.contains_key(&group);
    if is_known { Ok(group) } else { Err(format!("there is no group {group}")) }
}

fn known_node(app: &App, number: &str) -> Result<NodeId, String> {
    let node = NodeId(number.trim().parse().map_err(|_| "give the node's number".to_owned())?);
    let is_known = app.live.nodes.contains_key(&node);
    if is_known { Ok(node) } else { Err(format!("there is no node {node}")) }
}

/// Members named as `GROUP ID...` or as `GROUP/ID...`, each once.
fn keys(text: &str) -> Result<Vec<MemberKey>, String> {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let (group, begun) = match first.split_once('/') {
        Some((group, id)) => (group, Some(id)),
        None => (first, None),
    };
    let of: GroupId = group.parse().map_err(|why| format!("{why}"))?;
    let mut keys = Vec::new();
    for word in begun.into_iter().chain(words) {
        // The group may be said of each.
        let word = word.strip_prefix(group).and_then(|id| id.strip_prefix('/')).unwrap_or(word);
        let id: MemberId = word.parse().map_err(|why| format!("{why}"))?;
        let key = MemberKey { group: of.clone(), id };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() { Err(format!("which member of {of}?")) } else { Ok(keys) }
}

fn known_members(app: &App, text: &str) -> Result<Vec<MemberKey>, String> {
    let keys = keys(text)?;
    for MemberKey { group, id } in &keys {
        let known = app.live.groups.get(group);
        let known = known.ok_or_else(|| format!("there is no group {group}"))?;
        if !known.members.contains_key(id) {
            return Err(format!("{id} is no member of {group}"));
        }
    }
    Ok(keys)
}
