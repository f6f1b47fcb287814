//! `gmctl why G ID`: the evidence trail of a member's last removal, or of its present suspicion.

use std::time::Duration;

use clap::Args;
use gms::{
    api::{Event, Removal, Suspicion, What, Why, WhyState},
    calls::EventsQuery,
    client::Client,
    evidence::{Observation, Verdict},
    id::{GroupId, MemberId},
};

use crate::{
    cli::{
        base::{complete, console::Console, near},
        look::{
            events::cause,
            past::{self, Point},
        },
    },
    error::Failure,
    exit::Exit,
    model::alarm::words::rest,
    output::{
        human::{age, time},
        page::Page,
        plain,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Why a member is gone or doubted: who observed what, and when
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Examples:
  gmctl why payments web-1
  gmctl why payments web-1 -o json
  gmctl why payments web-1 --at 918
  gmctl why payments web-1 --at 2026-11-22T10:00:00Z")]
pub struct WhyArgs {
    /// The group
    #[arg(add = complete::groups())]
    group: GroupId,
    /// The member
    #[arg(add = complete::members())]
    id: MemberId,
    /// What the recorded history says of it at a moment: a revision, 10m (ago), or a time
    #[arg(long, value_name = "WHEN")]
    at: Option<Point>,
}

/// Prints the trail.
pub async fn run(args: &WhyArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    if let Some(point) = args.at {
        let why = at(args, point, &client, console).await?;
        console.printer.page(&why)?;
        return Ok(Exit::Ok);
    }
    let why = match client.why(&args.group, &args.id).await {
        Ok(why) => why,
        Err(why) => return Err(near::member(&client, &args.group, &args.id, why.into()).await),
    };
    let why = console.take(why);
    console.printer.page(&why)?;
    Ok(Exit::Ok)
}

/// What the events say of it at a moment.
async fn at(
    args: &WhyArgs,
    point: Point,
    client: &Client,
    console: &mut Console,
) -> Result<Why, Failure> {
    let now_ms = console.printer.style().now_ms;
    let of = |member: Option<MemberId>| EventsQuery {
        group: member.as_ref().map(|_| args.group.clone()),
        member,
        ..EventsQuery::default()
    };
    let mut events = console.take(client.events(&of(Some(args.id.clone()))).await?);
    events.events.retain(|event| point.covers(event, now_ms));
    let removed = |event: &Event| matches!(event.what, What::Removed { .. } | What::Away { .. });
    // Elections are no events of a member.
    let all = if events.events.iter().any(removed) {
        client.events(&of(None)).await?.value.events
    } else {
        Vec::new()
    };
    let term = |revision| past::term_at(&all, revision);
    past::why(&args.group, &args.id, &events.events, term).ok_or_else(|| {
        let what = format!("nothing is on record of {}/{} by then", args.group, args.id);
        let floor = events.floor;
        Failure::new(Exit::NotFound, what).hint(format!(
            "the history reaches back to revision {floor}; gmctl events --group {} --member {}",
            args.group, args.id
        ))
    })
}

impl Page for Why {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }

    /// A row for each observation, with whom and what it is about.
    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("MEMBER").field("id"),
            Column::new("INCARNATION").right(),
            Column::new("STATE"),
            Column::new("CAUSE"),
            Column::new("REVISION").right(),
            Column::new("TIME"),
            Column::new("LAST ROUND TRIP").field("last_round_trip_ms_ago").right(),
            Column::new("OBSERVER").right(),
            Column::new("VERDICT"),
            Column::new("AGE").field("age_ms").right(),
            Column::new("HEALTH").right(),
            Column::new("DETAIL"),
        ]);
        let record = self.removal.as_ref().map(|removal| &removal.evidence);
        let observers = match (record, &self.suspicion) {
            (_, Some(suspicion)) => suspicion.observers.as_slice(),
            (Some(record), None) => record.observers.as_slice(),
            (None, None) => &[],
        };
        let last = self.suspicion.as_ref().map_or_else(
            || record.and_then(|record| record.last_round_trip_ms_ago),
            |suspicion| suspicion.last_round_trip_ms_ago,
        );
        let subject = || {
            let removed = self.removal.as_ref().map(|removal| (removal.revision, removal.at_ms));
            let end = removed.or(self.left.as_ref().map(|left| (left.revision, left.at_ms)));
            vec![
                (&self.group).into(),
                (&self.id).into(),
                self.incarnation.into(),
                word(self.state).into(),
                Cell::or_dash(record.map(cause)),
                Cell::or_dash(end.map(|(revision, _)| revision)),
                end.map_or(Cell::or_dash(None::<u64>), |(_, at_ms)| Cell::time(at_ms, style)),
                Cell::figure(last, |millis| age(*millis)),
            ]
        };
        for observation in observers {
            table.push([subject(), observed(observation).into()].concat());
        }
        if observers.is_empty() {
            table.push(subject());
        }
        table
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut facts = Table::of_facts();
        facts.fact("member", format!("{}/{}", self.group, self.id));
        facts.fact("incarnation", self.incarnation);
        let (role, state) = match self.state {
            WhyState::Member => (Role::Good, "member, nobody doubts it"),
            WhyState::Suspect => (Role::Warn, "suspect"),
            WhyState::Removed => (Role::Bad, "removed"),
            WhyState::Away => (Role::Warn, "away: its process is gone, its place is kept"),
            WhyState::Left => (Role::Plain, "left"),
        };
        facts.fact("state", Cell::new(role, state));
        if let Some(left) = &self.left {
            let by = left.reason.as_ref().map_or_else(
                || "of its own wish".to_owned(),
                |reason| format!("an operator took it out: {}", plain::clean(reason)),
            );
            facts.fact("how", by);
            let at = time(left.at_ms, style);
            facts.fact("left", format!("in revision {}, {at}", left.revision));
        }
        if let Some(hold) = &self.hold {
            let left = rest(Duration::from_millis(hold.left_ms(style.now_ms)));
            let why = plain::clean(&hold.reason);
            let text = format!("removals by silence are paused for {left} more: {why}");
            facts.fact("held", Cell::new(Role::Warn, text));
        }
        let mut text = facts.draw(wide, style);
        if let Some(suspicion) = &self.suspicion {
            text.push_str(&of_suspicion(suspicion, wide, style));
        }
        if let Some(removal) = &self.removal {
            let what = if self.state == WhyState::Away { "away since" } else { "removed" };
            text.push_str(&of_removal(what, removal, wide, style));
        }
        text
    }
}

fn of_suspicion(suspicion: &Suspicion, wide: bool, style: &Style) -> String {
    let mut facts = Table::of_facts();
    facts.fact("suspected", format!("by node {} for {}", suspicion.by, age(suspicion.for_ms)));
    facts.fact("last round trip", last_round_trip(suspicion.last_round_trip_ms_ago, "ago"));
    facts.fact("refuted before", suspicion.refuted);
    facts.draw(wide, style) + &observers(&suspicion.observers, wide, style)
}

fn of_removal(what: &'static str, removal: &Removal, wide: bool, style: &Style) -> String {
    let evidence = &removal.evidence;
    let mut facts = Table::of_facts();
    facts.fact(
        what,
        format!(
            "revision {}, term {}, {}",
            removal.revision,
            removal.term,
            time(removal.at_ms, style)
        ),
    );
    facts.fact("cause", Cell::new(Role::Strong, cause(evidence)));
    facts.fact(
        "last round trip",
        last_round_trip(evidence.last_round_trip_ms_ago, "before the verdict"),
    );
    facts.fact("refuted before", evidence.refuted);
    for sentence in &evidence.context {
        facts.fact("context", sentence);
    }
    facts.draw(wide, style) + &observers(&evidence.observers, wide, style)
}

fn last_round_trip(millis: Option<u64>, since: &str) -> String {
    millis.map_or_else(
        || "none with this life".to_owned(),
        |millis| format!("{} {since}", age(millis)),
    )
}

fn observers(observers: &[Observation], wide: bool, style: &Style) -> String {
    if observers.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        Column::new("OBSERVER"),
        Column::new("VERDICT"),
        Column::new("AGE").field("age_ms").right().priority(2),
        Column::new("HEALTH").right().priority(3),
        Column::new("DETAIL").priority(1),
    ]);
    for observation in observers {
        table.row(observed(observation));
    }
    table.draw(wide, style)
}

fn observed(observation: &Observation) -> [Cell; 5] {
    let role = match observation.verdict {
        Verdict::Alive => Role::Good,
        Verdict::DeadAffirmed => Role::Bad,
        Verdict::Silent | Verdict::Lossy => Role::Warn,
        Verdict::Abstain => Role::Faint,
    };
    [
        Cell::from(format!("node {}", observation.node)).exact(Some(observation.node)),
        Cell::new(role, observation.verdict.as_str()),
        Cell::figure(observation.age_ms, |millis| age(*millis)),
        observation.health.into(),
        (&observation.detail).into(),
    ]
}

/// The API's word for it.
fn word(state: WhyState) -> &'static str {
    match state {
        WhyState::Member => "member",
        WhyState::Suspect => "suspect",
        WhyState::Removed => "removed",
        WhyState::Away => "away",
        WhyState::Left => "left",
    }
}
