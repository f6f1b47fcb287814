//! How gmctl tells that something failed: what failed, whom it asked, and what to do next.
//!
//! On stderr, in three lines, or as one line of JSON where `-o json` or `-o jsonl` was asked for:
//!
//! ```text
//! error: group "paymnts" has no member "a"
//!   asked  http://127.0.0.1:22380 (node 2, revision 918)
//!   hint   gmctl members paymnts
//! ```

use std::{fmt, io};

use gms::problem::Problem;
use serde_json::{Value, json};

use crate::exit::Exit;

/// A run that did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// How the run ends.
    pub exit: Exit,
    /// What failed, in one line.
    pub what: String,
    /// The text in question with a mark under the place, in two lines.
    pub shown: Option<String>,
    /// Whom we asked.
    pub asked: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The refusal as the service gave it.
    pub problem: Option<Box<Problem>>,
}

impl Failure {
    /// A failure without anybody asked.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), shown: None, asked: None, hint: None, problem: None }
    }

    /// The command line or the configuration is wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A fault of gmctl itself.
    pub fn bug(what: impl fmt::Display) -> Self {
        Self::new(Exit::Bug, what.to_string())
            .hint("this is a fault of gmctl: please report it with the output of gmctl version")
    }

    /// The same with a text whose fault is marked.
    #[must_use]
    pub fn shown(self, shown: impl Into<String>) -> Self {
        Self { shown: Some(shown.into()), ..self }
    }

    /// The same with the one we asked.
    #[must_use]
    pub fn asked(self, asked: impl Into<String>) -> Self {
        Self { asked: Some(asked.into()), ..self }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Nothing is said when the reader of stdout has gone: it knows.
    pub fn is_quiet(&self) -> bool {
        self.exit == Exit::READER_GONE
    }

    /// The object for programs.
    pub fn json(&self) -> Value {
        json!({
            "error": self.what,
            "exit": self.exit.name(),
            "exit_code": self.exit.code(),
            "asked": self.asked,
            "hint": self.hint,
            "problem": self.problem,
        })
    }

    /// stdout or stderr could not be written.
    pub fn of_write(why: &io::Error) -> Self {
        if why.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::READER_GONE, "the reader of stdout is gone")
        } else {
            Self::new(Exit::Refused, format!("stdout cannot be written: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_reads_the_same_as_a_person() {
        let failure = Failure::new(Exit::NotFound, "there is no member \"a\"")
            .asked("http://127.0.0.1:1")
            .hint("gmctl members g");
        assert_eq!(
            failure.json(),
            json!({
                "error": "there is no member \"a\"", "exit": "not_found", "exit_code": 3,
                "asked": "http://127.0.0.1:1", "hint": "gmctl members g", "problem": null,
            })
        );
    }

    #[test]
    fn a_reader_that_is_gone_is_no_error_and_a_full_disk_is() {
        assert!(Failure::of_write(&io::ErrorKind::BrokenPipe.into()).is_quiet());
        let full = Failure::of_write(&io::ErrorKind::StorageFull.into());
        assert_eq!((full.exit, full.is_quiet()), (Exit::Refused, false));
    }
}
