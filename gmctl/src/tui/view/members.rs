//! The members as a table: how each looks, how long ago its last round trip was, how long it took.

use std::fmt::Write as _;

use gms::view::{Member, MemberState};
use ratatui::layout::Rect;

use super::{
    figures::{NOT_TOLD, age, answer, left, round_trip},
    footer::offer,
};
use crate::{
    action::table::Action,
    model::{
        condition::Condition,
        group::{Group, MemberKey},
        heard::{Age, Heard},
        moment::Moment,
    },
    tui::{
        app::App,
        columns, glyphs,
        place::Spot,
        selection::List,
        theme::Role,
        ui::TableId,
        widget::{
            brush::{Brush, Piece, piece},
            table::{self, Table},
        },
    },
};

/// Draws the members of the place.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, of_all: bool) {
    if app.rows.members.is_empty() {
        let why = if app.rows.members_in_all > 0 {
            let gone = if app.filter().asks_for_the_gone() {
                format!(
                    ", and who is gone is not listed   [{}] heat has them",
                    app.key(Action::Heat)
                )
            } else {
                String::new()
            };
            format!("  no member passes the filter{gone}   [{}] clears it", app.key(Action::Back))
        } else if !app.model().knows_groups() {
            NOT_TOLD.to_owned()
        } else {
            format!("  no members yet{}", offer(app, Action::Join))
        };
        brush.line(area, &[piece(why, Role::Faint)]);
        return;
    }
    let places = columns::shown(&app.ui, TableId::Members, |title| of_all || title != "GROUP");
    let shown = Table {
        columns: columns::MEMBERS,
        shown: &places,
        rows: app.rows.members.len(),
        selected: app.position(List::Members),
        focused: true,
    };
    let places = table::draw(brush, area, &shown, |place| match app.rows.members.get(place) {
        Some(key) => (row(app, key), app.ui.marks.contains(key)),
        None => (Vec::new(), false),
    });
    for (place, at) in places {
        brush.spot(at, || app.rows.members.get(place).cloned().map(Spot::Member));
    }
}

/// The pieces of a member's row, its group first.
pub(super) fn row<'a>(app: &'a App, key: &'a MemberKey) -> Vec<Piece<'a>> {
    let Some(group) = app.model().groups.get(&key.group) else {
        return Vec::new();
    };
    let now = app.moment();
    let condition = group.condition(now, &key.id).unwrap_or(Condition::Unknown);
    let Some(member) = group.members.get(&key.id) else {
        return vec![
            piece(key.group.as_str(), Role::Text),
            piece(key.id.as_str(), Role::Gone),
            state(condition),
        ];
    };
    let heard = group.known_of(member);
    let misses = match heard.map(|heard| heard.misses) {
        None => piece("-", Role::Faint),
        Some(0) => piece(".", Role::Faint),
        Some(misses) => piece(misses.to_string(), Role::Info),
    };
    vec![
        piece(key.group.as_str(), Role::Text),
        piece(key.id.as_str(), Role::from(condition)),
        state_of(condition, member),
        piece(age(listed_age(app, group, member)), Role::from(condition)),
        piece(left(group.left(now, member)), Role::from(condition)),
        piece(listed_trip(heard.and_then(|heard| heard.rtt_us)), Role::Text),
        misses,
        piece(answers(heard, now), Role::from(condition)),
        piece(member.monitor.map_or("-".to_owned(), |node| format!("node {node}")), Role::Text),
        piece(member.liveness.kind.as_str(), Role::Faint),
        piece(member.address.as_str(), Role::Text),
        piece(member.incarnation.to_string(), Role::Faint),
        piece(tags(member), Role::Faint),
    ]
}

/// The condition as glyph and word.
pub(super) fn state<'a>(condition: Condition) -> Piece<'a> {
    piece(format!("{} {}", glyphs::of(condition), condition.as_str()), Role::from(condition))
}

/// The same of a member. That it drains is told by the word, unless it may soon be removed or is
/// gone: that matters more, and the tags tell the rest.
pub(super) fn state_of<'a>(condition: Condition, member: &Member) -> Piece<'a> {
    let drains = member.state == MemberState::Draining;
    match condition {
        Condition::Ok | Condition::New | Condition::Unknown | Condition::Late if drains => {
            let word = MemberState::Draining.as_str();
            piece(format!("{} {word}", glyphs::of(condition)), Role::Warn)
        }
        _ => state(condition),
    }
}

/// How long ago its last round trip was, as far as that is known at the moment that is drawn.
pub(super) fn known_age(app: &App, group: &Group, member: &Member) -> Age {
    group.age(app.moment(), member)
}

/// A column a second; nothing where nothing holds that was heard.
fn answers(heard: Option<&Heard>, now: Moment) -> String {
    heard.map_or_else(String::new, |heard| heard.seconds(now).map(answer).collect())
}

/// In a list a round trip that nobody need look at is a bound, for the same reason as an age.
fn listed_trip(micros: Option<u64>) -> String {
    match micros {
        Some(0..1_000) => "<1ms".to_owned(),
        micros => round_trip(micros),
    }
}

/// In a list an age that is as it should be is a bound, also for the member under the cursor, of
/// which it is known exactly: a list that stands still costs nothing.
fn listed_age(app: &App, group: &Group, member: &Member) -> Age {
    let limit = group
        .heard_of(member)
        .map(|heard| std::time::Duration::from_millis(heard.period_ms.saturating_mul(2)));
    match (known_age(app, group, member), limit) {
        (Age::Known(time), Some(limit)) if time < limit && !group.is_unwell(&member.id) => {
            Age::Below(limit)
        }
        (age, _) => age,
    }
}

/// The tags, and what else the replicated state says.
pub(super) fn tags(member: &Member) -> String {
    let mut text = String::new();
    if member.state != MemberState::Active {
        text.push_str(member.state.as_str());
    }
    for (key, value) in &member.tags {
        let gap = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{gap}{key}={value}");
    }
    text
}
