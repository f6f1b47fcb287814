//! What happened in a run, for people: when, to whom, what. Written only when somebody will read
//! it: a run that fails is played again with its transcript.

use std::{collections::VecDeque, fmt};

use crate::agenda::Time;

/// The last so many lines are kept: more than a person reads, less than a pipeline refuses.
const LINES_MAX: usize = 4_000;

#[derive(Debug, Default)]
pub struct Transcript {
    is_kept: bool,
    lines: VecDeque<String>,
}

impl Transcript {
    pub fn new(is_kept: bool) -> Self {
        Self { is_kept, lines: VecDeque::new() }
    }

    /// `what` is only called when the line is kept.
    pub fn note(&mut self, now: Time, who: impl fmt::Display, what: impl FnOnce() -> String) {
        if !self.is_kept {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        let ms = now.as_micros() as f64 / 1000.0;
        self.lines.push_back(format!("{ms:>10.1} ms  {who:<12} {}", what()));
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
