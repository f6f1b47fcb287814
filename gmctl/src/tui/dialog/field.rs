//! A labelled line of a form, with its mistake beside it.

use tui_input::Input;

/// One line of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// What is asked for.
    pub label: &'static str,
    /// How it is written.
    pub hint: &'static str,
    /// What was typed.
    pub line: Input,
    /// What is wrong with it, as far as that is known.
    pub mistake: Option<String>,
}

impl Field {
    /// A line with something in it already.
    pub fn new(label: &'static str, hint: &'static str, value: &str) -> Self {
        Self { label, hint, line: Input::new(value.to_owned()), mistake: None }
    }

    /// What was typed, without spaces around it.
    pub fn value(&self) -> &str {
        self.line.value().trim()
    }
}
