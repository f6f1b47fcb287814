//! When how much happened: a quarter of an hour as one line, with the moment that is shown.
//!
//! `.` nothing, `:` something, `|` many, `#` very many; `e` an election, `!` a removal or a
//! suspicion, `^` the moment shown. It moves by a column every few seconds, and only where
//! something happened does that change what is seen.

use ratatui::layout::Rect;

use crate::{
    model::scrub::{self, Column},
    tui::{
        app::App,
        theme::Role,
        widget::brush::{Brush, Piece, piece},
    },
};

/// The time that the line spans.
const SPAN_MS: u64 = 15 * 60_000;

/// Draws the line.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let right = [piece(" now  [ ] step  Space freeze ", Role::Faint)];
    let room = brush.line_right(area, &right);
    let left = brush.text(area.x, area.y, room, " -15m ", Role::Faint);
    let width = usize::from(room.saturating_sub(left));
    if width < 10 {
        return;
    }
    // Whole columns, so that the picture stands still within one.
    let step = (SPAN_MS / width as u64).max(1);
    let end = (app.now.wall_ms / step + 1) * step;
    let begin = end.saturating_sub(step * width as u64);
    let columns = scrub::columns(&app.live.timeline, begin, end, width);
    let shown = app.past.as_ref().map(|past| past.moment.wall_ms.saturating_sub(begin) / step);
    let at = shown.map(|at| usize::try_from(at).unwrap_or(0).min(width - 1));
    let cells: Vec<Piece<'static>> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            if at == Some(place) {
                return piece("^", Role::Warn);
            }
            glyph(*column)
        })
        .collect();
    let line = Rect { x: area.x + left, width: room - left, ..area };
    brush.line(line, &merged(&cells));
}

fn glyph(column: Column) -> Piece<'static> {
    if column.election {
        return piece("e", Role::Info);
    }
    match (column.count, column.trouble) {
        (0, _) => piece(".", Role::Faint),
        (1..=2, true) => piece("!", Role::Warn),
        (1..=2, false) => piece(":", Role::Text),
        (3..=19, trouble) => piece("|", if trouble { Role::Warn } else { Role::Text }),
        (_, trouble) => piece("#", if trouble { Role::Danger } else { Role::Text }),
    }
}

/// Neighbours of one role as one piece.
fn merged(cells: &[Piece<'static>]) -> Vec<Piece<'static>> {
    let mut pieces: Vec<(String, Role)> = Vec::new();
    for (text, role) in cells {
        match pieces.last_mut() {
            Some((last, of)) if of == role => last.push_str(text),
            _ => pieces.push((text.to_string(), *role)),
        }
    }
    pieces.into_iter().map(|(text, role)| piece(text, role)).collect()
}
