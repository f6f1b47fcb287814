//! What can follow in the palette: the names that the cluster has now.

use std::collections::BTreeSet;

use gms::id::{GroupId, MemberId};

use super::{
    app::App,
    rows::{heat::groupings, order::Orders},
    theme::Theme,
};
use crate::action::table::{Action, Row};

/// The most names proposed.
const NAMES_MAX: usize = 50;

/// The names that the last word of an action's argument may become, in order.
pub fn names(app: &App, row: &Row, argument: &str) -> Vec<String> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let is_begun = !argument.is_empty() && !argument.ends_with(char::is_whitespace);
    let (before, begun) = match words.split_last() {
        Some((last, before)) if is_begun => (before, *last),
        _ => (words.as_slice(), ""),
    };
    let mut wanted = row.argument.split_whitespace();
    let place = wanted.clone().nth(before.len());
    // Of what may be many, the last is wanted again and again.
    let many = || wanted.next_back().filter(|last| last.ends_with("..."));
    let Some(wanted) = place.or_else(many) else {
        return Vec::new();
    };
    let mut names = all(app, row, wanted.trim_end_matches("..."), before);
    names.retain(|name| name.starts_with(begun) && !before.contains(&name.as_str()));
    names.truncate(NAMES_MAX);
    names
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

fn all(app: &App, row: &Row, wanted: &str, before: &[&str]) -> Vec<String> {
    let groups = &app.model().groups;
    match wanted {
        "GROUP" => groups.keys().map(ToString::to_string).collect(),
        "ID" => {
            let group = before.first().and_then(|name| groups.get(&name.parse::<GroupId>().ok()?));
            // Who is just gone is whom most questions are about.
            let gone = group.filter(|_| row.action == Action::Why).map(|group| group.gone.keys());
            let members = group.into_iter().flat_map(|group| group.members.keys());
            let mut ids: Vec<&MemberId> = gone.into_iter().flatten().chain(members).collect();
            let mut seen = BTreeSet::new();
            ids.retain(|id| seen.insert(*id));
            ids.into_iter().map(ToString::to_string).collect()
        }
        "NODE" => app.model().nodes.keys().map(ToString::to_string).collect(),
        "COLUMN" => {
            let choices = app.sorted_table().map(Orders::choices).unwrap_or_default();
            choices.iter().map(|column| column.word.to_owned()).collect()
        }
        "TAG" => groupings(app.model()).iter().map(|one| one.as_str().to_owned()).collect(),
        "NAME" => Theme::ALL.iter().map(|theme| theme.as_str().to_owned()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::completed;

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
