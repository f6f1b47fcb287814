//! The formats of `-o`.

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
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
    /// Ids only, one a line.
    Name,
}

impl Format {
    /// Whether a program reads along, so that errors are JSON too.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl)
    }
}
