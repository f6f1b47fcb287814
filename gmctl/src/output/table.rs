//! Aligned columns. Where the width is known, a row is never wider than it: columns of low
//! priority go first, then the end of the row is cut. Where it is not known nothing is left out.
//!
//! Pure: rows in, text out.

use crate::output::{
    plain,
    style::{Role, Style},
};

/// Spaces between two columns.
const GAP: usize = 2;

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// 0 is never left out; the greatest goes first.
    pub priority: u8,
    /// Shown by `-o wide` alone.
    pub wide: bool,
    /// Numbers stand at the right.
    pub right: bool,
}

impl Column {
    /// A column of text that is always shown.
    pub const fn new(head: &'static str) -> Self {
        Self { head, priority: 0, wide: false, right: false }
    }

    /// The same, left out in this order when the terminal is narrow.
    #[must_use]
    pub const fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// The same, for `-o wide` alone.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    /// The same, with its cells at the right.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    role: Role,
}

impl Cell {
    /// A cell whose colour tells its meaning.
    pub fn new(role: Role, text: impl AsRef<str>) -> Self {
        Self { text: plain::clean(text.as_ref()).into_owned(), role }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::new(Role::Plain, text.to_string())
    }
}

/// Rows under heads.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    has_head: bool,
}

impl Table {
    /// A table with these columns and no row yet.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), has_head: true }
    }

    /// Names and values, without a head.
    pub fn of_facts() -> Self {
        Self { has_head: false, ..Self::new(&[Column::new("fact"), Column::new("value")]) }
    }

    /// One more row; missing cells are empty.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len(), "a cell for every column");
        self.push(cells.into());
    }

    /// One more row of a table whose columns are not known to the compiler.
    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// One more name and value.
    pub fn fact(&mut self, name: &str, value: impl Into<Cell>) {
        self.rows.push(vec![Cell::new(Role::Faint, name), value.into()]);
    }

    /// The text, each row ended by a line end.
    pub fn draw(&self, wide: bool, style: &Style) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let shown = self.fit(&widths, wide, style.columns);
        let mut text = String::new();
        if self.has_head {
            let heads: Vec<Cell> =
                self.columns.iter().map(|column| Cell::new(Role::Strong, column.head)).collect();
            self.draw_row(&heads, &shown, &widths, style, &mut text);
        }
        for row in &self.rows {
            self.draw_row(row, &shown, &widths, style, &mut text);
        }
        text
    }

    fn width(&self, at: usize) -> usize {
        let head = self.columns.get(at).filter(|_| self.has_head);
        let head = head.map_or(0, |column| plain::width(column.head));
        self.rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| plain::width(&cell.text))
            .fold(head, usize::max)
    }

    /// Which columns are shown: those of `wide` only if asked for, then as many as fit.
    fn fit(&self, widths: &[usize], wide: bool, columns: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<usize> =
            (0..self.columns.len()).filter(|at| wide || !self.columns[*at].wide).collect();
        let Some(columns) = columns else {
            return shown;
        };
        loop {
            let total: usize = shown.iter().map(|at| widths[*at] + GAP).sum();
            if total.saturating_sub(GAP) <= columns {
                return shown;
            }
            let least = shown
                .iter()
                .copied()
                .filter(|at| self.columns[*at].priority > 0)
                .max_by_key(|at| self.columns[*at].priority);
            match least {
                Some(least) => shown.retain(|at| *at != least),
                None => return shown,
            }
        }
    }

    fn draw_row(
        &self,
        row: &[Cell],
        shown: &[usize],
        widths: &[usize],
        style: &Style,
        text: &mut String,
    ) {
        let mut room = style.columns.unwrap_or(usize::MAX);
        // Spaces are written only once something follows them, so no line ends in spaces.
        let mut spaces = 0;
        for (place, at) in shown.iter().enumerate() {
            if place > 0 {
                spaces += GAP;
            }
            let empty = Cell::default();
            let cell = row.get(*at).unwrap_or(&empty);
            let padding = widths[*at].saturating_sub(plain::width(&cell.text));
            let (before, after) = if self.columns[*at].right { (padding, 0) } else { (0, padding) };
            spaces += before;
            if !cell.text.is_empty() {
                if spaces >= room {
                    break;
                }
                let cut = plain::cut(&cell.text, room - spaces, style.cut_mark());
                text.extend(std::iter::repeat_n(' ', spaces));
                text.push_str(&style.paint(cell.role, &cut));
                room -= spaces + plain::width(&cut);
                spaces = 0;
            }
            spaces += after;
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[
            Column::new("ID"),
            Column::new("ADDRESS").priority(1),
            Column::new("VIEW").right().priority(2),
            Column::new("TAGS").wide(),
        ]);
        table.row(["a".into(), "h:1".into(), 7.into(), "x=1".into()]);
        table.row([Cell::new(Role::Bad, "longer"), "host:12".into(), 1234.into(), "".into()]);
        table
    }

    fn style(columns: Option<usize>) -> Style {
        Style { columns, ascii: true, colored: false }
    }

    #[test]
    fn columns_are_aligned_and_nothing_is_cut_without_a_width() {
        assert_eq!(
            table().draw(false, &style(None)),
            "ID      ADDRESS  VIEW\na       h:1         7\nlonger  host:12  1234\n"
        );
        assert!(table().draw(true, &style(None)).contains("TAGS\n"));
    }

    #[test]
    fn columns_of_low_priority_go_first_and_then_the_rest_is_cut() {
        assert_eq!(
            table().draw(false, &style(Some(16))),
            "ID      ADDRESS\na       h:1\nlonger  host:12\n"
        );
        assert_eq!(table().draw(false, &style(Some(5))), "ID\na\nlo...\n");
    }

    #[test]
    fn colour_changes_no_width() {
        let colored = Style { colored: true, ..style(None) };
        let text = table().draw(false, &colored);
        assert!(text.contains("\x1b[1m\x1b[31mlonger\x1b[0m  host:12") || text.contains("\x1b["));
        assert!(!table().draw(false, &style(None)).contains('\x1b'));
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_terminal(cells in proptest::collection::vec(any::<[String; 3]>(), 0..5), columns in 1_usize..60) {
            let mut table = Table::new(&[Column::new("A"), Column::new("B").priority(1), Column::new("C").right().priority(2)]);
            for [a, b, c] in cells {
                table.row([a.into(), b.into(), c.into()]);
            }
            for line in table.draw(true, &style(Some(columns))).lines() {
                prop_assert!(plain::width(line) <= columns, "{line:?}");
            }
        }
    }
}
