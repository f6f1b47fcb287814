//! A row as JSON, in the words of the HTTP contract: values, where the screen has texts.

use gms::id::{GroupId, NodeId};
use serde_json::{Value, json};

use super::{app::App, selection::List};
use crate::model::{
    condition::Condition,
    group::MemberKey,
    heard::{Age, Left},
    moment::whole_millis,
    timeline::Entry,
};

/// The row that keys act on, in one line; none if nothing is selected.
pub fn of(app: &App) -> Option<String> {
    let value = match app.list() {
        Some(List::Groups) => group(app, &app.selected_group()?)?,
        Some(List::Nodes) => node(app, app.selected_node()?)?,
        Some(List::Entries) => entry(app.entry()?),
        Some(List::Members | List::Silent) | None => member(app, &app.selected_member()?)?,
    };
    Some(value.to_string())
}

/// A node as it was told.
pub(super) fn node(app: &App, id: NodeId) -> Option<Value> {
    serde_json::to_value(app.model().nodes.get(&id)?.status.as_ref()).ok()
}

/// Something that happened.
pub(super) fn entry(entry: &Entry) -> Value {
    json!({
        "at_ms": entry.wall_ms,
        "revision": entry.revision,
        "what": entry.what.word(),
        "group": entry.what.group(),
        "member": entry.what.member(),
        "text": entry.what.text(),
    })
}

/// A group and how its members are.
pub(super) fn group(app: &App, id: &GroupId) -> Option<Value> {
    let group = app.model().groups.get(id)?;
    let tally = group.tally();
    Some(json!({
        "group": id,
        "view": group.view,
        "members": group.members.len(),
        "ok": tally.ok,
        "late": tally.late,
        "suspect": tally.suspect,
        "unknown": tally.unknown,
        "away": tally.away,
        "hold": group.hold,
    }))
}

/// A member and how it is.
pub(super) fn member(app: &App, key: &MemberKey) -> Option<Value> {
    let group = app.model().groups.get(&key.group)?;
    let member = group.members.get(&key.id)?;
    let mut value = serde_json::to_value(member.as_ref()).ok()?;
    let facts = value.as_object_mut()?;
    let heard = group.known_of(member);
    let age = match group.age(app.moment(), member) {
        Age::Known(age) => Some(whole_millis(age)),
        Age::Below(_) | Age::Unknown => None,
    };
    let left = match group.left(app.moment(), member) {
        Some(Left::AtLeast(time)) => Some(whole_millis(time)),
        _ => None,
    };
    let condition = group.condition(app.moment(), &key.id).map(Condition::as_str);
    facts.insert("group".to_owned(), json!(key.group));
    // Its liveness is a word or an object; the word alone is what one sorts and counts by.
    facts.insert("kind".to_owned(), json!(member.liveness.kind.as_str()));
    facts.insert("condition".to_owned(), json!(condition));
    facts.insert("band".to_owned(), json!(heard.map(|heard| heard.band)));
    facts.insert("age_ms".to_owned(), json!(age));
    facts.insert("left_ms".to_owned(), json!(left));
    facts.insert("rtt_us".to_owned(), json!(heard.and_then(|heard| heard.rtt_us)));
    facts.insert("misses".to_owned(), json!(heard.map(|heard| heard.misses)));
    Some(value)
}
