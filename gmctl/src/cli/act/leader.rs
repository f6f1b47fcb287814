//! `gmctl leader`: who leads, and handing the leadership over.

use clap::{Args, Subcommand};
use gms::{
    api::{LeaderAnswer, Quorum, Status, TransferRequest},
    id::NodeId,
};

use crate::{
    cli::base::{complete, console::Console, fault::who},
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// Who leads; hand the leadership over
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: get reads, transfer writes

Examples:
  gmctl leader get
  gmctl leader transfer --to 2")]
pub struct LeaderArgs {
    /// What to do
    #[command(subcommand)]
    verb: LeaderVerb,
}

/// What to do with the leadership.
#[derive(Debug, Subcommand)]
pub enum LeaderVerb {
    /// Who leads, in which term; exit code 6 while nobody does
    #[command(after_help = "\
Impact: read

Examples:
  gmctl leader get
  gmctl leader get -o name")]
    Get,
    /// Hand the leadership to another voter
    #[command(after_help = "\
Impact: write

Examples:
  gmctl leader transfer
  gmctl leader transfer --to 2")]
    Transfer {
        /// Who shall lead; the voter that is most up to date when absent
        #[arg(long, value_name = "NODE", add = complete::nodes())]
        to: Option<NodeId>,
    },
}

/// Prints or transfers.
pub async fn run(args: &LeaderArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    let leader = match &args.verb {
        LeaderVerb::Get => {
            let answer = client.status().await?;
            let Status { leader, term, quorum: Quorum { ok, .. }, .. } = answer.value;
            match leader {
                Some(leader) if ok => {
                    console.take(answer);
                    LeaderAnswer { leader, term }
                }
                former => {
                    let why = former.map_or("no node leads".to_owned(), |node| {
                        format!(
                            "no node leads with a quorum; node {node} was the last, in term {term}"
                        )
                    });
                    return Err(Failure::new(Exit::NoQuorum, why)
                        .asked(who(&answer.meta))
                        .hint("gmctl wait leader waits for one"));
                }
            }
        }
        LeaderVerb::Transfer { to } => {
            let request = TransferRequest { to: *to };
            let answer = client.transfer_leader(&request, &console.write()?).await;
            console.take(answer.map_err(|why| match Failure::from(why) {
                failure if failure.exit == Exit::Conflict => {
                    failure.hint("gmctl nodes shows who is in touch")
                }
                failure => failure,
            })?)
        }
    };
    console.printer.page(&leader)?;
    Ok(Exit::Ok)
}

impl Page for LeaderAnswer {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.leader.to_string()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[Column::new("LEADER").right(), Column::new("TERM").right()]);
        table.row([self.leader.into(), self.term.into()]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        format!("node {} leads in term {}\n", self.leader, self.term)
    }
}
