//! What happened, newest first.

use ratatui::layout::Rect;

use super::figures::{NOT_TOLD, grouped, time};
use crate::{
    action::table::Action,
    model::timeline::Entry,
    tui::{
        app::App,
        columns,
        place::{Place, Spot},
        selection::List,
        theme::Role,
        ui::TableId,
        widget::{
            brush::{Brush, Piece, piece},
            table::{self, Table},
        },
    },
};

/// The most entries that are told in one line.
const NEWEST: usize = 4;

/// Draws what happened; all columns or the most important ones.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, all: bool) {
    if app.rows.entries.is_empty() {
        let why = if app.ui.place != Place::Timeline || app.filter().is_empty() {
            let told = app.model().knows_groups();
            if told { "  nothing has happened yet" } else { NOT_TOLD }.to_owned()
        } else {
            format!("  nothing passes the filter   [{}] clears it", app.key(Action::Back))
        };
        brush.line(area, &[piece(why, Role::Faint)]);
        return;
    }
    let places = columns::shown(&app.ui, TableId::Timeline, |title| {
        all || columns::TIMELINE_SHORT.contains(&title)
    });
    let shown = Table {
        columns: columns::TIMELINE,
        shown: &places,
        rows: app.rows.entries.len(),
        selected: app.position(List::Entries),
        focused: app.list() == Some(List::Entries),
    };
    let places = table::draw(brush, area, &shown, |place| match app.rows.entries.get(place) {
        Some(entry) => (pieces(app, entry), false),
        None => (Vec::new(), false),
    });
    for (place, at) in places {
        brush.spot(at, || app.rows.entries.get(place).map(|entry| Spot::Entry(entry.key)));
    }
}

/// The newest of what happened in one line, as far as it has room.
pub(super) fn newest(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for entry in app.model().timeline.entries().iter().rev().take(NEWEST) {
        let what = &entry.what;
        pieces.push(piece(if pieces.is_empty() { " " } else { " | " }, Role::Faint));
        pieces.push(piece(format!("{} ", time(app, entry.wall_ms)), Role::Faint));
        pieces.push(piece(what.word(), Role::from(what.tone())));
        if let Some(group) = what.group() {
            pieces.push(piece(format!(" {group}"), Role::Text));
        }
        pieces.push(piece(format!(" {}", what.text()), Role::Text));
    }
    brush.line(area, &pieces);
}

pub(super) fn pieces<'a>(app: &App, entry: &'a Entry) -> Vec<Piece<'a>> {
    let what = &entry.what;
    let role = Role::from(what.tone());
    let revision = entry.revision.map_or("seen here".to_owned(), |at| grouped(at.0));
    vec![
        piece(time(app, entry.wall_ms), Role::Faint),
        piece(revision, Role::Faint),
        piece(what.word(), role),
        piece(what.group().map_or("", |group| group.as_str()), Role::Text),
        piece(what.text(), Role::Text),
    ]
}
