//! The help, made from the table of actions, so it cannot say what the keys do not do.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::form::centred;
use crate::{
    action::{
        key::written,
        table::{Impact, ROWS, Row},
        when::Section,
    },
    tui::{
        app::App,
        theme::Role,
        widget::{
            borders,
            brush::{Brush, Piece, piece},
        },
    },
};

/// What cannot be read off the table.
const NOTES: &[&str] = &[
    "AGE is the time since the last known round trip. <1s means: it answers its pings; the exact",
    "age is reported for the selected member only, so that watching costs next to nothing.",
    "? means that nobody knows: a monitor has just begun, or no node answers us.",
    "Filters: state:suspect rack:r7 age>5s rtt>=50ms -tag:canary monitor:2 id~^m-04 \"text\"",
];

/// Draws the help, and tells where the cursor stands.
pub(super) fn draw(
    app: &App,
    brush: &mut Brush<'_>,
    area: Rect,
    line: &Input,
    scroll: usize,
) -> Option<Position> {
    let place = centred(area, 96, area.height);
    brush.clear(place);
    borders::draw(brush, &[place], Some(0));
    borders::title(brush, place, "HELP", "Esc closes, arrows scroll, type to search");
    let inner = borders::inside(place);
    if inner.is_empty() {
        return None;
    }
    let search = [piece(" search ", Role::Faint), piece(line.value().to_owned(), Role::Input)];
    brush.line(inner, &search);
    let lines = lines(app, &line.value().to_lowercase());
    let height = usize::from(inner.height - 1);
    let scroll = scroll.min(lines.len().saturating_sub(height));
    let shown = lines.get(scroll..).unwrap_or_default();
    for (y, line) in (inner.y + 1..inner.bottom()).zip(shown) {
        brush.line(Rect { y, height: 1, ..inner }, line);
    }
    let column = u16::try_from(line.visual_cursor()).unwrap_or_default();
    let x = inner.x.saturating_add(8).saturating_add(column);
    Some(Position { x: x.min(inner.right().saturating_sub(1)), y: inner.y })
}

fn lines<'a>(app: &App, wanted: &str) -> Vec<Vec<Piece<'a>>> {
    let possible = app.possible();
    let screen = app.ui.place.screen();
    let fits = |row: &Row| row.name.contains(wanted) || row.help.to_lowercase().contains(wanted);
    let mut lines = Vec::new();
    for section in Section::ALL {
        let rows: Vec<&Row> =
            ROWS.iter().filter(|row| row.section == section && fits(row)).collect();
        if rows.is_empty() {
            continue;
        }
        lines.push(vec![piece(format!(" {}", section.title()), Role::Title)]);
        for row in rows {
            let keys: Vec<String> =
                app.settings.keys.ways(row.action, screen).map(written).collect();
            let keys = if keys.is_empty() { ":".to_owned() + row.name } else { keys.join(" ") };
            let impact = match row.impact {
                Impact::Look => String::new(),
                impact => format!("  [{}]", impact.as_str()),
            };
            let role = if row.when.check(&possible).is_ok() { Role::Text } else { Role::Faint };
            lines.push(vec![
                piece(format!("  {keys:16} "), Role::Key),
                piece(row.help, role),
                piece(impact, Role::Warn),
            ]);
        }
    }
    if wanted.is_empty() {
        lines.push(vec![piece(" NOTES", Role::Title)]);
        lines.extend(NOTES.iter().map(|note| vec![piece(format!("  {note}"), Role::Text)]));
    }
    lines
}
