//! What a measurement prints: a row for each kind of work.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    bench::sample::Spread,
    output::{
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// All rows of a measurement.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which measurement.
    pub bench: &'static str,
    /// How many nodes the cluster had.
    pub nodes: u64,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// One kind of work.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// How long it took each time; null where time was not what was measured.
    #[serde(flatten)]
    pub spread: Option<Spread>,
    /// Other figures, by name; the unit ends the name.
    pub figures: BTreeMap<&'static str, f64>,
    /// What was aimed at.
    pub goal: &'static str,
    /// What others took for the same work, on a machine of this size (two processors, shared with
    /// the load), each a cluster of three with fsync.
    pub peers: &'static str,
}

impl Row {
    /// A row of durations.
    pub fn new(work: impl Into<String>, spread: Option<Spread>) -> Self {
        Self { work: work.into(), spread, figures: BTreeMap::new(), goal: "", peers: "" }
    }

    /// The same with another figure.
    #[must_use]
    pub fn figure(mut self, name: &'static str, value: f64) -> Self {
        self.figures.insert(name, (value * 100.0).round() / 100.0);
        self
    }

    /// The same with what it is to be held against.
    #[must_use]
    pub fn against(self, goal: &'static str, peers: &'static str) -> Self {
        Self { goal, peers, ..self }
    }
}

impl Page for Report {
    type Item = Row;

    fn items(&self) -> Vec<&Row> {
        self.rows.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.work.clone()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("WORK"),
            Column::new("N").right(),
            Column::new("P50 ms").right(),
            Column::new("P99 ms").right(),
            Column::new("MAX ms").right(),
            Column::new("MORE"),
            Column::new("GOAL").priority(2),
            Column::new("PEERS").priority(3),
        ]);
        for row in &self.rows {
            let of =
                |figure: fn(&Spread) -> String| row.spread.as_ref().map_or("-".to_owned(), figure);
            let figures: Vec<String> =
                row.figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
            table.row([
                (&row.work).into(),
                of(|spread| spread.n.to_string()).into(),
                of(|spread| figure(spread.p50_ms)).into(),
                of(|spread| figure(spread.p99_ms)).into(),
                of(|spread| figure(spread.max_ms)).into(),
                figures.join(", ").into(),
                row.goal.into(),
                row.peers.into(),
            ]);
        }
        table
    }
}

/// Three digits that count.
fn figure(ms: f64) -> String {
    if ms >= 100.0 {
        format!("{ms:.0}")
    } else if ms >= 10.0 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.2}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_row_shows_what_it_has() {
        let spread = Spread::of(vec![Duration::from_micros(212_345), Duration::from_micros(5_678)]);
        let rows = vec![
            Row::new("kill", spread).figure("views", 1.0).against("<= 250", "etcd 1660"),
            Row::new("idle", None).figure("entries", 0.0),
        ];
        let report = Report { bench: "test", nodes: 3, rows };
        let text = report.text(false, &Style::default());
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        let kill = ["kill", "2", "5.68", "212", "212", "views", "1", "<=", "250", "etcd", "1660"];
        assert_eq!(lines[1], kill);
        assert_eq!(lines[2], ["idle", "-", "-", "-", "-", "entries", "0"]);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["rows"][0]["p50_ms"], 5.678);
        assert_eq!(json["rows"][1]["figures"]["entries"], 0.0);
    }
}
