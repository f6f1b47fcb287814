//! `gmctl groups`: every group with its present view.

use clap::Args;
use gms::api::{GroupSummary, Groups};

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
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
  gmctl groups --consistency local -o json")]
pub struct GroupsArgs {}

/// Prints the groups.
pub async fn run(_: &GroupsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let answer = console.client()?.groups().await?;
    console.printer.page(&answer.value)?;
    Ok(Exit::Ok)
}

impl Page for Groups {
    type Item = GroupSummary;

    fn items(&self) -> Vec<&GroupSummary> {
        self.groups.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.groups.iter().map(|group| group.name.to_string()).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("VIEW").right(),
            Column::new("MEMBERS").right(),
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
                Some(hold) => (hold.lasts.to_string(), hold.reason.as_str()),
                None => ("-".to_owned(), ""),
            };
            table.row([
                (&group.name).into(),
                group.view.into(),
                group.members.into(),
                Cell::new(suspects, group.suspects.to_string()),
                hold.into(),
                reason.into(),
            ]);
        }
        table.draw(wide, style)
    }
}
