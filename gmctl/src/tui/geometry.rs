//! Where things stand on the screen, as far as keys have to know it: pure, from the size alone.

use std::ops::Range;

use ratatui::layout::Rect;

use super::{
    app::App,
    place::Place,
    rows::heat::HeatRow,
    size::Size,
    widget::{borders, brush::width_of, grid},
};
use crate::model::group::MemberKey;

/// The widest label of a row of the heat grid; longer ones are cut.
const LABEL_MAX: u16 = 16;
/// Room for the count at the end of a row of the heat grid.
pub const COUNT: u16 = 8;

/// Lines above and below the body.
pub fn margins(size: Size) -> (u16, u16) {
    match size {
        Size::Full => (3, 4),
        Size::Compact => (4, 4),
        Size::Minimal | Size::Sentence => (2, 1),
    }
}

/// The body of a screen of so many columns and rows, within its box if it has one.
pub fn body((width, height): (u16, u16), place: &Place) -> Rect {
    let size = Size::of(width, height);
    let (top, bottom) = margins(size);
    let middle = Rect { x: 0, y: top, width, height: height.saturating_sub(top + bottom) };
    if size == Size::Full && *place != Place::Overview { borders::inside(middle) } else { middle }
}

/// Whether a strip of heat stands below the list: there is room for it, and no pane of its own.
pub fn has_strip(app: &App) -> bool {
    Size::of(app.ui.size.0, app.ui.size.1) == Size::Compact
        && matches!(
            app.ui.place,
            Place::Groups | Place::Members(_) | Place::Cell(_) | Place::Timeline
        )
}

/// The heat grid as it is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The first column of the cells, from the left of the area.
    pub start: u16,
    /// The width of the labels.
    pub label: u16,
    /// How many cells a line has.
    pub width: usize,
    /// How many members share a cell.
    pub per_cell: usize,
    /// Which rows are seen, by their places: all that fit, with the one under the cursor.
    pub seen: Range<usize>,
    /// How many lines each row that is seen takes.
    pub lines: Vec<usize>,
}

/// The heat grid of the whole screen: its legend stands above, its sums below.
pub fn heat(app: &App) -> Grid {
    let body = body(app.ui.size, &Place::Heat);
    grid(app, Rect { height: body.height.saturating_sub(2), ..body })
}

/// The heat grid in an area, whose last line tells how many share a cell.
pub fn grid(app: &App, area: Rect) -> Grid {
    let rows = app.rows.heat.shown();
    let widest = rows.iter().map(|row| width_of(&row.label)).max().unwrap_or_default();
    let label = widest.min(LABEL_MAX).min(area.width / 4);
    let start = label.saturating_add(3);
    let width = usize::from(area.width.saturating_sub(start).saturating_sub(COUNT + 1));
    let height = usize::from(area.height.saturating_sub(1));
    let sizes: Vec<usize> = rows.iter().map(|row| row.keys.len()).collect();
    let here = app.ui.place == Place::Heat;
    let wanted = if here { app.ui.per_cell } else { 0 };
    // Only the heat screen has a cursor that the rows follow.
    let cursor = app.ui.selection.cell.as_ref().filter(|_| here);
    let at = cursor.and_then(|key| rows.iter().position(|row| row.holds(key)));
    let layout = grid::layout(&sizes, width, height, wanted, at.unwrap_or_default());
    let grid::Layout { per_cell, seen, lines } = layout;
    Grid { start, label, width, per_cell, seen, lines }
}

impl Grid {
    /// The row and the cell that hold a member.
    pub fn cell_of(&self, rows: &[HeatRow], key: Option<&MemberKey>) -> Option<(usize, usize)> {
        let key = key?;
        rows.iter().enumerate().find_map(|(row, facts)| {
            let at = facts.keys.binary_search(key).ok()?;
            Some((row, at / self.per_cell.max(1)))
        })
    }

    /// How many cells a row has.
    pub fn cells_in(&self, rows: &[HeatRow], row: usize) -> usize {
        rows.get(row).map_or(0, |facts| facts.keys.len().div_ceil(self.per_cell.max(1)))
    }

    /// The members of a cell.
    pub fn keys_of<'a>(&self, rows: &'a [HeatRow], row: usize, cell: usize) -> &'a [MemberKey] {
        let Some(facts) = rows.get(row) else { return &[] };
        facts.keys.chunks(self.per_cell.max(1)).nth(cell).unwrap_or_default()
    }

    /// The first member of a cell.
    pub fn first_of<'a>(
        &self,
        rows: &'a [HeatRow],
        row: usize,
        cell: usize,
    ) -> Option<&'a MemberKey> {
        self.keys_of(rows, row, cell).first()
    }
}
