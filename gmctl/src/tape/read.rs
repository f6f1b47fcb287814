//! Lines to facts. A tape that was cut off in the middle of its last line is read up to there; any
//! other line that cannot be read is an error that names it. Times never go back from one record to
//! the next, whatever the clock of the machine did.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use gms::api::WatchEvent;
use serde::{Deserialize, de::DeserializeOwned};

use super::format::{Fact, Header, LinkLine, NoteLine, Record, VERSION};

/// The largest tape: it is held in memory while it is looked at, where it takes a few times as much.
pub const TAPE_MAX_BYTES: u64 = 512 << 20;
/// How much of a line that cannot be read is shown.
const EXCERPT_CHARS: usize = 60;

/// Why there is no tape.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The file cannot be opened or read.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The file is too large to be held in memory.
    #[error("it has {0} bytes; at most {TAPE_MAX_BYTES} can be looked at")]
    TooLarge(u64),
    /// A line is no fact.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by a later version, in a form that this one would misread.
    #[error(
        "it has version {version}, written by gmctl {gmctl}; this gmctl reads version {VERSION}"
    )]
    Newer {
        /// The version of its format.
        version: u32,
        /// The program that wrote it.
        gmctl: String,
    },
    /// There is nothing on it.
    #[error("it is empty")]
    Empty,
}

/// What was seen, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tape {
    /// Its first line, if it has one.
    pub header: Option<Header>,
    /// Every fact in order.
    pub records: Vec<Record>,
    /// Whether the last line was cut off; what it said is lost.
    pub is_cut: bool,
    /// Lines of a kind that this version does not know; they were passed over.
    pub skipped: usize,
}

impl Tape {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > TAPE_MAX_BYTES {
            return Err(TapeError::TooLarge(length));
        }
        Self::read(BufReader::new(file))
    }

    /// Reads lines to their end.
    pub fn read(mut from: impl BufRead) -> Result<Self, TapeError> {
        let mut tape = Self::default();
        let mut bytes = Vec::new();
        let mut total = 0;
        for number in 1.. {
            bytes.clear();
            let length = from.read_until(b'\n', &mut bytes)?;
            if length == 0 {
                break;
            }
            total += length as u64;
            if total > TAPE_MAX_BYTES {
                return Err(TapeError::TooLarge(total));
            }
            let text = bytes.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match tape.take(text, number) {
                Ok(()) => {}
                // Only a line without its end can have been cut off.
                Err(Fault::Newer(version, gmctl)) => {
                    return Err(TapeError::Newer { version, gmctl });
                }
                Err(Fault::Line(_)) if !bytes.ends_with(b"\n") && number > 1 => tape.is_cut = true,
                Err(Fault::Line(why)) => return Err(TapeError::Line { line: number, why }),
            }
        }
        if tape.header.is_none() && tape.records.is_empty() && tape.skipped == 0 {
            return Err(TapeError::Empty);
        }
        tape.set_early_times();
        Ok(tape)
    }

    /// When the first fact was seen, in milliseconds since 1970.
    pub fn start_ms(&self) -> Option<u64> {
        self.records.first().map(|record| record.at_ms)
    }

    /// When the last fact was seen.
    pub fn end_ms(&self) -> Option<u64> {
        self.records.last().map(|record| record.at_ms)
    }

    /// When the opening is over: the streams begin with the whole state, told bit by bit, and what was
    /// before it is nothing that ever was. A tape that never comes so far has its end for it.
    pub fn settled_ms(&self) -> Option<u64> {
        let has_status = self.records.iter().any(|record| matches!(record.fact, Fact::Status(_)));
        let (mut has_told, mut status) = (false, !has_status);
        for record in &self.records {
            match &record.fact {
                Fact::Watch(WatchEvent::Snapshot(_))
                | Fact::Link(..)
                | Fact::History(_)
                | Fact::Why(_)
                | Fact::Note(_)
                | Fact::Member(_)
                | Fact::Counts(_)
                | Fact::Nodes(_)
                | Fact::Groups(_)
                | Fact::Gone(_) => {}
                Fact::Status(_) => status = true,
                Fact::Watch(_) => has_told = true,
            }
            if has_told && status {
                return Some(record.at_ms);
            }
        }
        self.end_ms()
    }

    fn take(&mut self, text: &[u8], number: usize) -> Result<(), Fault> {
        let head: Head = serde_json::from_slice(text).map_err(|why| {
            let shown: String = String::from_utf8_lossy(text).chars().take(EXCERPT_CHARS).collect();
            format!("no line of a tape ({why}): {shown:?}")
        })?;
        if head.event == "tape" {
            let header: Header =
                of(text)?.ok_or_else(|| "the first line is not understood".to_owned())?;
            if header.version > VERSION {
                return Err(Fault::Newer(header.version, header.gmctl));
            }
            // Tapes can be put one behind the other; the first line of the first counts.
            if self.header.is_none() && number == 1 {
                self.header = Some(header);
            }
            return Ok(());
        }
        match fact(&head.event, text)? {
            Some(fact) => {
                let seen = head.seen_ms.or_else(|| time_of(&fact)).unwrap_or(0);
                let at_ms = seen.max(self.end_ms().unwrap_or(0));
                self.records.push(Record { at_ms, fact });
            }
            None => self.skipped += 1,
        }
        Ok(())
    }

    /// Facts before the first that has a time get that one's.
    fn set_early_times(&mut self) {
        let first = self.records.iter().map(|record| record.at_ms).find(|at| *at > 0);
        for record in self.records.iter_mut().take_while(|record| record.at_ms == 0) {
            record.at_ms = first.unwrap_or(0);
        }
    }
}

/// What is wrong with a line.
enum Fault {
    Line(String),
    Newer(u32, String),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Fault::Line(why)
    }
}

/// What every line has.
#[derive(Deserialize)]
struct Head {
    event: String,
    #[serde(default)]
    seen_ms: Option<u64>,
}

/// When it happened, by what it says itself.
fn time_of(fact: &Fact) -> Option<u64> {
    match fact {
        Fact::Watch(WatchEvent::Change(change)) => Some(change.at_ms),
        Fact::Watch(WatchEvent::Event(event)) => Some(event.at_ms),
        _ => None,
    }
}

/// The fact of a line; none if this version does not know such facts.
fn fact(event: &str, text: &[u8]) -> Result<Option<Fact>, String> {
    Ok(match event {
        "snapshot" => of(text)?.map(WatchEvent::Snapshot).map(Fact::Watch),
        "change" => of(text)?.map(WatchEvent::Change).map(Fact::Watch),
        "bookmark" => of(text)?.map(WatchEvent::Bookmark).map(Fact::Watch),
        "compacted" => of(text)?.map(WatchEvent::Compacted).map(Fact::Watch),
        "event" => of(text)?.map(WatchEvent::Event).map(Fact::Watch),
        "member" => of(text)?.map(Fact::Member),
        "counts" => of(text)?.map(Fact::Counts),
        "gone" => of(text)?.map(Fact::Gone),
        "status" => of(text)?.map(|status| Fact::Status(Box::new(status))),
        "nodes" => of(text)?.map(Fact::Nodes),
        "groups" => of(text)?.map(Fact::Groups),
        "history" => of(text)?.map(Fact::History),
        "why" => of(text)?.map(|why| Fact::Why(Box::new(why))),
        "link" => of::<LinkLine>(text)?.and_then(LinkLine::fact),
        "note" => of::<NoteLine>(text)?.map(|note| Fact::Note(note.text)),
        _ => None,
    })
}

/// The body of a line; none if it has a word that was added after this version.
fn of<T: DeserializeOwned>(text: &[u8]) -> Result<Option<T>, String> {
    match serde_json::from_slice(text) {
        Ok(body) => Ok(Some(body)),
        Err(why) if why.is_data() && why.to_string().starts_with("unknown variant") => Ok(None),
        Err(why) => Err(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use gms::{
        api::{Band, Bookmark, MemberLiveness},
        id::{Incarnation, NodeId, Revision},
        view::View,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::link::{Stream, StreamNews},
        tape::write::Writer,
    };

    fn record(at_ms: u64, fact: Fact) -> Record {
        Record { at_ms, fact }
    }

    fn records() -> Vec<Record> {
        let group: gms::id::GroupId = "payments".parse().unwrap();
        let at = Revision(7);
        let view = View { group: group.clone(), view: at, revision: at, members: vec![] };
        vec![
            record(1_000, Fact::Watch(WatchEvent::Snapshot(view))),
            record(1_500, Fact::Watch(WatchEvent::Bookmark(Bookmark { revision: Revision(7) }))),
            record(
                2_000,
                Fact::Member(MemberLiveness {
                    group,
                    id: "web-1".parse().unwrap(),
                    incarnation: Incarnation(5),
                    state: Band::Late,
                    age_ms: Some(700),
                    rtt_us: None,
                    misses: 1,
                    monitor: NodeId(2),
                    period_ms: 500,
                }),
            ),
            record(2_000, Fact::Link(Stream::Poll, StreamNews::Down { error: "gone".to_owned() })),
            record(2_500, Fact::Note("a cable was pulled".to_owned())),
        ]
    }

    fn written() -> Vec<u8> {
        let header = Header {
            version: VERSION,
            gmctl: "0.1.0".to_owned(),
            endpoints: vec!["http://a:1".to_owned()],
            group: None,
        };
        let mut writer = Writer::begin(Vec::new(), &header, 900).unwrap();
        for record in records() {
            writer.write(&record).unwrap();
        }
        assert_eq!(writer.written().0, 5);
        writer.into_inner()
    }

    #[test]
    fn what_was_written_is_read() {
        let tape = Tape::read(written().as_slice()).unwrap();
        assert_eq!(tape.records, records());
        assert_eq!(tape.header.unwrap().endpoints, ["http://a:1"]);
        assert_eq!((tape.is_cut, tape.skipped), (false, 0));
    }

    #[test]
    fn a_tape_cut_anywhere_is_read_up_to_there() {
        let whole = written();
        let first_line = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for end in first_line + 1..whole.len() {
            let tape = Tape::read(&whole[..end]).unwrap_or_else(|why| panic!("{end}: {why}"));
            let lines = String::from_utf8_lossy(&whole[..end]).matches('\n').count();
            // A line without its end may be whole all the same.
            assert!(tape.records.len() + 1 == lines || tape.records.len() == lines, "{end}");
            assert_eq!(tape.records[..], records()[..tape.records.len()]);
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_unknown_ones_are_passed_over() {
        let read = |text: &str| Tape::read(text.as_bytes());
        for (text, why) in [
            ("nonsense\n", "line 1: no line of a tape"),
            ("{\"event\":\"note\",\"text\":\"a\"}\n{\"seen_ms\":1}\n", "line 2: "),
            ("{\"event\":\"bookmark\"}\n", "line 1: missing field `revision`"),
            (
                "{\"event\":\"tape\",\"version\":9,\"gmctl\":\"7.0.0\"}\n",
                "it has version 9, written by gmctl 7.0.0",
            ),
            ("", "it is empty"),
            ("\n \n", "it is empty"),
            ("{\"event\":\"note\",\"te", "line 1: "),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let tape = read(
            "{\"event\":\"dream\"}\n\
             {\"event\":\"event\",\"revision\":3,\"at_ms\":5,\"kind\":\"dreamt\"}\n\
             {\"event\":\"note\",\"text\":\"a\",\"colour\":\"red\"}\n",
        )
        .unwrap();
        assert_eq!((tape.records.len(), tape.skipped), (1, 2));
    }

    #[test]
    fn time_never_goes_back_and_a_watch_without_times_gets_those_of_its_changes() {
        let tape = Tape::read(
            "{\"event\":\"snapshot\",\"group\":\"g\",\"view\":1,\"members\":[]}\n\
             {\"event\":\"change\",\"group\":\"g\",\"from\":1,\"view\":2,\"at_ms\":50,\"joined\":[],\"left\":[],\"removed\":[],\"updated\":[]}\n\
             {\"event\":\"bookmark\",\"revision\":2,\"seen_ms\":40}\n"
                .as_bytes(),
        )
        .unwrap();
        let times: Vec<u64> = tape.records.iter().map(|record| record.at_ms).collect();
        assert_eq!(times, [50, 50, 50]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics(text in any::<Vec<u8>>(), tail in "[a-z{}\":,0-9\n]{0,80}") {
            let _ = Tape::read(text.as_slice());
            let _ = Tape::read(format!("{{\"event\":\"{tail}").as_bytes());
        }
    }
}
