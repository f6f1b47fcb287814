//! What can follow in the palette: the names that the cluster has now.

use std::ops::Bound;

use gms::id::{GroupId, MemberId};
use imbl::OrdMap;

use super::{
    app::App,
    rows::{heat::groupings, order::Orders},
    theme::Theme,
};
use crate::action::table::{Action, Row};

/// The names that the last word of an action's argument may become, in order.
pub fn names<'a>(
    app: &'a App,
    row: &Row,
    argument: &'a str,
) -> Box<dyn Iterator<Item = String> + 'a> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let is_begun = !argument.is_empty() && !argument.ends_with(char::is_whitespace);
    let (before, begun) = match words.split_last() {
        Some((last, before)) if is_begun => (before.to_vec(), *last),
        _ => (words, ""),
    };
    let mut wanted = row.argument.split_whitespace();
    let place = wanted.clone().nth(before.len());
    // Of what may be many, the last is wanted again and again.
    let many = || wanted.next_back().filter(|last| last.ends_with("..."));
    let Some(wanted) = place.or_else(many) else {
        return Box::new(std::iter::empty());
    };
    let all = all(app, row, wanted.trim_end_matches("..."), &before, begun);
    Box::new(all.filter(move |name| name.starts_with(begun) && !before.contains(&name.as_str())))
}

/// The text with its last word completed as far as the names agree; to a whole word if there is
/// only one.
pub fn completed(text: &str, names: &[String]) -> Option<String> {
    let first = names.first()?;
    let is_common = |len: &usize| {
        first.get(..*len).is_some_and(|start| names.iter().all(|name| name.starts_with(start)))
    };
    let common = (0..=first.len()).rev().find(is_common).unwrap_or_default();
    let start = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let end = if names.len() == 1 { " " } else { "" };
    Some(format!("{}{}{end}", text.get(..start)?, first.get(..common)?))
}

/// What there is; of members, who may be many, only those that begin so.
fn all<'a>(
    app: &'a App,
    row: &Row,
    wanted: &str,
    before: &[&str],
    begun: &'a str,
) -> Box<dyn Iterator<Item = String> + 'a> {
    let groups = &app.model().groups;
    match wanted {
        "GROUP" => Box::new(groups.keys().map(ToString::to_string)),
        "ID" => {
            let group = before.first().and_then(|name| groups.get(&name.parse::<GroupId>().ok()?));
            // Who is just gone is whom most questions are about.
            let gone = group.filter(|_| row.action == Action::Why).map(|group| &group.gone);
            let is_gone = move |id: &&MemberId| gone.is_some_and(|gone| gone.contains_key(*id));
            let ghosts = gone.into_iter().flat_map(move |gone| beginning(gone, begun));
            let members = group.into_iter().flat_map(move |group| beginning(&group.members, begun));
            Box::new(ghosts.chain(members.filter(move |id| !is_gone(id))).map(ToString::to_string))
        }
        "NODE" => Box::new(app.model().nodes.keys().map(ToString::to_string)),
        "COLUMN" => {
            let choices = app.sorted_table().map(Orders::choices).unwrap_or_default();
            Box::new(choices.into_iter().map(|column| column.word.to_owned()))
        }
        "TAG" => Box::new(groupings(app.model()).into_iter().map(|one| one.as_str().to_owned())),
        "NAME" => Box::new(Theme::ALL.iter().map(|theme| theme.as_str().to_owned())),
        _ => Box::new(std::iter::empty()),
    }
}

/// The keys that begin so, without a look at the others.
fn beginning<'a, V: Clone>(
    map: &'a OrdMap<MemberId, V>,
    begun: &'a str,
) -> impl Iterator<Item = &'a MemberId> {
    let from = begun.parse().map_or(Bound::Unbounded, Bound::<MemberId>::Included);
    let keys = map.range((from, Bound::Unbounded)).map(|(id, _)| id);
    keys.take_while(move |id| id.as_str().starts_with(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_those_that_begin_so_are_found_and_all_of_them() {
        let all: OrdMap<MemberId, ()> =
            (0..400).map(|n| (format!("m-{n:04}").parse().unwrap(), ())).collect();
        let names = |begun| beginning(&all, begun).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("m-03").len(), 100);
        assert_eq!(names("").len(), 400);
        assert_eq!(names("n"), Vec::<String>::new());
        assert_eq!(completed("leave g m", &names("m")).as_deref(), Some("leave g m-0"));
    }

    #[test]
    fn a_word_grows_as_far_as_the_names_agree() {
        for (text, names, expected) in [
            ("leave pay", &["payments"][..], Some("leave payments ")),
            ("leave payments m-", &["m-0001", "m-0002"], Some("leave payments m-000")),
            ("leave payments ", &["a", "b"], Some("leave payments ")),
            ("hold \u{e9}", &["\u{e9}a", "\u{e8}b"], Some("hold ")),
            ("hold x", &[], None),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(completed(text, &names).as_deref(), expected, "{text}");
        }
    }
}
