//! `gmctl context`: names for clusters.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    cli::console::Console,
    config::{
        contexts::{Context, ContextName, Contexts, NoSuchContext},
        endpoints, file,
    },
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Names for clusters, and the one in use
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; no node is asked

Examples:
  gmctl context ls
  gmctl context set lab http://10.0.0.1:12380,22380
  gmctl context use lab")]
pub struct ContextArgs {
    /// What to do
    #[command(subcommand)]
    verb: ContextVerb,
}

/// What to do with contexts.
#[derive(Debug, Subcommand)]
pub enum ContextVerb {
    /// All contexts
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context ls
  gmctl context ls -o json")]
    Ls,
    /// Use a context from now on
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context use lab")]
    Use {
        /// Its name
        name: ContextName,
    },
    /// Add or change a context; the first one is used at once
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context set lab http://10.0.0.1:12380 http://10.0.0.2:12380
  gmctl context set local 127.0.0.1:12380,22380,32380")]
    Set {
        /// Its name
        name: ContextName,
        /// Its nodes, or lists of them separated by commas
        #[arg(required = true, value_name = "URL")]
        endpoints: Vec<String>,
    },
    /// Forget a context
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context rm lab")]
    Rm {
        /// Its name
        name: ContextName,
    },
}

/// Lists or changes, then prints the list.
pub fn run(args: &ContextArgs, console: &mut Console) -> Result<Exit, Failure> {
    let path = console.contexts_path();
    let mut contexts = console.contexts()?;
    match &args.verb {
        ContextVerb::Ls => {}
        ContextVerb::Use { name } => contexts.select(name).map_err(|why| missing(&why))?,
        ContextVerb::Set { name, endpoints: texts } => {
            let endpoints = endpoints::parse(texts)?;
            let endpoints = endpoints.iter().map(ToString::to_string).collect();
            contexts.set(name.clone(), Context { endpoints });
        }
        ContextVerb::Rm { name } => contexts.remove(name).map_err(|why| missing(&why))?,
    }
    if !matches!(args.verb, ContextVerb::Ls) && !console.globals.dry_run {
        file::write(path.as_deref(), &contexts)?;
    }
    console.printer.page(&List::of(&contexts))?;
    Ok(Exit::Ok)
}

fn missing(why: &NoSuchContext) -> Failure {
    Failure::new(Exit::NotFound, why.to_string()).hint("gmctl context ls")
}

#[derive(Serialize)]
struct List {
    current: Option<String>,
    contexts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    endpoints: Vec<String>,
}

impl List {
    fn of(contexts: &Contexts) -> Self {
        let row = |(name, context): (&ContextName, &Context)| Row {
            name: name.to_string(),
            endpoints: context.endpoints.clone(),
        };
        Self {
            current: contexts.current().map(ToString::to_string),
            contexts: contexts.iter().map(row).collect(),
        }
    }
}

impl Page for List {
    type Item = Row;

    fn items(&self) -> Vec<&Row> {
        self.contexts.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.contexts.iter().map(|row| row.name.clone()).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&[
            Column::new("CURRENT"),
            Column::new("CONTEXT"),
            Column::new("ENDPOINTS").priority(1),
        ]);
        for row in &self.contexts {
            let is_current = self.current.as_ref() == Some(&row.name);
            table.row([
                Cell::new(Role::Good, if is_current { "*" } else { "" }),
                (&row.name).into(),
                row.endpoints.join(",").into(),
            ]);
        }
        table.draw(wide, style)
    }
}
