//! The lines below the body: what changed or what became of a command, when how much happened, the
//! command line that shows the same or what is being typed, and the keys that do something here.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::scrub;
use crate::{
    action::{
        key::written,
        table::{Action, ROWS},
    },
    tui::{
        app::App,
        command_line,
        size::Size,
        theme::Role,
        ui::{Awaited, Overlay},
        view::difference,
        widget::brush::{Brush, Piece, piece},
    },
};

/// Draws the lines, and tells where the cursor stands if something is being typed there.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) -> Option<Position> {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    if size == Size::Minimal {
        if let Some(cursor) = typed(app, brush, line(0)) {
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
    scrub::draw(app, brush, line(1));
    let cursor = typed(app, brush, line(2));
    if cursor.is_none() {
        let command = [piece(" = ", Role::Faint), piece(command_line::of(app), Role::Text)];
        let copy = format!("[{}] copy ", app.key(Action::CopyCommand));
        let room = brush.line_right(line(2), &[piece(copy, Role::Faint)]);
        brush.line(Rect { width: room.saturating_sub(1), ..line(2) }, &command);
    }
    keys(app, brush, line(3));
    cursor
}

fn notice(app: &App, brush: &mut Brush<'_>, area: Rect) -> bool {
    let awaited = match app.ui.awaited {
        Some(Awaited::SetBookmark) => Some("remember this screen under which letter?"),
        Some(Awaited::GoBookmark) => Some("go to the screen remembered under which letter?"),
        None => None,
    };
    if let Some(question) = awaited {
        brush.line(area, &[piece(" ", Role::Text), piece(question, Role::Title)]);
        return true;
    }
    let Some(notice) = &app.ui.notice else {
        return false;
    };
    brush.line(area, &[piece(" ", Role::Text), piece(notice.text.as_str(), notice.tone.into())]);
    true
}

/// The filter or the line being typed.
fn typed(app: &App, brush: &mut Brush<'_>, area: Rect) -> Option<Position> {
    match &app.ui.overlay {
        Some(Overlay::Filter(line, mistake)) => {
            let note = match mistake {
                Some(mistake) => piece(
                    format!("   character {}: {}", mistake.at + 1, mistake.message),
                    Role::Warn,
                ),
                None => piece("   Enter keeps, Esc clears", Role::Faint),
            };
            Some(one_line(brush, area, "/", line, note))
        }
        Some(Overlay::Prompt(prompt, line)) => {
            let note = piece("   Enter does it, Esc gives up", Role::Faint);
            Some(one_line(brush, area, prompt.label(), line, note))
        }
        _ => None,
    }
}

fn one_line(
    brush: &mut Brush<'_>,
    area: Rect,
    label: &str,
    line: &Input,
    note: Piece<'_>,
) -> Position {
    let label = brush.text(area.x, area.y, area.width, &format!(" {label} "), Role::Key);
    let room = area.width.saturating_sub(label);
    let scroll = line.visual_scroll(usize::from(room / 2));
    let shown: String = line.value().chars().skip(scroll).collect();
    let rest = Rect { x: area.x + label, width: room, ..area };
    brush.line(rest, &[piece(shown, Role::Input), note]);
    let column = u16::try_from(line.visual_cursor().saturating_sub(scroll)).unwrap_or_default();
    let x = area.x.saturating_add(label).saturating_add(column);
    Position { x: x.min(area.right().saturating_sub(1)), y: area.y }
}

/// The keys of the first and the last screen.
fn screens(app: &App) -> String {
    format!(" {}-{}", app.key(Action::Overview), app.key(Action::Views))
}

/// The keys that do something here, by the table of actions.
fn keys(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let possible = app.possible();
    let screen = app.ui.place.screen();
    // Help and quit first: a narrow screen cuts the end.
    let always = [Action::Help, Action::Quit];
    let shown = always.iter().map(|action| action.row()).chain(
        ROWS.iter()
            .filter(|row| !row.short.is_empty() && !always.contains(&row.action))
            .filter(|row| row.when.check(&possible).is_ok()),
    );
    let mut pieces: Vec<Piece<'static>> =
        vec![piece(screens(app), Role::Key), piece(" screens", Role::Text)];
    for row in shown {
        let Some(keys) = app.settings.keys.shortest(row.action, screen) else {
            continue;
        };
        pieces.push(piece(format!("  {}", written(keys)), Role::Key));
        pieces.push(piece(format!(" {}", row.short), Role::Text));
    }
    brush.line(area, &pieces);
}

/// The key of an action, at the end of a line that is about it; nothing where it can do nothing.
pub(super) fn offer(app: &App, action: Action) -> String {
    let row = action.row();
    let can = row.when.check(&app.possible()).is_ok();
    if can { format!("   [{}] {}", app.key(action), row.name) } else { String::new() }
}
