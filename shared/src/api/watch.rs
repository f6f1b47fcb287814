//! What a watch tells.

use serde::{Deserialize, Serialize};

use super::events::Event;
use crate::{
    id::Revision,
    view::{Change, View},
};

/// Data of the SSE events of a watch. The event's name is [`WatchEvent::name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// A whole group. A watch of one group begins with it, unless it resumes; a watch of all
    /// groups sends one for each, then a bookmark.
    Snapshot(View),
    /// The next view of a group, or others in the places of its static members.
    Change(Change),
    /// Everything up to this revision has been sent.
    Bookmark(Bookmark),
    /// The history no longer reaches back to where the watch wanted to go on; snapshots follow.
    Compacted(Compacted),
    /// Something that is no view: an election, a node, a hold. Only with `?events=true`.
    Event(Event),
}

impl WatchEvent {
    /// The name of the SSE event.
    pub fn name(&self) -> &'static str {
        match self {
            WatchEvent::Snapshot(_) => "snapshot",
            WatchEvent::Change(_) => "change",
            WatchEvent::Bookmark(_) => "bookmark",
            WatchEvent::Compacted(_) => "compacted",
            WatchEvent::Event(_) => "event",
        }
    }
}

/// Everything up to `revision` has been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Resume after this.
    pub revision: Revision,
}

/// The history no longer reaches back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// Where the watch wanted to go on.
    pub after: Revision,
    /// The oldest revision after which a watch can go on.
    pub floor: Revision,
}
