//! `gmctl why G ID`: the evidence trail of a member's last removal, or of its present suspicion.

use clap::Args;
use gms::{
    api::{Removal, Suspicion, Why, WhyState},
    evidence::{Observation, Verdict},
    id::{GroupId, MemberId},
};

use crate::{
    cli::{console::Console, events::cause},
    error::Failure,
    exit::Exit,
    output::{
        human::{age, or_dash, time_of_day},
        page::Page,
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
  gmctl why payments web-1 -o json")]
pub struct WhyArgs {
    /// The group
    group: GroupId,
    /// The member
    id: MemberId,
}

/// Prints the trail.
pub async fn run(args: &WhyArgs, console: &mut Console) -> Result<Exit, Failure> {
    let answer = console.client()?.why(&args.group, &args.id).await?;
    console.printer.page(&answer.value)?;
    Ok(Exit::Ok)
}

impl Page for Why {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut facts = Table::of_facts();
        facts.fact("member", format!("{}/{}", self.group, self.id));
        facts.fact("incarnation", self.incarnation);
        let (role, state) = match self.state {
            WhyState::Member => (Role::Good, "member, nobody doubts it"),
            WhyState::Suspect => (Role::Warn, "suspect"),
            WhyState::Removed => (Role::Bad, "removed"),
            WhyState::Left => (Role::Plain, "left"),
        };
        facts.fact("state", Cell::new(role, state));
        let mut text = facts.draw(wide, style);
        if let Some(suspicion) = &self.suspicion {
            text.push_str(&of_suspicion(suspicion, wide, style));
        }
        if let Some(removal) = &self.removal {
            text.push_str(&of_removal(removal, wide, style));
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

fn of_removal(removal: &Removal, wide: bool, style: &Style) -> String {
    let evidence = &removal.evidence;
    let mut facts = Table::of_facts();
    facts.fact(
        "removed",
        format!(
            "revision {}, term {}, {}",
            removal.revision,
            removal.term,
            time_of_day(removal.at_ms)
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
        Column::new("AGE").right().priority(2),
        Column::new("HEALTH").right().priority(3),
        Column::new("DETAIL").priority(1),
    ]);
    for observation in observers {
        let role = match observation.verdict {
            Verdict::Alive => Role::Good,
            Verdict::DeadAffirmed => Role::Bad,
            Verdict::Silent | Verdict::Lossy => Role::Warn,
            Verdict::Abstain => Role::Faint,
        };
        table.row([
            format!("node {}", observation.node).into(),
            Cell::new(role, observation.verdict.as_str()),
            or_dash(observation.age_ms.map(age)).into(),
            observation.health.into(),
            (&observation.detail).into(),
        ]);
    }
    table.draw(wide, style)
}
