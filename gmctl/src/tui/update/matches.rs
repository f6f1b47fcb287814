//! From match to match: the rows that pass the filter typed last, round and round. Where the filter
//! narrows the list that is every row; once it is cleared, the matches are seen among the others.

use super::turn::flash;
use crate::{
    action::table::Action,
    filter::ast::Filter,
    model::group::MemberKey,
    tui::{
        app::App,
        geometry,
        place::Place,
        rows::{
            lists::GroupRow,
            members,
            passes::{entry_passes, group_passes},
        },
        selection::List,
    },
};

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Next,
    Previous,
}

/// To the next match, or the one before.
pub(super) fn go(app: &mut App, way: Way) {
    let list = if app.ui.place == Place::Heat { Some(List::Members) } else { app.list() };
    let sought = list.and_then(|list| Some((list, app.ui.filters.sought(list)?.clone())));
    let Some((list, filter)) = sought else {
        let slash = app.key(Action::Filter);
        return flash(app, format!("nothing was looked for here yet; {slash} does"));
    };
    let found = if app.ui.place == Place::Heat {
        to_cell(app, &filter, way)
    } else {
        to_row(app, list, &filter, way)
    };
    if !found {
        flash(app, format!("nothing here passes {}", filter.text()));
    }
}

/// The places of a list after `at`, the nearest first, `at` itself last.
fn around(len: usize, at: usize, way: Way) -> impl Iterator<Item = usize> {
    (1..=len).map(move |step| match way {
        Way::Next => (at + step) % len,
        Way::Previous => (at + len - step % len) % len,
    })
}

fn to_row(app: &mut App, list: List, filter: &Filter, way: Way) -> bool {
    let len = app.rows.len_of(list);
    let at = app.position(list).unwrap_or_default();
    let found = around(len, at, way).find(|place| row_passes(app, list, *place, filter));
    if let Some(place) = found {
        app.select(list, place);
    }
    found.is_some()
}

fn row_passes(app: &App, list: List, place: usize, filter: &Filter) -> bool {
    let rows = &app.rows;
    let group = |row: &GroupRow| {
        let group = app.model().groups.get(&row.id);
        group.is_some_and(|group| group_passes(filter, app.moment(), &row.id, group))
    };
    let row = match list {
        List::Groups => rows.groups.get(place).map(group),
        List::Members => rows.members.get(place).map(|key| member_passes(app, key, filter)),
        List::Silent => rows.silent.get(place).map(|key| member_passes(app, key, filter)),
        List::Nodes => None,
        List::Entries => {
            rows.entries.get(place).map(|entry| entry_passes(filter, app.moment(), entry))
        }
    };
    row.unwrap_or_default()
}

fn member_passes(app: &App, key: &MemberKey, filter: &Filter) -> bool {
    let known = app.model().groups.get(&key.group);
    known.and_then(|group| Some((group, group.members.get(&key.id)?))).is_some_and(
        |(group, member)| members::passes(filter, app.moment(), &key.group, group, member),
    )
}

fn to_cell(app: &mut App, filter: &Filter, way: Way) -> bool {
    let grid = geometry::heat(app);
    let rows = app.rows.heat.shown();
    let cells: Vec<(usize, usize)> = (0..rows.len())
        .flat_map(|row| (0..grid.cells_in(rows, row)).map(move |cell| (row, cell)))
        .collect();
    let here = grid.cell_of(rows, app.ui.selection.cell.as_ref());
    let at = cells.iter().position(|cell| Some(*cell) == here).unwrap_or_default();
    let found = around(cells.len(), at, way).filter_map(|place| cells.get(place)).find(|place| {
        let keys = grid.keys_of(rows, place.0, place.1);
        keys.iter().any(|key| member_passes(app, key, filter))
    });
    let first = found.and_then(|(row, cell)| grid.first_of(rows, *row, *cell)).cloned();
    let is_found = first.is_some();
    if is_found {
        app.ui.selection.cell = first;
    }
    is_found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_looked_at_once_and_ones_own_last() {
        let places = |len, at, way| around(len, at, way).collect::<Vec<_>>();
        assert_eq!(places(4, 1, Way::Next), [2, 3, 0, 1]);
        assert_eq!(places(4, 1, Way::Previous), [0, 3, 2, 1]);
        assert_eq!(places(1, 0, Way::Previous), [0]);
        assert!(places(0, 0, Way::Next).is_empty());
    }
}
