//! `gmctl leave`: takes members out.

use clap::Args;
use gms::{
    answer::Write,
    api::LeftAnswer,
    calls::Departure,
    client::Client,
    id::{GroupId, Incarnation, MemberId, Revision},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    cli::{batch, console::Console, target::Target},
    error::Failure,
    exit::Exit,
    output::{page::Page, style::Style},
};

/// Take a member out, or many from stdin
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: destructive. Asks on a terminal; without one a single leave is done as written, and leave -
needs --yes.

With - each line of stdin is an object: {\"group\", \"id\"} and, if you like, \"incarnation\" and
\"reason\". Lines take effect in any order; a failed line is named on stderr, and the exit code is 9
if others took effect.

Examples:
  gmctl leave payments web-1
  gmctl leave payments web-1 --incarnation 42 --yes
  gmctl leave payments web-1 --reason 'broken disk'
  gmctl leave - --yes")]
pub struct LeaveArgs {
    /// The group, or - to read lines of JSON from stdin
    #[arg(value_name = "GROUP")]
    target: Target,
    /// The member
    #[arg(value_name = "ID")]
    id: Option<MemberId>,
    /// Only this life of it; the present one when absent
    #[arg(long, value_name = "N")]
    incarnation: Option<Incarnation>,
    /// Why, for whoever looks next
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if the group still has this view
    #[arg(long, value_name = "REVISION")]
    if_view: Option<Revision>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    group: GroupId,
    id: MemberId,
    incarnation: Option<Incarnation>,
    reason: Option<String>,
}

/// Takes one member out, or many.
pub async fn run(args: &LeaveArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    let write = Write { if_view: args.if_view, ..console.write() };
    match (&args.target, &args.id) {
        (Target::Group(group), Some(id)) => {
            console.confirm(&format!("take {id} out of {group}"), false).await?;
            let departure = Departure {
                incarnation: args.incarnation,
                reason: args.reason.clone(),
                exit: None,
            };
            let answer = client.leave(group, id, &departure, &write).await?;
            console.printer.page(&Gone::new(answer.value, &write))?;
            Ok(Exit::Ok)
        }
        (Target::Stdin, None) => {
            // stdin is the list, so there is nobody to ask even on a terminal.
            console.terminal.stdin = false;
            console.confirm("take out every member that stdin names", true).await?;
            let act = |line| one(&client, &write, line);
            batch::run(console, act, |console, gone| gone.print(console)).await
        }
        (Target::Stdin, Some(_)) => Err(Failure::usage("leave - reads everything from stdin")),
        (Target::Group(_), None) => {
            Err(Failure::usage("leave needs GROUP ID, or -").hint("gmctl leave payments web-1"))
        }
    }
}

async fn one(client: &Client, write: &Write, line: Map<String, Value>) -> Result<Gone, Failure> {
    let line: Line = serde_json::from_value(Value::Object(line))
        .map_err(|why| Failure::usage(format!("no leave: {why}")))?;
    let departure = Departure { incarnation: line.incarnation, reason: line.reason, exit: None };
    match client.leave(&line.group, &line.id, &departure, write).await {
        Ok(answer) => Ok(Gone::new(answer.value, write)),
        Err(why) => {
            let failure = Failure::from(why);
            Err(Failure {
                what: format!("{}/{}: {}", line.group, line.id, failure.what),
                ..failure
            })
        }
    }
}

/// An acknowledged leave.
#[derive(serde::Serialize)]
struct Gone {
    #[serde(flatten)]
    left: LeftAnswer,
    #[serde(skip)]
    word: &'static str,
}

impl Gone {
    fn new(left: LeftAnswer, write: &Write) -> Self {
        let word = if write.dry_run { "would leave" } else { "left" };
        Self { left, word }
    }

    fn print(&self, console: &mut Console) -> Result<(), Failure> {
        console.printer.item(&self.left, &self.names(), |wide, style| self.text(wide, style))
    }
}

impl Page for Gone {
    type Item = LeftAnswer;

    fn items(&self) -> Vec<&LeftAnswer> {
        vec![&self.left]
    }

    fn names(&self) -> Vec<String> {
        vec![self.left.id.to_string()]
    }

    fn text(&self, _: bool, _: &Style) -> String {
        let left = &self.left;
        format!(
            "{}/{} {}: incarnation {}, view {}\n",
            left.group, left.id, self.word, left.incarnation, left.view
        )
    }
}
