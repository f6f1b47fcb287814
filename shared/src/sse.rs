//! `text/event-stream`: bytes in, events out, and back.
//!
//! However the bytes are cut into chunks, a [`Decoder`] gives the same events, and no bytes make it
//! panic or hold more than its limit. It reads what the WHATWG standard allows: lines ended by
//! CRLF, LF or CR, comments, several `data` lines, `id`, `event` and `retry`.
//!
//! One line is collected at a time; a field goes into the pending event when its line ends, and
//! the pending event goes out at an empty line. [`encode`] writes what a [`Decoder`] reads.

use std::{fmt::Write as _, time::Duration};

/// The media type of an event stream.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// The longest event, in bytes: a snapshot of 100,000 members with 600 bytes each fits. What is
/// longer is no event of ours, and is refused before it fills the memory.
pub const EVENT_MAX_BYTES: usize = 64 << 20;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The last id the stream has named, in this event or before; empty if none.
    pub id: String,
    /// The event's name; `message` where the stream gives none.
    pub name: String,
    /// Its `data` lines, joined by line feeds.
    pub data: String,
}

/// Why a stream cannot be read on. Events decoded before it are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {limit} bytes")]
pub struct SseTooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

/// An incremental decoder.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// A CR was last: an LF that follows belongs to it.
    after_cr: bool,
    /// No line has ended yet, so a byte order mark may stand in front.
    first_line: bool,
    name: String,
    /// None until the event has a `data` line.
    data: Option<String>,
    id: String,
    retry: Option<Duration>,
    failed: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_limit(EVENT_MAX_BYTES)
    }
}

impl Decoder {
    /// A decoder that refuses events of more than `limit` bytes, names and lines included.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_cr: false,
            first_line: true,
            name: String::new(),
            data: None,
            id: String::new(),
            retry: None,
            failed: false,
        }
    }

    /// The delay before a reconnection that the stream last asked for.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Reads the next bytes and appends the events they complete to `events`.
    ///
    /// After an error the stream is lost: every later call fails alike.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), SseTooLong> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.failed {
            if self.after_cr {
                self.after_cr = false;
                if let Some(after) = rest.strip_prefix(b"\n") {
                    rest = after;
                    continue;
                }
            }
            let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.extend_line(rest);
                break;
            };
            let (text, tail) = rest.split_at(end);
            self.extend_line(text);
            if self.failed {
                break;
            }
            self.after_cr = tail.first() == Some(&b'\r');
            rest = tail.get(1..).unwrap_or_default();
            let line = std::mem::take(&mut self.line);
            self.end_line(&line, events);
            self.line = line;
            self.line.clear();
        }
        if self.failed {
            return Err(SseTooLong { limit: self.limit });
        }
        Ok(())
    }

    fn extend_line(&mut self, text: &[u8]) {
        let held = self.line.len()
            + self.data.as_ref().map_or(0, String::len)
            + self.name.len()
            + self.id.len();
        if held.saturating_add(text.len()) > self.limit {
            self.failed = true;
            self.line = Vec::new();
            self.data = None;
        } else {
            self.line.extend_from_slice(text);
        }
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<SseEvent>) {
        let line = if std::mem::take(&mut self.first_line) {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch(events);
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            // A comment.
            Some(0) => return,
            Some(colon) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                (line.get(..colon).unwrap_or_default(), value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        let value = String::from_utf8_lossy(value);
        match field {
            b"event" => self.name = value.into_owned(),
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            },
            b"id" if !value.contains('\0') => self.id = value.into_owned(),
            b"retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                if let Ok(millis) = value.parse() {
                    self.retry = Some(Duration::from_millis(millis));
                }
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<SseEvent>) {
        let name = std::mem::take(&mut self.name);
        let Some(data) = self.data.take() else {
            return;
        };
        events.push(SseEvent {
            id: self.id.clone(),
            name: if name.is_empty() { "message".to_owned() } else { name },
            data,
        });
    }
}

/// Writes one event: its id where there is one, its name and its data. Line ends within `data`
/// become several `data` lines and are read back as line feeds.
///
/// `id` and `name` must have no line end and the id no NUL: a reader would take the rest for
/// another field. They are ours, never a user's, so what follows such a character is left out.
pub fn encode(id: Option<&str>, name: &str, data: &str) -> String {
    let mut text = String::with_capacity(data.len() + name.len() + 40);
    let one_line =
        |text: &str| text.split(['\r', '\n', '\0']).next().unwrap_or_default().to_owned();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {}", one_line(id));
    }
    let _ = writeln!(text, "event: {}", one_line(name));
    let mut rest = data;
    while let Some(at) = rest.find(['\r', '\n']) {
        let (line, tail) = rest.split_at(at);
        let _ = writeln!(text, "data: {line}");
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
    }
    let _ = writeln!(text, "data: {rest}\n");
    text
}

/// A comment: what a stream with nothing to tell writes so that its reader knows it lives.
pub const COMMENT: &str = ":\n\n";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(text: &[u8]) -> Vec<SseEvent> {
        let mut events = Vec::new();
        Decoder::default().push(text, &mut events).unwrap();
        events
    }

    fn event(id: &str, name: &str, data: &str) -> SseEvent {
        SseEvent { id: id.into(), name: name.into(), data: data.into() }
    }

    #[test]
    fn the_standard_s_forms_are_read() {
        for (text, expected) in [
            ("data: a\n\n", vec![event("", "message", "a")]),
            ("data:a\r\ndata: b\rdata\n\n", vec![event("", "message", "a\nb\n")]),
            ("id: 7\nevent: change\ndata:  x\n\n", vec![event("7", "change", " x")]),
            ("\u{feff}data: bom\n\n", vec![event("", "message", "bom")]),
            (": comment\n\ndata: a\n\n", vec![event("", "message", "a")]),
            (
                "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
                vec![
                    event("1", "message", "a"),
                    event("1", "message", "b"),
                    event("", "message", "c"),
                ],
            ),
            ("id: a\0b\ndata: x\n\n", vec![event("", "message", "x")]),
            ("event: lonely\n\ndata\n\n", vec![event("", "message", "")]),
            ("unknown: field\nda: x\n\n", vec![]),
            ("data: not ended", vec![]),
        ] {
            assert_eq!(decode(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn retry_takes_digits_only() {
        let mut decoder = Decoder::default();
        let mut read = |text: &[u8]| {
            decoder.push(text, &mut Vec::new()).unwrap();
            decoder.retry()
        };
        assert_eq!(read(b"retry: soon\nretry:\nretry: -1\n"), None);
        assert_eq!(read(b"retry: 250\n"), Some(Duration::from_millis(250)));
        assert_eq!(read(b"retry: 99999999999999999999\n"), Some(Duration::from_millis(250)));
    }

    #[test]
    fn a_stream_of_comments_never_fills_the_memory_but_a_long_event_is_refused() {
        let mut decoder = Decoder::with_limit(20);
        let mut events = Vec::new();
        for _ in 0..100 {
            decoder.push(b": still here\n", &mut events).unwrap();
        }
        decoder.push(b"data: 12345\n\n", &mut events).unwrap();
        decoder.push(b"data: 12345\ndata: 1\n", &mut events).unwrap();
        let refused = decoder.push(b"data: 1234567890\n\n", &mut events);
        assert_eq!(refused, Err(SseTooLong { limit: 20 }));
        assert_eq!(decoder.push(b"\n", &mut events), refused);
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn what_would_be_read_as_another_field_is_left_out_of_names() {
        let text = encode(Some("1\n2"), "a\rdata: x", "d");
        assert_eq!(decode(text.as_bytes()), [event("1", "a", "d")]);
    }

    /// Bytes in which fields, line ends and rubbish are likely.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: x".to_vec()),
            Just(b"data".to_vec()),
            Just(b"event: e".to_vec()),
            Just(b"id: 1".to_vec()),
            Just(b"retry: 5".to_vec()),
            Just(b": c".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b"\xef\xbb\xbf".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(
            bytes in stream(),
            cuts in proptest::collection::vec(1_usize..9, 1..80),
            limit in prop_oneof![Just(EVENT_MAX_BYTES), 0_usize..60],
        ) {
            let run = |chunks: &mut dyn Iterator<Item = &[u8]>| {
                let mut decoder = Decoder::with_limit(limit);
                let mut events = Vec::new();
                let mut result = Ok(());
                for chunk in chunks {
                    result = decoder.push(chunk, &mut events);
                }
                (events, result, decoder.retry())
            };
            let mut rest = bytes.as_slice();
            let mut cuts = cuts.iter().cycle();
            let mut pieces = std::iter::from_fn(|| {
                let (piece, tail) = rest.split_at(rest.len().min(*cuts.next()?));
                rest = tail;
                (!piece.is_empty()).then_some(piece)
            });
            let whole = run(&mut std::iter::once(bytes.as_slice()));
            prop_assert_eq!(run(&mut pieces), whole);
        }

        #[test]
        fn what_is_encoded_is_read_back(
            id in proptest::option::of("[0-9]{1,9}"),
            name in "[a-z]{1,9}",
            data in "(\\PC|\n)*",
        ) {
            let text = encode(id.as_deref(), &name, &data);
            let expected = event(id.as_deref().unwrap_or(""), &name, &data);
            prop_assert_eq!(decode(text.as_bytes()), vec![expected]);
        }

        #[test]
        fn line_ends_of_any_kind_are_read_back_as_line_feeds(data in "([a-z]|\r|\n)*") {
            let text = encode(None, "n", &data);
            let expected = data.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(decode(text.as_bytes()), vec![event("", "n", &expected)]);
        }
    }
}
