//! A table that draws only the rows that fit: a hundred thousand rows cost as much as fifty.
//!
//! Columns that matter less go first when it gets narrow. Rows are turned over by pages, so moving
//! the cursor within a page repaints two lines.

use ratatui::layout::Rect;

use super::brush::{Brush, Piece};
use crate::tui::theme::Role;

/// Columns left of the first: the cursor and the mark.
const MARGIN: u16 = 2;
/// Columns between two columns.
const GAP: u16 = 2;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its least width.
    pub width: u16,
    /// Whether its text stands at its right end.
    pub right: bool,
    /// How much it matters: the greatest goes first when it gets narrow; 0 stays.
    pub expendable: u8,
    /// Whether it takes the room that is left.
    pub grows: bool,
}

/// A column of text.
pub const fn text(title: &'static str, width: u16, expendable: u8) -> Column {
    Column { title, width, right: false, expendable, grows: false }
}

/// A column of figures.
pub const fn figure(title: &'static str, width: u16, expendable: u8) -> Column {
    Column { title, width, right: true, expendable, grows: false }
}

/// A column of text that takes the room that is left.
pub const fn rest(title: &'static str, width: u16, expendable: u8) -> Column {
    Column { title, width, right: false, expendable, grows: true }
}

/// What is shown of a table.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// Its columns.
    pub columns: &'a [Column],
    /// Which of them are shown, by their places, from left to right.
    pub shown: &'a [usize],
    /// How many rows there are.
    pub rows: usize,
    /// The place of the selected row.
    pub selected: Option<usize>,
    /// Whether the keys go here.
    pub focused: bool,
}

/// The rows that are shown, by their places.
pub fn window(rows: usize, selected: Option<usize>, height: usize) -> std::ops::Range<usize> {
    if height == 0 {
        return 0..0;
    }
    let page = selected.unwrap_or_default() / height;
    let start = (page * height).min(rows.saturating_sub(height));
    start..rows.min(start + height)
}

/// Draws the table; `row` gives the pieces of a row by its place, and whether it is marked. Tells
/// where each row stands.
pub fn draw<'r>(
    brush: &mut Brush<'_>,
    area: Rect,
    table: &Table<'_>,
    row: impl Fn(usize) -> (Vec<Piece<'r>>, bool),
) -> Vec<(usize, Rect)> {
    if area.is_empty() {
        return Vec::new();
    }
    let columns = fit(table.columns, table.shown, area.width);
    let place_of = |column: usize| table.columns.get(column);
    for (column, x, width) in &columns {
        if let Some(facts) = place_of(*column) {
            cell(brush, area.x + x, area.y, *width, facts.right, facts.title, Role::Title);
        }
    }
    let height = usize::from(area.height) - 1;
    let mut places = Vec::with_capacity(height);
    for (line, place) in (1_u16..).zip(window(table.rows, table.selected, height)) {
        let y = area.y + line;
        places.push((place, Rect { y, height: 1, ..area }));
        let (pieces, marked) = row(place);
        let selected = table.selected == Some(place);
        if marked {
            brush.text(area.x + 1, y, 1, "*", Role::Key);
        }
        for (column, x, width) in &columns {
            if let (Some(facts), Some((text, role))) = (place_of(*column), pieces.get(*column)) {
                cell(brush, area.x + x, y, *width, facts.right, text, *role);
            }
        }
        if selected {
            brush.text(area.x, y, 1, ">", Role::Title);
            if table.focused {
                brush.select(Rect { y, height: 1, ..area });
            }
        }
    }
    places
}

fn cell(brush: &mut Brush<'_>, x: u16, y: u16, width: u16, right: bool, text: &str, role: Role) {
    let used = super::brush::width_of(text);
    let x = if right && used < width { x + (width - used) } else { x };
    brush.text(x, y, width.min(used), text, role);
}

/// Which columns fit: their places, where each begins and how wide it is.
fn fit(columns: &[Column], shown: &[usize], width: u16) -> Vec<(usize, u16, u16)> {
    let mut kept: Vec<usize> = shown.to_vec();
    let total = |kept: &[usize]| {
        kept.iter()
            .filter_map(|place| columns.get(*place))
            .fold(MARGIN, |sum, column| sum.saturating_add(column.width).saturating_add(GAP))
    };
    while total(&kept).saturating_sub(GAP) > width {
        let worst = kept
            .iter()
            .copied()
            .max_by_key(|place| columns.get(*place).map_or(0, |column| column.expendable));
        match worst {
            Some(place) if columns.get(place).is_some_and(|column| column.expendable > 0) => {
                kept.retain(|one| *one != place);
            }
            _ => break,
        }
    }
    let mut spare = width.saturating_sub(total(&kept).saturating_sub(GAP));
    let mut x = MARGIN;
    let mut placed = Vec::with_capacity(kept.len());
    for place in kept {
        let Some(column) = columns.get(place) else {
            continue;
        };
        let extra = if column.grows { std::mem::take(&mut spare) } else { 0 };
        let room = width.saturating_sub(x);
        let wide = column.width.saturating_add(extra).min(room);
        placed.push((place, x, wide));
        x = x.saturating_add(wide).saturating_add(GAP);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = [text("A", 10, 0), figure("B", 5, 2), figure("C", 5, 1), rest("D", 5, 3)];
        let titles = |width| {
            fit(&columns, &[0, 1, 2, 3], width)
                .iter()
                .map(|(place, ..)| columns[*place].title)
                .collect::<String>()
        };
        for (width, expected) in
            [(33, "ABCD"), (32, "ABC"), (26, "ABC"), (25, "AC"), (19, "AC"), (18, "A"), (3, "A")]
        {
            assert_eq!(titles(width), expected, "{width}");
        }
        let last = fit(&columns, &[0, 1, 2, 3], 50).last().copied();
        assert_eq!(last, Some((3, 28, 22)), "what is left goes to the column that grows");
        let moved = fit(&columns, &[2, 0], 50);
        assert_eq!(moved, [(2, 2, 5), (0, 9, 10)], "they stand in the order wished for");
    }

    #[test]
    fn the_window_holds_the_selected_row() {
        for (rows, selected, height, expected) in [
            (0, None, 10, 0..0),
            (5, Some(4), 10, 0..5),
            (25, Some(9), 10, 0..10),
            (25, Some(10), 10, 10..20),
            (25, Some(24), 10, 15..25),
            (25, Some(3), 0, 0..0),
        ] {
            assert_eq!(window(rows, selected, height), expected);
        }
    }
}
