//! Many cells in a fixed order on as few lines as there are: how many share one cell is the
//! smallest number with which all fit, or more if that is wished for.

use std::ops::Range;

use super::table;

/// How the rows of a grid are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How many share one cell.
    pub per_cell: usize,
    /// Which rows are seen, by their places.
    pub seen: Range<usize>,
    /// How many lines each row that is seen takes.
    pub lines: Vec<usize>,
}

/// Lays out rows of so many items each on lines of `width` cells, at least `least` in one. If not
/// even one line each fits, those rows are seen that stand on one page with the row `at`.
pub fn layout(rows: &[usize], width: usize, height: usize, least: usize, at: usize) -> Layout {
    if width == 0 || height == 0 || rows.is_empty() {
        return Layout { per_cell: 1, seen: 0..0, lines: Vec::new() };
    }
    let lines_of = |per_cell: usize| -> Vec<usize> {
        rows.iter().map(|items| items.div_ceil(per_cell).div_ceil(width).max(1)).collect()
    };
    let longest = rows.iter().copied().max().unwrap_or_default();
    let (mut low, mut high) = (1, longest.div_ceil(width).max(1));
    if rows.len() > height {
        // The same on every page, so that a cell is the same on all of them.
        let seen = table::window(rows.len(), Some(at), height);
        return Layout { per_cell: high.max(least), lines: vec![1; seen.len()], seen };
    }
    // With `high` every row takes one line, so it always fits; the smallest that fits is sought.
    while low < high {
        let middle = usize::midpoint(low, high);
        if lines_of(middle).iter().sum::<usize>() <= height {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let per_cell = low.max(least);
    Layout { per_cell, seen: 0..rows.len(), lines: lines_of(per_cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_as_possible_share_a_cell() {
        for (rows, width, height, per_cell, lines) in [
            (vec![10, 5], 60, 5, 1, vec![1, 1]),
            (vec![300], 60, 5, 1, vec![5]),
            (vec![300], 60, 4, 2, vec![3]),
            (vec![10_000, 10], 60, 2, 167, vec![1, 1]),
            (vec![3, 3, 3], 10, 2, 1, vec![1, 1]),
            (vec![0], 10, 2, 1, vec![1]),
            (vec![5], 0, 2, 1, vec![]),
            (vec![5], 10, 0, 1, vec![]),
        ] {
            let seen = 0..lines.len();
            let expected = Layout { per_cell, seen, lines };
            assert_eq!(layout(&rows, width, height, 0, 0), expected, "{rows:?}");
        }
        let wished = layout(&[10], 60, 5, 4, 0);
        assert_eq!(wished, Layout { per_cell: 4, seen: 0..1, lines: vec![1] });
    }

    #[test]
    fn the_page_with_the_cursor_is_seen_and_a_cell_is_the_same_on_every_page() {
        let rows = [3, 3, 3, 3, 40];
        for (at, seen) in [(0, 0..2), (1, 0..2), (2, 2..4), (4, 3..5), (9, 3..5)] {
            let expected = Layout { per_cell: 4, seen, lines: vec![1, 1] };
            assert_eq!(layout(&rows, 10, 2, 0, at), expected, "{at}");
        }
    }
}
