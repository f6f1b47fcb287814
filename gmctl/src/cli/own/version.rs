//! `gmctl version`: this program's version, and with `--server` every node's.

use clap::Args;
use futures_util::future::join_all;
use gms::client::Client;
use serde::Serialize;

use crate::{
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::Style,
        table::{Cell, Column, Table},
    },
};

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of gmctl, and of the nodes
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Examples:
  gmctl version
  gmctl version --server -o json")]
pub struct VersionArgs {
    /// Ask every endpoint for its version too
    #[arg(long)]
    server: bool,
}

#[derive(Serialize)]
struct Versions {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<Server>>,
}

/// One endpoint; one that does not answer is a row too.
#[derive(Serialize)]
struct Server {
    endpoint: String,
    node: Option<u64>,
    version: Option<String>,
    error: Option<String>,
}

/// Prints the versions.
pub async fn run(args: &VersionArgs, console: &mut Console) -> Result<Exit, Failure> {
    let servers = if args.server { Some(ask(&console.client()?).await) } else { None };
    let is_silent =
        servers.as_ref().is_some_and(|servers| servers.iter().all(|server| server.error.is_some()));
    console.printer.page(&Versions { version: VERSION, servers })?;
    Ok(if is_silent { Exit::Unreachable } else { Exit::Ok })
}

async fn ask(client: &Client) -> Vec<Server> {
    let questions = client.endpoints().iter().map(|endpoint| async move {
        let result = client.only(endpoint).status().await;
        let (node, version, error) = match result {
            Ok(answer) => (Some(answer.value.node.0), Some(answer.value.version), None),
            Err(why) => (None, None, Some(why.to_string())),
        };
        Server { endpoint: endpoint.to_string(), node, version, error }
    });
    join_all(questions).await
}

impl Page for Versions {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.version.to_owned()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("PROGRAM"),
            Column::new("NODE").right(),
            Column::new("VERSION"),
            Column::new("ENDPOINT"),
            Column::new("ERROR"),
        ]);
        let nothing = || Cell::or_dash(None::<u64>);
        table.row(["gmctl".into(), nothing(), self.version.into(), nothing(), "".into()]);
        for server in self.servers.iter().flatten() {
            table.row([
                "gmsd".into(),
                Cell::or_dash(server.node),
                Cell::or_dash(server.version.as_ref()),
                (&server.endpoint).into(),
                server.error.as_deref().unwrap_or("").into(),
            ]);
        }
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        let mut text = format!("gmctl {}\n", self.version);
        for server in self.servers.iter().flatten() {
            let line = match (&server.version, &server.error) {
                (Some(version), _) => {
                    let node = server.node.unwrap_or_default();
                    format!("node {node} {version} {}", server.endpoint)
                }
                (None, Some(error)) => format!("{} {error}", server.endpoint),
                (None, None) => server.endpoint.clone(),
            };
            text.push_str(&crate::output::plain::clean(&line));
            text.push('\n');
        }
        text
    }
}
