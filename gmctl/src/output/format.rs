//! The formats of `-o`.

use serde::{Deserialize, Serialize};

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people: aligned columns that fit the terminal.
    #[default]
    Table,
    /// The same with every column.
    Wide,
    /// The body of the API's answer.
    Json,
    /// One item a line, each a JSON object.
    Jsonl,
    /// The body of the API's answer as YAML.
    Yaml,
    /// Every column of the table, separated by commas, with exact figures.
    Csv,
    /// Ids only, one a line.
    Name,
}

impl Format {
    /// Whether a program reads along, so that errors are JSON too.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl)
    }
}

/// How a time of day is written for people. JSON and CSV have their own way, whatever this says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeWish {
    /// In UTC: 2026-11-22T10:00:00.123Z.
    #[default]
    Utc,
    /// In this machine's time zone: 2026-11-22T11:00:00.123+01:00.
    Local,
    /// How long ago: 3m 4s ago.
    Rel,
}
