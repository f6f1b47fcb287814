//! `gmctl groups`: every group with its present view.

use clap::Args;
use gms::api::{GroupSummary, Groups};

use crate::{
    cli::{
        console::Console,
        list::{self, ListArgs, Listing},
    },
    error::Failure,
    exit::Exit,
    filter::{
        ast::Filter,
        vocabulary::{self, Vocabulary},
    },
    output::{
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Every group: its view, its members, its suspects
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Examples:
  gmctl groups
  gmctl groups -o name
  gmctl groups -f 'suspects>0 | state:held'
  gmctl groups --sort -members --limit 10
  gmctl groups --consistency local -o json")]
pub struct GroupsArgs {
    #[command(flatten)]
    list: ListArgs,
}

/// Prints the groups.
pub async fn run(args: &GroupsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    list::show(&args.list, client.groups(), console).await
}

impl Listing for Groups {
    type Row = GroupSummary;
    const VOCABULARY: &'static Vocabulary = &vocabulary::GROUPS;

    fn rows_mut(&mut self) -> &mut Vec<GroupSummary> {
        &mut self.groups
    }

    fn passes(row: &GroupSummary, filter: &Filter, _: u64) -> bool {
        filter.passes(row)
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

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP").field("name"),
            Column::new("VIEW").right(),
            Column::new("MEMBERS").right(),
            Column::new("AWAY").right().priority(1),
            Column::new("SUSPECTS").right(),
            Column::new("HOLD").priority(1),
            Column::new("REASON").priority(2),
        ]);
        for group in &self.groups {
            let suspects = match group.suspects {
                0 => Role::Plain,
                _ => Role::Warn,
            };
            let (hold, reason) = match &group.hold {
                Some(hold) => (Some(hold.lasts), hold.reason.as_str()),
                None => (None, ""),
            };
            table.row([
                (&group.name).into(),
                group.view.into(),
                group.members.into(),
                group.away.into(),
                Cell::new(suspects, group.suspects.to_string()),
                Cell::or_dash(hold),
                reason.into(),
            ]);
        }
        table
    }
}
