//! Follows the views of one group, or of all.
//!
//! What a [`Watch`] yields is ordered and gapless for each group, without repetitions, whichever
//! nodes it is served by: it resumes after a loss where it was, verifies that each change follows
//! the view before it, and asks for fresh snapshots when one does not. It goes on until it is
//! dropped or a node refuses it for good.

use std::time::{Duration, Instant};

use hyper::Method;

use crate::{
    api::{WatchEvent, header},
    calls::Query,
    client::Client,
    endpoint::Endpoint,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    rpc::Request,
    sequence::{Admission, Sequence},
    sse::{MEDIA_TYPE, SseEvent},
    stream::{EventStream, StreamItem, WatchEnd},
};

/// How to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// Begin after this revision instead of with snapshots. If the history no longer reaches back
    /// so far, the watch yields `compacted` and then snapshots.
    pub after: Option<Revision>,
    /// Also yield what is no view: elections, nodes, holds.
    pub events: bool,
    /// A watch of one group: leave nodes whose snapshot is older than this revision. What was just
    /// written is then seen whichever node serves the watch.
    pub at_least: Revision,
    /// Make the stream this life's session: the service learns of its end from the kernel.
    pub member: Option<(MemberId, Incarnation)>,
}

/// What a watch yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchItem {
    /// A node serves the watch now.
    Connected {
        /// Where.
        endpoint: Endpoint,
        /// Which node, if it said.
        node: Option<NodeId>,
    },
    /// The stream was lost, or could not be opened; the watch tries another node.
    Disconnected {
        /// What happened, and with whom.
        why: String,
    },
    /// The next event. In a bookmark's or a change's place nothing is missing.
    Event(WatchEvent),
}

/// A watch.
pub struct Watch {
    stream: EventStream,
    path: String,
    sequence: Sequence,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Watch {
    /// Watches one group. It need not exist yet.
    pub fn of_group(client: &Client, group: &GroupId, options: &WatchOptions) -> Self {
        Self::new(client, &format!("/v1/groups/{group}/watch"), false, options)
    }

    /// Watches all groups. [`WatchOptions::member`] means nothing here.
    pub fn of_all(client: &Client, options: &WatchOptions) -> Self {
        Self::new(client, "/v1/watch", true, options)
    }

    fn new(client: &Client, path: &str, all: bool, options: &WatchOptions) -> Self {
        let member = options.member.as_ref().filter(|_| !all);
        let path = Query::new(path)
            .with("events", options.events.then_some(true))
            .with("as", member.map(|(id, _)| id))
            .with("incarnation", member.map(|(_, incarnation)| incarnation))
            .done();
        let sequence = Sequence::new(all, options.after, options.at_least);
        let stream = EventStream::new(client, request(&path, &sequence));
        Self { stream, path, sequence }
    }

    /// Takes the stream for broken after another silence than
    /// [`STREAM_IDLE_TIMEOUT`](crate::api::STREAM_IDLE_TIMEOUT): a node writes something every
    /// [`BOOKMARK_INTERVAL`](crate::api::BOOKMARK_INTERVAL), so a shorter one than that breaks
    /// every stream.
    #[must_use]
    pub fn with_idle_limit(mut self, limit: Duration) -> Self {
        self.stream.set_idle_limit(limit);
        self
    }

    /// When the node last wrote anything, also what makes no item.
    pub fn heard_at(&self) -> Option<Instant> {
        self.stream.heard_at()
    }

    /// The next item. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> Result<WatchItem, WatchEnd> {
        loop {
            match self.stream.next().await? {
                StreamItem::Connected { endpoint, node } => {
                    return Ok(WatchItem::Connected { endpoint, node });
                }
                StreamItem::Disconnected { why, compacted } => {
                    if compacted {
                        self.sequence.start_over();
                    }
                    self.stream.set_request(request(&self.path, &self.sequence));
                    return Ok(WatchItem::Disconnected { why });
                }
                StreamItem::Sse(event) => match decode(&event) {
                    Ok(None) => {}
                    Ok(Some(event)) => match self.sequence.admit(&event) {
                        Admission::Next => return Ok(WatchItem::Event(event)),
                        Admission::Repeated => {}
                        Admission::Broken(why) => {
                            self.sequence.start_over();
                            self.stream.reopen(why);
                        }
                    },
                    Err(why) => {
                        self.sequence.start_over();
                        self.stream.reopen(why);
                    }
                },
            }
        }
    }

    /// After which revision another watch could go on without missing anything; none before the
    /// first snapshots are complete.
    pub fn position(&self) -> Option<Revision> {
        self.sequence.resume_after()
    }
}

fn request(path: &str, sequence: &Sequence) -> Request {
    let mut request = Request::new(Method::GET, path);
    request.headers.push(("accept", MEDIA_TYPE.to_owned()));
    if let Some(after) = sequence.resume_after() {
        request.headers.push((header::LAST_EVENT_ID, after.to_string()));
    }
    request
}

/// The event in an SSE event; none for a name this client does not know.
fn decode(event: &SseEvent) -> Result<Option<WatchEvent>, String> {
    let data = event.data.as_str();
    let decoded = match event.name.as_str() {
        "snapshot" => serde_json::from_str(data).map(WatchEvent::Snapshot),
        "change" => serde_json::from_str(data).map(WatchEvent::Change),
        "bookmark" => serde_json::from_str(data).map(WatchEvent::Bookmark),
        "compacted" => serde_json::from_str(data).map(WatchEvent::Compacted),
        "event" => serde_json::from_str(data).map(WatchEvent::Event),
        _ => return Ok(None),
    };
    decoded.map(Some).map_err(|error| format!("an unreadable event {:?}: {error}", event.name))
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
