//! What happened, newest first.

use ratatui::layout::Rect;

use super::figures::{grouped, time};
use crate::{
    model::timeline::Entry,
    tui::{
        app::App,
        selection::List,
        theme::Role,
        widget::{
            brush::{Brush, Piece, piece},
            table::{self, Column, Table, figure, rest, text},
        },
    },
};

const SHORT: &[Column] =
    &[text("TIME", 8, 0), text("WHAT", 10, 0), text("GROUP", 10, 2), rest("", 12, 0)];

const LONG: &[Column] = &[
    text("TIME", 8, 0),
    figure("REVISION", 10, 3),
    text("WHAT", 10, 0),
    text("GROUP", 12, 2),
    rest("", 16, 0),
];

/// Draws what happened; all columns or the most important ones.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, all: bool) {
    if app.rows.entries.is_empty() {
        let why = if app.ui.filter.is_empty() {
            "  nothing has happened yet"
        } else {
            "  nothing passes the filter   [Esc] clears it"
        };
        brush.line(area, &[piece(why, Role::Faint)]);
        return;
    }
    let shown = Table {
        columns: if all { LONG } else { SHORT },
        rows: app.rows.entries.len(),
        selected: app.position(List::Entries),
        focused: app.list() == Some(List::Entries),
    };
    table::draw(brush, area, &shown, |place| match app.rows.entries.get(place) {
        Some(entry) => (pieces(app, entry, all), false),
        None => (Vec::new(), false),
    });
}

fn pieces<'a>(app: &App, entry: &'a Entry, all: bool) -> Vec<Piece<'a>> {
    let what = &entry.what;
    let role = Role::from(what.tone());
    let mut pieces = vec![piece(time(entry.wall_ms, app.ui.times, app.moment()), Role::Faint)];
    if all {
        let revision = entry.revision.map_or("seen here".to_owned(), |at| grouped(at.0));
        pieces.push(piece(revision, Role::Faint));
    }
    pieces.push(piece(what.word(), role));
    pieces.push(piece(what.group().map_or("", |group| group.as_str()), Role::Text));
    pieces.push(piece(what.text(), Role::Text));
    pieces
}
