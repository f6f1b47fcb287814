//! `gmctl groups`: every group with its present view; and the timing of a group before its first
//! member.

use std::time::Duration;

use clap::{Args, Subcommand};
use gms::{
    api::{GroupAnswer, GroupSummary, Groups, Hold},
    id::GroupId,
    liveness::GroupTiming,
    span::Span,
};

use crate::{
    cli::base::{
        complete,
        console::Console,
        list::{self, ListArgs, Listing},
    },
    error::Failure,
    exit::Exit,
    filter::{
        ast::Filter,
        subject::GroupAt,
        vocabulary::{self, Vocabulary},
    },
    model::alarm::words::rest,
    output::{
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Every group: its view, its members, its suspects; create and delete groups
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Impact: read; create and delete write

Examples:
  gmctl groups
  gmctl groups -o name
  gmctl groups -f 'suspects>0 | state:held'
  gmctl groups --sort -members --limit 10
  gmctl groups --consistency local -o json
  gmctl groups create batch --period 5s --misses 3"
)]
pub struct GroupsArgs {
    #[command(flatten)]
    list: ListArgs,
    /// What to do; lists them if absent
    #[command(subcommand)]
    verb: Option<GroupsVerb>,
}

/// What to do with a group.
#[derive(Debug, Subcommand)]
pub enum GroupsVerb {
    /// Create a group, with the timing of its pings for members that do not choose their own
    #[command(after_help = "\
A join makes its group too, with the cluster's timing. A group that was created is kept, also
without members, until it is deleted. Its timing changes only while it has no members.

Impact: write

Examples:
  gmctl groups create batch --period 5s --misses 3
  gmctl groups create batch")]
    Create {
        /// The group
        group: GroupId,
        /// Time between pings, 50ms to 1m; the cluster's 500ms if absent
        #[arg(long, value_name = "TIME")]
        period: Option<Span>,
        /// Unanswered pings before suspicion, 1 to 100; the cluster's 3 if absent
        #[arg(long, value_name = "N")]
        misses: Option<u32>,
    },
    /// Keep a group without members no longer; it goes with its history
    #[command(after_help = "\
Impact: write

Examples:
  gmctl groups delete batch")]
    Delete {
        /// The group
        #[arg(add = complete::groups())]
        group: GroupId,
    },
}

/// Prints the groups, or changes one.
pub async fn run(args: &GroupsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    let answer = match &args.verb {
        None => return list::show(&args.list, client.groups(), console).await,
        Some(GroupsVerb::Create { group, period, misses }) => {
            let timing = timing(*period, *misses)?;
            client.create_group(group, &timing, &console.write()?).await?
        }
        Some(GroupsVerb::Delete { group }) => client.delete_group(group, &console.write()?).await?,
    };
    let answer = console.take(answer);
    console.printer.page(&answer)?;
    Ok(Exit::Ok)
}

fn timing(period: Option<Span>, misses: Option<u32>) -> Result<GroupTiming, Failure> {
    let millis = |period: Span| u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
    let timing = GroupTiming { period_ms: period.map(millis), misses };
    timing.check().map_err(Failure::usage)?;
    Ok(timing)
}

impl Page for GroupAnswer {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.group.to_string()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[Column::new("GROUP"), Column::new("TIMING")]);
        table.row([(&self.group).into(), Cell::or_dash(self.timing)]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        match self.timing {
            Some(timing) => format!("{}: members are pinged {timing}\n", self.group),
            None => format!("{}: kept no longer\n", self.group),
        }
    }
}

impl Listing for Groups {
    type Row = GroupSummary;
    const VOCABULARY: &'static Vocabulary = &vocabulary::GROUPS;

    fn rows_mut(&mut self) -> &mut Vec<GroupSummary> {
        &mut self.groups
    }

    fn passes(row: &GroupSummary, filter: &Filter, now_ms: u64) -> bool {
        filter.passes(&GroupAt { group: row, now_ms })
    }
}

impl Page for Groups {
    type Item = GroupSummary;

    fn items(&self) -> Vec<&GroupSummary> {
        self.groups.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.groups.iter().map(|group| group.name.to_string()).collect()
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP").field("name"),
            Column::new("VIEW").right(),
            Column::new("MEMBERS").right(),
            Column::new("AWAY").right().priority(1),
            Column::new("SUSPECTS").right(),
            Column::new("TIMING").priority(3),
            Column::new("HOLD").field("hold_left_ms").priority(1),
            Column::new("REASON").priority(2),
        ]);
        for group in &self.groups {
            let suspects = match group.suspects {
                0 => Role::Plain,
                _ => Role::Warn,
            };
            let (hold, reason) = match &group.hold {
                Some(hold) => (held(hold, style), hold.reason.as_str()),
                None => (Cell::or_dash(None::<u64>), ""),
            };
            table.row([
                (&group.name).into(),
                group.view.into(),
                group.members.into(),
                group.away.into(),
                Cell::new(suspects, group.suspects.to_string()),
                Cell::or_dash(group.timing),
                hold,
                reason.into(),
            ]);
        }
        table
    }
}

/// How much of the hold is left.
fn held(hold: &Hold, style: &Style) -> Cell {
    let left_ms = hold.left_ms(style.now_ms);
    Cell::figure(Some(left_ms), |ms| format!("{} left", rest(Duration::from_millis(*ms))))
}
