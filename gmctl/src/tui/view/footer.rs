//! The lines below the body: what changed or what became of a command, the command line that shows
//! the same, the filter being typed, and the keys that do something here.

use ratatui::layout::{Position, Rect};

use crate::{
    action::{
        key::written,
        table::{Action, ROWS},
    },
    tui::{
        app::{App, Overlay},
        command_line,
        size::Size,
        theme::Role,
        view::difference,
        widget::brush::{Brush, Piece, piece},
    },
};

/// Draws the lines, and tells where the cursor stands if the filter is being typed.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) -> Option<Position> {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    if size == Size::Minimal {
        if let Some(cursor) = filter(app, brush, line(0)) {
            return Some(cursor);
        }
        if !notice(app, brush, line(0)) {
            keys(app, brush, line(0));
        }
        return None;
    }
    if !notice(app, brush, line(0)) {
        difference::since(app, brush, line(0));
    }
    let cursor = filter(app, brush, line(1));
    if cursor.is_none() {
        let command = [piece(" = ", Role::Faint), piece(command_line::of(app), Role::Text)];
        let room = brush.line_right(line(1), &[piece("[y] copy ", Role::Faint)]);
        brush.line(Rect { width: room.saturating_sub(1), ..line(1) }, &command);
    }
    keys(app, brush, line(2));
    cursor
}

fn notice(app: &App, brush: &mut Brush<'_>, area: Rect) -> bool {
    let Some(notice) = &app.ui.notice else {
        return false;
    };
    brush.line(area, &[piece(" ", Role::Text), piece(notice.text.as_str(), notice.tone.into())]);
    true
}

/// The filter being typed with its mistake, or the one in force.
fn filter(app: &App, brush: &mut Brush<'_>, area: Rect) -> Option<Position> {
    let Some(Overlay::Filter(line, mistake)) = &app.ui.overlay else {
        return None;
    };
    let label = brush.text(area.x, area.y, area.width, " / ", Role::Key);
    let room = area.width.saturating_sub(label);
    let scroll = line.visual_scroll(usize::from(room / 2));
    let shown: String = line.value().chars().skip(scroll).collect();
    let mut pieces = vec![piece(shown, Role::Input)];
    match mistake {
        Some(mistake) => {
            let what = format!("   character {}: {}", mistake.at + 1, mistake.message);
            pieces.push(piece(what, Role::Warn));
        }
        None => pieces.push(piece("   Enter keeps, Esc clears", Role::Faint)),
    }
    brush.line(Rect { x: area.x + label, width: room, ..area }, &pieces);
    let column = u16::try_from(line.visual_cursor().saturating_sub(scroll)).unwrap_or_default();
    let x = area.x.saturating_add(label).saturating_add(column);
    Some(Position { x: x.min(area.right().saturating_sub(1)), y: area.y })
}

/// The keys that do something here, by the table of actions.
fn keys(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let possible = app.possible();
    // Help and quit first: a narrow screen cuts the end.
    let always = [Action::Help, Action::Quit];
    let shown = always.iter().map(|action| action.row()).chain(
        ROWS.iter()
            .filter(|row| !row.short.is_empty() && !always.contains(&row.action))
            .filter(|row| row.when.check(&possible).is_ok()),
    );
    let mut pieces: Vec<Piece<'static>> =
        vec![piece(" 1-7", Role::Key), piece(" screens", Role::Text)];
    for row in shown {
        let Some(keys) = row.keys.first() else {
            continue;
        };
        pieces.push(piece(format!("  {}", written(keys)), Role::Key));
        pieces.push(piece(format!(" {}", row.short), Role::Text));
    }
    brush.line(area, &pieces);
}
