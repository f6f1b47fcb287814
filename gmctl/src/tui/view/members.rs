//! The members as a table: how each looks, how long ago its last round trip was, how long it took.

use std::fmt::Write as _;

use gms::view::Member;
use ratatui::layout::Rect;

use super::figures::{age, round_trip};
use crate::{
    model::{
        condition::Condition,
        group::{Group, MemberKey},
    },
    tui::{
        app::App,
        glyphs,
        selection::List,
        theme::Role,
        widget::{
            brush::{Brush, Piece, piece},
            table::{self, Column, Table, figure, rest, text},
        },
    },
};

const OF_ALL: &[Column] = &[
    text("GROUP", 12, 2),
    text("MEMBER", 16, 0),
    text("STATE", 11, 0),
    figure("AGE", 6, 0),
    figure("RTT", 6, 1),
    figure("MISS", 4, 4),
    text("SEEN BY", 7, 3),
    text("KIND", 6, 6),
    text("ADDRESS", 21, 5),
    figure("LIFE", 9, 7),
    rest("TAGS", 10, 4),
];

/// Draws the members of the place.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, of_all: bool) {
    if app.rows.members.is_empty() {
        let why = if app.rows.members_in_all > 0 {
            "  no member passes the filter   [Esc] clears it"
        } else {
            "  no members yet   [A] join"
        };
        brush.line(area, &[piece(why, Role::Faint)]);
        return;
    }
    let skip = usize::from(!of_all);
    let shown = Table {
        columns: OF_ALL.get(skip..).unwrap_or_default(),
        rows: app.rows.members.len(),
        selected: app.position(List::Members),
        focused: true,
    };
    table::draw(brush, area, &shown, |place| {
        let Some(key) = app.rows.members.get(place) else {
            return (Vec::new(), false);
        };
        let mut pieces = row(app, key);
        pieces.drain(..skip.min(pieces.len()));
        (pieces, app.ui.marks.contains(key))
    });
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
    let heard = group.heard_of(member);
    let misses = heard.map_or(0, |heard| heard.misses);
    vec![
        piece(key.group.as_str(), Role::Text),
        piece(key.id.as_str(), Role::from(condition)),
        state(condition),
        piece(age(known_age(app, group, member)), Role::from(condition)),
        piece(round_trip(heard.and_then(|heard| heard.rtt_us)), Role::Text),
        piece(
            if misses == 0 { ".".to_owned() } else { misses.to_string() },
            if misses == 0 { Role::Faint } else { Role::Info },
        ),
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

/// While nothing comes in, no age is known: time goes on, but what happened since is not known.
pub(super) fn known_age(app: &App, group: &Group, member: &Member) -> crate::model::group::Age {
    if app.past.is_none() && !app.trust().is_current() {
        return crate::model::group::Age::Unknown;
    }
    group.age(app.moment(), member)
}

/// The tags, and what else the replicated state says.
pub(super) fn tags(member: &Member) -> String {
    let mut text = String::new();
    if member.state != gms::view::MemberState::Active {
        text.push_str(member.state.as_str());
    }
    for (key, value) in &member.tags {
        let gap = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{gap}{key}={value}");
    }
    text
}
