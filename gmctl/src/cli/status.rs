//! `gmctl status`: the cluster at a glance, as the node that answers knows it.

use clap::Args;
use gms::api::Status;

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        human,
        page::Page,
        style::{Role, Style},
        table::{Cell, Table},
    },
};

/// Leader, quorum and counts at a glance
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Examples:
  gmctl status
  gmctl status -o json
  gmctl status -e 10.0.0.1:12380 --timeout 1s")]
pub struct StatusArgs {}

/// Prints the status.
pub async fn run(_: &StatusArgs, console: &mut Console) -> Result<Exit, Failure> {
    let answer = console.client()?.status().await?;
    console.printer.page(&answer.value)?;
    Ok(Exit::Ok)
}

impl Page for Status {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.cluster.clone()]
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::of_facts();
        table.fact("cluster", &self.cluster);
        table.fact("answered", format!("node {}, {}", self.node, self.role.as_str()));
        table.fact(
            "leader",
            match self.leader {
                Some(leader) => Cell::new(Role::Good, format!("node {leader}, term {}", self.term)),
                None => Cell::new(Role::Bad, format!("none, term {}", self.term)),
            },
        );
        table.fact("quorum", quorum(self));
        table.fact("revision", self.revision);
        table.fact("nodes", self.counts.nodes);
        table.fact("groups", self.counts.groups);
        table.fact("members", self.counts.members);
        let suspects = match self.counts.suspects {
            0 => Role::Plain,
            _ => Role::Warn,
        };
        table.fact("suspects", Cell::new(suspects, self.counts.suspects.to_string()));
        table.fact("version", &self.version);
        table.fact("uptime", human::age(self.uptime_ms));
        if wide {
            table.fact("watchers", self.counts.watchers);
            table.fact("quorum age", human::or_dash(self.age_ms.map(human::age)));
        }
        table.draw(wide, style)
    }
}

fn quorum(status: &Status) -> Cell {
    let quorum = &status.quorum;
    let (role, word) = if quorum.ok { (Role::Good, "ok") } else { (Role::Bad, "lost") };
    Cell::new(
        role,
        format!(
            "{word}, {} of {} voters in touch, {} needed",
            quorum.reachable,
            quorum.voters.len(),
            quorum.needed
        ),
    )
}
