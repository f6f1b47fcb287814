//! `gmctl watch`: follows a group or all groups, in order and without a gap, across nodes.
//!
//! A node that goes away costs a note on stderr, nothing else: the watch resumes on another after
//! the last revision it printed. It ends by a signal, by its condition or its time, or when its reader
//! is gone. What it prints as JSON is a tape.

use std::{ffi::OsString, time::Duration};

use clap::Args;
use gms::{
    api::{GroupSummary, WatchEvent},
    id::{GroupId, Revision},
    mirror::{Applied, Mirror},
    span::Span,
    view::{Change, View},
    watch::{Watch, WatchItem, WatchOptions},
};
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::{
    cli::{
        complete,
        console::{Console, now_ms},
        events::Line as EventLine,
        exec::Calls,
        list::read_filter,
        narrate,
        when::reach,
    },
    error::Failure,
    exit::Exit,
    filter::{ast::Filter, vocabulary::WATCHED},
    output::{
        human::count,
        page::Page,
        plain,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
    tape::format::Line,
};

/// Follow a group, or all groups
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

-o json and jsonl print every event of the API as one line, with its name as \"event\" (snapshot,
change, bookmark, compacted, event) and the time it was seen as \"seen_ms\": a tape that replay, report
and diff read. --after goes on after the revision of the last line seen.

--until ends the watch once a group passes a filter of its name, view and members; exit code 8 if --for
is over first. --for alone ends it with 0.

--exec runs CMD once for every view, one at a time and in order, with the view's JSON on its stdin
and GMS_GROUP and GMS_VIEW in its environment. Views that come while it runs wait their turn; none is
left out. A CMD that fails is reported, and the watch goes on.

--narrate prints plain sentences, for screen readers, chats and tickets.

Examples:
  gmctl watch
  gmctl watch payments -o jsonl
  gmctl watch payments --after 918 -o jsonl
  gmctl watch payments --until 'members>=3' --for 1m
  gmctl watch --narrate --events
  gmctl watch payments --exec ./reload.sh")]
pub struct WatchArgs {
    /// The group; all groups when absent
    #[arg(add = complete::groups())]
    group: Option<GroupId>,
    /// Go on after this revision, instead of beginning with whole views
    #[arg(long, value_name = "REVISION")]
    after: Option<Revision>,
    /// Also what is no view: elections, nodes, holds
    #[arg(long)]
    events: bool,
    /// Plain sentences
    #[arg(long, conflicts_with = "exec")]
    narrate: bool,
    /// End once a group passes: members>=3, members:0, view>918
    #[arg(long, value_name = "FILTER", conflicts_with = "after")]
    until: Option<String>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<Span>,
    /// Run this for every view, with its JSON on stdin; arguments may follow it
    #[arg(
        long,
        value_name = "CMD",
        num_args = 1..,
        allow_hyphen_values = true,
        conflicts_with_all = ["after", "events"]
    )]
    exec: Vec<OsString>,
}

/// Follows until it is stopped.
pub async fn run(args: &WatchArgs, console: &mut Console) -> Result<Exit, Failure> {
    let until = args.until.as_deref().map(|text| read_filter(&WATCHED, text)).transpose()?;
    let client = console.client()?;
    let options =
        WatchOptions { after: args.after, events: args.events, ..WatchOptions::default() };
    let watch = match &args.group {
        Some(group) => Watch::of_group(&client, group, &options),
        None => Watch::of_all(&client, &options),
    };
    let start = Instant::now();
    let end = args.lasts.map(|lasts| start + Duration::from(lasts));
    let mut follower = Follower {
        args,
        until,
        mirror: Mirror::new(),
        calls: Calls::new(&args.exec),
        // A watch never gives up, but one that never began in the time for a call has failed.
        begin_by: start + client.options().timeout,
        has_begun: false,
    };
    follower.follow(watch, end, console).await
}

struct Follower<'a> {
    args: &'a WatchArgs,
    until: Option<Filter>,
    mirror: Mirror,
    calls: Calls,
    begin_by: Instant,
    has_begun: bool,
}

impl Follower<'_> {
    async fn follow(
        &mut self,
        mut watch: Watch,
        end: Option<Instant>,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        loop {
            tokio::select! {
                biased;
                () = reach(end) => return self.over(),
                fault = self.calls.run() => console.printer.message(&fault),
                item = watch.next(), if self.calls.has_room() => {
                    if self.take(item.map_err(Failure::from)?, console)? {
                        self.calls.finish(console).await;
                        return Ok(Exit::Ok);
                    }
                }
            }
        }
    }

    /// The time is over.
    fn over(&self) -> Result<Exit, Failure> {
        match &self.until {
            None => Ok(Exit::Ok),
            Some(until) => {
                let lasts = self.args.lasts.map(|span| span.to_string()).unwrap_or_default();
                let what = format!("no group passed {:?} within {lasts}", until.text());
                Err(Failure::new(Exit::Timeout, what).hint("--for gives more time"))
            }
        }
    }

    /// Takes an item; true if the watch has come to its end.
    fn take(&mut self, item: WatchItem, console: &mut Console) -> Result<bool, Failure> {
        match item {
            WatchItem::Connected { .. } => self.has_begun = true,
            WatchItem::Disconnected { why }
                if !self.has_begun && Instant::now() >= self.begin_by =>
            {
                return Err(Failure::new(Exit::Unreachable, "no node serves a watch").asked(why));
            }
            WatchItem::Disconnected { why } => {
                console.printer.note(&format!("lost, trying another node: {why}"));
            }
            WatchItem::Event(event) => return self.take_event(&event, console),
        }
        Ok(false)
    }

    fn take_event(&mut self, event: &WatchEvent, console: &mut Console) -> Result<bool, Failure> {
        let view = match self.mirror.apply(event) {
            Applied::Replaced { group } | Applied::Advanced { group } => {
                self.mirror.group(&group).map(|held| held.to_view(&group))
            }
            Applied::Unchanged | Applied::Gap { .. } => None,
        };
        if self.args.narrate {
            let members = view.as_ref().map(|view| view.members.len());
            for sentence in narrate::sentences(event, members) {
                let told = Told { sentence, event, seen_ms: now_ms() };
                console.printer.item(&told)?;
            }
        } else if self.args.exec.is_empty() {
            console.printer.item(&Seen { event, seen_ms: now_ms() })?;
        }
        let has_passed = match (&self.until, &view) {
            (Some(until), Some(view)) => until.passes(&summary(view)),
            _ => false,
        };
        self.calls.extend(view);
        Ok(has_passed)
    }
}

/// What `--until` can ask of a view.
fn summary(view: &View) -> GroupSummary {
    GroupSummary {
        name: view.group.clone(),
        view: view.view,
        members: view.members.len(),
        suspects: 0,
        hold: None,
    }
}

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
        let mut table = Table::new(&[
            Column::new("TIME").field("seen"),
            Column::new("EVENT"),
            Column::new("GROUP"),
            Column::new("VIEW").right(),
            Column::new("WHAT"),
            Column::new("MEMBER").field("id"),
            Column::new("INCARNATION").right(),
            Column::new("DETAIL"),
        ]);
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
    let updated = change.updated.iter().map(|member| {
        row("updated", &member.id, member.incarnation, member.state.as_str().to_owned())
    });
    joined.chain(left).chain(removed).chain(updated).collect()
}

/// A plain sentence, and the event it is about for those who read JSON.
struct Told<'a> {
    sentence: String,
    event: &'a WatchEvent,
    seen_ms: u64,
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
            style.paint(
                Role::Warn,
                &format!(
                    "history after {} is gone, it reaches back to {}; whole views follow",
                    compacted.after, compacted.floor
                ),
            ) + "\n"
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
    for member in &change.updated {
        let text = format!("~{} ({})", member.id, member.state.as_str());
        parts.push(style.paint(Role::Warn, &text));
    }
    format!(
        "{} view {} after {}: {}\n",
        style.paint(Role::Strong, change.group.as_str()),
        change.view,
        change.from,
        parts.join(" ")
    )
}
