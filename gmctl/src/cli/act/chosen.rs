//! The members that a filter chooses for an act, by the lives that are seen now: no later ones are
//! touched. What is about to happen is named before the question.

use gms::{
    client::Client,
    id::{GroupId, Incarnation, MemberId, Revision},
};

use crate::{
    cli::{
        base::{console::Console, list::read_filter},
        look::members::{self, Listed},
    },
    error::Failure,
    exit::Exit,
    filter::vocabulary::MEMBERS,
    output::human::count,
};

/// How many of those whom a filter chose are named before the question.
const NAMED_MAX: usize = 10;

/// One life.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// Which life.
    pub incarnation: Incarnation,
}

/// What is to be done with whom.
pub struct Wish<'a> {
    /// The act: `take out`.
    pub act: &'a str,
    /// What the act without a filter would be, for whoever gave an empty one.
    pub whole: &'a str,
    /// Whom it is about.
    pub filter: &'a str,
    /// Only this group.
    pub group: Option<&'a GroupId>,
    /// Only if the group has this view.
    pub if_view: Option<Revision>,
}

/// Everybody who passes, once the act is confirmed; empty if nobody passes, which is said.
pub async fn choose(
    wish: &Wish<'_>,
    client: &Client,
    console: &mut Console,
) -> Result<Vec<(String, Chosen)>, Failure> {
    let filter = read_filter(&MEMBERS, wish.filter)?;
    if filter.is_empty() {
        let what = format!("an empty filter would {} everybody; nothing happened", wish.act);
        return Err(Failure::usage(what).hint(format!("say so: {}", wish.whole)));
    }
    let mut views = members::read(client, wish.group, console).await?;
    if let Some(wanted) = wish.if_view
        && let Some(view) = views.iter().find(|view| view.view != wanted)
    {
        let what = format!("{} has view {}, not {wanted}; nothing happened", view.group, view.view);
        return Err(Failure::new(Exit::Conflict, what)
            .hint("look again with gmctl members, then repeat with its view"));
    }
    let all: usize = views.iter().map(|view| view.members.len()).sum();
    members::select(client, wish.group, &mut views, &filter, false).await?;
    let chosen: Vec<_> = views.into_iter().flat_map(lives).collect();
    if chosen.is_empty() {
        console.printer.note("no member passes the filter; nothing happened");
        return Ok(chosen);
    }
    if !console.globals.yes && !console.globals.dry_run {
        for (name, _) in chosen.iter().take(NAMED_MAX) {
            console.printer.message(&format!("  {name}"));
        }
        let more = chosen.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            console.printer.message(&format!("  and {more} more"));
        }
    }
    let act = format!("{} {} of {all}", wish.act, count(chosen.len(), "member"));
    console.confirm(&act, true).await?;
    Ok(chosen)
}

fn lives(view: Listed) -> impl Iterator<Item = (String, Chosen)> {
    let Listed { group, members, .. } = view;
    members.into_iter().map(move |row| {
        let (id, incarnation) = (row.member.id, row.member.incarnation);
        (format!("{group}/{id}"), Chosen { group: group.clone(), id, incarnation })
    })
}
