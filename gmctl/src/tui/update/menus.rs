//! Choosing one of a few, or some of them.

use crate::{
    action::key::Key,
    tui::{
        app::App,
        columns,
        rows::order::Orders,
        ui::{Menu, Overlay},
    },
};

/// A key was pressed in a menu.
pub(super) fn press(app: &mut App, menu: Menu, at: usize, key: Key) {
    let count = match menu {
        Menu::Sort(table) => Orders::choices(table).len(),
        Menu::Columns(table) => columns::of(table).len(),
    };
    let last = count.saturating_sub(1);
    let at = match key {
        Key::Esc => return,
        Key::Down | Key::Char('j') | Key::Tab => (at + 1).min(last),
        Key::Up | Key::Char('k') | Key::BackTab => at.saturating_sub(1),
        Key::Char('J' | '>') => shift(app, menu, at, (at + 1).min(last)),
        Key::Char('K' | '<') => shift(app, menu, at, at.saturating_sub(1)),
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

/// Moves a column to where another one stands; tells where it is then.
fn shift(app: &mut App, menu: Menu, from: usize, to: usize) -> usize {
    let Menu::Columns(table) = menu else {
        return from;
    };
    let columns = columns::of(table);
    let mut titles: Vec<&'static str> = columns::ordered(&app.ui, table)
        .into_iter()
        .filter_map(|place| columns.get(place))
        .map(|column| column.title)
        .collect();
    if from.max(to) < titles.len() {
        titles.swap(from, to);
        app.ui.order.insert(table, titles);
    }
    to
}

/// Takes the choice in; true if that was all.
fn choose(app: &mut App, menu: Menu, at: usize) -> bool {
    match menu {
        Menu::Sort(table) => {
            app.ui.orders.choose(table, at);
            app.ui.order_held_until = None;
            true
        }
        Menu::Columns(table) => {
            // A column that never gives way says whom the row is about, and stays here too.
            let place = columns::ordered(&app.ui, table).get(at).copied().unwrap_or_default();
            if let Some(column) = columns::of(table).get(place).filter(|one| one.expendable > 0) {
                let column = (table, column.title);
                if !app.ui.hidden.remove(&column) {
                    app.ui.hidden.insert(column);
                }
            }
            false
        }
    }
}
