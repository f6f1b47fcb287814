//! The selected row as one line of JSON, in the words of the HTTP contract.

use serde_json::{Value, json};

use super::{app::App, selection::List};
use crate::model::group::{Age, MemberKey};

/// The row that keys act on; none if nothing is selected.
pub fn of(app: &App) -> Option<String> {
    let value = match app.list() {
        Some(List::Groups) => group(app)?,
        Some(List::Nodes) => {
            let node = app.model().nodes.get(&app.selected_node()?)?;
            serde_json::to_value(node.status.as_ref()).ok()?
        }
        Some(List::Entries) => {
            let entry = app.entry()?;
            json!({
                "at_ms": entry.wall_ms,
                "revision": entry.revision,
                "what": entry.what.word(),
                "group": entry.what.group(),
                "member": entry.what.member(),
                "text": entry.what.text(),
            })
        }
        Some(List::Members | List::Silent) | None => member(app, &app.selected_member()?)?,
    };
    Some(value.to_string())
}

fn group(app: &App) -> Option<Value> {
    let id = app.selected_group()?;
    let group = app.model().groups.get(&id)?;
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

fn member(app: &App, key: &MemberKey) -> Option<Value> {
    let group = app.model().groups.get(&key.group)?;
    let member = group.members.get(&key.id)?;
    let mut value = serde_json::to_value(member.as_ref()).ok()?;
    let facts = value.as_object_mut()?;
    let heard = group.heard_of(member);
    let age = match group.age(app.moment(), member) {
        Age::Known(age) => Some(crate::model::moment::whole_millis(age)),
        Age::Below(_) | Age::Unknown => None,
    };
    facts.insert("group".to_owned(), json!(key.group));
    facts.insert("band".to_owned(), json!(heard.map(|heard| heard.band)));
    facts.insert("age_ms".to_owned(), json!(age));
    facts.insert("rtt_us".to_owned(), json!(heard.and_then(|heard| heard.rtt_us)));
    facts.insert("misses".to_owned(), json!(heard.map(|heard| heard.misses)));
    Some(value)
}
