//! Many cells in a fixed order on as few lines as there are: how many share one cell is the
//! smallest number with which all fit, or more if that is wished for.

/// How the rows of a grid are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How many share one cell.
    pub per_cell: usize,
    /// How many lines each row takes; fewer rows than given, if not even one line each fits.
    pub lines: Vec<usize>,
}

/// Lays out rows of so many items each on lines of `width` cells, at least `least` in one.
pub fn layout(rows: &[usize], width: usize, height: usize, least: usize) -> Layout {
    let shown = rows.get(..rows.len().min(height)).unwrap_or_default();
    if width == 0 || shown.is_empty() {
        return Layout { per_cell: 1, lines: Vec::new() };
    }
    let lines_of = |per_cell: usize| -> Vec<usize> {
        shown.iter().map(|items| items.div_ceil(per_cell).div_ceil(width).max(1)).collect()
    };
    let longest = shown.iter().copied().max().unwrap_or_default();
    let (mut low, mut high) = (1, longest.div_ceil(width).max(1));
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
    Layout { per_cell, lines: lines_of(per_cell) }
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
            assert_eq!(layout(&rows, width, height, 0), Layout { per_cell, lines }, "{rows:?}");
        }
        let wished = layout(&[10], 60, 5, 4);
        assert_eq!(wished, Layout { per_cell: 4, lines: vec![1] });
    }
}
