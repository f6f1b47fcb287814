//! Many acts: one JSON object a line of stdin, or what a filter chose, each an act of its own.
//!
//! Every act is answered, in order: on stdout if it took effect, on stderr with its name if not. Up to
//! [`AT_ONCE`] are under way together, so they take effect in any order. When nobody can be reached
//! any more the rest is not tried, and the message says from where on.

use std::{
    fmt,
    future::{Future, ready},
};

use futures_util::{Stream, StreamExt as _, stream};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    cli::base::{
        console::Console,
        lines::{self, Line},
        progress::Progress,
    },
    error::Failure,
    exit::Exit,
    output::human,
};

/// Acts under way together: enough to fill a batch of the leader, few enough that a burst is no
/// attack.
const AT_ONCE: usize = 32;

/// Takes a field out of an object and reads it.
pub fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = object.remove(name).ok_or_else(|| format!("the line has no {name:?}"))?;
    serde_json::from_value(value).map_err(|why| format!("{name}: {why}"))
}

/// Carries out an act for every line of stdin: `act` does it, `print` prints its answer.
pub async fn run<T, F: Future<Output = Result<T, Failure>>>(
    console: &mut Console,
    act: impl Fn(Map<String, Value>) -> F,
    print: impl FnMut(&mut Console, T) -> Result<(), Failure>,
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
            (format!("line {}", line.number), result)
        }
    });
    drive(console, answers.buffered(AT_ONCE), None, print).await
}

/// Carries out an act for each of these, which have names.
pub async fn each<I, T, F: Future<Output = Result<T, Failure>>>(
    console: &mut Console,
    subjects: Vec<(String, I)>,
    act: impl Fn(I) -> F,
    print: impl FnMut(&mut Console, T) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let all = subjects.len();
    let answers = stream::iter(subjects).map(|(name, subject)| {
        let doing = act(subject);
        async move { (name, doing.await) }
    });
    drive(console, answers.buffered(AT_ONCE), Some(all), print).await
}

async fn drive<T>(
    console: &mut Console,
    answers: impl Stream<Item = (String, Result<T, Failure>)>,
    all: Option<usize>,
    mut print: impl FnMut(&mut Console, T) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let mut answers = std::pin::pin!(answers);
    let mut tally = Tally::default();
    let mut progress = Progress::new(console);
    while let Some((name, result)) = answers.next().await {
        match result {
            Ok(answer) => {
                tally.done += 1;
                progress.clear(console);
                print(console, answer)?;
            }
            Err(failure) => {
                progress.clear(console);
                console.printer.failure_of(&name, &failure);
                let is_over = failure.exit == Exit::Unreachable;
                tally.fail(failure);
                if is_over {
                    console.printer.message(&format!("stopped: nothing after {name} was tried"));
                    break;
                }
            }
        }
        progress.draw(console, || tally.in_words(all));
    }
    progress.clear(console);
    tally.end(console.globals.dry_run)
}

fn is_empty(line: &Line) -> bool {
    matches!(&line.bytes, Ok(bytes) if bytes.trim_ascii().is_empty())
}

fn object(bytes: Result<Vec<u8>, String>) -> Result<Map<String, Value>, String> {
    let object = serde_json::from_slice::<Object>(&bytes?);
    object.map(|object| object.0).map_err(|why| format!("the line is no JSON object: {why}"))
}

/// An object in which no key stands twice: which of the two was meant, nobody knows.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{key:?} stands in it twice")));
            }
            object.insert(key, value);
        }
        Ok(object)
    }
}

#[derive(Default)]
struct Tally {
    done: usize,
    failed: usize,
    first: Option<Failure>,
}

impl Tally {
    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        self.first.get_or_insert(failure);
    }

    fn in_words(&self, all: Option<usize>) -> String {
        let of = all.map(|all| format!(" of {all}")).unwrap_or_default();
        format!("{} done, {} failed{of}", self.done, self.failed)
    }

    fn end(self, dry_run: bool) -> Result<Exit, Failure> {
        let Some(first) = self.first else {
            return Ok(Exit::Ok);
        };
        if self.done == 0 {
            return Err(first);
        }
        let done = if dry_run { "would take effect" } else { "took effect" };
        Err(Failure::new(
            Exit::Partial,
            format!("{} failed, {} {done}", human::count(self.failed, "act"), self.done),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_or_says_why_not() {
        assert_eq!(object(Ok(b"{\"a\":1}\r".to_vec())).unwrap()["a"], 1);
        for bytes in [&b"[]"[..], b"nonsense", b"\xff", b"{\"a\":1,\"a\":2}", b"{} {}"] {
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
            tally.end(false).map_err(|failure| failure.exit)
        };
        assert_eq!(end(2, 0), Ok(Exit::Ok));
        assert_eq!(end(2, 1), Err(Exit::Partial));
        assert_eq!(end(0, 3), Err(Exit::NotFound));
        let mut rehearsed = Tally { done: 1, ..Tally::default() };
        rehearsed.fail(Failure::new(Exit::NotFound, "no"));
        let told = rehearsed.end(true).unwrap_err().what;
        assert_eq!(told, "1 act failed, 1 would take effect");
    }
}
