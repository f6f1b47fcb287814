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
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    mirror::{Applied, Mirror},
    span::Span,
    view::{MemberState, View},
    watch::{Watch, WatchItem, WatchOptions},
};
use tokio::time::Instant;

use crate::{
    cli::{
        base::{
            complete,
            console::{Console, now_ms},
            list::read_filter,
            when::reach,
        },
        follow::{
            exec::Calls,
            narrate,
            seen::{Beat, Seen, Told},
            sieve::Sieve,
        },
    },
    error::Failure,
    exit::Exit,
    filter::{
        ast::Filter,
        subject::GroupAt,
        vocabulary::{MEMBERS, WATCHED},
    },
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

-f shows every view as if only the members that pass were in it; changes of others are left out.
--heartbeats adds a line whenever a member comes to look otherwise, as \"member\" of the tape.

--narrate prints plain sentences, for screen readers, chats and tickets.

Examples:
  gmctl watch
  gmctl watch payments -o jsonl
  gmctl watch payments -f 'zone:a' --heartbeats
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
    /// Only of members that pass; gmctl help filters tells how
    #[arg(
        short,
        long,
        value_name = "FILTER",
        allow_hyphen_values = true,
        conflicts_with = "after"
    )]
    filter: Option<String>,
    /// Also how each member looks, as that changes: late, suspect, ok
    #[arg(long, conflicts_with = "exec")]
    heartbeats: bool,
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
    let filter = args.filter.as_deref().map(|text| read_filter(&MEMBERS, text)).transpose()?;
    let filter = filter.unwrap_or_default();
    if filter.asks_liveness() {
        return Err(Failure::usage("a watch is of views, which do not tell how members look")
            .hint("--heartbeats shows how they look; gmctl members -f chooses by it"));
    }
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
        sieve: Sieve::new(filter),
        mirror: Mirror::new(),
        calls: Calls::new(&args.exec),
        // A watch never gives up, but one that never began in the time for a call has failed.
        begin_by: start + client.options().timeout,
        has_begun: false,
    };
    let wanted = LivenessOptions { group: args.group.clone(), member: None };
    let beats = args.heartbeats.then(|| LivenessFeed::new(&client, &wanted));
    follower.follow(watch, beats, end, console).await
}

struct Follower<'a> {
    args: &'a WatchArgs,
    until: Option<Filter>,
    sieve: Sieve,
    mirror: Mirror,
    calls: Calls,
    begin_by: Instant,
    has_begun: bool,
}

impl Follower<'_> {
    async fn follow(
        &mut self,
        mut watch: Watch,
        mut beats: Option<LivenessFeed>,
        end: Option<Instant>,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        loop {
            // Before the first views nobody knows whom a heartbeat is of, and it is told only once.
            let knows_whom = watch.position().is_some();
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
                item = next_beat(&mut beats), if knows_whom => self.take_beat(item?, console)?,
            }
        }
    }

    /// How a member looks, if it is one of those that pass.
    fn take_beat(&mut self, item: LivenessItem, console: &mut Console) -> Result<(), Failure> {
        let LivenessItem::Member(report) = item else {
            if let LivenessItem::Disconnected { why } = item {
                console.printer.note(&format!("heartbeats lost, trying another node: {why}"));
            }
            return Ok(());
        };
        if self.sieve.knows(&report.group, &report.id) {
            console.printer.item(&Beat { report, seen_ms: now_ms() })?;
        }
        Ok(())
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
            WatchItem::Event(event) => {
                return match self.sieve.take(event) {
                    Some(event) => self.take_event(&event, console),
                    None => Ok(false),
                };
            }
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
            (Some(until), Some(view)) => {
                until.passes(&GroupAt { group: &summary(view), now_ms: now_ms() })
            }
            _ => false,
        };
        self.calls.extend(view);
        Ok(has_passed)
    }
}

/// The next word of how members look; never one where nobody asked for it.
async fn next_beat(beats: &mut Option<LivenessFeed>) -> Result<LivenessItem, Failure> {
    match beats {
        Some(beats) => beats.next().await.map_err(Failure::from),
        None => std::future::pending().await,
    }
}

/// What `--until` can ask of a view.
fn summary(view: &View) -> GroupSummary {
    GroupSummary {
        name: view.group.clone(),
        view: view.view,
        members: view.members.len(),
        away: view.members.iter().filter(|m| m.state == MemberState::Away).count(),
        suspects: 0,
        hold: None,
        timing: None,
    }
}
