//! `gmctl nodes`: every node of the cluster as the node that answers sees it. A node that cannot
//! be asked is a row too, with the reason.

use clap::Args;
use gms::api::{NodeStatus, Nodes, Role as Part};

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        human::{or_dash, round_trip},
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Every node: its role, how far it is, whether it is sound
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Examples:
  gmctl nodes
  gmctl nodes -o wide
  gmctl nodes -o jsonl")]
pub struct NodesArgs {}

/// Prints the nodes.
pub async fn run(_: &NodesArgs, console: &mut Console) -> Result<Exit, Failure> {
    let answer = console.client()?.nodes().await?;
    console.printer.page(&answer.value)?;
    Ok(Exit::Ok)
}

impl Page for Nodes {
    type Item = NodeStatus;

    fn items(&self) -> Vec<&NodeStatus> {
        self.nodes.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.id.to_string()).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&[
            Column::new("NODE").right(),
            Column::new("ROLE"),
            Column::new("REACHABLE"),
            Column::new("TERM").right().priority(3),
            Column::new("APPLIED").right().priority(1),
            Column::new("LAG").right().priority(1),
            Column::new("MONITORED").right().priority(4),
            Column::new("PINGS/S").right().priority(5),
            Column::new("RTT P50").right().priority(6),
            Column::new("RTT P99").right().priority(5),
            Column::new("HEALTH").right().priority(2),
            Column::new("API").priority(2),
            Column::new("VERSION").priority(7),
            Column::new("LEADER").right().wide(),
            Column::new("MATCHED").right().wide(),
            Column::new("MONITOR").wide(),
            Column::new("PEER").wide(),
            Column::new("ERROR").priority(8),
        ]);
        for node in &self.nodes {
            table.row([
                node.id.into(),
                role(node),
                reachable(node),
                or_dash(node.term).into(),
                or_dash(node.applied).into(),
                or_dash(node.lag).into(),
                or_dash(node.monitored).into(),
                or_dash(node.pings_per_s).into(),
                or_dash(node.rtt_p50_us.map(round_trip)).into(),
                or_dash(node.rtt_p99_us.map(round_trip)).into(),
                health(node),
                or_dash(node.api_url.as_ref()).into(),
                or_dash(node.version.as_ref()).into(),
                or_dash(node.leader).into(),
                or_dash(node.matched).into(),
                (if node.monitor { "yes" } else { "no" }).into(),
                (&node.peer_url).into(),
                node.error.as_deref().unwrap_or("").into(),
            ]);
        }
        table.draw(wide, style)
    }
}

fn role(node: &NodeStatus) -> Cell {
    match node.role {
        Some(Part::Leader) => Cell::new(Role::Strong, "leader"),
        Some(Part::Shutdown) => Cell::new(Role::Bad, "shutdown"),
        Some(part) => part.as_str().into(),
        None => "-".into(),
    }
}

fn reachable(node: &NodeStatus) -> Cell {
    if node.reachable { Cell::new(Role::Good, "yes") } else { Cell::new(Role::Bad, "no") }
}

fn health(node: &NodeStatus) -> Cell {
    match node.health {
        Some(0) => Cell::new(Role::Good, "0"),
        Some(steps) => Cell::new(Role::Warn, steps.to_string()),
        None => "-".into(),
    }
}
