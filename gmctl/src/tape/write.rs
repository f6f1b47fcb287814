//! Facts to lines. Every line is written whole with its end, so what is cut off by a full disk or a
//! `kill -9` is at most the last one.

use std::io::{self, Write};

use super::format::{Header, Line, Record};

/// A tape that is being written.
#[derive(Debug)]
pub struct Writer<W: Write> {
    to: W,
    records: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a tape.
    pub fn begin(to: W, header: &Header, now_ms: u64) -> io::Result<Self> {
        let mut writer = Self { to, records: 0, bytes: 0 };
        writer.line(&Line::of_header(header, now_ms))?;
        Ok(writer)
    }

    /// Adds a fact.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.line(&Line::of(record))?;
        self.records += 1;
        Ok(())
    }

    /// Hands on to the file what is still held back.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// How many facts, and how many bytes.
    pub fn written(&self) -> (u64, u64) {
        (self.records, self.bytes)
    }

    /// Gives back what was written to.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.bytes += text.len() as u64;
        self.to.write_all(&text)
    }
}
