//! When this node last heard a leader.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use gms::id::NodeId;

/// Remembers the last leader heard, and when. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Contact(Arc<Mutex<Option<(NodeId, Instant)>>>);

impl Contact {
    /// Notes that `leader` was heard, and was not told of a greater vote.
    pub fn heard(&self, leader: NodeId, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((leader, now));
    }

    /// When `leader` was last heard, if it was the last one heard.
    pub fn last_heard(&self, leader: NodeId) -> Option<Instant> {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.filter(|(node, _)| *node == leader).map(|(_, at)| at)
    }
}
