//! `gmctl nodes`: every node of the cluster as the node that answers sees it. A node that cannot
//! be asked is a row too, with the reason.

use clap::Args;
use gms::api::{NodeStatus, Nodes, Role as Part};

use crate::{
    cli::base::{
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
        human::round_trip,
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
  gmctl nodes -f 'state:down | lag>100'
  gmctl nodes -o jsonl")]
pub struct NodesArgs {
    #[command(flatten)]
    list: ListArgs,
}

/// Prints the nodes.
pub async fn run(args: &NodesArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    list::show(&args.list, client.nodes(), console).await
}

impl Listing for Nodes {
    type Row = NodeStatus;
    const VOCABULARY: &'static Vocabulary = &vocabulary::NODES;

    fn rows_mut(&mut self) -> &mut Vec<NodeStatus> {
        &mut self.nodes
    }

    fn passes(row: &NodeStatus, filter: &Filter, _: u64) -> bool {
        filter.passes(row)
    }
}

impl Page for Nodes {
    type Item = NodeStatus;

    fn items(&self) -> Vec<&NodeStatus> {
        self.nodes.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.id.to_string()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("NODE").field("id").right(),
            Column::new("ROLE"),
            Column::new("REACHABLE"),
            Column::new("TERM").right().priority(3),
            Column::new("APPLIED").right().priority(1),
            Column::new("LAG").right().priority(1),
            Column::new("MONITORED").right().priority(4),
            Column::new("PINGS/S").field("pings_per_s").right().priority(5),
            Column::new("RTT P50").field("rtt_p50_us").right().priority(6),
            Column::new("RTT P99").field("rtt_p99_us").right().priority(5),
            Column::new("FSYNC P99").field("fsync_p99_us").right().priority(6),
            Column::new("CLOCK").field("clock_offset_ms").right().wide(),
            Column::new("HEALTH").right().priority(2),
            Column::new("API").field("api_url").priority(2),
            Column::new("VERSION").priority(7),
            Column::new("VOTER").wide(),
            Column::new("LEADER").right().wide(),
            Column::new("MATCHED").right().wide(),
            Column::new("SNAPSHOT").right().wide(),
            Column::new("LOG").field("log_entries").right().wide(),
            Column::new("MONITOR").wide(),
            Column::new("PEER").field("peer_url").wide(),
            Column::new("ERROR").priority(8),
        ]);
        for node in &self.nodes {
            table.row([
                node.id.into(),
                role(node),
                reachable(node),
                Cell::or_dash(node.term),
                Cell::or_dash(node.applied),
                Cell::or_dash(node.lag),
                Cell::or_dash(node.monitored),
                Cell::or_dash(node.pings_per_s),
                Cell::figure(node.rtt_p50_us, |micros| round_trip(*micros)),
                Cell::figure(node.rtt_p99_us, |micros| round_trip(*micros)),
                Cell::figure(node.fsync_p99_us, |micros| round_trip(*micros)),
                Cell::figure(node.clock_offset_ms, |ahead| format!("{ahead:+}ms")),
                health(node),
                Cell::or_dash(node.api_url.as_ref()),
                Cell::or_dash(node.version.as_ref()),
                (if node.voter { "yes" } else { "no" }).into(),
                Cell::or_dash(node.leader),
                Cell::or_dash(node.matched),
                Cell::or_dash(node.snapshot),
                Cell::or_dash(node.log_entries),
                (if node.monitor { "yes" } else { "no" }).into(),
                (&node.peer_url).into(),
                node.error.as_deref().unwrap_or("").into(),
            ]);
        }
        table
    }
}

fn role(node: &NodeStatus) -> Cell {
    match node.role {
        Some(Part::Leader) => Cell::new(Role::Strong, "leader"),
        Some(Part::Shutdown) => Cell::new(Role::Bad, "shutdown"),
        Some(part) => part.as_str().into(),
        None => Cell::or_dash(None::<u32>),
    }
}

fn reachable(node: &NodeStatus) -> Cell {
    if node.reachable { Cell::new(Role::Good, "yes") } else { Cell::new(Role::Bad, "no") }
}

fn health(node: &NodeStatus) -> Cell {
    match node.health {
        Some(0) => Cell::new(Role::Good, "0"),
        Some(steps) => Cell::new(Role::Warn, steps.to_string()),
        None => Cell::or_dash(None::<u32>),
    }
}
