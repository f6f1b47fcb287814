//! `gmctl diff`: who came, went and changed between two moments: of a tape, of two tapes, or of the
//! cluster's own history.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Instant,
};

use clap::Args;
use gms::{
    api::{Event, What},
    calls::EventsQuery,
    id::{GroupId, MemberId},
};
use serde::Serialize;

use crate::{
    cli::{
        base::{console::Console, when::When},
        files::replay::open,
        look::events::cause,
    },
    error::Failure,
    exit::Exit,
    model::cluster::Model,
    output::{
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
    tape::{
        play::{Clock, model_at},
        read::Tape,
    },
};

/// Who came, went and changed between two moments
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read; with files local

With one file its beginning and its end are compared, or the moments of --from and --to; with two their
ends. Without a file the cluster's own history is asked, as far as it is kept. A time so long ago is
reckoned from the end of the tape.

Examples:
  gmctl diff --from 10m
  gmctl diff incident.jsonl
  gmctl diff incident.jsonl --from 2026-11-22T10:00:00Z --to 2026-11-22T10:05:00Z
  gmctl diff before.jsonl after.jsonl -o json")]
pub struct DiffArgs {
    /// One tape or two
    #[arg(num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// The first moment
    #[arg(long, value_name = "WHEN")]
    from: Option<When>,
    /// The second moment
    #[arg(long, value_name = "WHEN")]
    to: Option<When>,
}

/// Compares.
pub async fn run(args: &DiffArgs, console: &mut Console) -> Result<Exit, Failure> {
    let difference = match args.files.as_slice() {
        [] => of_history(args, console).await?,
        [file] => {
            let tape = open(file, console)?;
            let end = tape.end_ms().unwrap_or(0);
            let start = tape.settled_ms().unwrap_or(end);
            let from = args.from.map_or(start, |when| when.millis(end));
            let to = args.to.map_or(end, |when| when.millis(end));
            if from > to {
                return Err(Failure::usage("--from is after --to"));
            }
            between((&tape, from), (&tape, to))
        }
        [first, second] if args.from.is_none() && args.to.is_none() => {
            let (first, second) = (open(first, console)?, open(second, console)?);
            let end = |tape: &Tape| tape.end_ms().unwrap_or(0);
            between((&first, end(&first)), (&second, end(&second)))
        }
        _ => return Err(Failure::usage("--from and --to are for one file, or none")),
    };
    console.printer.page(&difference)?;
    Ok(Exit::Ok)
}

fn between(then: (&Tape, u64), now: (&Tape, u64)) -> Difference {
    let model = |(tape, at): (&Tape, u64)| model_at(tape, &Clock::new(Instant::now(), tape), at).0;
    let members = compare(&model(then), &model(now));
    Difference { from_ms: then.1, to_ms: now.1, members }
}

fn compare(then: &Model, now: &Model) -> Vec<Row> {
    let keys = |model: &Model| -> BTreeSet<(GroupId, MemberId)> {
        model
            .groups
            .iter()
            .flat_map(|(name, group)| group.members.keys().map(|id| (name.clone(), id.clone())))
            .collect()
    };
    let get = |model: &Model, (group, id): &(GroupId, MemberId)| {
        model.groups.get(group).and_then(|group| group.members.get(id)).cloned()
    };
    let mut all = keys(then);
    all.extend(keys(now));
    let row = |key: (GroupId, MemberId)| {
        let (before, after) = (get(then, &key), get(now, &key));
        let (change, detail) = match (&before, &after) {
            (None, Some(member)) => ("joined", format!("at {}", member.address)),
            (Some(_), None) => ("gone", String::new()),
            (Some(a), Some(b)) if a.incarnation != b.incarnation => ("restarted", String::new()),
            (Some(a), Some(b)) if a != b => ("updated", changed(a, b)),
            _ => return None,
        };
        let incarnation = after.or(before).map(|member| member.incarnation.0)?;
        Some(Row { group: key.0, id: key.1, change, incarnation, detail })
    };
    all.into_iter().filter_map(row).collect()
}

/// What is not as it was.
fn changed(a: &gms::view::Member, b: &gms::view::Member) -> String {
    let mut parts = Vec::new();
    if a.state != b.state {
        parts.push(format!("{} -> {}", a.state.as_str(), b.state.as_str()));
    }
    for key in a.tags.keys().chain(b.tags.keys()).collect::<BTreeSet<_>>() {
        let (before, after) = (a.tags.get(key), b.tags.get(key));
        if before != after {
            let text = |value: Option<&String>| value.map_or("-", String::as_str).to_owned();
            parts.push(format!("{key}: {} -> {}", text(before), text(after)));
        }
    }
    if (a.monitor, a.witness) != (b.monitor, b.witness) {
        let node = |node: Option<gms::id::NodeId>| {
            node.map_or_else(|| "-".to_owned(), |node| node.to_string())
        };
        parts.push(format!("monitor {} -> {}", node(a.monitor), node(b.monitor)));
    }
    parts.join(", ")
}

async fn of_history(args: &DiffArgs, console: &mut Console) -> Result<Difference, Failure> {
    let now_ms = console.printer.style().now_ms;
    let Some(from) = args.from else {
        return Err(Failure::usage("diff needs a tape, or --from").hint("gmctl diff --from 10m"));
    };
    let from_ms = from.millis(now_ms);
    let to_ms = args.to.map_or(now_ms, |when| when.millis(now_ms));
    let client = console.client()?;
    let events = console.take(client.events(&EventsQuery::default()).await?);
    let oldest = events.events.first().map_or(0, |event| event.at_ms);
    if events.floor.0 > 0 && oldest > from_ms {
        let since = crate::output::human::time_of_day(oldest);
        console.printer.note(&format!("history is kept since {since} only"));
    }
    let wanted = events.events.iter().filter(|event| (from_ms..=to_ms).contains(&event.at_ms));
    Ok(Difference { from_ms, to_ms, members: fold(wanted) })
}

/// What the events of each member come to.
fn fold<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Row> {
    let mut rows: BTreeMap<(GroupId, MemberId), Row> = BTreeMap::new();
    for event in events {
        let (group, id, change, incarnation, detail) = match &event.what {
            What::Joined { group, member, incarnation, address } => {
                (group, member, "joined", incarnation, format!("at {address}"))
            }
            What::Left { group, member, incarnation, reason } => {
                (group, member, "gone", incarnation, reason.clone().unwrap_or("left".to_owned()))
            }
            What::Removed { group, member, incarnation, evidence } => {
                (group, member, "gone", incarnation, format!("removed: {}", cause(evidence)))
            }
            What::Away { group, member, incarnation, evidence } => {
                (group, member, "away", incarnation, cause(evidence))
            }
            What::Returned { group, member, incarnation, address } => {
                (group, member, "restarted", incarnation, format!("at {address}"))
            }
            What::Updated { group, member, incarnation, state } => {
                (group, member, "updated", incarnation, state.as_str().to_owned())
            }
            _ => continue,
        };
        let key = (group.clone(), id.clone());
        let row = Row {
            group: group.clone(),
            id: id.clone(),
            change,
            incarnation: incarnation.0,
            detail,
        };
        match (rows.get(&key).map(|row| row.change), change) {
            // It came and went, and is as if it had never been.
            (Some("joined"), "gone") => drop(rows.remove(&key)),
            (Some("gone" | "restarted"), "joined") => {
                rows.insert(key, Row { change: "restarted", ..row });
            }
            (Some("restarted"), "updated") | (Some("joined"), _) => {}
            _ => drop(rows.insert(key, row)),
        }
    }
    rows.into_values().collect()
}

/// What is not as it was.
#[derive(Debug, Serialize)]
struct Difference {
    from_ms: u64,
    to_ms: u64,
    members: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    group: GroupId,
    id: MemberId,
    change: &'static str,
    incarnation: u64,
    detail: String,
}

impl Page for Difference {
    type Item = Row;

    fn items(&self) -> Vec<&Row> {
        self.members.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.members.iter().map(|row| format!("{}/{}", row.group, row.id)).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("MEMBER").field("id"),
            Column::new("CHANGE"),
            Column::new("INCARNATION").right(),
            Column::new("DETAIL").priority(1),
        ]);
        for row in &self.members {
            let role = match row.change {
                "joined" => Role::Good,
                "gone" => Role::Bad,
                _ => Role::Warn,
            };
            table.row([
                (&row.group).into(),
                (&row.id).into(),
                Cell::new(role, row.change),
                row.incarnation.into(),
                (&row.detail).into(),
            ]);
        }
        table
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        if self.members.is_empty() {
            return "no member came, went or changed\n".to_owned();
        }
        self.table(style).draw(wide, style)
    }
}

#[cfg(test)]
mod tests {
    use gms::id::{Incarnation, Revision};

    use super::*;

    #[test]
    fn events_are_folded_to_what_they_come_to() {
        let event = |at: u64, what| Event { revision: Revision(at), at_ms: at, what };
        let joined = |id: &str, at| What::Joined {
            group: "g".parse().unwrap(),
            member: id.parse().unwrap(),
            incarnation: Incarnation(at),
            address: "h:1".parse().unwrap(),
        };
        let left = |id: &str, at| What::Left {
            group: "g".parse().unwrap(),
            member: id.parse().unwrap(),
            incarnation: Incarnation(at),
            reason: None,
        };
        let events = [
            event(1, joined("guest", 1)),
            event(2, left("guest", 1)),
            event(3, left("old", 9)),
            event(4, left("again", 8)),
            event(5, joined("again", 5)),
            event(6, joined("new", 6)),
        ];
        let rows = fold(events.iter());
        let changes: Vec<(&str, &str)> =
            rows.iter().map(|row| (row.id.as_str(), row.change)).collect();
        assert_eq!(changes, [("again", "restarted"), ("new", "joined"), ("old", "gone")]);
    }
}
