//! The groups as a table, worst first.

use ratatui::layout::Rect;

use super::{
    figures::{NOT_TOLD, count, grouped, millis, round_trip},
    footer::offer,
};
use crate::tui::{
    app::App,
    columns,
    place::Spot,
    rows::lists::GroupRow,
    selection::List,
    theme::Role,
    ui::TableId,
    widget::{
        brush::{Brush, Piece, piece},
        table::{self, Table},
    },
};
use crate::{
    action::table::Action,
    model::{alarm::words::rest, condition::Tally},
};

/// Draws the groups; all columns or the most important ones.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, all: bool) {
    if app.rows.groups.is_empty() {
        let why = if !app.model().knows_groups() {
            NOT_TOLD.to_owned()
        } else if app.model().groups_told() == 0 {
            format!("  no group yet: the first join makes one{}", offer(app, Action::Join))
        } else {
            format!("  no group passes the filter   [{}] clears it", app.key(Action::Back))
        };
        brush.line(area, &[piece(why, Role::Faint)]);
        return;
    }
    let rows = app.rows.groups.len();
    // Its own screen tells in its title how many there are.
    let cut = !all && area.height > 2 && rows >= usize::from(area.height);
    let area = Rect { height: area.height - u16::from(cut), ..area };
    let places = columns::shown(&app.ui, TableId::Groups, |title| {
        all || columns::GROUPS_SHORT.contains(&title)
    });
    let shown = Table {
        columns: columns::GROUPS,
        shown: &places,
        rows,
        selected: app.position(List::Groups),
        focused: app.list() == Some(List::Groups),
    };
    let places = table::draw(brush, area, &shown, |place| match app.rows.groups.get(place) {
        Some(row) => (pieces(app, row), false),
        None => (Vec::new(), false),
    });
    if cut {
        let seen: Vec<usize> = places.iter().map(|(place, _)| *place).collect();
        brush.line(Rect { y: area.bottom(), height: 1, ..area }, &others(app, &seen));
    }
    for (place, at) in places {
        brush.spot(at, || app.rows.groups.get(place).map(|row| Spot::Group(row.id.clone())));
    }
}

/// How many groups are not among those seen, and how their members are: `+4 more, all ok`.
fn others<'a>(app: &App, seen: &[usize]) -> Vec<Piece<'a>> {
    let others = || app.rows.groups.iter().enumerate().filter(|(place, _)| !seen.contains(place));
    let mut tally = Tally::default();
    others().for_each(|(_, row)| tally.merge(row.tally));
    let number = grouped(others().count() as u64);
    let mut pieces = vec![piece(format!("  +{number} more"), Role::Faint)];
    let counts = [
        (tally.suspect, "suspect", Role::Warn),
        (tally.late, "late", Role::Info),
        (tally.away, "away", Role::Info),
        (tally.unknown, "unknown", Role::Text),
    ];
    for (count, word, role) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        pieces.push(piece(format!(", {} {word}", grouped(count as u64)), role));
    }
    if tally.ok == tally.total() {
        pieces.push(piece(", all ok", Role::Faint));
    }
    pieces
}

pub(super) fn pieces<'a>(app: &'a App, row: &'a GroupRow) -> Vec<Piece<'a>> {
    let tally = &row.tally;
    let group = app.model().groups.get(&row.id);
    let timing = group.and_then(|group| group.timing);
    let counts = group.and_then(|group| group.counts.as_ref());
    let when = |number: usize, role: Role| if number > 0 { role } else { Role::Faint };
    let name = if tally.suspect > 0 { Role::Warn } else { Role::Text };
    let hold = group.and_then(|group| group.hold.as_ref()).map_or(String::new(), |hold| {
        let left = group.and_then(|group| group.hold_left(app.moment()));
        format!("{}: {}", left.map_or(String::new(), rest), hold.reason)
    });
    vec![
        piece(
            if hold.is_empty() {
                row.id.to_string()
            } else {
                format!("{} [{}]", row.id, app.key(Action::Hold))
            },
            name,
        ),
        piece(grouped(tally.total() as u64), Role::Text),
        piece(count(tally.ok), Role::Text),
        piece(count(tally.late), when(tally.late, Role::Info)),
        piece(count(tally.suspect), when(tally.suspect, Role::Warn)),
        piece(count(tally.unknown), when(tally.unknown, Role::Text)),
        piece(count(tally.away), when(tally.away, Role::Info)),
        piece(count(row.moves.joined + row.moves.restarted), Role::Text),
        piece(count(row.moves.left), Role::Text),
        piece(count(row.moves.removed), when(row.moves.removed, Role::Gone)),
        piece(millis(counts.and_then(|c| c.age_p50_ms)), Role::Text),
        piece(millis(counts.and_then(|c| c.age_max_ms)), Role::Text),
        piece(round_trip(counts.and_then(|c| c.rtt_p50_us)), Role::Text),
        piece(round_trip(counts.and_then(|c| c.rtt_p99_us)), Role::Text),
        piece(group.map_or("-".to_owned(), |group| grouped(group.view.0)), Role::Text),
        piece(timing.unwrap_or_default().to_string(), Role::Faint),
        piece(hold, Role::Info),
    ]
}
