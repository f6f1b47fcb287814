//! Aligned columns. Where the width is known, a row is never wider than it: columns of low
//! priority go first, then the end of the row is cut. Where it is not known nothing is left out.
//!
//! The same table is CSV: every column, named as in the API, with exact figures where the cell for
//! people has a rounded one.
//!
//! Pure: rows in, text out.

use std::borrow::Cow;

use crate::output::{
    human, plain,
    style::{Role, Style},
};

/// Spaces between two columns.
const GAP: usize = 2;

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// Its name in CSV and for `--columns`; by its head where empty.
    field: &'static str,
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
        Self { head, field: "", priority: 0, wide: false, right: false }
    }

    /// The same under another name in CSV: the API's, with its unit.
    #[must_use]
    pub const fn field(self, field: &'static str) -> Self {
        Self { field, ..self }
    }

    /// Its name in CSV and for `--columns`.
    pub fn name(&self) -> Cow<'static, str> {
        if self.field.is_empty() { by_head(self.head).into() } else { self.field.into() }
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

/// `RTT P50` is `rtt_p50`.
fn by_head(head: &str) -> String {
    head.to_lowercase().replace([' ', '-', '/'], "_")
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    role: Role,
    /// What CSV has instead of the text.
    exact: Option<String>,
    /// The name of a fact, in the first cell of its row.
    fact: &'static str,
}

impl Cell {
    /// A cell whose colour tells its meaning.
    pub fn new(role: Role, text: impl AsRef<str>) -> Self {
        Self { text: plain::clean(text.as_ref()).into_owned(), role, exact: None, fact: "" }
    }

    /// The same with the exact figure for CSV; an empty one where there is none. Line ends stay.
    #[must_use]
    pub fn exact<T: ToString>(self, figure: Option<T>) -> Self {
        let text = figure.map(|figure| figure.to_string()).unwrap_or_default();
        let lines: Vec<Cow<'_, str>> = text.split('\n').map(plain::clean).collect();
        Self { exact: Some(lines.join("\n")), ..self }
    }

    /// A figure, or `-` where there is none; nothing at all in CSV.
    pub fn or_dash<T: ToString>(figure: Option<T>) -> Self {
        Self::figure(figure, ToString::to_string)
    }

    /// A figure that people read otherwise than programs; `-` and nothing where there is none.
    pub fn figure<T: ToString>(figure: Option<T>, text: impl Fn(&T) -> String) -> Self {
        let shown = figure.as_ref().map_or_else(|| "-".to_owned(), text);
        Self::new(Role::Plain, shown).exact(figure)
    }

    /// A time of day in milliseconds since 1970; 0 is none that anybody knows.
    pub fn time(millis: u64, style: &Style) -> Self {
        if millis == 0 {
            return Self::or_dash(None::<u64>);
        }
        Self::new(Role::Plain, human::time(millis, style)).exact(Some(human::time_of_day(millis)))
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::new(Role::Plain, text.to_string())
    }
}

/// A column was asked for that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no column {name:?}; there is {}", known.join(", "))]
pub struct NoSuchColumn {
    name: String,
    known: Vec<String>,
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
    pub fn fact(&mut self, name: &'static str, value: impl Into<Cell>) {
        self.rows.push(vec![Cell { fact: name, ..Cell::new(Role::Faint, name) }, value.into()]);
    }

    /// The columns of these names alone, in this order; a name is that of CSV or the head.
    pub fn choose(&self, names: &[String]) -> Result<Self, NoSuchColumn> {
        let whole = self.upright();
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            let wanted = by_head(name);
            let found = whole
                .columns
                .iter()
                .position(|column| column.name() == wanted || by_head(column.head) == wanted);
            places.push(found.ok_or_else(|| NoSuchColumn {
                name: name.clone(),
                known: whole.columns.iter().map(|column| column.name().into_owned()).collect(),
            })?);
        }
        let pick = |row: &Vec<Cell>| -> Vec<Cell> {
            places.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect()
        };
        Ok(Self {
            columns: places.iter().map(|at| Column { wide: false, ..whole.columns[*at] }).collect(),
            rows: whole.rows.iter().map(pick).collect(),
            has_head: true,
        })
    }

    /// Names and values as one row under heads; any other table as it is.
    fn upright(&self) -> Cow<'_, Self> {
        if self.has_head {
            return Cow::Borrowed(self);
        }
        let (columns, row) = self
            .rows
            .iter()
            .map(|row| {
                let name = row.first().map_or("", |cell| cell.fact);
                (Column::new(name), row.get(1).cloned().unwrap_or_default())
            })
            .unzip();
        Cow::Owned(Self { columns, rows: vec![row], has_head: true })
    }

    /// The table as CSV after RFC 4180, with line ends of one character.
    pub fn csv(&self, has_head: bool) -> Result<String, csv::Error> {
        let whole = self.upright();
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        if has_head {
            writer.write_record(whole.columns.iter().map(|column| column.name().into_owned()))?;
        }
        for row in &whole.rows {
            let empty = Cell::default();
            let cells = (0..whole.columns.len()).map(|at| row.get(at).unwrap_or(&empty));
            writer.write_record(cells.map(|cell| cell.exact.as_deref().unwrap_or(&cell.text)))?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text, each row ended by a line end.
    pub fn draw(&self, wide: bool, style: &Style) -> String {
        let has_head = self.has_head && !style.no_headers;
        let widths: Vec<usize> =
            (0..self.columns.len()).map(|at| self.width(at, has_head)).collect();
        let shown = self.fit(&widths, wide, style.columns);
        let mut text = String::new();
        if has_head {
            let heads: Vec<Cell> =
                self.columns.iter().map(|column| Cell::new(Role::Strong, column.head)).collect();
            self.draw_row(&heads, &shown, &widths, style, &mut text);
        }
        for row in &self.rows {
            self.draw_row(row, &shown, &widths, style, &mut text);
        }
        text
    }

    fn width(&self, at: usize, has_head: bool) -> usize {
        let head = self.columns.get(at).filter(|_| has_head);
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
        Style { columns, ascii: true, ..Style::default() }
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
    fn csv_has_every_column_and_exact_figures() {
        let mut table = Table::new(&[Column::new("ID"), Column::new("RTT").field("rtt_us").wide()]);
        table.row(["a,b".into(), Cell::figure(Some(1_250), |_| "1.2ms".to_owned())]);
        table.row(["say \"x\"".into(), Cell::or_dash(None::<u64>)]);
        assert_eq!(table.csv(true).unwrap(), "id,rtt_us\n\"a,b\",1250\n\"say \"\"x\"\"\",\n");
        assert_eq!(table.draw(true, &style(None)), "ID       RTT\na,b      1.2ms\nsay \"x\"  -\n");
        let mut facts = Table::of_facts();
        facts.fact("quorum age", 7);
        facts.fact("node", 2);
        assert_eq!(facts.csv(true).unwrap(), "quorum_age,node\n7,2\n");
        assert_eq!(facts.csv(false).unwrap(), "7,2\n");
    }

    #[test]
    fn columns_are_chosen_by_either_name_and_a_wrong_one_is_told_the_right_ones() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let chosen = table().choose(&names("tags,ID")).unwrap();
        assert_eq!(chosen.draw(false, &style(None)).lines().next(), Some("TAGS  ID"));
        let no_head = Style { no_headers: true, ..style(None) };
        assert_eq!(table().choose(&names("id")).unwrap().draw(false, &no_head), "a\nlonger\n");
        let why = table().choose(&names("id,size")).unwrap_err().to_string();
        assert_eq!(why, "there is no column \"size\"; there is id, address, view, tags");
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
