//! `gmctl hold`: pauses removals by silence, lifts the pause, lists the pauses.

use clap::{Args, Subcommand};
use gms::{
    api::{Groups, Hold, HoldAnswer, HoldRequest},
    id::GroupId,
    span::Span,
};

use crate::{
    cli::base::{complete, console::Console, near},
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        plain,
        style::Style,
        table::{Cell, Column, Table},
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
        #[arg(add = complete::groups())]
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
        #[arg(add = complete::groups())]
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
            let answer = match client.set_hold(group, &request, &console.write()?).await {
                Ok(answer) => console.take(answer),
                Err(why) => return Err(near::group(&client, group, why.into()).await),
            };
            console.printer.page(&answer)?;
        }
        HoldVerb::Clear { group } => {
            let answer = match client.clear_hold(group, &console.write()?).await {
                Ok(answer) => console.take(answer),
                Err(why) => return Err(near::group(&client, group, why.into()).await),
            };
            console.printer.page(&answer)?;
        }
        HoldVerb::Ls => {
            let mut groups = console.take(client.groups().await?);
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

    fn table(&self, style: &Style) -> Table {
        table_of([(&self.group, self.hold.as_ref())], style)
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

    fn table(&self, style: &Style) -> Table {
        table_of(self.0.groups.iter().map(|group| (&group.name, group.hold.as_ref())), style)
    }
}

fn table_of<'a>(
    holds: impl IntoIterator<Item = (&'a GroupId, Option<&'a Hold>)>,
    style: &Style,
) -> Table {
    let mut table = Table::new(&[
        Column::new("GROUP"),
        Column::new("FOR").field("for_ms").right(),
        Column::new("SET AT").priority(2),
        Column::new("REVISION").right().priority(3),
        Column::new("REASON").priority(1),
    ]);
    for (group, hold) in holds {
        table.row([
            group.into(),
            Cell::figure(hold.map(|hold| hold.lasts.as_millis()), |_| {
                hold.map(|hold| hold.lasts.to_string()).unwrap_or_default()
            }),
            hold.map_or(Cell::or_dash(None::<u64>), |hold| Cell::time(hold.at_ms, style)),
            Cell::or_dash(hold.map(|hold| hold.since)),
            hold.map_or("", |hold| hold.reason.as_str()).into(),
        ]);
    }
    table
}
