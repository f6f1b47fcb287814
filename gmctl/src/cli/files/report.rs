//! `gmctl report FILE`: an incident as Markdown, from its tape: what there was, what happened, who was
//! removed by whose evidence, what the doubted had in common, what was remarked.

use std::{path::PathBuf, time::Instant};

use clap::{Args, ValueEnum};
use gms::{
    api::{Event, WatchEvent, What, Why, WhyState},
    evidence::Evidence,
    id::{GroupId, MemberId, Revision},
};
use serde::Serialize;

use crate::{
    cli::{
        base::{console::Console, when::When},
        files::replay::{Happened, Told, happened, open},
        look::events::cause,
    },
    error::Failure,
    exit::Exit,
    model::{
        cluster::Model,
        correlate::{Share, common_causes},
        happening::Happening,
    },
    output::{
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
pub(super) struct Report {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) gmctl: Option<String>,
    pub(super) endpoints: Vec<String>,
    pub(super) cluster: Option<String>,
    pub(super) leader_before: Option<u64>,
    pub(super) leader_after: Option<u64>,
    pub(super) groups: Vec<Group>,
    pub(super) sums: Sums,
    pub(super) common: Vec<Common>,
    pub(super) removals: Vec<Removal>,
    pub(super) timeline: Vec<Happened>,
    pub(super) notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
pub(super) struct Note {
    pub(super) at_ms: u64,
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) name: GroupId,
    pub(super) members_before: usize,
    pub(super) members_after: usize,
    pub(super) view_before: Revision,
    pub(super) view_after: Revision,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Sums {
    pub(super) joined: usize,
    pub(super) left: usize,
    pub(super) removed: usize,
    pub(super) away: usize,
    pub(super) restarted: usize,
    pub(super) suspected: usize,
    pub(super) refuted: usize,
    pub(super) elections: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Common {
    pub(super) at_ms: u64,
    pub(super) tag: String,
    pub(super) value: String,
    pub(super) doubted: usize,
    pub(super) doubted_in_all: usize,
    pub(super) base_percent: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Removal {
    /// The member's place was kept.
    pub(super) away: bool,
    pub(super) at_ms: u64,
    pub(super) revision: Revision,
    pub(super) group: GroupId,
    pub(super) id: MemberId,
    #[serde(flatten)]
    pub(super) evidence: Evidence,
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
            Happening::Away(_, who, ..) => sums.away += who.count,
            Happening::Replaced(_, who) | Happening::Returned(_, who) => {
                sums.restarted += who.count;
            }
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

/// The removals whose evidence is on the tape, each once: told by the history, or by an answer to the
/// question why.
fn removals(tape: &Tape, from: u64, to: u64) -> Vec<Removal> {
    let of_event = |event: &Event| match &event.what {
        What::Removed { group, member, evidence, .. }
        | What::Away { group, member, evidence, .. } => Some(Removal {
            away: matches!(event.what, What::Away { .. }),
            at_ms: event.at_ms,
            revision: event.revision,
            group: group.clone(),
            id: member.clone(),
            evidence: evidence.clone(),
        }),
        _ => None,
    };
    let of_answer = |why: &Why| {
        why.removal.as_ref().map(|removal| Removal {
            away: why.state == WhyState::Away,
            at_ms: removal.at_ms,
            revision: removal.revision,
            group: why.group.clone(),
            id: why.id.clone(),
            evidence: removal.evidence.clone(),
        })
    };
    let mut removals: Vec<Removal> = Vec::new();
    for record in &tape.records {
        match &record.fact {
            Fact::Watch(WatchEvent::Event(event)) => removals.extend(of_event(event)),
            Fact::History(events) => removals.extend(events.events.iter().filter_map(of_event)),
            Fact::Why(why) => removals.extend(of_answer(why)),
            _ => {}
        }
    }
    removals.retain(|removal| (from..=to).contains(&removal.at_ms));
    // The history and an answer tell of the same removal with the same evidence.
    let key = |removal: &Removal| (removal.revision, removal.group.clone(), removal.id.clone());
    removals.sort_by_key(key);
    removals.dedup_by_key(|removal| key(removal));
    removals
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
