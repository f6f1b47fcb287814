//! `gmctl join`: lets members in. Joining again is a retry and changes nothing.

use clap::Args;
use gms::{
    address::Address,
    answer::{Answer, Write},
    api::{JoinRequest, Joined},
    client::Client,
    id::{GroupId, MemberId, Revision},
    liveness::{Kind, Liveness},
    span::Span,
    view::Tags,
};
use serde_json::{Map, Value};

use crate::{
    cli::{
        act::{
            acknowledged::{Acknowledged, Told},
            awaited::WaitTime,
            batch,
        },
        base::{complete, console::Console, target::Target},
    },
    error::Failure,
    exit::Exit,
    output::table::Column,
};

/// Let a member in, or many from stdin
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: write; with --replace destructive (asks on a terminal)

With - each line of stdin is an object: {\"group\", \"id\", \"address\"} and, if you like, \"liveness\",
\"tags\", \"hold\", \"instance\", \"key\", \"replace\", as in the API. Lines take effect in any order; each
answer is a line; a failed line is named on stderr, and the exit code is 9 if others took effect.

Examples:
  gmctl join payments web-1 10.0.0.7:8080
  gmctl join payments web-2 http://10.0.0.8:8080 --tag zone=a --tag role=web --liveness http
  gmctl join payments web-3 10.0.0.9:8080 --wait --wait-timeout 20s
  gmctl join payments db-1 10.0.0.9:5432 --hold 30s --dry-run
  gmctl join - -o jsonl")]
pub struct JoinArgs {
    /// The group, or - to read lines of JSON from stdin
    #[arg(value_name = "GROUP", add = complete::groups())]
    target: Target,
    /// The member's name
    #[arg(value_name = "ID")]
    id: Option<MemberId>,
    /// Where it is reached: host:port or http://host:port/path
    #[arg(value_name = "ADDRESS")]
    address: Option<Address>,
    /// A fact about it; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    tags: Vec<(String, String)>,
    /// How it is watched: tcp, http, udp, stream, or an object as in the API [default: tcp]
    #[arg(long, value_name = "KIND|JSON", value_parser = parse_liveness)]
    liveness: Option<Liveness>,
    /// Keep its place in the view for this long if its process dies: a static member
    #[arg(long, value_name = "TIME")]
    hold: Option<Span>,
    /// A text unique to this life, so that a restart is told from a retry
    #[arg(long, value_name = "TEXT")]
    instance: Option<String>,
    /// Take the place of a life that still answers
    #[arg(long)]
    replace: bool,
    /// Return when it answers its pings; not with -
    #[arg(long)]
    wait: bool,
    /// How long.
    #[command(flatten)]
    wait_time: WaitTime,
    /// Only if the group still has this view
    #[arg(long, value_name = "REVISION")]
    if_view: Option<Revision>,
}

/// Reads `key=value`.
pub fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// Reads a kind, or an object.
pub fn parse_liveness(text: &str) -> Result<Liveness, String> {
    let liveness: Liveness = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|why| why.to_string())?
    } else {
        let kinds = [Kind::Udp, Kind::Stream, Kind::Http, Kind::Tcp];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == text);
        Liveness::of(
            kind.ok_or("give tcp, http, udp, stream or an object like {\"kind\":\"tcp\"}")?,
        )
    };
    liveness.check()?;
    Ok(liveness)
}

/// Reads tags, each key once.
pub fn tags_of(pairs: &[(String, String)]) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if tags.insert(key.clone(), value.clone()).is_some() {
            return Err(Failure::usage(format!("tag {key:?} is given twice")));
        }
    }
    Ok(tags)
}

/// Lets one member in, or many.
pub async fn run(args: &JoinArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    match (&args.target, &args.id, &args.address) {
        (Target::Group(group), Some(id), Some(address)) => {
            let write = Write { if_view: args.if_view, ..console.write()? };
            let request = JoinRequest {
                id: id.clone(),
                address: address.clone(),
                liveness: args.liveness.clone(),
                tags: tags_of(&args.tags)?,
                hold: args.hold,
                instance: args.instance.clone(),
                key: None,
                replace: args.replace,
            };
            if args.replace {
                let act = format!("replace {group}/{id} although it still answers");
                console.confirm(&act, false).await?;
            }
            let answer = client.join(group, &request, &write).await?;
            console.tell(&answer.meta);
            let life = answer.value.member.incarnation;
            console.printer.page(&acknowledged(&client, group, answer, &write).await)?;
            if args.wait && !write.dry_run {
                args.wait_time.until_it_answers(&client, group, id, life).await?;
            }
            Ok(Exit::Ok)
        }
        (Target::Stdin, ..) if args.wait => Err(Failure::usage("--wait is for a single join")),
        (Target::Stdin, None, None) => {
            let write = Write { if_view: args.if_view, ..console.writes()? };
            let act = |line| one(&client, &write, line);
            batch::run(console, act, |console, entry| console.printer.item(&entry)).await
        }
        (Target::Stdin, ..) => Err(Failure::usage("join - reads everything from stdin")),
        (Target::Group(_), ..) => Err(Failure::usage("join needs GROUP ID ADDRESS, or -")
            .hint("gmctl join payments web-1 10.0.0.7:8080")),
    }
}

async fn one(
    client: &Client,
    write: &Write,
    mut line: Map<String, Value>,
) -> Result<Acknowledged<Joined>, Failure> {
    let group: GroupId = batch::take(&mut line, "group").map_err(Failure::usage)?;
    let request: JoinRequest = serde_json::from_value(Value::Object(line))
        .map_err(|why| Failure::usage(format!("no join: {why}")))?;
    let name = format!("{group}/{}", request.id);
    match client.join(&group, &request, write).await {
        Ok(answer) => Ok(acknowledged(client, &group, answer, write).await),
        Err(why) => {
            let failure = Failure::from(why);
            Err(Failure { what: format!("{name}: {}", failure.what), ..failure })
        }
    }
}

/// What became of a join, as it is told.
async fn acknowledged(
    client: &Client,
    group: &GroupId,
    answer: Answer<Joined>,
    write: &Write,
) -> Acknowledged<Joined> {
    let word = if write.dry_run {
        // A dry run creates nothing, so its status tells nothing; the life it answers with does.
        let present = client.member(group, &answer.value.member.id).await.ok();
        let life = present.map(|answer| answer.value.member.incarnation);
        if life == Some(answer.value.member.incarnation) { "is in already" } else { "would be in" }
    } else if answer.is_new_life() {
        "joined"
    } else {
        "was in already"
    };
    let Joined { member, view, key } = &answer.value;
    let told = Told {
        group: group.clone(),
        id: member.id.clone(),
        incarnation: member.incarnation,
        view: *view,
        result: ("RESULT", word),
        sentence: word.to_owned(),
        more: vec![
            (Column::new("ADDRESS"), (&member.address).into()),
            (Column::new("KEY").wide(), key.into()),
        ],
        wide: format!(", key {key}"),
    };
    Acknowledged { answer: answer.value, told }
}
