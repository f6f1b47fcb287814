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
    cli::{
        act::{
            acknowledged::{Acknowledged, Told},
            batch,
            chosen::{Chosen, Wish, choose},
        },
        base::{complete, console::Console, near, target::Target},
    },
    error::Failure,
    exit::Exit,
};

/// Take a member out, or many: those of a filter, or from stdin
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: destructive. Asks on a terminal; without one a single leave is done as written, and leave -
and leave -f need --yes.

With -f every member that passes the filter is taken out, of the group or without one of all groups:
those lives that were seen and no later ones. --dry-run shows whom it would be.

With - each line of stdin is an object: {\"group\", \"id\"} and, if you like, \"incarnation\" and
\"reason\". Lines take effect in any order; a failed line is named on stderr, and the exit code is 9
if others took effect.

Examples:
  gmctl leave payments web-1
  gmctl leave payments web-1 --incarnation 42 --yes
  gmctl leave payments web-1 --reason 'broken disk'
  gmctl leave payments -f 'state:suspect rack:r7' --dry-run
  gmctl leave -f 'zone:a' --reason 'zone a is drained' --yes
  gmctl leave - --yes")]
pub struct LeaveArgs {
    /// The group, or - to read lines of JSON from stdin
    #[arg(value_name = "GROUP", add = complete::groups())]
    target: Option<Target>,
    /// The member
    #[arg(value_name = "ID", add = complete::members())]
    id: Option<MemberId>,
    /// Every member that passes; gmctl help filters tells how
    #[arg(short, long, value_name = "FILTER", allow_hyphen_values = true, conflicts_with_all = ["id", "incarnation"])]
    filter: Option<String>,
    /// Only this life of it; the present one when absent
    #[arg(long, value_name = "N")]
    incarnation: Option<Incarnation>,
    /// Why, for whoever looks next; that it was by gmctl leave when absent
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if the group still has this view
    #[arg(long, value_name = "REVISION")]
    if_view: Option<Revision>,
}

/// What is told where no reason was given: it was not the member itself that left.
const REASON: &str = "by gmctl leave";

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
    let usage = |what: &str| Failure::usage(what).hint("gmctl leave payments web-1");
    match (&args.target, &args.id) {
        (target, None) if args.filter.is_some() => {
            let group = match target {
                Some(Target::Group(group)) => Some(group),
                Some(Target::Stdin) => return Err(usage("leave - takes no filter")),
                None => None,
            };
            of_filter(args, group, &client, console).await
        }
        (Some(Target::Group(group)), Some(id)) => {
            let write = Write { if_view: args.if_view, ..console.write()? };
            console.confirm(&format!("take {id} out of {group}"), false).await?;
            let departure = Departure {
                incarnation: args.incarnation,
                reason: Some(args.reason.clone().unwrap_or_else(|| REASON.to_owned())),
                exit: None,
            };
            let left = match client.leave(group, id, &departure, &write).await {
                Ok(answer) => console.take(answer),
                Err(why) => return Err(near::member(&client, group, id, why.into()).await),
            };
            console.printer.page(&acknowledged(left, &write))?;
            Ok(Exit::Ok)
        }
        (Some(Target::Stdin), None) => {
            let write = Write { if_view: args.if_view, ..console.writes()? };
            // stdin is the list, so there is nobody to ask even on a terminal.
            console.terminal.stdin = false;
            console.confirm("take out every member that stdin names", true).await?;
            let act = |line| one(&client, &write, line);
            batch::run(console, act, |console, gone| console.printer.item(&gone)).await
        }
        (Some(Target::Stdin), Some(_)) => Err(usage("leave - reads everything from stdin")),
        _ => Err(usage("leave needs GROUP ID, or [GROUP] -f FILTER, or -")),
    }
}

/// Everybody who passes, by the lives that are seen now.
async fn of_filter(
    args: &LeaveArgs,
    group: Option<&GroupId>,
    client: &Client,
    console: &mut Console,
) -> Result<Exit, Failure> {
    // Each leave is a new view, so the fence holds for the view that is read, not for each of them.
    let write = console.writes()?;
    let wish = Wish {
        act: "take out",
        whole: "gmctl leave payments -f 'incarnation>0'",
        filter: args.filter.as_deref().unwrap_or_default(),
        group,
        if_view: args.if_view,
    };
    let doomed = choose(&wish, client, console).await?;
    let act = |Chosen { group, id, incarnation }| {
        let reason = args.reason.clone();
        take_out(client, &write, Line { group, id, incarnation: Some(incarnation), reason })
    };
    batch::each(console, doomed, act, |console, gone| console.printer.item(&gone)).await
}

async fn one(
    client: &Client,
    write: &Write,
    line: Map<String, Value>,
) -> Result<Acknowledged<LeftAnswer>, Failure> {
    let line: Line = serde_json::from_value(Value::Object(line))
        .map_err(|why| Failure::usage(format!("no leave: {why}")))?;
    let name = format!("{}/{}", line.group, line.id);
    take_out(client, write, line)
        .await
        .map_err(|failure| Failure { what: format!("{name}: {}", failure.what), ..failure })
}

async fn take_out(
    client: &Client,
    write: &Write,
    line: Line,
) -> Result<Acknowledged<LeftAnswer>, Failure> {
    let reason = Some(line.reason.unwrap_or_else(|| REASON.to_owned()));
    let departure = Departure { incarnation: line.incarnation, reason, exit: None };
    let answer = client.leave(&line.group, &line.id, &departure, write).await?;
    Ok(acknowledged(answer.value, write))
}

fn acknowledged(left: LeftAnswer, write: &Write) -> Acknowledged<LeftAnswer> {
    let word = if write.dry_run { "would leave" } else { "left" };
    let told = Told {
        group: left.group.clone(),
        id: left.id.clone(),
        incarnation: left.incarnation,
        view: left.view,
        result: ("RESULT", word),
        sentence: word.to_owned(),
        more: Vec::new(),
        wide: String::new(),
    };
    Acknowledged { answer: left, told }
}
