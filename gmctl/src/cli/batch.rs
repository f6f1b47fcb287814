//! Acts from stdin: one JSON object a line, each an act of its own.
//!
//! Every line is answered, in the order of the lines: on stdout if it took effect, on stderr with
//! its number if not. Up to [`AT_ONCE`] are under way together, so lines take effect in any order.
//! When nobody can be reached any more the rest is not tried, and the message says from which line.

use std::{
    future::{Future, ready},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    cli::{
        console::Console,
        lines::{self, Line},
    },
    error::Failure,
    exit::Exit,
    output::human,
};

/// Acts under way together: enough to fill a batch of the leader, few enough that a burst is no
/// attack.
const AT_ONCE: usize = 32;
/// How often the progress on a terminal is drawn: often enough to look alive.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// Takes a field out of an object and reads it.
pub fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = object.remove(name).ok_or_else(|| format!("the line has no {name:?}"))?;
    serde_json::from_value(value).map_err(|why| format!("{name}: {why}"))
}

/// Carries out an act for every line of stdin: `act` does it, `print` prints its answer.
pub async fn run<T, F: Future<Output = Result<T, Failure>>>(
    console: &mut Console,
    act: impl Fn(Map<String, Value>) -> F,
    mut print: impl FnMut(&mut Console, T) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let lines = stream::unfold(lines::of_stdin(), async |mut lines| {
        lines.recv().await.map(|line| (line, lines))
    });
    let lines = lines.filter(|line| ready(!is_empty(line)));
    let answers = lines.map(|line| {
        let act = &act;
        async move {
            let result = match object(line.bytes) {
                Ok(object) => act(object).await,
                Err(why) => Err(Failure::usage(why)),
            };
            (line.number, result)
        }
    });
    let mut answers = std::pin::pin!(answers.buffered(AT_ONCE));
    let mut tally = Tally::default();
    while let Some((number, result)) = answers.next().await {
        match result {
            Ok(answer) => {
                tally.done += 1;
                tally.clear(console);
                print(console, answer)?;
            }
            Err(failure) => {
                tally.clear(console);
                console.printer.message(&format!("line {number}: {failure}"));
                let is_over = failure.exit == Exit::Unreachable;
                tally.fail(failure);
                if is_over {
                    console
                        .printer
                        .message(&format!("stopped: nothing after line {number} was tried"));
                    break;
                }
            }
        }
        tally.draw(console);
    }
    tally.clear(console);
    tally.end()
}

fn is_empty(line: &Line) -> bool {
    matches!(&line.bytes, Ok(bytes) if bytes.trim_ascii().is_empty())
}

fn object(bytes: Result<Vec<u8>, String>) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(&bytes?).map_err(|why| format!("the line is no JSON object: {why}"))
}

#[derive(Default)]
struct Tally {
    done: usize,
    failed: usize,
    first: Option<Failure>,
    drawn: Option<Instant>,
    is_on_screen: bool,
}

impl Tally {
    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        self.first.get_or_insert(failure);
    }

    /// Progress is for people who wait: only where stderr is a terminal and stdout is not, since
    /// there the answers themselves are the progress.
    fn draw(&mut self, console: &mut Console) {
        let is_due = self.drawn.is_none_or(|at| at.elapsed() >= PROGRESS_PERIOD);
        if console.terminal.stderr && !console.terminal.stdout && !console.globals.quiet && is_due {
            self.drawn = Some(Instant::now());
            self.is_on_screen = true;
            console.printer.prompt(&format!("\r{} done, {} failed", self.done, self.failed));
        }
    }

    fn clear(&mut self, console: &mut Console) {
        if std::mem::take(&mut self.is_on_screen) {
            console.printer.prompt(&format!("\r{:40}\r", ""));
        }
    }

    fn end(self) -> Result<Exit, Failure> {
        let Some(first) = self.first else {
            return Ok(Exit::Ok);
        };
        if self.done == 0 {
            return Err(first);
        }
        Err(Failure::new(
            Exit::Partial,
            format!("{} failed, {} took effect", human::count(self.failed, "line"), self.done),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_or_says_why_not() {
        assert_eq!(object(Ok(b"{\"a\":1}\r".to_vec())).unwrap()["a"], 1);
        for bytes in [&b"[]"[..], b"nonsense", b"\xff"] {
            let why = object(Ok(bytes.to_vec())).unwrap_err();
            assert!(why.contains("no JSON object"), "{why}");
        }
        assert_eq!(object(Err("too long".to_owned())).unwrap_err(), "too long");
        let line = |text: &str| Line { number: 1, bytes: Ok(text.into()) };
        assert!(is_empty(&line(" \r")) && !is_empty(&line("x")));
    }

    #[test]
    fn some_is_partial_and_none_is_the_first_failure() {
        let end = |done, failed: usize| {
            let mut tally = Tally { done, ..Tally::default() };
            for _ in 0..failed {
                tally.fail(Failure::new(Exit::NotFound, "no"));
            }
            tally.end().map_err(|failure| failure.exit)
        };
        assert_eq!(end(2, 0), Ok(Exit::Ok));
        assert_eq!(end(2, 1), Err(Exit::Partial));
        assert_eq!(end(0, 3), Err(Exit::NotFound));
    }
}
