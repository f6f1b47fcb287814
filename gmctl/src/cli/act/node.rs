//! `gmctl node`: adds a node to the cluster, or removes one for good.

use clap::{Args, Subcommand};
use gms::{
    api::{AddNodeRequest, Configuration},
    id::NodeId,
};

use crate::{
    cli::{
        act::awaited::WaitTime,
        base::{complete, console::Console},
    },
    error::Failure,
    exit::Exit,
    output::{page::Page, style::Style, table::Table},
};

/// Add or remove a node of the cluster
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: add writes, remove is destructive

Examples:
  gmctl node add http://10.0.0.4:12379
  gmctl node remove 4")]
pub struct NodeArgs {
    /// What to do
    #[command(subcommand)]
    verb: NodeVerb,
}

/// What to do with a node.
#[derive(Debug, Subcommand)]
pub enum NodeVerb {
    /// Add a node: it receives the log first, then it votes
    #[command(after_help = "\
Impact: write

Start the new node with gmsd --join before or after.

Examples:
  gmctl node add http://10.0.0.4:12379
  gmctl node add http://10.0.0.4:12379 --id 4
  gmctl node add http://10.0.0.4:12379 --wait --wait-timeout 5m")]
    Add {
        /// Where the other nodes reach it
        peer_url: String,
        /// Its number; the next free one when absent
        #[arg(long, value_name = "N")]
        id: Option<NodeId>,
        /// Return when it has caught up and votes
        #[arg(long)]
        wait: bool,
        /// How long.
        #[command(flatten)]
        wait_time: WaitTime,
    },
    /// Remove a node for good; its number is never used again
    #[command(after_help = "\
Impact: destructive. Asks on a terminal; without one it needs --yes.

Examples:
  gmctl node remove 4 --yes")]
    Remove {
        /// The node
        #[arg(add = complete::nodes())]
        id: NodeId,
    },
}

/// Adds or removes.
pub async fn run(args: &NodeArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    match &args.verb {
        NodeVerb::Add { peer_url, id, wait, wait_time } => {
            let request = AddNodeRequest { id: *id, peer_url: peer_url.clone() };
            let write = console.write()?;
            let answer = console.take(client.add_node(&request, &write).await?);
            console.printer.page(&answer)?;
            if *wait && !write.dry_run {
                wait_time.until_it_votes(&client, answer.node).await?;
            }
        }
        NodeVerb::Remove { id } => {
            console.confirm(&format!("remove node {id} from the cluster for good"), true).await?;
            let answer = client.remove_node(*id, &console.write()?).await?;
            let answer = console.take(answer);
            console.printer.page(&answer)?;
        }
    }
    Ok(Exit::Ok)
}

impl Page for Configuration {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.node.to_string()]
    }

    fn table(&self, _: &Style) -> Table {
        let list =
            |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ");
        let mut table = Table::of_facts();
        table.fact("node", self.node);
        table.fact("cluster", &self.cluster);
        table.fact("voters", list(&self.voters));
        table.fact("learners", list(&self.learners));
        let peers: Vec<String> =
            self.peers.iter().map(|(node, url)| format!("{node} {url}")).collect();
        table.fact("peers", peers.join(", "));
        table
    }
}
