//! `gmctl help [TOPIC]`: the exit codes, the environment, the filters, the formats, the keys of the
//! dashboard, or a verb's own help.

use clap::{Args, Command};
use serde::Serialize;

use crate::{
    action::{key::spaced, keymap::Keymap, table},
    cli::base::console::Console,
    error::Failure,
    exit,
    exit::Exit,
    filter::vocabulary::{EVENTS, GROUPS, MEMBERS, NODES, TIMELINE, Unit, Vocabulary},
    output::{
        page::{Document, Page},
        style::Style,
        table::{Column, Table},
    },
};

/// Help on a verb or a topic: exit-codes, environment, filters, formats, keys
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local

Examples:
  gmctl help exit-codes
  gmctl help environment
  gmctl help filters
  gmctl help formats
  gmctl help keys
  gmctl help hold set")]
pub struct HelpArgs {
    /// exit-codes, environment, filters, formats, keys, or the words of a verb
    topic: Vec<String>,
}

/// The topics that are no verb.
pub const TOPICS: &[&str] = &["exit-codes", "environment", "filters", "formats", "keys"];

/// Every variable that gmctl reads.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("GMS_ENDPOINTS", "nodes, as --endpoint"),
    ("GMS_CONTEXT", "the context to use, as --context"),
    ("GMS_CONFIG", "the configuration file, as --config"),
    ("GMS_OUTPUT", "how data is printed, as --output"),
    ("GMS_TIME", "how times of day are written, as --time"),
    ("GMS_CONSISTENCY", "how fresh reads must be, as --consistency"),
    ("GMS_TIMEOUT", "the time for a call, as --timeout"),
    ("GMS_CONNECT_TIMEOUT", "the time for a connection, as --connect-timeout"),
    ("GMS_COMPLETE_TIMEOUT", "the time for a completion in the shell [default: 300ms]"),
    ("GMS_COLOR", "whether to colour, as --color"),
    ("GMS_ASCII", "1: ASCII only, as --ascii"),
    ("GMS_READONLY", "1: refuse every write, as --readonly"),
    ("GMCTL_SCREEN", "the screen that the dashboard opens, as tui --screen"),
    ("GMCTL_FPS", "the frames of the dashboard a second, as tui --fps"),
    ("GMCTL_HISTORY", "how far one can go back in the dashboard, as tui --history"),
    ("GMCTL_READ_ONLY", "true: no writes from the dashboard, as tui --read-only"),
    ("NO_COLOR", "if not empty: no colour"),
    ("CLICOLOR_FORCE", "if set and not 0: colour in pipes too"),
    ("TERM", "dumb: no colour, and gmctl alone is gmctl status"),
    ("COMPLETE", "a shell's name: gmctl prints what completes there, and does nothing else"),
];

/// What the table of fields does not say about filters.
const FILTERS: &str = "\
Words side by side must all hold, | is or, - before a test is not, parentheses group:

  state:suspect rack:r7 age>5s -tag:canary
  (state:late | misses>0) id~^web- \"free text\"

FIELD:VALUE or FIELD=VALUE is the same text; FIELD!=VALUE is another; FIELD~TEXT contains it, and ^ and $
tie it to an end. Numbers and times also compare with > >= < <=; a time is 5s, 50ms, 300us or 2m. A word
alone is looked for in the names, addresses and tags, upper and lower case alike. Of members a name that
is no field is a tag (rack:r7), and tag:KEY holds for those that carry the tag. What is not known compares
as false.
";

/// The formats.
const FORMATS: &str = "\
table   for people: columns that fit the terminal; in a pipe nothing is cut and nothing coloured
wide    the same with every column
json    the body of the API's answer, under the API's own names: ids of members and groups are texts,
        revisions, terms and node numbers are numbers, as on the wire
jsonl   one item of it a line; for what has no end (watch) json is the same
yaml    the body as YAML
csv     every column, named as in the API, with exact figures; times of day in UTC
name    ids only, one a line, as they stand in the table

--columns a,b picks columns by their CSV names or their heads, for table, wide and csv. --no-headers leaves
the heads out. --time writes the times of tables as utc, local or rel. Fields and columns are only ever
added. Errors are on stderr: three lines, or one JSON object with -o json or jsonl.
";

/// Prints the topic.
pub fn run(args: &HelpArgs, tree: Command, console: &mut Console) -> Result<Exit, Failure> {
    let topic: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    match topic.as_slice() {
        ["exit-codes"] => console.printer.page(&exit_codes())?,
        ["environment"] => console.printer.page(&environment())?,
        ["filters"] => console.printer.page(&filters())?,
        ["formats"] => {
            let document = Document { name: "formats".to_owned(), text: FORMATS.to_owned() };
            console.printer.page(&document)?;
        }
        ["keys"] => console.printer.page(&keys(&console.keys()?))?,
        words => of_verb(words, tree, console)?,
    }
    Ok(Exit::Ok)
}

fn of_verb(words: &[&str], tree: Command, console: &mut Console) -> Result<(), Failure> {
    let mut command = tree;
    command.build();
    for word in words {
        command = command
            .find_subcommand(word)
            .cloned()
            .filter(|found| !found.is_hide_set())
            .ok_or_else(|| {
                Failure::usage(format!("there is no help on {word:?}"))
                    .hint(format!("gmctl help lists the verbs; topics: {}", TOPICS.join(", ")))
            })?;
    }
    let text = command.render_long_help();
    let text =
        if console.printer.style().colored { text.ansi().to_string() } else { text.to_string() };
    console.printer.page(&Document { name: words.join(" "), text })
}

/// A topic that is a list of names and what they mean.
#[derive(Serialize)]
struct Topic {
    #[serde(rename = "topic")]
    name: &'static str,
    rows: Vec<Row>,
    #[serde(skip)]
    heads: [&'static str; 3],
    /// What stands before the list and after it.
    #[serde(skip)]
    around: [&'static str; 2],
}

#[derive(Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    name: String,
    meaning: String,
}

fn exit_codes() -> Topic {
    let row = |row: &exit::Row| Row {
        code: Some(row.code.to_owned()),
        name: row.name.to_owned(),
        meaning: row.meaning.to_owned(),
    };
    Topic {
        name: "exit-codes",
        rows: exit::TABLE.iter().map(row).collect(),
        heads: ["CODE", "NAME", "MEANING"],
        around: ["", exit::EXCEPTIONS],
    }
}

fn plain(name: impl Into<String>, meaning: impl Into<String>) -> Row {
    Row { code: None, name: name.into(), meaning: meaning.into() }
}

fn environment() -> Topic {
    Topic {
        name: "environment",
        rows: ENVIRONMENT.iter().map(|(name, meaning)| plain(*name, *meaning)).collect(),
        heads: ["", "VARIABLE", "MEANING"],
        around: ["", ""],
    }
}

fn filters() -> Topic {
    let fields = |vocabulary: &Vocabulary| -> Vec<Row> {
        let texts = vocabulary.texts.iter().map(|text| {
            let meaning = match text.words {
                [] => "a text".to_owned(),
                words => words.join(" "),
            };
            (text.name, meaning)
        });
        let numbers = vocabulary.numbers.iter().map(|number| {
            let meaning = match number.unit {
                Unit::Count => "a number",
                Unit::Time => "a length of time",
            };
            (number.name, meaning.to_owned())
        });
        texts
            .chain(numbers)
            .map(|(name, meaning)| plain(format!("{} {name}", vocabulary.subject), meaning))
            .collect()
    };
    Topic {
        name: "filters",
        rows: [&MEMBERS, &GROUPS, &NODES, &EVENTS, &TIMELINE]
            .into_iter()
            .flat_map(fields)
            .collect(),
        heads: ["", "FIELD", "VALUES"],
        around: [FILTERS, ""],
    }
}

fn keys(keymap: &Keymap) -> Topic {
    let rows = table::ROWS.iter().map(|row| {
        let bound = keymap.bindings().iter().filter(|one| one.action == row.action);
        let keys: Vec<String> = bound
            .map(|one| {
                let only = one.screen.map(|screen| format!(" ({screen})")).unwrap_or_default();
                spaced(&one.keys) + &only
            })
            .collect();
        plain(keys.join(", "), row.help)
    });
    Topic {
        name: "keys",
        rows: rows.filter(|row| !row.name.is_empty()).collect(),
        heads: ["", "KEYS", "DOES"],
        around: ["", ""],
    }
}

impl Page for Topic {
    type Item = Row;

    fn items(&self) -> Vec<&Row> {
        self.rows.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.name.clone()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let [code, name, meaning] = self.heads;
        let mut table = if code.is_empty() {
            Table::new(&[Column::new(name), Column::new(meaning)])
        } else {
            Table::new(&[Column::new(code).right(), Column::new(name), Column::new(meaning)])
        };
        for row in &self.rows {
            let code = row.code.iter().map(Into::into);
            table.push(code.chain([(&row.name).into(), (&row.meaning).into()]).collect());
        }
        table
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let parts = [
            self.around[0].to_owned(),
            self.table(style).draw(wide, style),
            self.around[1].to_owned(),
        ];
        let parts: Vec<&str> =
            parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
        parts.join("\n\n") + "\n"
    }
}
