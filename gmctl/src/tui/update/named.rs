//! Actions whose subject is named in the palette, as on the command line: `leave payments web-1`.

use gms::id::{GroupId, MemberId};

use super::{forms, places, turn::ask_why};
use crate::{
    action::table::Action,
    filter::parser,
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
            app.ui.filter = parser::parse(text).map_err(|mistake| mistake.to_string())?;
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
        Action::Transfer => forms::open_transfer(app, text.trim_start_matches("--to").trim()),
        _ => {}
    }
    Ok(())
}

fn known_group(app: &App, name: &str) -> Result<GroupId, String> {
    let group: GroupId = name.trim().parse().map_err(|why| format!("{why}"))?;
    let is_known = app.model().groups.contains_key(&group);
    if is_known { Ok(group) } else { Err(format!("there is no group {group}")) }
}

/// Members named as `GROUP ID...` or as `GROUP/ID...`.
fn keys(text: &str) -> Result<Vec<MemberKey>, String> {
    let mut words = text.split(|c: char| c.is_whitespace() || c == '/').filter(|w| !w.is_empty());
    let group: GroupId =
        words.next().unwrap_or_default().parse().map_err(|why| format!("{why}"))?;
    let key = |word: &str| {
        let id: MemberId = word.parse().map_err(|why| format!("{why}"))?;
        Ok(MemberKey { group: group.clone(), id })
    };
    let keys: Vec<MemberKey> = words.map(key).collect::<Result<_, String>>()?;
    if keys.is_empty() { Err(format!("which member of {group}?")) } else { Ok(keys) }
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
