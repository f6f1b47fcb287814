//! `gmctl hold`: pauses removals by silence, lifts the pause, lists the pauses.

use clap::{Args, Subcommand};
use gms::{
    api::{Groups, Hold, HoldAnswer, HoldRequest},
    id::GroupId,
    span::Span,
};

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        human::time_of_day,
        page::Page,
        plain,
        style::Style,
        table::{Column, Table},
    },
};

/// Pause removals by silence
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: ls reads, set and clear write

Examples:
  gmctl hold ls
  gmctl hold set payments --for 30m --reason 'switch upgrade'
  gmctl hold clear payments")]
pub struct HoldArgs {
    /// What to do
    #[command(subcommand)]
    verb: HoldVerb,
}

/// What to do with a hold.
#[derive(Debug, Subcommand)]
pub enum HoldVerb {
    /// Pause removals by silence for a while; affirmed deaths still count
    #[command(after_help = "\
Impact: write

Examples:
  gmctl hold set payments --for 30m --reason 'switch upgrade'")]
    Set {
        /// The group
        group: GroupId,
        /// For how long, 1s to 24h
        #[arg(long = "for", value_name = "TIME")]
        lasts: Span,
        /// Why, for whoever looks next
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Let removals by silence go on
    #[command(after_help = "\
Impact: write

Examples:
  gmctl hold clear payments")]
    Clear {
        /// The group
        group: GroupId,
    },
    /// The holds in force
    #[command(after_help = "\
Impact: read

Examples:
  gmctl hold ls
  gmctl hold ls -o json")]
    Ls,
}

/// Sets, clears or lists.
pub async fn run(args: &HoldArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    match &args.verb {
        HoldVerb::Set { group, lasts, reason } => {
            let request = HoldRequest { lasts: *lasts, reason: reason.clone() };
            let answer = client.set_hold(group, &request, &console.write()).await?;
            console.printer.page(&answer.value)?;
        }
        HoldVerb::Clear { group } => {
            let answer = client.clear_hold(group, &console.write()).await?;
            console.printer.page(&answer.value)?;
        }
        HoldVerb::Ls => {
            let mut groups = client.groups().await?.value;
            groups.groups.retain(|group| group.hold.is_some());
            console.printer.page(&Holds(groups))?;
        }
    }
    Ok(Exit::Ok)
}

fn in_words(group: &GroupId, hold: Option<&Hold>) -> String {
    match hold {
        Some(hold) => format!(
            "{group}: removals by silence are paused for {}: {}\n",
            hold.lasts,
            plain::clean(&hold.reason)
        ),
        None => format!("{group}: removals by silence go on\n"),
    }
}

impl Page for HoldAnswer {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.group.to_string()]
    }

    fn text(&self, _: bool, _: &Style) -> String {
        in_words(&self.group, self.hold.as_ref())
    }
}

/// The groups that have a hold.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Holds(Groups);

impl Page for Holds {
    type Item = gms::api::GroupSummary;

    fn items(&self) -> Vec<&gms::api::GroupSummary> {
        self.0.groups.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("FOR").right(),
            Column::new("SET AT").priority(2),
            Column::new("REVISION").right().priority(3),
            Column::new("REASON").priority(1),
        ]);
        for group in &self.0.groups {
            if let Some(hold) = &group.hold {
                table.row([
                    (&group.name).into(),
                    hold.lasts.into(),
                    time_of_day(hold.at_ms).into(),
                    hold.since.into(),
                    (&hold.reason).into(),
                ]);
            }
        }
        table.draw(wide, style)
    }
}
