//! Progress of long work: one line on stderr that overwrites itself, for people who wait. Only where
//! stderr is a terminal; where stdout is one too the answers themselves are the progress.

use std::time::{Duration, Instant};

use crate::cli::base::console::Console;

/// How often the line is drawn: often enough to look alive.
const PERIOD: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub struct Progress {
    is_wanted: bool,
    drawn: Option<Instant>,
    /// Its columns on the screen; 0 while it is not there.
    width: usize,
}

impl Progress {
    /// For work whose answers go to stdout as they come.
    pub fn new(console: &Console) -> Self {
        Self::when(console, !console.terminal.stdout)
    }

    /// For work that prints nothing until its end.
    pub fn of_silent_work(console: &Console) -> Self {
        Self::when(console, true)
    }

    fn when(console: &Console, is_useful: bool) -> Self {
        let is_wanted = is_useful && console.terminal.stderr && !console.globals.quiet;
        Self { is_wanted, drawn: None, width: 0 }
    }

    /// Draws the line, if it is due.
    pub fn draw(&mut self, console: &mut Console, text: impl FnOnce() -> String) {
        if self.is_wanted && self.drawn.is_none_or(|at| at.elapsed() >= PERIOD) {
            let text = text();
            console.printer.prompt(&format!("\r{text:width$}", width = self.width));
            self.drawn = Some(Instant::now());
            self.width = text.chars().count();
        }
    }

    /// Takes the line away before something else is written.
    pub fn clear(&mut self, console: &mut Console) {
        if self.width > 0 {
            console.printer.prompt(&format!("\r{:width$}\r", "", width = self.width));
            self.width = 0;
        }
    }
}
