//! `gmctl status`: the cluster at a glance, as the node that answers knows it.

use clap::Args;
use gms::api::Status;

use crate::{
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
    model::contact::Contact,
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
    let status = console.client()?.status().await?;
    let status = console.take(status);
    console.printer.page(&status)?;
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
        let mut table = facts(self);
        if wide {
            table.fact("watchers", self.counts.watchers);
            table.fact("quorum age", Cell::figure(self.age_ms, |millis| human::age(*millis)));
        }
        table.draw(wide, style)
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::of_facts();
        table.fact("cluster", &self.cluster);
        table.fact("node", self.node);
        table.fact("role", self.role.as_str());
        table.fact("leader", Cell::or_dash(self.leader));
        table.fact("term", self.term);
        table.fact("quorum_ok", self.quorum.ok);
        table.fact("voters", self.quorum.voters.len());
        table.fact("needed", self.quorum.needed);
        table.fact("reachable", self.quorum.reachable);
        table.fact("revision", self.revision);
        table.fact("nodes", self.counts.nodes);
        table.fact("groups", self.counts.groups);
        table.fact("members", self.counts.members);
        table.fact("suspects", self.counts.suspects);
        table.fact("watchers", self.counts.watchers);
        table.fact("version", &self.version);
        table.fact("uptime_ms", self.uptime_ms);
        table.fact("age_ms", Cell::or_dash(self.age_ms));
        table
    }
}

/// What matters.
fn facts(status: &Status) -> Table {
    let mut table = Table::of_facts();
    table.fact("cluster", &status.cluster);
    table.fact("answered", format!("node {}, {}", status.node, status.role.as_str()));
    table.fact(
        "leader",
        match status.leader {
            Some(leader) if status.quorum.ok => {
                Cell::new(Role::Good, format!("node {leader}, term {}", status.term))
            }
            Some(last) => Cell::new(
                Role::Bad,
                format!("none with a quorum; node {last} was the last, term {}", status.term),
            ),
            None => Cell::new(Role::Bad, format!("none, term {}", status.term)),
        },
    );
    table.fact("quorum", quorum(status));
    table.fact("revision", status.revision);
    table.fact("nodes", status.counts.nodes);
    table.fact("groups", status.counts.groups);
    table.fact("members", status.counts.members);
    let suspects = match status.counts.suspects {
        0 => Role::Plain,
        _ => Role::Warn,
    };
    table.fact("suspects", Cell::new(suspects, status.counts.suspects.to_string()));
    table.fact("version", &status.version);
    let uptime = Cell::figure(Some(status.uptime_ms), |millis| human::age(*millis));
    table.fact("uptime", uptime);
    table
}

fn quorum(status: &Status) -> Cell {
    let quorum = &status.quorum;
    let role = if quorum.ok { Role::Good } else { Role::Bad };
    let word = match Contact::of(quorum) {
        Contact::Quorum => "ok",
        missing => missing.as_str(),
    };
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
