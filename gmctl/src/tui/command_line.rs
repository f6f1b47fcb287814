//! The command line that shows or does the same: the dashboard teaches it on every screen.

use gms::liveness::Kind;

use crate::{
    filter::parser::FILTER_MAX_LEN,
    model::group::MemberKey,
    output::human::time_of_day,
    tui::{
        app::App,
        place::{Pane, Place},
        request::{Request, Target},
    },
};

/// The command line that shows what the screen shows. A recording is asked itself; the cluster tells
/// of the past only where it keeps a history, and of all else it is said that it tells of now.
pub fn of(app: &App) -> String {
    let at = time_of_day(app.moment().wall_ms);
    match &app.ui.place {
        Place::Difference if app.settings.replay => {
            let line = of_now(app);
            line.replacen("diff", &format!("diff {}", quoted(&app.settings.tape)), 1)
        }
        _ if app.settings.replay => {
            format!("gmctl replay {} --at {at}", quoted(&app.settings.tape))
        }
        Place::Why(_) if app.past.is_some() => format!("{} --at {at}", of_now(app)),
        Place::Difference => of_now(app),
        _ if app.past.is_some() => {
            let clock = at.get(11..19).unwrap_or(&at);
            format!("{}   # of now, not of {clock} UTC", of_now(app))
        }
        _ => of_now(app),
    }
}

fn of_now(app: &App) -> String {
    let filter = match app.filter().text() {
        "" => String::new(),
        text => format!(" -f {}", quoted(text)),
    };
    match &app.ui.place {
        Place::Overview => match app.ui.pane {
            Pane::Nodes => "gmctl nodes".to_owned(),
            Pane::Groups => "gmctl groups".to_owned(),
            Pane::Timeline => "gmctl events".to_owned(),
            Pane::Silent => "gmctl members -f 'state:late | state:suspect'".to_owned(),
        },
        Place::Groups => format!("gmctl groups{filter}{}", sort(app)),
        Place::Members(None) => format!("gmctl members{filter}{}", sort(app)),
        Place::Heat => format!("gmctl members{filter}"),
        Place::Cell(keys) => {
            let ids: Vec<String> = keys.iter().map(|key| format!("id:{}", key.id)).collect();
            let chosen = ids.join(" | ");
            match keys.first() {
                // A filter for each of so many would be refused.
                Some(first) if chosen.len() > FILTER_MAX_LEN => {
                    format!("gmctl members {}{}", first.group, sort(app))
                }
                _ => format!("gmctl members -f {}{}", quoted(&chosen), sort(app)),
            }
        }
        Place::Members(Some(group)) => format!("gmctl members {group}{filter}{}", sort(app)),
        Place::Timeline => format!("gmctl events{filter}"),
        Place::Difference => match app.compared_with() {
            Some(look) => {
                let (look, here) = (look.moment.wall_ms, app.moment().wall_ms);
                let from = time_of_day(look.min(here));
                // Without an end it is compared with the present.
                let is_past = app.past.is_some() || app.settings.replay;
                let to = is_past.then(|| format!(" --to {}", time_of_day(look.max(here))));
                let to = to.unwrap_or_default();
                format!("gmctl diff --from {from}{to}   # of members; gmctl events has all")
            }
            None => "gmctl diff".to_owned(),
        },
        Place::Nodes => format!("gmctl nodes -o wide{}", sort(app)),
        Place::Views => "gmctl views".to_owned(),
        Place::Member(key) => format!("gmctl members {} -f id:{}", key.group, key.id),
        Place::Why(key) => format!("gmctl why {} {}", key.group, key.id),
    }
}

/// What orders the command line's list as the screen's, where it can.
fn sort(app: &App) -> String {
    let Some(order) = app.sorted_table().and_then(|table| app.ui.orders.of(table)) else {
        return String::new();
    };
    let (field, reverse) = (order.by.field, order.reverse);
    let live = if field.contains("live.") { " --live" } else { "" };
    match (field, field.strip_prefix('-')) {
        // The worst first, as the command line's lists come.
        ("", _) if order.by.word == "state" && !reverse => String::new(),
        ("", _) => "   # not in this order".to_owned(),
        // As every list comes that is not sorted: those of all groups by group and id.
        ("id", _) if !reverse => String::new(),
        (_, Some(ascending)) if reverse => format!("{live} --sort {ascending}"),
        (_, None) if reverse => format!("{live} --sort -{field}"),
        _ => format!("{live} --sort {field}"),
    }
}

/// The command line that does what a form does.
pub fn of_request(request: &Request) -> String {
    match request {
        Request::Join(group, join) => {
            let kind = join.liveness.as_ref().map_or(Kind::Tcp, |liveness| liveness.kind);
            let liveness = match kind {
                Kind::Tcp => String::new(),
                kind => format!(" --liveness {}", kind.as_str()),
            };
            let tags: Vec<String> = join
                .tags
                .iter()
                .map(|(key, value)| quoted(&format!("{key}={value}")))
                .map(|tag| [" --tag ", &tag].concat())
                .collect();
            let tags = tags.concat();
            format!(
                "gmctl join {group} {} {}{liveness}{tags}",
                join.id,
                quoted(join.address.as_str())
            )
        }
        Request::Leave(targets, reason, _) => {
            let because = reason
                .as_ref()
                .map(|reason| format!(" --reason {}", quoted(reason)))
                .unwrap_or_default();
            match targets.as_slice() {
                [] => "gmctl leave".to_owned(),
                [only] => format!(
                    "gmctl leave {} {} --incarnation {}{because}",
                    only.key.group, only.key.id, only.incarnation
                ),
                many => leave_of_many(many, reason.as_deref()),
            }
        }
        Request::Drain(targets, drain) => {
            let undo = if *drain { "" } else { " --undo" };
            let lines = targets.iter().map(|target| {
                let MemberKey { group, id } = &target.key;
                format!("gmctl drain {group} {id} --incarnation {}{undo}", target.incarnation)
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Request::AddNode(add) => {
            let id = add.id.map(|id| format!(" --id {id}")).unwrap_or_default();
            format!("gmctl node add {}{id}", quoted(&add.peer_url))
        }
        Request::RemoveNode(node) => format!("gmctl node remove {node}"),
        Request::SetHold(group, hold) => format!(
            "gmctl hold set {group} --for {} --reason {}",
            quoted(&hold.lasts.to_string()),
            quoted(&hold.reason)
        ),
        Request::ClearHold(group) => format!("gmctl hold clear {group}"),
        Request::Transfer(node) => format!("gmctl leader transfer --to {node}"),
    }
}

/// One line of JSON a member, on the standard input.
fn leave_of_many(targets: &[Target], reason: Option<&str>) -> String {
    let mut text = "gmctl leave - --yes <<'END'".to_owned();
    for target in targets {
        let mut line = serde_json::json!({
            "group": target.key.group,
            "id": target.key.id,
            "incarnation": target.incarnation,
        });
        if let (Some(reason), Some(line)) = (reason, line.as_object_mut()) {
            line.insert("reason".to_owned(), reason.into());
        }
        text.push('\n');
        text.push_str(&line.to_string());
    }
    text.push_str("\nEND");
    text
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_one_word() {
        for (text, word) in [
            ("state:ok", "state:ok"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(rm)", "'$(rm)'"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }
}
