//! One fact, and the line of JSON it is.
//!
//! A line is an object: `event` names the fact, `seen_ms` is the wall clock of the machine that saw
//! it in milliseconds since 1970, the rest is the API's own body under its own names. Names of events
//! and fields are only ever added; a reader skips those it does not know. Nothing but a change that an
//! old reader would misread raises [`VERSION`].

use gms::{
    api::{
        Bookmark, Compacted, Event, Events, Gone, GroupLiveness, Groups, MemberLiveness, Nodes,
        Status, WatchEvent, Why,
    },
    id::{GroupId, NodeId},
    view::{Change, View},
};
use serde::{Deserialize, Serialize};

use crate::model::link::{Stream, StreamNews};

/// The version of the format.
pub const VERSION: u32 = 2;

/// The first line of what `gmctl record` writes. A tape without it is one of `gmctl watch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub version: u32,
    /// The version of the program that wrote it.
    pub gmctl: String,
    /// The nodes that were asked.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// The only group that was followed; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
}

/// What was seen, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Wall clock of the machine that saw it, in milliseconds since 1970. On a tape that was read it
    /// never goes back.
    pub at_ms: u64,
    /// What.
    pub fact: Fact,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Views and events.
    Watch(WatchEvent),
    /// How one member looks.
    Member(MemberLiveness),
    /// How many members of a group look how.
    Counts(GroupLiveness),
    /// A life that the liveness feed forgets.
    Gone(Gone),
    /// What the node that answers says of itself.
    Status(Box<Status>),
    /// Every node.
    Nodes(Nodes),
    /// Every group, with its hold.
    Groups(Groups),
    /// What was recorded before the tape began.
    History(Events),
    /// Why a member is gone or in doubt.
    Why(Box<Why>),
    /// A stream came or went.
    Link(Stream, StreamNews),
    /// A remark of whoever recorded.
    Note(String),
}

/// A fact as a line of JSON.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_ms: Option<u64>,
    #[serde(flatten)]
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Header(&'a Header),
    Snapshot(&'a View),
    Change(&'a Change),
    Bookmark(&'a Bookmark),
    Compacted(&'a Compacted),
    Event(&'a Event),
    Member(&'a MemberLiveness),
    Counts(&'a GroupLiveness),
    Gone(&'a Gone),
    Status(&'a Status),
    Nodes(&'a Nodes),
    Groups(&'a Groups),
    History(&'a Events),
    Why(&'a Why),
    Link(LinkLine),
    Note(NoteLine),
}

/// The body of a `link` line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LinkLine {
    stream: String,
    up: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<NodeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The body of a `note` line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NoteLine {
    pub(super) text: String,
}

/// The streams by their names on the tape.
const STREAMS: [(Stream, &str); 3] =
    [(Stream::Watch, "watch"), (Stream::Liveness, "liveness"), (Stream::Poll, "poll")];

impl LinkLine {
    fn of(stream: Stream, news: &StreamNews) -> Self {
        let name = STREAMS.iter().find(|(known, _)| *known == stream).map_or("", |(_, name)| name);
        let stream = name.to_owned();
        match news.clone() {
            StreamNews::Up { endpoint, node } => {
                Self { stream, up: true, endpoint: Some(endpoint), node, error: None }
            }
            StreamNews::Down { error } => {
                Self { stream, up: false, endpoint: None, node: None, error: Some(error) }
            }
        }
    }

    /// The fact; none for a stream that this version does not know.
    pub(super) fn fact(self) -> Option<Fact> {
        let (stream, _) = STREAMS.into_iter().find(|(_, name)| *name == self.stream)?;
        let news = if self.up {
            StreamNews::Up { endpoint: self.endpoint.unwrap_or_default(), node: self.node }
        } else {
            StreamNews::Down { error: self.error.unwrap_or_default() }
        };
        Some(Fact::Link(stream, news))
    }
}

impl<'a> Line<'a> {
    /// The first line of a tape.
    pub fn of_header(header: &'a Header, seen_ms: u64) -> Self {
        Self { event: "tape", seen_ms: Some(seen_ms), data: Data::Header(header) }
    }

    /// An event of a watch.
    pub fn of_watch(event: &'a WatchEvent, seen_ms: u64) -> Self {
        let data = match event {
            WatchEvent::Snapshot(view) => Data::Snapshot(view),
            WatchEvent::Change(change) => Data::Change(change),
            WatchEvent::Bookmark(bookmark) => Data::Bookmark(bookmark),
            WatchEvent::Compacted(compacted) => Data::Compacted(compacted),
            WatchEvent::Event(event) => Data::Event(event),
        };
        Self { event: event.name(), seen_ms: Some(seen_ms), data }
    }

    /// Any record.
    pub fn of(record: &'a Record) -> Self {
        let (event, data) = match &record.fact {
            Fact::Watch(event) => return Self::of_watch(event, record.at_ms),
            Fact::Member(member) => ("member", Data::Member(member)),
            Fact::Counts(counts) => ("counts", Data::Counts(counts)),
            Fact::Gone(gone) => ("gone", Data::Gone(gone)),
            Fact::Status(status) => ("status", Data::Status(status)),
            Fact::Nodes(nodes) => ("nodes", Data::Nodes(nodes)),
            Fact::Groups(groups) => ("groups", Data::Groups(groups)),
            Fact::History(events) => ("history", Data::History(events)),
            Fact::Why(why) => ("why", Data::Why(why)),
            Fact::Link(stream, news) => ("link", Data::Link(LinkLine::of(*stream, news))),
            Fact::Note(text) => ("note", Data::Note(NoteLine { text: text.clone() })),
        };
        Self { event, seen_ms: Some(record.at_ms), data }
    }
}
