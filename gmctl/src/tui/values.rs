//! What a screen lists, as values for other programs: all of it, not only what fits, and figures
//! instead of the texts that people read. JSON has every field; CSV the fields that fit a table.

use serde_json::{Map, Value, json};

use super::{
    app::App,
    place::{Pane, Place},
    row_json,
    rows::lists::GroupRow,
};
use crate::model::{condition::Condition, group::MemberKey};

/// The most rows that are listed: a file of this many lines can still be opened.
pub const ROWS_MAX: usize = 200_000;

/// A column of CSV: its heading, and where in the JSON of a row its value is.
type Field = (&'static str, &'static str);

const MEMBERS: &[Field] = &[
    ("group", "/group"),
    ("id", "/id"),
    ("condition", "/condition"),
    ("state", "/state"),
    ("age_ms", "/age_ms"),
    ("left_ms", "/left_ms"),
    ("rtt_us", "/rtt_us"),
    ("misses", "/misses"),
    ("monitor", "/monitor"),
    ("witness", "/witness"),
    ("kind", "/kind"),
    ("address", "/address"),
    ("incarnation", "/incarnation"),
    ("tags", "/tags"),
];
const GROUPS: &[Field] = &[
    ("group", "/group"),
    ("members", "/members"),
    ("ok", "/ok"),
    ("late", "/late"),
    ("suspect", "/suspect"),
    ("unknown", "/unknown"),
    ("away", "/away"),
    ("joined_1h", "/joined_1h"),
    ("left_1h", "/left_1h"),
    ("removed_1h", "/removed_1h"),
    ("age_p50_ms", "/age_p50_ms"),
    ("age_max_ms", "/age_max_ms"),
    ("rtt_p50_us", "/rtt_p50_us"),
    ("rtt_p99_us", "/rtt_p99_us"),
    ("view", "/view"),
    ("hold_reason", "/hold/reason"),
];
const TIMELINE: &[Field] = &[
    ("at_ms", "/at_ms"),
    ("revision", "/revision"),
    ("what", "/what"),
    ("group", "/group"),
    ("member", "/member"),
    ("text", "/text"),
];
const NODES: &[Field] = &[
    ("id", "/id"),
    ("role", "/role"),
    ("term", "/term"),
    ("applied", "/applied"),
    ("lag", "/lag"),
    ("monitored", "/monitored"),
    ("pings_per_s", "/pings_per_s"),
    ("rtt_p50_us", "/rtt_p50_us"),
    ("rtt_p99_us", "/rtt_p99_us"),
    ("fsync_p99_us", "/fsync_p99_us"),
    ("clock_offset_ms", "/clock_offset_ms"),
    ("health", "/health"),
    ("reachable", "/reachable"),
    ("voter", "/voter"),
    ("monitor", "/monitor"),
    ("api_url", "/api_url"),
    ("version", "/version"),
    ("error", "/error"),
    ("matched", "/matched"),
    ("snapshot", "/snapshot"),
    ("log_entries", "/log_entries"),
];

const WHY: &[Field] = &[
    ("group", "/group"),
    ("id", "/id"),
    ("incarnation", "/incarnation"),
    ("state", "/state"),
    ("cause", "/removal/cause"),
    ("revision", "/removal/revision"),
    ("term", "/removal/term"),
    ("at_ms", "/removal/at_ms"),
    ("last_round_trip_ms_ago", "/removal/last_round_trip_ms_ago"),
    ("left_revision", "/left/revision"),
    ("left_reason", "/left/reason"),
    ("doubted_by", "/suspicion/by"),
    ("doubted_for_ms", "/suspicion/for_ms"),
];

/// Rows of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    fields: &'static [Field],
    rows: Vec<Value>,
}

/// What the screen lists; the heat grid as its members, screens of facts as what is selected.
pub fn of(app: &App) -> Values {
    let rows = &app.rows;
    match (&app.ui.place, app.ui.pane) {
        (Place::Members(_) | Place::Cell(_), _) => members(app, rows.members.iter()),
        (Place::Heat, _) => members(app, rows.heat.shown().iter().flat_map(|row| &row.keys)),
        (Place::Overview, Pane::Silent) => members(app, rows.silent.iter()),
        (Place::Why(key), _) => match app.why_of(key) {
            Some(why) => values(WHY, serde_json::to_value(why).into_iter()),
            None => members(app, std::iter::once(key)),
        },
        (Place::Member(key), _) => members(app, std::iter::once(key)),
        (Place::Groups, _) | (Place::Overview, Pane::Groups) => {
            values(GROUPS, rows.groups.iter().filter_map(|row| group(app, row)))
        }
        (Place::Timeline | Place::Difference, _) | (Place::Overview, Pane::Timeline) => {
            values(TIMELINE, rows.entries.iter().map(|entry| row_json::entry(entry)))
        }
        (Place::Nodes | Place::Views, _) | (Place::Overview, Pane::Nodes) => {
            values(NODES, rows.nodes.iter().filter_map(|id| row_json::node(app, *id)))
        }
    }
}

fn values(fields: &'static [Field], rows: impl Iterator<Item = Value>) -> Values {
    Values { fields, rows: rows.take(ROWS_MAX).collect() }
}

fn members<'a>(app: &App, keys: impl Iterator<Item = &'a MemberKey>) -> Values {
    values(MEMBERS, keys.map(|key| row_json::member(app, key).unwrap_or_else(|| gone(app, key))))
}

/// Who is no member any more, but still listed for a while.
fn gone(app: &App, key: &MemberKey) -> Value {
    let group = app.model().groups.get(&key.group);
    let condition = group.and_then(|group| group.condition(app.moment(), &key.id));
    let condition = condition.map(Condition::as_str);
    json!({"group": key.group, "id": key.id, "condition": condition})
}

/// A group with who came and went, and what its nodes count.
fn group(app: &App, row: &GroupRow) -> Option<Value> {
    let mut value = row_json::group(app, &row.id)?;
    let facts: &mut Map<String, Value> = value.as_object_mut()?;
    let counts = app.model().groups.get(&row.id)?.counts.as_ref();
    let more = [
        ("joined_1h", json!(row.moves.joined + row.moves.restarted)),
        ("left_1h", json!(row.moves.left)),
        ("removed_1h", json!(row.moves.removed)),
        ("age_p50_ms", json!(counts.and_then(|counts| counts.age_p50_ms))),
        ("age_max_ms", json!(counts.and_then(|counts| counts.age_max_ms))),
        ("rtt_p50_us", json!(counts.and_then(|counts| counts.rtt_p50_us))),
        ("rtt_p99_us", json!(counts.and_then(|counts| counts.rtt_p99_us))),
    ];
    facts.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Some(value)
}

impl Values {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// An array of objects.
    pub fn json(&self) -> String {
        Value::from(self.rows.clone()).to_string() + "\n"
    }

    /// Comma-separated values (RFC 4180); what is not known is empty.
    pub fn csv(&self) -> String {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let head = self.fields.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let rows = self.rows.iter().map(|row| {
            let cell = |(_, at): &Field| row.pointer(at).map_or(String::new(), text);
            self.fields.iter().map(cell).collect()
        });
        for record in std::iter::once::<Vec<String>>(head).chain(rows) {
            // Into memory and with as many fields in every row, nothing can go wrong.
            let _ = writer.write_record(record);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A value as the text of a cell; tags as a filter or a join would have them.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| format!("{key}={}", text(value));
            fields.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_has_to_be_and_leaves_empty_what_is_not_known() {
        let row = json!({
            "at_ms": 12, "revision": null, "what": "note", "text": "a, \"b\"\nc",
        });
        let values = Values { fields: TIMELINE, rows: vec![row] };
        assert_eq!(
            values.csv(),
            "at_ms,revision,what,group,member,text\r\n12,,note,,,\"a, \"\"b\"\"\nc\"\r\n"
        );
    }
}
