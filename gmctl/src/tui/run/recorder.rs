//! A recording that is being written: what comes in goes into a file as well, in the form that
//! `gmctl replay` opens.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter},
    path::Path,
};

use gms::client::Client;

use crate::{
    model::{cluster::Model, moment::Moment},
    tape::{
        format::{Fact, Header, Record, VERSION},
        write::Writer,
    },
    tui::opening,
};

/// A recording that is being written.
#[derive(Debug)]
pub(super) struct Recorder {
    to: Writer<BufWriter<File>>,
    path: String,
}

/// The nodes that a recording names as its source.
pub(super) fn endpoints(client: &Client) -> Vec<String> {
    client.endpoints().iter().map(ToString::to_string).collect()
}

impl Recorder {
    /// Begins a new file with what is known now. A file that is there already is not touched.
    pub(super) fn begin(
        path: &str,
        endpoints: Vec<String>,
        model: &Model,
        now: Moment,
    ) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(Path::new(path))?;
        let header = Header {
            version: VERSION,
            gmctl: env!("CARGO_PKG_VERSION").to_owned(),
            endpoints,
            group: None,
        };
        let to = Writer::begin(BufWriter::new(file), &header, now.wall_ms)?;
        let mut this = Self { to, path: path.to_owned() };
        for fact in opening::facts(model, now) {
            this.write(now, fact)?;
        }
        this.flush()?;
        Ok(this)
    }

    /// Adds a fact.
    pub(super) fn write(&mut self, now: Moment, fact: Fact) -> io::Result<()> {
        self.to.write(&Record { at_ms: now.wall_ms, fact })
    }

    /// Hands on to the file what is held back: once a second, so that a crash costs no more.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Ends the recording and says what there is of it.
    pub(super) fn end(mut self) -> String {
        let flushed = self.to.flush();
        let (facts, bytes) = self.to.written();
        match flushed {
            Ok(()) => {
                let path = &self.path;
                format!("recorded {facts} facts, {bytes} bytes   = gmctl replay {path}")
            }
            Err(error) => format!("the end of the recording is lost: {error}"),
        }
    }
}
