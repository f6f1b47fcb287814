//! One member: what it says of itself, who watches it, and what happened to it.

use super::{
    figures::{age, answer, grouped, round_trip, time},
    members::{known_age, state, state_of, tags},
    page::Page,
};
use crate::{
    action::table::Action,
    model::{
        alarm::words::{rest, seconds},
        condition::Condition,
        group::MemberKey,
        heard::Left,
    },
    tui::{
        app::App,
        theme::Role,
        widget::{
            brush::{Piece, piece},
            spark,
        },
    },
};

/// How many seconds are shown.
const SECONDS: u64 = 60;
/// Round trips below this, in microseconds, are drawn as the lowest bar.
const SPARK_FULL_US: u64 = 10_000;

/// The member.
pub(super) fn page<'a>(app: &'a App, key: &MemberKey) -> Page<'a> {
    let mut lines = facts(app, key);
    lines.push(Vec::new());
    lines.push(vec![piece(" what happened to it, newest first", Role::Title)]);
    let entries = app.rows.entries.iter().filter(|entry| {
        entry.what.group() == Some(&key.group) && entry.what.member() == Some(&key.id)
    });
    let before = lines.len();
    lines.extend(entries.map(|entry| {
        vec![
            piece(format!("  {}  ", time(app, entry.wall_ms)), Role::Faint),
            piece(format!("{:10}  ", entry.what.word()), Role::from(entry.what.tone())),
            piece(entry.what.text(), Role::Text),
        ]
    }));
    if lines.len() == before {
        lines.push(vec![piece("  nothing, as far back as this dashboard knows", Role::Faint)]);
    }
    Page { head: Vec::new(), lines }
}

/// When it can be removed for its silence, in words.
fn removal(left: Option<Left>) -> String {
    match left {
        None => "not while it answers, or nothing is known".to_owned(),
        Some(Left::Held) => "not while the hold lasts".to_owned(),
        Some(Left::NoQuorum) => "not while there is no quorum".to_owned(),
        Some(Left::Unknown) => "? nothing is heard from whoever watches it".to_owned(),
        Some(Left::AtLeast(time)) if time.is_zero() => {
            "any moment, once enough observers agree".to_owned()
        }
        Some(Left::AtLeast(time)) => {
            format!("in {} at the earliest, if it stays silent", seconds(time))
        }
    }
}

/// A column a second: `|` it answered, `.` it did not, nothing where nobody told.
fn strip<'a>(app: &App, key: &MemberKey) -> Vec<Piece<'a>> {
    let seconds = app.model().beats.strip(key, app.moment(), SECONDS);
    let strip: String = seconds.iter().map(|(second, _)| answer(*second)).collect();
    vec![
        piece(format!(" {:12} ", "answers 60s"), Role::Faint),
        piece(strip, Role::Good),
        piece("  | a second it answered in  . it did not", Role::Faint),
    ]
}

/// The round trips of the same seconds.
fn trips<'a>(app: &App, key: &MemberKey) -> Vec<Piece<'a>> {
    if app.settings.slow {
        return Vec::new();
    }
    let values: Vec<Option<u64>> = app
        .model()
        .beats
        .strip(key, app.moment(), SECONDS)
        .into_iter()
        .map(|(_, rtt)| rtt)
        .collect();
    let (least, most) = (values.iter().flatten().min(), values.iter().flatten().max());
    let range = match (least, most) {
        (Some(least), Some(most)) => {
            format!("  {} .. {}", round_trip(Some(*least)), round_trip(Some(*most)))
        }
        _ => String::new(),
    };
    let width = values.len();
    let line = spark::line(&values, width, SPARK_FULL_US, app.settings.glyphs());
    vec![
        piece(format!(" {:12} ", "round trips"), Role::Faint),
        piece(line, Role::Info),
        piece(range, Role::Faint),
    ]
}

fn fact<'a>(name: &str, what: Piece<'a>) -> Vec<Piece<'a>> {
    vec![piece(format!(" {name:12} "), Role::Faint), what]
}

fn facts<'a>(app: &'a App, key: &MemberKey) -> Vec<Vec<Piece<'a>>> {
    let group = app.model().groups.get(&key.group);
    let condition = group.and_then(|group| group.condition(app.moment(), &key.id));
    let Some((group, member)) = group.and_then(|group| Some((group, group.members.get(&key.id)?)))
    else {
        let condition = condition.unwrap_or(Condition::Unknown);
        return vec![
            fact("state", state(condition)),
            vec![piece(
                format!(" it is no member now   [{}] why", app.key(Action::Why)),
                Role::Text,
            )],
        ];
    };
    let heard = group.known_of(member);
    let node = |id: Option<gms::id::NodeId>| id.map_or("-".to_owned(), |id| format!("node {id}"));
    let timing = heard.map_or("-".to_owned(), |heard| {
        format!("a ping every {}ms, {} unanswered in a row", heard.period_ms, heard.misses)
    });
    let mut lines = vec![
        fact("state", state_of(condition.unwrap_or(Condition::Unknown), member)),
        fact("replicated", piece(member.state.as_str(), Role::Text)),
        fact(
            "round trip",
            piece(
                format!(
                    "{} ago, took {}",
                    age(known_age(app, group, member)),
                    round_trip(heard.and_then(|heard| heard.rtt_us))
                ),
                Role::Text,
            ),
        ),
        fact("pings", piece(timing, Role::Text)),
        fact("removal", piece(removal(group.left(app.moment(), member)), Role::Text)),
        strip(app, key),
        trips(app, key),
        fact("kind", piece(member.liveness.kind.as_str(), Role::Text)),
        fact("monitor", piece(node(member.monitor), Role::Text)),
        fact("witness", piece(node(member.witness), Role::Text)),
        fact("address", piece(member.address.as_str(), Role::Text)),
        fact("incarnation", piece(grouped(member.incarnation.0), Role::Text)),
        fact("tags", piece(tags(member), Role::Text)),
    ];
    if let Some(instance) = &member.instance {
        lines.push(fact("instance", piece(instance.as_str(), Role::Faint)));
    }
    if let Some(hold) = &member.hold {
        let text = format!("its place is kept {hold} after its process is gone");
        lines.push(fact("static", piece(text, Role::Text)));
    }
    if let (Some(hold), Some(left)) = (&group.hold, group.hold_left(app.moment())) {
        let text = format!(
            "no removal by silence in {} for {} more: {}",
            key.group,
            rest(left),
            hold.reason
        );
        lines.push(fact("hold", piece(text, Role::Info)));
    }
    lines
}
