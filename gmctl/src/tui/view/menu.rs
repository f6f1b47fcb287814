//! A few things to choose from: one of them, or some.

use ratatui::layout::Rect;

use super::form::centred;
use crate::tui::{
    app::App,
    columns,
    rows::order::{Orders, SortColumn},
    theme::Role,
    ui::Menu,
    widget::{
        borders,
        brush::{Brush, piece},
        table::window,
    },
};

/// Draws the menu.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, menu: Menu, at: usize) {
    let (title, lines): (&str, Vec<String>) = match menu {
        Menu::Sort(table) => {
            let by = app.ui.orders.of(table).map(|order| order.by);
            let line = |column: SortColumn| {
                let sign = if Some(column) == by { "*" } else { " " };
                format!("{sign} {:8} {}", column.word, column.help)
            };
            ("SORT by", Orders::choices(table).into_iter().map(line).collect())
        }
        Menu::Columns(table) => (
            "COLUMNS",
            columns::ordered(&app.ui, table)
                .into_iter()
                .filter_map(|place| columns::of(table).get(place))
                .map(|column| {
                    let hidden = app.ui.hidden.contains(&(table, column.title));
                    let sign = match (column.expendable, hidden) {
                        (0, _) => "[=]",
                        (_, true) => "[ ]",
                        (_, false) => "[x]",
                    };
                    format!("{sign} {}", column.title)
                })
                .collect(),
        ),
    };
    let keys = match menu {
        Menu::Sort(_) => "Enter chooses",
        Menu::Columns(_) => "Enter shows/hides, J K moves",
    };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let place = centred(area, 56, height);
    brush.clear(place);
    borders::draw(brush, &[place], Some(0));
    borders::title(brush, place, title, keys);
    let inner = borders::inside(place);
    let shown = window(lines.len(), Some(at), usize::from(inner.height));
    for (y, number) in (inner.y..inner.bottom()).zip(shown) {
        let Some(text) = lines.get(number) else { break };
        let line = Rect { y, height: 1, ..inner };
        let cursor = if number == at { " > " } else { "   " };
        brush.line(line, &[piece(cursor, Role::Title), piece(text.as_str(), Role::Text)]);
        if number == at {
            brush.select(line);
        }
    }
}
