//! What a screen lists, as plain text: all of it, not only what fits. To other programs it is given
//! as values.

use super::{groups, members, nodes, page, timeline};
use crate::tui::{
    app::App,
    columns,
    place::{Pane, Place},
    values::{self, ROWS_MAX},
    widget::{brush::Piece, table::Column},
};

/// A list, without looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The headings.
    pub head: Vec<&'static str>,
    /// The rows, a text a heading.
    pub rows: Vec<Vec<String>>,
}

/// What the screen shows as lines of text: all of it, not only what fits.
pub fn lines(app: &App) -> Vec<String> {
    page::text(app).unwrap_or_else(|| of(app).lines())
}

/// What the screen lists; the heat grid as its members.
fn of(app: &App) -> Listing {
    match (&app.ui.place, app.ui.pane) {
        (Place::Members(_) | Place::Cell(_), _) => {
            let rows = app.rows.members.iter().map(|key| members::row(app, key));
            listing(columns::MEMBERS, rows)
        }
        (Place::Heat, _) => {
            let keys = app.rows.heat.shown().iter().flat_map(|row| &row.keys);
            listing(columns::MEMBERS, keys.map(|key| members::row(app, key)))
        }
        (Place::Overview, Pane::Silent) => {
            let rows = app.rows.silent.iter().map(|key| members::row(app, key));
            listing(columns::MEMBERS, rows)
        }
        (Place::Groups, _) | (Place::Overview, Pane::Groups) => {
            listing(columns::GROUPS, app.rows.groups.iter().map(|row| groups::pieces(app, row)))
        }
        (Place::Timeline, _) | (Place::Overview, Pane::Timeline) => {
            let rows = app.rows.entries.iter().map(|entry| timeline::pieces(app, entry));
            listing(columns::TIMELINE, rows)
        }
        (Place::Nodes, _) | (Place::Overview, Pane::Nodes) => {
            let facts = app.rows.nodes.iter().filter_map(|id| app.model().nodes.get(id));
            listing(columns::NODES, facts.map(|facts| nodes::pieces(app, facts)))
        }
        // Screens of lines.
        (Place::Member(_) | Place::Why(_) | Place::Views | Place::Difference, _) => {
            Listing::default()
        }
    }
}

fn listing<'a>(columns: &[Column], rows: impl Iterator<Item = Vec<Piece<'a>>>) -> Listing {
    let head: Vec<&'static str> = columns.iter().map(|column| column.title).collect();
    let rows = rows
        .take(ROWS_MAX)
        .map(|pieces| {
            let mut texts: Vec<String> =
                pieces.into_iter().map(|(text, _)| one_line(text.trim())).collect();
            texts.resize(head.len(), String::new());
            texts
        })
        .collect();
    Listing { head, rows }
}

/// Foreign texts may hold anything; a row is one line.
pub(super) fn one_line(text: &str) -> String {
    text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Listing {
    /// Aligned columns.
    fn lines(&self) -> Vec<String> {
        let mut widths: Vec<usize> = self.head.iter().map(|title| title.chars().count()).collect();
        for row in &self.rows {
            for (width, text) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.chars().count());
            }
        }
        let line = |texts: &[String]| {
            let cells = texts.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let head: Vec<String> = self.head.iter().map(|title| (*title).to_owned()).collect();
        std::iter::once(&head).chain(&self.rows).map(|row| line(row)).collect()
    }
}

/// What the screen lists in the form that the ending of a file's name asks for, and how many rows
/// that are; none for another ending.
pub fn for_file(app: &App, path: &str) -> Option<(usize, String)> {
    let form = path.rsplit_once('.')?.1;
    if form == "txt" {
        let lines = lines(app);
        let heads = usize::from(page::text(app).is_none());
        return Some((lines.len().saturating_sub(heads), lines.join("\n") + "\n"));
    }
    let values = values::of(app);
    match form {
        "csv" => Some((values.len(), values.csv())),
        "json" => Some((values.len(), values.json())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_the_text_are_aligned() {
        let listing = Listing {
            head: vec!["MEMBER", "SEEN BY"],
            rows: vec![
                vec!["m-1".to_owned(), "node 1".to_owned()],
                vec!["a,\"b\"".to_owned(), String::new()],
            ],
        };
        assert_eq!(listing.lines(), ["MEMBER  SEEN BY", "m-1     node 1", "a,\"b\""]);
    }
}
