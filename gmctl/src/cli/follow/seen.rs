//! An event of a watch, printed: as a line of a tape, as rows of CSV, as a line or a sentence for people.

use gms::{
    api::{Band, Compacted, MemberLiveness, WatchEvent},
    id::{GroupId, Revision},
    view::{Change, MemberState},
};
use serde::{Serialize, Serializer};

use crate::{
    cli::look::events::Line as EventLine,
    output::{
        human::{age, count},
        page::Page,
        plain,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
    tape::format::{Fact, Line, Record},
};

/// An event of a watch: the API's data, with the event's name and when it was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The event.
    pub event: &'a WatchEvent,
    /// Milliseconds since 1970.
    pub seen_ms: u64,
}

impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Line::of_watch(self.event, self.seen_ms).serialize(serializer)
    }
}

impl Page for Seen<'_> {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    /// The members it is about.
    fn names(&self) -> Vec<String> {
        match self.event {
            WatchEvent::Snapshot(view) => view.members.iter().map(|m| m.id.to_string()).collect(),
            WatchEvent::Change(change) => change
                .joined
                .iter()
                .chain(&change.updated)
                .map(|member| member.id.to_string())
                .chain(change.left.iter().map(|left| left.id.to_string()))
                .chain(change.removed.iter().map(|gone| gone.id.to_string()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// A row for each member it is about.
    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&HEADS);
        for row in rows(self.event) {
            table.row([
                Cell::time(self.seen_ms, style),
                self.event.name().into(),
                Cell::or_dash(row.group),
                Cell::or_dash(row.view),
                row.what.into(),
                Cell::or_dash(row.member),
                Cell::or_dash(row.incarnation),
                row.detail.into(),
            ]);
        }
        table
    }

    fn text(&self, _: bool, style: &Style) -> String {
        sentence(self.event, style)
    }
}

/// How a member looks, as that changed: a line of a tape too.
#[derive(Debug)]
pub struct Beat {
    /// What was told of it.
    pub report: MemberLiveness,
    /// Milliseconds since 1970.
    pub seen_ms: u64,
}

impl Serialize for Beat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = Record { at_ms: self.seen_ms, fact: Fact::Member(self.report.clone()) };
        Line::of(&record).serialize(serializer)
    }
}

impl Page for Beat {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.report.id.to_string()]
    }

    /// A row under the heads of [`Seen`].
    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&HEADS);
        table.row([
            Cell::time(self.seen_ms, style),
            "member".into(),
            (&self.report.group).into(),
            Cell::or_dash(None::<u64>),
            self.report.state.as_str().into(),
            (&self.report.id).into(),
            self.report.incarnation.into(),
            self.detail().into(),
        ]);
        table
    }

    fn text(&self, _: bool, style: &Style) -> String {
        let report = &self.report;
        let role = match report.state {
            Band::Ok => Role::Good,
            Band::Unknown => Role::Faint,
            Band::Late => Role::Warn,
            Band::Suspect | Band::Condemned => Role::Bad,
        };
        let looks = style.paint(role, report.state.as_str());
        format!("{}/{} {looks}: {}\n", report.group, report.id, self.detail())
    }
}

impl Beat {
    fn detail(&self) -> String {
        let report = &self.report;
        let last = match report.age_ms {
            Some(millis) => format!("last round trip {} ago", age(millis)),
            None => "no round trip yet".to_owned(),
        };
        let misses = report.misses;
        format!("{last}, pings unanswered in a row: {misses}, watched by node {}", report.monitor)
    }
}

/// The heads of what a watch prints.
const HEADS: [Column; 8] = [
    Column::new("TIME").field("seen"),
    Column::new("EVENT"),
    Column::new("GROUP"),
    Column::new("VIEW").right(),
    Column::new("WHAT"),
    Column::new("MEMBER").field("id"),
    Column::new("INCARNATION").right(),
    Column::new("DETAIL"),
];

/// A row of CSV.
#[derive(Default)]
struct Row {
    group: Option<GroupId>,
    view: Option<Revision>,
    what: &'static str,
    member: Option<String>,
    incarnation: Option<u64>,
    detail: String,
}

fn rows(event: &WatchEvent) -> Vec<Row> {
    match event {
        WatchEvent::Snapshot(view) => {
            let row = |what, member: &gms::view::Member| Row {
                group: Some(view.group.clone()),
                view: Some(view.view),
                what,
                member: Some(member.id.to_string()),
                incarnation: Some(member.incarnation.0),
                detail: member.address.to_string(),
            };
            view.members.iter().map(|member| row("present", member)).collect()
        }
        WatchEvent::Change(change) => rows_of_change(change),
        WatchEvent::Bookmark(bookmark) => {
            vec![Row { view: Some(bookmark.revision), what: "bookmark", ..Row::default() }]
        }
        WatchEvent::Compacted(compacted) => vec![Row {
            view: Some(compacted.floor),
            what: "compacted",
            detail: format!("after {}", compacted.after),
            ..Row::default()
        }],
        WatchEvent::Event(event) => {
            let line = EventLine::of(&event.what);
            vec![Row {
                view: Some(event.revision),
                what: line.kind,
                detail: [line.subject, line.detail].join(" ").trim().to_owned(),
                ..Row::default()
            }]
        }
    }
}

fn rows_of_change(change: &Change) -> Vec<Row> {
    let row = |what, id: &gms::id::MemberId, incarnation: gms::id::Incarnation, detail| Row {
        group: Some(change.group.clone()),
        view: Some(change.view),
        what,
        member: Some(id.to_string()),
        incarnation: Some(incarnation.0),
        detail,
    };
    let joined = change
        .joined
        .iter()
        .map(|member| row("joined", &member.id, member.incarnation, member.address.to_string()));
    let left = change.left.iter().map(|left| {
        row("left", &left.id, left.incarnation, left.reason.clone().unwrap_or_default())
    });
    let removed = change.removed.iter().map(|gone| {
        let number = gone.number.map(|n| format!(" {n}")).unwrap_or_default();
        let cause = format!("{}{number}", gone.cause.as_str());
        row("removed", &gone.id, gone.incarnation, cause)
    });
    let away = change.away.iter().map(|gone| {
        let number = gone.number.map(|n| format!(" {n}")).unwrap_or_default();
        row("away", &gone.id, gone.incarnation, format!("{}{number}", gone.cause.as_str()))
    });
    // One that is away is told already, with its cause.
    let updated = change.updated.iter().filter(|of| of.state != MemberState::Away).map(|member| {
        if change.is_new(member) {
            row("returned", &member.id, member.incarnation, member.address.to_string())
        } else {
            row("updated", &member.id, member.incarnation, member.state.as_str().to_owned())
        }
    });
    joined.chain(left).chain(removed).chain(away).chain(updated).collect()
}

/// A plain sentence, and the event it is about for those who read JSON.
pub struct Told<'a> {
    /// The sentence.
    pub sentence: String,
    /// The event.
    pub event: &'a WatchEvent,
    /// Milliseconds since 1970.
    pub seen_ms: u64,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Both<'a> {
            sentence: &'a str,
            #[serde(flatten)]
            line: Line<'a>,
        }
        let line = Line::of_watch(self.event, self.seen_ms);
        Both { sentence: &self.sentence, line }.serialize(serializer)
    }
}

impl Page for Told<'_> {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        Seen { event: self.event, seen_ms: self.seen_ms }.names()
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[Column::new("TIME").field("seen"), Column::new("SENTENCE")]);
        table.row([Cell::time(self.seen_ms, style), (&self.sentence).into()]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        format!("{}\n", plain::clean(&self.sentence))
    }
}

/// The event as one line for people; nothing for a bookmark.
fn sentence(event: &WatchEvent, style: &Style) -> String {
    match event {
        WatchEvent::Snapshot(view) => {
            let ids: Vec<&str> = view.members.iter().map(|m| m.id.as_str()).collect();
            format!(
                "{} view {}: {}{}{}\n",
                style.paint(Role::Strong, view.group.as_str()),
                view.view,
                count(ids.len(), "member"),
                if ids.is_empty() { "" } else { ": " },
                ids.join(" ")
            )
        }
        WatchEvent::Change(change) => of_change(change, style),
        WatchEvent::Bookmark(_) => String::new(),
        WatchEvent::Compacted(compacted) => {
            let Compacted { after, floor } = compacted;
            let text = if after > floor {
                format!("revision {after} is not reached yet here; whole views follow")
            } else {
                format!(
                    "history after {after} is gone, it reaches back to {floor}; whole views follow"
                )
            };
            style.paint(Role::Warn, &text) + "\n"
        }
        WatchEvent::Event(event) => {
            let line = EventLine::of(&event.what);
            let text = [line.kind, &line.subject, &line.detail].join(" ");
            style.paint(line.role, &plain::clean(&text)) + "\n"
        }
    }
}

fn of_change(change: &Change, style: &Style) -> String {
    let mut parts = Vec::new();
    for member in &change.joined {
        parts.push(style.paint(Role::Good, &format!("+{}", member.id)));
    }
    for left in &change.left {
        let reason = left.reason.as_deref().map(plain::clean);
        let reason = reason.map_or_else(|| "left".to_owned(), |reason| format!("left: {reason}"));
        parts.push(format!("-{} ({reason})", left.id));
    }
    for gone in &change.removed {
        let number = gone.number.map(|n| format!(" {n}")).unwrap_or_default();
        let text = format!("-{} (removed: {}{number})", gone.id, gone.cause.as_str());
        parts.push(style.paint(Role::Bad, &text));
    }
    for gone in &change.away {
        let number = gone.number.map(|n| format!(" {n}")).unwrap_or_default();
        let text = format!("~{} (away: {}{number})", gone.id, gone.cause.as_str());
        parts.push(style.paint(Role::Warn, &text));
    }
    for member in change.updated.iter().filter(|member| member.state != MemberState::Away) {
        let (role, word) = if change.is_new(member) {
            (Role::Good, "returned")
        } else {
            (Role::Warn, member.state.as_str())
        };
        parts.push(style.paint(role, &format!("~{} ({word})", member.id)));
    }
    let group = style.paint(Role::Strong, change.group.as_str());
    let place = if change.installs_view() {
        format!("view {} after {}", change.view, change.from)
    } else {
        format!("still view {}", change.view)
    };
    format!("{group} {place}: {}\n", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use gms::id::Revision;

    use super::*;

    #[test]
    fn a_revision_of_the_future_is_not_called_history_that_is_gone() {
        let told = |after, floor| {
            let compacted = Compacted { after: Revision(after), floor: Revision(floor) };
            sentence(&WatchEvent::Compacted(compacted), &Style::default())
        };
        assert!(told(3, 40).starts_with("history after 3 is gone, it reaches back to 40"));
        assert!(told(999_999, 0).starts_with("revision 999999 is not reached yet here"));
    }
}
