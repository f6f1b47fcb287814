//! Choosing one of a few, or some of them.

use crate::{
    action::key::Key,
    tui::{
        app::App,
        columns,
        rows::wish::SortColumn,
        ui::{Menu, Overlay},
    },
};

/// A key was pressed in a menu.
pub(super) fn press(app: &mut App, menu: Menu, at: usize, key: Key) {
    let count = match menu {
        Menu::Sort => SortColumn::ALL.len(),
        Menu::Columns(table) => columns::of(table).len(),
    };
    let last = count.saturating_sub(1);
    let at = match key {
        Key::Esc => return,
        Key::Down | Key::Char('j') | Key::Tab => (at + 1).min(last),
        Key::Up | Key::Char('k') | Key::BackTab => at.saturating_sub(1),
        Key::Enter | Key::Char(' ') => {
            if choose(app, menu, at) {
                return;
            }
            at
        }
        _ => at,
    };
    app.ui.overlay = Some(Overlay::Menu(menu, at));
}

/// Takes the choice in; true if that was all.
fn choose(app: &mut App, menu: Menu, at: usize) -> bool {
    match menu {
        Menu::Sort => {
            app.ui.sort = SortColumn::ALL.get(at).copied().unwrap_or_default();
            app.ui.order_held_until = None;
            true
        }
        Menu::Columns(table) => {
            // A column that never gives way says whom the row is about, and stays here too.
            if let Some(column) = columns::of(table).get(at).filter(|one| one.expendable > 0) {
                let column = (table, column.title);
                if !app.ui.hidden.remove(&column) {
                    app.ui.hidden.insert(column);
                }
            }
            false
        }
    }
}
