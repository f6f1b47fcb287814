//! `gmctl watch`: follows a group or all groups, in order and without a gap, across nodes.
//!
//! A node that goes away costs a note on stderr, nothing else: the watch resumes on another after
//! the last revision it printed. It ends by a signal, or when its reader is gone.

use std::{ffi::OsString, process::Stdio};

use clap::Args;
use gms::{
    api::{Bookmark, Compacted, Event, WatchEvent},
    id::{GroupId, Revision},
    mirror::{Applied, Mirror},
    view::{Change, View},
    watch::{Watch, WatchItem, WatchOptions},
};
use serde::Serialize;
use tokio::{io::AsyncWriteExt as _, process::Command, time::Instant};

use crate::{
    cli::{console::Console, events::Line},
    error::Failure,
    exit::Exit,
    output::{
        human::count,
        plain,
        style::{Role, Style},
    },
};

/// Follow a group, or all groups
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

-o json and jsonl print every event of the API as one line, with its name as \"event\": snapshot,
change, bookmark, compacted, event. --after goes on after the revision of the last line seen.

--exec runs CMD once for every view, one at a time and in order, with the view's JSON on its stdin
and GMS_GROUP and GMS_VIEW in its environment. A CMD that fails is reported, and the watch goes on.

Examples:
  gmctl watch
  gmctl watch payments -o jsonl
  gmctl watch payments --after 918 -o jsonl
  gmctl watch payments --exec ./reload.sh")]
pub struct WatchArgs {
    /// The group; all groups when absent
    group: Option<GroupId>,
    /// Go on after this revision, instead of beginning with whole views
    #[arg(long, value_name = "REVISION")]
    after: Option<Revision>,
    /// Also what is no view: elections, nodes, holds
    #[arg(long)]
    events: bool,
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
    let client = console.client()?;
    let options =
        WatchOptions { after: args.after, events: args.events, ..WatchOptions::default() };
    let mut watch = match &args.group {
        Some(group) => Watch::of_group(&client, group, &options),
        None => Watch::of_all(&client, &options),
    };
    let mut mirror = Mirror::new();
    // A watch never gives up, but one that never began in the time for a call is a failed call.
    let deadline = Instant::now() + client.options().timeout;
    let mut has_begun = false;
    loop {
        let item = watch.next().await.map_err(Failure::from)?;
        match item {
            WatchItem::Connected { .. } => has_begun = true,
            WatchItem::Disconnected { why } if !has_begun && Instant::now() >= deadline => {
                return Err(Failure::new(Exit::Unreachable, "no node serves a watch").asked(why));
            }
            WatchItem::Disconnected { why } => {
                console.printer.note(&format!("lost, trying another node: {why}"));
            }
            WatchItem::Event(event) => match args.exec.split_first() {
                None => print(&event, console)?,
                Some((program, arguments)) => {
                    if let Some(view) = next_view(&mut mirror, &event)
                        && let Err(why) = call(program, arguments, &view).await
                    {
                        console.printer.message(&format!(
                            "{} failed for view {} of {}: {why}",
                            program.to_string_lossy(),
                            view.view,
                            view.group
                        ));
                    }
                }
            },
        }
    }
}

fn next_view(mirror: &mut Mirror, event: &WatchEvent) -> Option<View> {
    match mirror.apply(event) {
        Applied::Replaced { group } | Applied::Advanced { group } => {
            mirror.group(&group).map(|held| held.to_view(&group))
        }
        Applied::Unchanged | Applied::Gap { .. } => None,
    }
}

/// Runs the program with the view on its stdin. One that does not read it is no failure.
async fn call(program: &OsString, arguments: &[OsString], view: &View) -> Result<(), String> {
    let json = serde_json::to_vec(view).map_err(|why| why.to_string())?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("GMS_GROUP", view.group.as_str())
        .env("GMS_VIEW", view.view.to_string())
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| why.to_string())?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&json).await;
            let _ = stdin.shutdown().await;
        }
    };
    let ((), status) = tokio::join!(write, child.wait());
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(why) => Err(why.to_string()),
    }
}

/// An event as a line of JSON: the API's data, with the event's name.
#[derive(Serialize)]
struct Named<'a> {
    event: &'static str,
    #[serde(flatten)]
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Snapshot(&'a View),
    Change(&'a Change),
    Bookmark(&'a Bookmark),
    Compacted(&'a Compacted),
    Event(&'a Event),
}

fn print(event: &WatchEvent, console: &mut Console) -> Result<(), Failure> {
    let data = match event {
        WatchEvent::Snapshot(view) => Data::Snapshot(view),
        WatchEvent::Change(change) => Data::Change(change),
        WatchEvent::Bookmark(bookmark) => Data::Bookmark(bookmark),
        WatchEvent::Compacted(compacted) => Data::Compacted(compacted),
        WatchEvent::Event(event) => Data::Event(event),
    };
    let named = Named { event: event.name(), data };
    console.printer.item(&named, &names(event), |_, style| sentence(event, style))
}

/// The members an event is about.
fn names(event: &WatchEvent) -> Vec<String> {
    match event {
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

/// The event as one line for people; nothing for a bookmark.
pub fn sentence(event: &WatchEvent, style: &Style) -> String {
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
            let line = Line::of(&event.what);
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
