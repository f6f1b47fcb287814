//! `gmctl events`: what happened, oldest first.

use clap::Args;
use gms::{
    api::{Event, Events, What},
    calls::EventsQuery,
    evidence::Evidence,
    id::{GroupId, MemberId, NodeId, Revision},
};

use crate::{
    cli::base::{
        complete,
        console::Console,
        list::{self, ListArgs, Listing},
        when::When,
    },
    error::Failure,
    exit::Exit,
    filter::{
        ast::Filter,
        subject::EventAt,
        vocabulary::{self, Vocabulary},
    },
    output::{
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// What happened: joins, leaves, removals with their cause, elections, nodes
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

--limit keeps the newest.

Examples:
  gmctl events
  gmctl events --group payments --member web-1
  gmctl events --since 10m -f 'kind:removed cause:silence'
  gmctl events --limit 20 --time rel
  gmctl events --after 918 -o jsonl")]
pub struct EventsArgs {
    /// Only what came after this revision
    #[arg(long, value_name = "REVISION")]
    after: Option<Revision>,
    /// Only of this group
    #[arg(long, value_name = "GROUP", add = complete::groups())]
    group: Option<GroupId>,
    /// Only of this member
    #[arg(long, value_name = "ID", add = complete::members())]
    member: Option<MemberId>,
    /// Only from then on: 10m (ago), or 2026-11-22T10:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only until then
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    #[command(flatten)]
    list: ListArgs,
}

/// Prints the events.
pub async fn run(args: &EventsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let query =
        EventsQuery { after: args.after, group: args.group.clone(), member: args.member.clone() };
    let client = console.client()?;
    let now_ms = console.printer.style().now_ms;
    let since = args.since.map_or(0, |when| when.millis(now_ms));
    let until = args.until.map_or(u64::MAX, |when| when.millis(now_ms));
    let wanted = |event: &Event| (since..=until).contains(&event.at_ms);
    list::show_if(&args.list, client.events(&query), wanted, console).await
}

impl Listing for Events {
    type Row = Event;
    const VOCABULARY: &'static Vocabulary = &vocabulary::EVENTS;
    const NEWEST_LAST: bool = true;

    fn rows_mut(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }

    fn passes(event: &Event, filter: &Filter, now_ms: u64) -> bool {
        filter.passes(&EventAt { event, now_ms })
    }
}

impl Page for Events {
    type Item = Event;

    fn items(&self) -> Vec<&Event> {
        self.events.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.events.iter().map(|event| event.revision.to_string()).collect()
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("REVISION").right(),
            Column::new("TIME").priority(1),
            Column::new("EVENT"),
            Column::new("SUBJECT"),
            Column::new("DETAIL").priority(2),
        ]);
        for event in &self.events {
            let line = Line::of(&event.what);
            table.row([
                event.revision.into(),
                Cell::time(event.at_ms, style),
                Cell::new(line.role, line.kind),
                line.subject.into(),
                line.detail.into(),
            ]);
        }
        table
    }
}

/// An event for people.
pub struct Line {
    /// How good it is.
    pub role: Role,
    /// The API's word for it.
    pub kind: &'static str,
    /// `group/member`, a group or a node; empty for the cluster.
    pub subject: String,
    /// The rest.
    pub detail: String,
}

impl Line {
    /// The event in words.
    pub fn of(what: &What) -> Self {
        let line =
            |role, kind, subject: String, detail: String| Self { role, kind, subject, detail };
        match what {
            What::Joined { group, member, incarnation, address } => line(
                Role::Good,
                "joined",
                format!("{group}/{member}"),
                format!("incarnation {incarnation} at {address}"),
            ),
            What::Left { group, member, incarnation, reason } => line(
                Role::Plain,
                "left",
                format!("{group}/{member}"),
                match reason {
                    Some(reason) => format!("incarnation {incarnation}: {reason}"),
                    None => format!("incarnation {incarnation}"),
                },
            ),
            What::Removed { group, member, incarnation, evidence } => line(
                Role::Bad,
                "removed",
                format!("{group}/{member}"),
                format!("incarnation {incarnation}: {}", cause(evidence)),
            ),
            What::Away { group, member, incarnation, evidence } => line(
                Role::Warn,
                "away",
                format!("{group}/{member}"),
                format!("incarnation {incarnation}: {}", cause(evidence)),
            ),
            What::Returned { group, member, incarnation, address } => line(
                Role::Good,
                "returned",
                format!("{group}/{member}"),
                format!("incarnation {incarnation} at {address}"),
            ),
            What::Updated { group, member, incarnation, state } => line(
                Role::Plain,
                "updated",
                format!("{group}/{member}"),
                format!("incarnation {incarnation}, {}", state.as_str()),
            ),
            What::GroupCreated { group, timing } => {
                line(Role::Plain, "group_created", group.to_string(), format!("pings {timing}"))
            }
            What::GroupDeleted { group } => {
                line(Role::Plain, "group_deleted", group.to_string(), "kept no longer".to_owned())
            }
            What::HoldSet { group, hold } => line(
                Role::Warn,
                "hold_set",
                group.to_string(),
                format!("for {}: {}", hold.lasts, hold.reason),
            ),
            What::HoldCleared { group, expired } => line(
                Role::Plain,
                "hold_cleared",
                group.to_string(),
                (if *expired { "ran out" } else { "lifted" }).to_owned(),
            ),
            What::Election { leader, term } => line(
                Role::Warn,
                "election",
                format!("node {leader}"),
                format!("leads in term {term}"),
            ),
            What::NodeStarted { node, api_url, version } => line(
                Role::Good,
                "node_started",
                format!("node {node}"),
                format!("version {version} at {api_url}"),
            ),
            What::Restored { cluster, from } => line(
                Role::Warn,
                "restored",
                String::new(),
                format!("from revision {from} of cluster {cluster}"),
            ),
            What::Configuration { voters, learners } => line(
                Role::Warn,
                "configuration",
                String::new(),
                format!("voters {}; learners {}", list(voters), list(learners)),
            ),
            What::Monitors { epoch, nodes } => line(
                Role::Plain,
                "monitors",
                String::new(),
                format!("epoch {epoch}: nodes {}", list(nodes)),
            ),
        }
    }
}

/// `silence`, `exit 3`, `signal 9`.
pub fn cause(evidence: &Evidence) -> String {
    match evidence.number {
        Some(number) => format!("{} {number}", evidence.cause.as_str()),
        None => evidence.cause.as_str().to_owned(),
    }
}

fn list(nodes: &[NodeId]) -> String {
    if nodes.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    texts.join(" ")
}
