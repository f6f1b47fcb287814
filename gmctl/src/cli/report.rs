//! `gmctl report FILE`: an incident as Markdown, from its tape: what there was, what happened, who was
//! removed by whose evidence, what the doubted had in common, what was remarked.

use std::{fmt::Write as _, path::PathBuf, time::Instant};

use clap::{Args, ValueEnum};
use gms::{
    api::{Event, WatchEvent, What},
    evidence::Evidence,
    id::{GroupId, MemberId, Revision},
};
use serde::Serialize;

use crate::{
    cli::{
        console::Console,
        events::cause,
        replay::{Happened, Told, happened, open},
        when::When,
    },
    error::Failure,
    exit::Exit,
    model::{
        cluster::Model,
        correlate::{Share, common_causes},
        happening::Happening,
    },
    output::{
        human::{self, age, time_of_day},
        page::Page,
        style::Style,
        table::{Cell, Column, Table},
    },
    tape::{
        format::Fact,
        play::{Clock, apply, model_at},
        read::Tape,
    },
};

/// Lines of the timeline in Markdown: more is a tape to replay, not a report to read.
const TIMELINE_MAX: usize = 500;
/// How often what the doubted have in common is worked out, in milliseconds of the tape.
const CORRELATE_EACH_MS: u64 = 1_000;

/// An incident as Markdown, from its tape
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; no node is asked

Examples:
  gmctl report incident.jsonl > incident.md
  gmctl report incident.jsonl --from 2026-11-22T10:00:00Z --to 2026-11-22T10:05:00Z
  gmctl report incident.jsonl -o json")]
pub struct ReportArgs {
    /// The tape
    file: PathBuf,
    /// Only from then on: of day, or so long before the end of the tape
    #[arg(long, value_name = "WHEN")]
    from: Option<When>,
    /// Only until then
    #[arg(long, value_name = "WHEN")]
    to: Option<When>,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    format: Language,
}

/// The language of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Markdown
    #[default]
    Md,
}

/// Writes the report.
pub fn run(args: &ReportArgs, console: &mut Console) -> Result<Exit, Failure> {
    let tape = open(&args.file, console)?;
    let end = tape.end_ms().unwrap_or(0);
    let from = args.from.map_or(tape.start_ms().unwrap_or(0), |when| when.millis(end));
    let to = args.to.map_or(end, |when| when.millis(end));
    if from > to {
        return Err(Failure::usage("--from is after --to"));
    }
    let report = Report::of(&tape, from, to);
    console.printer.page(&report)?;
    Ok(Exit::Ok)
}

/// An incident.
#[derive(Debug, Serialize)]
struct Report {
    from_ms: u64,
    to_ms: u64,
    gmctl: Option<String>,
    endpoints: Vec<String>,
    cluster: Option<String>,
    leader_before: Option<u64>,
    leader_after: Option<u64>,
    groups: Vec<Group>,
    sums: Sums,
    common: Vec<Common>,
    removals: Vec<Removal>,
    timeline: Vec<Happened>,
    notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Note {
    at_ms: u64,
    text: String,
}

#[derive(Debug, Serialize)]
struct Group {
    name: GroupId,
    members_before: usize,
    members_after: usize,
    view_before: Revision,
    view_after: Revision,
}

#[derive(Debug, Default, Serialize)]
struct Sums {
    joined: usize,
    left: usize,
    removed: usize,
    restarted: usize,
    suspected: usize,
    refuted: usize,
    elections: usize,
}

#[derive(Debug, Serialize)]
struct Common {
    at_ms: u64,
    tag: String,
    value: String,
    doubted: usize,
    doubted_in_all: usize,
    base_percent: usize,
}

#[derive(Debug, Serialize)]
struct Removal {
    at_ms: u64,
    revision: Revision,
    group: GroupId,
    id: MemberId,
    #[serde(flatten)]
    evidence: Evidence,
}

impl Report {
    fn of(tape: &Tape, from: u64, to: u64) -> Self {
        let clock = Clock::new(Instant::now(), tape);
        let (then, _) = model_at(tape, &clock, from.max(tape.settled_ms().unwrap_or(from)).min(to));
        let (now, _) = model_at(tape, &clock, to);
        let told: Vec<Told> =
            happened(tape).into_iter().filter(|told| (from..=to).contains(&told.at_ms())).collect();
        let notes = told.iter().filter_map(|told| match told {
            Told::Note(at_ms, text) => Some(Note { at_ms: *at_ms, text: text.clone() }),
            Told::Entry(_) => None,
        });
        let leader = |model: &Model| model.leader().map(|node| node.0);
        Self {
            from_ms: from,
            to_ms: to,
            gmctl: tape.header.as_ref().map(|header| header.gmctl.clone()),
            endpoints: tape.header.as_ref().map(|h| h.endpoints.clone()).unwrap_or_default(),
            cluster: now.status.as_ref().map(|status| status.cluster.clone()),
            leader_before: leader(&then),
            leader_after: leader(&now),
            groups: groups(&then, &now),
            sums: sums(&told),
            common: common(tape, &clock, from, to),
            removals: removals(tape, from, to),
            notes: notes.collect(),
            timeline: told.iter().map(Happened::of).collect(),
        }
    }
}

fn groups(then: &Model, now: &Model) -> Vec<Group> {
    let names: std::collections::BTreeSet<&GroupId> =
        then.groups.keys().chain(now.groups.keys()).collect();
    let of = |model: &Model, name: &GroupId| {
        model.groups.get(name).map_or((0, Revision(0)), |group| (group.members.len(), group.view))
    };
    names
        .into_iter()
        .map(|name| {
            let (before, after) = (of(then, name), of(now, name));
            Group {
                name: name.clone(),
                members_before: before.0,
                members_after: after.0,
                view_before: before.1,
                view_after: after.1,
            }
        })
        .collect()
}

fn sums(told: &[Told]) -> Sums {
    let mut sums = Sums::default();
    for told in told {
        let Told::Entry(entry) = told else {
            continue;
        };
        match &entry.what {
            Happening::Joined(_, who, _) => sums.joined += who.count,
            Happening::Left(_, who, _) => sums.left += who.count,
            Happening::Removed(_, who, ..) => sums.removed += who.count,
            Happening::Replaced(_, who) => sums.restarted += who.count,
            Happening::Suspected(_, who) => sums.suspected += who.count,
            Happening::Refuted(_, who) => sums.refuted += who.count,
            Happening::Election(..) => sums.elections += 1,
            _ => {}
        }
    }
    sums
}

/// What the members in doubt had in common, at the moment when most of them did.
fn common(tape: &Tape, clock: &Clock, from: u64, to: u64) -> Vec<Common> {
    let mut model = Model::default();
    let mut worst: Option<(usize, u64, Vec<Share>)> = None;
    let mut due = from;
    for record in tape.records.iter().take_while(|record| record.at_ms <= to) {
        let now = clock.moment(record.at_ms);
        if record.at_ms >= due && matches!(record.fact, Fact::Member(_) | Fact::Watch(_)) {
            due = record.at_ms.saturating_add(CORRELATE_EACH_MS);
            let shares = common_causes(&model, now);
            let doubted = shares.first().map_or(0, |share| share.doubted_in_all);
            if worst.as_ref().is_none_or(|(most, ..)| doubted > *most) && doubted > 0 {
                worst = Some((doubted, record.at_ms, shares));
            }
        }
        apply(&mut model, now, &record.fact);
    }
    let Some((_, at_ms, shares)) = worst else {
        return Vec::new();
    };
    let common = |share: Share| Common {
        at_ms,
        tag: share.tag,
        value: share.value,
        doubted: share.doubted,
        doubted_in_all: share.doubted_in_all,
        base_percent: share.base_percent,
    };
    shares.into_iter().map(common).collect()
}

/// The removals whose evidence is on the tape, each once.
fn removals(tape: &Tape, from: u64, to: u64) -> Vec<Removal> {
    let mut seen = std::collections::BTreeSet::new();
    let events = tape.records.iter().flat_map(|record| match &record.fact {
        Fact::Watch(WatchEvent::Event(event)) => std::slice::from_ref(event),
        Fact::History(events) => events.events.as_slice(),
        _ => &[],
    });
    let removal = |event: &Event| match &event.what {
        What::Removed { group, member, evidence, .. } => Some(Removal {
            at_ms: event.at_ms,
            revision: event.revision,
            group: group.clone(),
            id: member.clone(),
            evidence: evidence.clone(),
        }),
        _ => None,
    };
    events
        .filter(|event| (from..=to).contains(&event.at_ms))
        .filter_map(removal)
        .filter(|removal| {
            seen.insert((removal.revision, removal.group.clone(), removal.id.clone()))
        })
        .collect()
}

impl Page for Report {
    type Item = Happened;

    fn items(&self) -> Vec<&Happened> {
        self.timeline.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.removals.iter().map(|removal| format!("{}/{}", removal.group, removal.id)).collect()
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("TIME").field("at"),
            Column::new("GROUP"),
            Column::new("MEMBER").field("id"),
            Column::new("CAUSE"),
            Column::new("REVISION").right(),
            Column::new("OBSERVERS").right(),
        ]);
        for removal in &self.removals {
            table.row([
                Cell::time(removal.at_ms, style),
                (&removal.group).into(),
                (&removal.id).into(),
                cause(&removal.evidence).into(),
                removal.revision.into(),
                removal.evidence.observers.len().into(),
            ]);
        }
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.markdown(&mut text);
        text
    }
}

/// Text of strangers within Markdown: no line ends, no cells, no markup.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::output::plain::clean(text).chars() {
        if "\\`*_{}[]<>#|!".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

impl Report {
    fn markdown(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "# Incident report\n")?;
        self.summary(to)?;
        if !self.common.is_empty() {
            writeln!(to, "\n## What the doubted had in common\n")?;
            for common in &self.common {
                writeln!(
                    to,
                    "* `{}` = `{}`: {} of the {} members in doubt at {} carried it, and {} % of all.",
                    common.tag.replace('`', "'"),
                    common.value.replace('`', "'"),
                    common.doubted,
                    common.doubted_in_all,
                    time_of_day(common.at_ms),
                    common.base_percent
                )?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(to, "\n## Notes\n")?;
            for Note { at_ms, text } in &self.notes {
                writeln!(to, "* {} {}", time_of_day(*at_ms), escape(text))?;
            }
        }
        self.of_removals(to)?;
        writeln!(to, "\n## Timeline\n")?;
        if self.timeline.is_empty() {
            return writeln!(to, "Nothing happened.");
        }
        writeln!(to, "| time | what | group | detail |\n|---|---|---|---|")?;
        for happened in self.timeline.iter().take(TIMELINE_MAX) {
            let (time, what, group, detail) = happened.cells();
            writeln!(to, "| {time} | {what} | {} | {} |", escape(group), escape(detail))?;
        }
        let more = self.timeline.len().saturating_sub(TIMELINE_MAX);
        if more > 0 {
            writeln!(to, "\n{more} more lines: `gmctl replay` shows them.")?;
        }
        Ok(())
    }

    fn summary(&self, to: &mut String) -> std::fmt::Result {
        let lasted = self.to_ms.saturating_sub(self.from_ms);
        writeln!(to, "## Summary\n")?;
        writeln!(
            to,
            "* From {} to {} ({}).",
            time_of_day(self.from_ms),
            time_of_day(self.to_ms),
            age(lasted)
        )?;
        if let Some(cluster) = &self.cluster {
            writeln!(to, "* Cluster {}, asked at {}.", escape(cluster), self.endpoints.join(", "))?;
        }
        let node = |node: Option<u64>| human::or_dash(node.map(|node| format!("node {node}")));
        writeln!(
            to,
            "* Leader: {} at the beginning, {} at the end; {} in between.",
            node(self.leader_before),
            node(self.leader_after),
            human::count(self.sums.elections, "election")
        )?;
        let Sums { joined, left, removed, restarted, suspected, refuted, .. } = self.sums;
        writeln!(
            to,
            "* Members: {joined} joined, {left} left, {removed} removed, {restarted} restarted; \
             {suspected} suspected, {refuted} of them answered again."
        )?;
        if let Some(gmctl) = &self.gmctl {
            writeln!(to, "* Recorded by gmctl {}.", escape(gmctl))?;
        }
        writeln!(to, "\n| group | members before | after | view before | after |")?;
        writeln!(to, "|---|---:|---:|---:|---:|")?;
        for group in &self.groups {
            let (before, after) = (group.members_before, group.members_after);
            let (from, view) = (group.view_before, group.view_after);
            writeln!(
                to,
                "| {} | {before} | {after} | {from} | {view} |",
                escape(group.name.as_str())
            )?;
        }
        Ok(())
    }

    fn of_removals(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "\n## Removals\n")?;
        if self.removals.is_empty() {
            return writeln!(
                to,
                "{}",
                match self.sums.removed {
                    0 => "Nobody was removed.",
                    _ => "The tape has no evidence; `gmctl record` keeps it, `gmctl why` tells it.",
                }
            );
        }
        for removal in &self.removals {
            let evidence = &removal.evidence;
            let name = format!("{}/{}", removal.group, removal.id);
            writeln!(to, "### {}\n", escape(&name))?;
            writeln!(
                to,
                "* Removed at {}, revision {}, cause: {}.",
                time_of_day(removal.at_ms),
                removal.revision,
                escape(&cause(evidence))
            )?;
            if let Some(millis) = evidence.last_round_trip_ms_ago {
                writeln!(to, "* Last round trip {} before the verdict.", age(millis))?;
            }
            for sentence in &evidence.context {
                writeln!(to, "* {}.", escape(sentence.trim_end_matches('.')))?;
            }
            if !evidence.observers.is_empty() {
                writeln!(to, "\n| observer | verdict | age | health | detail |")?;
                writeln!(to, "|---|---|---:|---:|---|")?;
                for observer in &evidence.observers {
                    writeln!(
                        to,
                        "| node {} | {} | {} | {} | {} |",
                        observer.node,
                        observer.verdict.as_str().replace('_', " "),
                        human::or_dash(observer.age_ms.map(age)),
                        observer.health,
                        escape(&observer.detail)
                    )?;
                }
            }
            writeln!(to)?;
        }
        Ok(())
    }
}
