//! `gmctl context`: names for clusters.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    cli::base::{complete, console::Console},
    config::{
        contexts::{Context, ContextName, Contexts, NoSuchContext},
        endpoints, file,
        origin::Origin,
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
  gmctl context use lab
  gmctl context protect prod")]
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
        #[arg(add = complete::contexts())]
        name: ContextName,
    },
    /// Add or change a context; the first one is used at once
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context set lab http://10.0.0.1:12380 http://10.0.0.2:12380
  gmctl context set local 127.0.0.1:12380,22380,32380
  gmctl context set prod 10.1.0.1:12380 --protected --timeout 10s")]
    Set {
        /// Its name
        name: ContextName,
        /// Its nodes, or lists of them separated by commas
        #[arg(required = true, value_name = "URL")]
        endpoints: Vec<String>,
        /// Refuse every verb that writes there
        #[arg(long)]
        protected: bool,
    },
    /// Refuse every verb that writes to a context
    #[command(after_help = "\
Impact: local

Such a verb then ends with exit code 4 and changes nothing; --dry-run still works, and so does naming
the nodes with -e.

Examples:
  gmctl context protect prod")]
    Protect {
        /// Its name
        #[arg(add = complete::contexts())]
        name: ContextName,
    },
    /// Allow writes to a context again
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context unprotect prod")]
    Unprotect {
        /// Its name
        #[arg(add = complete::contexts())]
        name: ContextName,
    },
    /// Forget a context
    #[command(after_help = "\
Impact: local

Examples:
  gmctl context rm lab")]
    Rm {
        /// Its name
        #[arg(add = complete::contexts())]
        name: ContextName,
    },
}

/// Lists or changes, then prints the list.
pub fn run(args: &ContextArgs, console: &mut Console) -> Result<Exit, Failure> {
    let path = console.config_path();
    let mut contexts = console.contexts()?;
    match &args.verb {
        ContextVerb::Ls => {}
        ContextVerb::Use { name } => contexts.select(name).map_err(|why| missing(&why))?,
        ContextVerb::Set { name, endpoints: texts, protected } => {
            let endpoints = endpoints::parse(texts)?;
            let endpoints = endpoints.iter().map(ToString::to_string).collect();
            // What was set for it before stays, its protection above all.
            let before = contexts.get(name).cloned().unwrap_or_default();
            let protected = *protected || before.protected;
            // A flag is meant for the context here; a variable of the environment is not.
            let wish = |id| (console.variables.origin(id) == Origin::Flag).then_some(());
            let timeout = wish("timeout").and(console.globals.timeout).or(before.timeout);
            let consistency =
                wish("consistency").and(console.globals.consistency).or(before.consistency);
            let context = Context { endpoints, protected, timeout, consistency };
            contexts.set(name.clone(), context);
        }
        ContextVerb::Protect { name } => {
            contexts.protect(name, true).map_err(|why| missing(&why))?;
        }
        ContextVerb::Unprotect { name } => {
            contexts.protect(name, false).map_err(|why| missing(&why))?;
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
    protected: bool,
}

impl List {
    fn of(contexts: &Contexts) -> Self {
        let row = |(name, context): (&ContextName, &Context)| Row {
            name: name.to_string(),
            endpoints: context.endpoints.clone(),
            protected: context.protected,
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

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("CURRENT"),
            Column::new("CONTEXT").field("name"),
            Column::new("WRITES"),
            Column::new("ENDPOINTS").priority(1),
        ]);
        for row in &self.contexts {
            let is_current = self.current.as_ref() == Some(&row.name);
            table.row([
                Cell::new(Role::Good, if is_current { "*" } else { "" }),
                (&row.name).into(),
                if row.protected { Cell::new(Role::Warn, "refused") } else { "allowed".into() },
                row.endpoints.join(",").into(),
            ]);
        }
        table
    }
}
