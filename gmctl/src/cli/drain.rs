//! `gmctl drain`: asks members to take no new work, or to take work again.

use clap::Args;
use gms::{
    answer::Write,
    api::{MemberAnswer, PatchRequest},
    client::Client,
    id::{GroupId, Incarnation, MemberId, Revision},
};

use crate::{
    cli::{
        batch,
        chosen::{Chosen, Wish, choose},
        complete,
        console::Console,
        near,
    },
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// Ask a member to take no new work, or to take it again
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: write. With -f it asks on a terminal, and needs --yes without one.

A member that is drained stays a member and is pinged as before; its state is draining, which every
watch and every view shows, so that whoever gives out work passes it by. --undo makes it active again.

Examples:
  gmctl drain payments web-1
  gmctl drain payments web-1 --undo
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
                async move { ask(client, write, &group, &id, Some(incarnation), !args.undo).await }
            };
            batch::each(console, chosen, act, |console, entry| console.printer.item(&entry)).await
        }
        (Some(group), Some(id), None) => {
            let write = Write { if_view: args.if_view, ..console.write()? };
            let asked = ask(&client, &write, group, id, args.incarnation, !args.undo).await;
            let entry = match asked {
                Ok(entry) => entry,
                Err(why) => return Err(near::member(&client, group, id, why).await),
            };
            console.printer.page(&entry)?;
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
) -> Result<Entry, Failure> {
    let request = PatchRequest { drain: Some(drain), incarnation, ..PatchRequest::default() };
    let answer = client.patch(group, id, &request, write).await?.value;
    let word = if write.dry_run { "would be" } else { "is" };
    Ok(Entry { answer, group: group.clone(), word })
}

/// An acknowledged drain.
#[derive(serde::Serialize)]
struct Entry {
    #[serde(flatten)]
    answer: MemberAnswer,
    #[serde(skip)]
    group: GroupId,
    #[serde(skip)]
    word: &'static str,
}

impl Page for Entry {
    type Item = MemberAnswer;

    fn items(&self) -> Vec<&MemberAnswer> {
        vec![&self.answer]
    }

    fn names(&self) -> Vec<String> {
        vec![self.answer.member.id.to_string()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("GROUP"),
            Column::new("MEMBER").field("id"),
            Column::new("STATE"),
            Column::new("INCARNATION").right(),
            Column::new("VIEW").right(),
        ]);
        let member = &self.answer.member;
        table.row([
            (&self.group).into(),
            (&member.id).into(),
            member.state.as_str().into(),
            member.incarnation.into(),
            self.answer.view.into(),
        ]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        let MemberAnswer { member, view } = &self.answer;
        format!(
            "{}/{} {} {}: incarnation {}, view {view}\n",
            self.group,
            member.id,
            self.word,
            member.state.as_str(),
            member.incarnation
        )
    }
}
