//! Colours by meaning. Only the terminal's own sixteen colours are used, no background is ever
//! painted, and no meaning is told by colour alone: the word is always there too.

use anstyle::{AnsiColor, Effects, Style as Codes};

use crate::output::format::TimeWish;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    #[default]
    Plain,
    /// The head of a column, a name that stands out.
    Strong,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of less interest.
    Faint,
}

/// How text is drawn: facts about the terminal and wishes of the user, decided once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour.
    pub colored: bool,
    /// Only ASCII for gmctl's own marks.
    pub ascii: bool,
    /// The columns to fit into; none where nothing may be cut.
    pub columns: Option<usize>,
    /// No line of heads above columns.
    pub no_headers: bool,
    /// How times of day are written.
    pub time: TimeWish,
    /// Milliseconds since 1970 when the run began, for what is told as an age.
    pub now_ms: u64,
}

impl Style {
    /// The text in the colour of its role.
    pub fn paint(&self, role: Role, text: &str) -> String {
        if !self.colored || role == Role::Plain || text.is_empty() {
            return text.to_owned();
        }
        let codes = match role {
            Role::Plain => Codes::new(),
            Role::Strong => Codes::new().effects(Effects::BOLD),
            Role::Good => AnsiColor::Green.on_default(),
            Role::Warn => AnsiColor::Yellow.on_default(),
            Role::Bad => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Role::Faint => Codes::new().effects(Effects::DIMMED),
        };
        format!("{codes}{text}{codes:#}")
    }

    /// The mark in place of what was cut away.
    pub fn cut_mark(&self) -> &'static str {
        if self.ascii { "..." } else { "\u{2026}" }
    }
}
