//! The heat grid under the keys: from cell to cell, by the id of its first member.

use super::{places, turn::flash};
use crate::tui::{
    app::App,
    geometry,
    place::Place,
    rows::{heat::groupings, wish::Grouping},
};

/// The largest number of members that share a cell by wish.
const PER_CELL_MAX: usize = 10_000;

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Left,
    Right,
    Up,
    Down,
}

/// To the neighbouring cell; at the edge of the grid nowhere.
pub(super) fn step(app: &mut App, way: Way) {
    let grid = geometry::heat(app);
    let rows = app.rows.heat.shown();
    let Some((row, cell)) = grid.cell_of(rows, app.ui.selection.cell.as_ref()) else {
        return;
    };
    let width = grid.width.max(1);
    let (line, column) = (cell / width, cell % width);
    let last_of = |row: usize| grid.cells_in(rows, row).saturating_sub(1);
    let target = match way {
        Way::Left => cell.checked_sub(1).map(|cell| (row, cell)),
        Way::Right => Some((row, cell + 1)),
        Way::Up if line > 0 => Some((row, cell - width)),
        Way::Up => row.checked_sub(1).map(|row| {
            let last = last_of(row);
            (row, (last / width * width + column).min(last))
        }),
        Way::Down if line < last_of(row) / width => Some((row, (cell + width).min(last_of(row)))),
        Way::Down => Some((row + 1, column.min(last_of(row + 1)))),
    };
    if let Some(key) = target.and_then(|(row, cell)| grid.first_of(rows, row, cell)) {
        app.ui.selection.cell = Some(key.clone());
    }
}

/// Down or up by so many lines, as far as there are any.
pub(super) fn leap(app: &mut App, by: isize) {
    let way = if by > 0 { Way::Down } else { Way::Up };
    for _ in 0..by.unsigned_abs() {
        step(app, way);
    }
}

/// To the first cell of the first row or of the last.
pub(super) fn go_to_end(app: &mut App, last: bool) {
    let rows = app.rows.heat.shown();
    let row = if last { rows.last() } else { rows.first() };
    if let Some(key) = row.and_then(|row| row.keys.first()) {
        app.ui.selection.cell = Some(key.clone());
    }
}

/// Opens the cell: its member, or the list of its members.
pub(super) fn open(app: &mut App) {
    let grid = geometry::heat(app);
    let place = grid
        .cell_of(app.rows.heat.shown(), app.ui.selection.cell.as_ref())
        .map(|(row, cell)| grid.keys_of(app.rows.heat.shown(), row, cell))
        .and_then(|keys| match keys {
            [] => None,
            [only] => Some(Place::Member(only.clone())),
            many => Some(Place::Cell(many.to_vec())),
        });
    match place {
        Some(place) => places::go(app, place),
        None => flash(app, "open: no cell is selected"),
    }
}

/// More or fewer members in one cell.
pub(super) fn resize(app: &mut App, coarser: bool) {
    let now = geometry::heat(app).per_cell;
    // Fewer than fit is as few as fit.
    app.ui.per_cell = if coarser { now.saturating_mul(2).min(PER_CELL_MAX) } else { now / 2 };
    let then = geometry::heat(app).per_cell;
    flash(app, format!("1 cell = {then} {}", if then == 1 { "member" } else { "members" }));
}

/// Groups the grid by what is named, or by the next that makes sense.
pub(super) fn regroup(app: &mut App, named: &str) {
    let choices = groupings(app.model());
    if named.is_empty() {
        let at = choices.iter().position(|one| *one == app.ui.grouping).unwrap_or_default();
        let next = at.saturating_add(1) % choices.len().max(1);
        app.ui.grouping = choices.get(next).cloned().unwrap_or_default();
        return;
    }
    let wanted = Grouping::named(named);
    if choices.contains(&wanted) {
        app.ui.grouping = wanted;
    } else {
        flash(app, format!("group by: no member carries the tag {named}"));
    }
}
