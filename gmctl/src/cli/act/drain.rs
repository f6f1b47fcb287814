//! `gmctl drain`: asks members to take no new work, or to take work again.

use clap::Args;
use gms::{
    answer::{Answer, Write},
    api::{MemberAnswer, PatchRequest},
    client::Client,
    id::{GroupId, Incarnation, MemberId, Revision},
};

use crate::{
    cli::{
        act::{
            acknowledged::{Acknowledged, Told},
            awaited::WaitTime,
            batch,
            chosen::{Chosen, Wish, choose},
        },
        base::{complete, console::Console, near},
    },
    error::Failure,
    exit::Exit,
};

/// Ask a member to take no new work, or to take it again
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: write. With -f it asks on a terminal, and needs --yes without one.

A member that is drained stays a member and is pinged as before; its state is draining, which every
watch and every view shows, so that whoever gives out work passes it by. --undo makes it active again.
--wait returns when this life has left, which a program does when its last work is done.

Examples:
  gmctl drain payments web-1
  gmctl drain payments web-1 --undo
  gmctl drain payments web-1 --wait --wait-timeout 10m
  gmctl drain payments -f 'zone:a' --dry-run
  gmctl drain -f 'zone:a' --yes")]
pub struct DrainArgs {
    /// The group; with -f all groups when absent
    #[arg(add = complete::groups())]
    group: Option<GroupId>,
    /// The member
    #[arg(add = complete::members())]
    id: Option<MemberId>,
    /// Every member that passes; gmctl help filters tells how
    #[arg(short, long, value_name = "FILTER", allow_hyphen_values = true, conflicts_with_all = ["id", "incarnation"])]
    filter: Option<String>,
    /// Let it take work again
    #[arg(long)]
    undo: bool,
    /// Return when it has left; not with -f
    #[arg(long, conflicts_with_all = ["undo", "filter"])]
    wait: bool,
    /// How long.
    #[command(flatten)]
    wait_time: WaitTime,
    /// Only this life of it; the present one when absent
    #[arg(long, value_name = "N")]
    incarnation: Option<Incarnation>,
    /// Only if the group still has this view
    #[arg(long, value_name = "REVISION")]
    if_view: Option<Revision>,
}

/// Asks one member, or many.
pub async fn run(args: &DrainArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    match (&args.group, &args.id, &args.filter) {
        (group, None, Some(filter)) => {
            // Each is a new view, so the fence holds for the view that is read.
            let write = console.writes()?;
            let wish = Wish {
                act: if args.undo { "let work again" } else { "drain" },
                whole: "gmctl drain payments -f 'incarnation>0'",
                filter,
                group: group.as_ref(),
                if_view: args.if_view,
            };
            let chosen = choose(&wish, &client, console).await?;
            let act = |Chosen { group, id, incarnation }| {
                let (client, write) = (&client, &write);
                async move {
                    let life = Some(incarnation);
                    let answer = ask(client, write, &group, &id, life, !args.undo).await?;
                    Ok(acknowledged(&group, answer.value, write))
                }
            };
            batch::each(console, chosen, act, |console, done| console.printer.item(&done)).await
        }
        (Some(group), Some(id), None) => {
            let write = Write { if_view: args.if_view, ..console.write()? };
            let asked = ask(&client, &write, group, id, args.incarnation, !args.undo).await;
            let answer = match asked {
                Ok(answer) => console.take(answer),
                Err(why) => return Err(near::member(&client, group, id, why).await),
            };
            let life = answer.member.incarnation;
            console.printer.page(&acknowledged(group, answer, &write))?;
            if args.wait && !write.dry_run {
                args.wait_time.until_it_left(&client, group, id, life).await?;
            }
            Ok(Exit::Ok)
        }
        _ => Err(Failure::usage("drain needs GROUP ID, or [GROUP] -f FILTER")
            .hint("gmctl drain payments web-1")),
    }
}

async fn ask(
    client: &Client,
    write: &Write,
    group: &GroupId,
    id: &MemberId,
    incarnation: Option<Incarnation>,
    drain: bool,
) -> Result<Answer<MemberAnswer>, Failure> {
    let request = PatchRequest { drain: Some(drain), incarnation, ..PatchRequest::default() };
    Ok(client.patch(group, id, &request, write).await?)
}

fn acknowledged(
    group: &GroupId,
    answer: MemberAnswer,
    write: &Write,
) -> Acknowledged<MemberAnswer> {
    let member = &answer.member;
    let state = member.state.as_str();
    let told = Told {
        group: group.clone(),
        id: member.id.clone(),
        incarnation: member.incarnation,
        view: answer.view,
        result: ("STATE", state),
        sentence: format!("{} {state}", if write.dry_run { "would be" } else { "is" }),
        more: Vec::new(),
        wide: String::new(),
    };
    Acknowledged { answer, told }
}
