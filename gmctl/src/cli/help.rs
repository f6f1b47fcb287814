//! `gmctl help [TOPIC]`: the exit codes, the environment, or a verb's own help.

use clap::{Args, Command};
use serde::Serialize;

use crate::{
    cli::console::Console,
    error::Failure,
    exit::{self, Exit},
    output::{
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// Help on a verb or a topic: exit-codes, environment
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local

Examples:
  gmctl help exit-codes
  gmctl help environment
  gmctl help hold set")]
pub struct HelpArgs {
    /// exit-codes, environment, or the words of a verb
    topic: Vec<String>,
}

/// Every variable that gmctl reads.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("GMS_ENDPOINTS", "nodes, as --endpoint"),
    ("GMS_CONTEXT", "the context to use, as --context"),
    ("GMS_CONFIG", "the file of contexts, as --config"),
    ("GMS_TIMEOUT", "the time for a call, as --timeout"),
    ("NO_COLOR", "if not empty: no colour"),
    ("CLICOLOR_FORCE", "if set and not 0: colour in pipes too"),
    ("TERM", "dumb: no colour"),
];

/// Prints the topic.
pub fn run(args: &HelpArgs, tree: Command, console: &mut Console) -> Result<Exit, Failure> {
    let topic: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    match topic.as_slice() {
        ["exit-codes"] => console.printer.page(&Codes::all())?,
        ["environment"] => console.printer.page(&Variables::all())?,
        words => {
            let mut command = tree;
            command.build();
            for word in words {
                command = command
                    .find_subcommand(word)
                    .cloned()
                    .filter(|found| !found.is_hide_set())
                    .ok_or_else(|| {
                        Failure::usage(format!("there is no help on {word:?}"))
                            .hint("gmctl help lists the verbs; topics: exit-codes, environment")
                    })?;
            }
            let text = command.render_long_help();
            let text = if console.printer.style().colored {
                text.ansi().to_string()
            } else {
                text.to_string()
            };
            console.printer.data(&text)?;
        }
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Codes {
    exit_codes: Vec<ExitCode>,
}

#[derive(Serialize)]
struct ExitCode {
    code: &'static str,
    name: &'static str,
    meaning: &'static str,
}

impl Codes {
    fn all() -> Self {
        let code =
            |row: &exit::Row| ExitCode { code: row.code, name: row.name, meaning: row.meaning };
        Self { exit_codes: exit::TABLE.iter().map(code).collect() }
    }
}

impl Page for Codes {
    type Item = ExitCode;

    fn items(&self) -> Vec<&ExitCode> {
        self.exit_codes.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.exit_codes.iter().map(|code| code.name.to_owned()).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table =
            Table::new(&[Column::new("CODE").right(), Column::new("NAME"), Column::new("MEANING")]);
        for code in &self.exit_codes {
            table.row([code.code.into(), code.name.into(), code.meaning.into()]);
        }
        format!("{}\n{}\n", table.draw(wide, style), exit::EXCEPTIONS)
    }
}

#[derive(Serialize)]
struct Variables {
    environment: Vec<Variable>,
}

#[derive(Serialize)]
struct Variable {
    name: &'static str,
    meaning: &'static str,
}

impl Variables {
    fn all() -> Self {
        let environment =
            ENVIRONMENT.iter().map(|(name, meaning)| Variable { name, meaning }).collect();
        Self { environment }
    }
}

impl Page for Variables {
    type Item = Variable;

    fn items(&self) -> Vec<&Variable> {
        self.environment.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        let names = self.environment.iter().map(|v| v.name.to_owned());
        names.collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&[Column::new("VARIABLE"), Column::new("MEANING")]);
        for variable in &self.environment {
            table.row([variable.name.into(), variable.meaning.into()]);
        }
        table.draw(wide, style)
    }
}
