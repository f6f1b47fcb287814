//! Follows how alive the members look.
//!
//! The feed has no history: after each [`LivenessItem::Connected`] it tells of every member anew,
//! so forget what was known before. A member that does not change costs no traffic.

use std::time::{Duration, Instant};

use hyper::Method;

use crate::{
    api::{Gone, GroupLiveness, MemberLiveness},
    calls::Query,
    client::Client,
    endpoint::Endpoint,
    id::{GroupId, MemberId, NodeId},
    rpc::Request,
    sse::{MEDIA_TYPE, SseEvent},
    stream::{EventStream, StreamItem, WatchEnd},
};

/// What to follow; everything by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LivenessOptions {
    /// Only this group.
    pub group: Option<GroupId>,
    /// Tell of this member every second, not only when its band changes.
    pub member: Option<MemberId>,
}

/// What the feed yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LivenessItem {
    /// A node serves the feed now; it tells of everything anew.
    Connected {
        /// Where.
        endpoint: Endpoint,
        /// Which node, if it said.
        node: Option<NodeId>,
    },
    /// The stream was lost, or could not be opened; the feed tries another node.
    Disconnected {
        /// What happened, and with whom.
        why: String,
    },
    /// How one member looks.
    Member(MemberLiveness),
    /// How a group looks.
    Counts(GroupLiveness),
    /// A life that is no longer in its group.
    Gone(Gone),
}

/// The feed.
pub struct LivenessFeed {
    stream: EventStream,
}

impl std::fmt::Debug for LivenessFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LivenessFeed").finish_non_exhaustive()
    }
}

impl LivenessFeed {
    /// Opens the feed with the first call of [`LivenessFeed::next`].
    pub fn new(client: &Client, options: &LivenessOptions) -> Self {
        let path = Query::new("/v1/liveness")
            .with("group", options.group.as_ref())
            .with("member", options.member.as_ref())
            .done();
        let mut request = Request::new(Method::GET, path);
        request.headers.push(("accept", MEDIA_TYPE.to_owned()));
        Self { stream: EventStream::new(client, request) }
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
    pub async fn next(&mut self) -> Result<LivenessItem, WatchEnd> {
        loop {
            match self.stream.next().await? {
                StreamItem::Connected { endpoint, node } => {
                    return Ok(LivenessItem::Connected { endpoint, node });
                }
                StreamItem::Disconnected { why, .. } => {
                    return Ok(LivenessItem::Disconnected { why });
                }
                StreamItem::Sse(event) => match decode(&event) {
                    Ok(Some(item)) => return Ok(item),
                    Ok(None) => {}
                    Err(why) => self.stream.reopen(why),
                },
            }
        }
    }
}

fn decode(event: &SseEvent) -> Result<Option<LivenessItem>, String> {
    let data = event.data.as_str();
    let decoded = match event.name.as_str() {
        "member" => serde_json::from_str(data).map(LivenessItem::Member),
        "counts" => serde_json::from_str(data).map(LivenessItem::Counts),
        "gone" => serde_json::from_str(data).map(LivenessItem::Gone),
        _ => return Ok(None),
    };
    decoded.map(Some).map_err(|error| format!("an unreadable event {:?}: {error}", event.name))
}
