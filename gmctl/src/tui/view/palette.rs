//! The palette: any action by its name.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::form::centred;
use crate::{
    action::{key::written, search},
    tui::{
        app::App,
        completion,
        theme::Role,
        widget::{
            borders,
            brush::{Brush, piece},
            table::window,
        },
    },
};

/// Draws the palette, and tells where the cursor stands.
pub(super) fn draw(
    app: &App,
    brush: &mut Brush<'_>,
    area: Rect,
    line: &Input,
    chosen: usize,
) -> Option<Position> {
    let (found, argument) = search::asked(line.value());
    let place = centred(area, 76, 16.min(area.height));
    brush.clear(place);
    borders::draw(brush, &[place], Some(0));
    borders::title(brush, place, "PALETTE", "Enter does it, Tab completes, Up recalls, Esc");
    let inner = borders::inside(place);
    let first = Rect { height: 1.min(inner.height), ..inner };
    brush.line(first, &[piece(" : ", Role::Key), piece(line.value().to_owned(), Role::Input)]);
    let possible = if argument.is_empty() { app.possible() } else { app.possible().named() };
    let screen = app.ui.place.screen();
    let height = usize::from(inner.height.saturating_sub(1));
    for (y, number) in (inner.y + 1..inner.bottom()).zip(window(found.len(), Some(chosen), height))
    {
        let Some(row) = found.get(number) else { break };
        let keys = app.settings.keys.shortest(row.action, screen).map(written).unwrap_or_default();
        let wants = if row.argument.is_empty() || !argument.is_empty() {
            String::new()
        } else {
            format!("{} ", row.argument)
        };
        let (note, role) = match row.when.check(&possible) {
            Ok(()) => (row.help, Role::Text),
            Err(why) => (why, Role::Faint),
        };
        let at = Rect { y, height: 1, ..inner };
        brush.line(
            at,
            &[
                piece(if number == chosen { " > " } else { "   " }, Role::Title),
                piece(format!("{:16} ", row.name), Role::Title),
                piece(format!("{keys:6} "), Role::Key),
                piece(wants, Role::Info),
                piece(note, role),
            ],
        );
        if number == chosen {
            brush.select(at);
        }
    }
    if let [row] = found.as_slice()
        && let Some(argument) = search::behind(row, line.value())
    {
        let names = completion::names(app, row, argument);
        let rows = inner.y.saturating_add(2)..inner.bottom();
        for (y, name) in rows.zip(names) {
            let at = Rect { y, height: 1, ..inner };
            brush.line(at, &[piece(format!("     {name}"), Role::Info)]);
        }
    }
    if found.is_empty() && inner.height > 1 {
        let at = Rect { y: inner.y + 1, height: 1, ..inner };
        brush.line(at, &[piece("   no action has such a name", Role::Faint)]);
    }
    let column = u16::try_from(line.visual_cursor()).unwrap_or_default();
    (!first.is_empty()).then(|| Position {
        x: inner.x.saturating_add(3).saturating_add(column).min(inner.right().saturating_sub(1)),
        y: inner.y,
    })
}
