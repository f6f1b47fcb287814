//! Acts from stdin: one JSON object a line, each an act of its own.
//!
//! Every line is answered, in the order of the lines: on stdout if it took effect, on stderr with
//! its number if not. Up to [`AT_ONCE`] are under way together, so lines take effect in any order.
//! When nobody can be reached any more the rest is not tried, and the message says from which line.

use std::{
    future::Future,
    io::{self, BufRead, Read as _},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::{cli::console::Console, error::Failure, exit::Exit, output::human};

/// Acts under way together: enough to fill a batch of the leader, few enough that a burst is no
/// attack.
const AT_ONCE: usize = 32;
/// The longest line, in bytes: the service takes no larger join.
const LINE_MAX_BYTES: u64 = 64 << 10;
/// Lines read ahead.
const READ_AHEAD: usize = 2 * AT_ONCE;
/// How often the progress on a terminal is drawn: often enough to look alive.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// One line of stdin.
#[derive(Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// Its object, or why it has none.
    pub object: Result<Map<String, Value>, String>,
}

/// Reads lines until the end of the input. Empty lines are skipped.
fn read_lines(mut input: impl BufRead, lines: &mpsc::Sender<Line>) {
    for number in 1.. {
        let mut bytes = Vec::new();
        let object = match input
            .by_ref()
            .take(LINE_MAX_BYTES + 1)
            .read_until(b'\n', &mut bytes)
        {
            Ok(0) => return,
            Ok(_) if bytes.len() as u64 > LINE_MAX_BYTES && !bytes.ends_with(b"\n") => {
                let _ = input.skip_until(b'\n');
                Err(format!("the line is longer than {LINE_MAX_BYTES} bytes"))
            }
            Ok(_) if bytes.trim_ascii().is_empty() => continue,
            Ok(_) => serde_json::from_slice(&bytes)
                .map_err(|why| format!("the line is no JSON object: {why}")),
            Err(why) => {
                let failed = Line {
                    number,
                    object: Err(format!("stdin cannot be read: {why}")),
                };
                let _ = lines.blocking_send(failed);
                return;
            }
        };
        if lines.blocking_send(Line { number, object }).is_err() {
            return;
        }
    }
}

/// Takes a field out of an object and reads it.
pub fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = object
        .remove(name)
        .ok_or_else(|| format!("the line has no {name:?}"))?;
    serde_json::from_value(value).map_err(|why| format!("{name}: {why}"))
}

/// Carries out an act for every line of stdin: `act` does it, `print` prints its answer.
pub async fn run<T, F: Future<Output = Result<T, Failure>>>(
    console: &mut Console,
    act: impl Fn(Map<String, Value>) -> F,
    mut print: impl FnMut(&mut Console, T) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    // The thread ends with its input, or with the process: a read from a terminal cannot be undone.
    std::thread::spawn(move || read_lines(io::stdin().lock(), &sender));
    let lines = stream::unfold(receiver, async |mut lines| {
        lines.recv().await.map(|line| (line, lines))
    });
    let answers = lines.map(|line| {
        let act = &act;
        async move {
            let result = match line.object {
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
                console
                    .printer
                    .message(&format!("line {number}: {failure}"));
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
            console
                .printer
                .prompt(&format!("\r{} done, {} failed", self.done, self.failed));
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
            format!(
                "{} failed, {} took effect",
                human::count(self.failed, "line"),
                self.done
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<(usize, Result<usize, String>)> {
        let (sender, mut receiver) = mpsc::channel(100);
        read_lines(input, &sender);
        drop(sender);
        std::iter::from_fn(|| receiver.blocking_recv())
            .map(|line| (line.number, line.object.map(|object| object.len())))
            .collect()
    }

    #[test]
    fn every_line_is_an_object_or_says_why_not() {
        let mut input = b"{\"a\":1}\n\n[]\n".to_vec();
        input.extend(vec![b'x'; 70_000]);
        input.extend(b"\n{\"a\":1,\"b\":2}");
        let lines = read(&input);
        assert_eq!(lines[0], (1, Ok(1)));
        assert_eq!(lines[1].0, 3);
        assert!(lines[1].1.as_ref().unwrap_err().contains("no JSON object"));
        assert_eq!(lines[2].0, 4);
        assert!(lines[2].1.as_ref().unwrap_err().contains("65536 bytes"));
        assert_eq!(lines[3], (5, Ok(2)));
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn some_is_partial_and_none_is_the_first_failure() {
        let end = |done, failed: usize| {
            let mut tally = Tally {
                done,
                ..Tally::default()
            };
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
