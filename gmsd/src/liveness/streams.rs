//! Heartbeat streams: what one node keeps of the connections by which a member of kind `stream`
//! lets itself be asked, one to each node.
//!
//! A node without a stream of a life cannot ask it and says nothing of it, neither that it lives
//! nor that it is silent; only when it had none for the length of the boot grace, in which every
//! living member finds every node, is that a silence like any other. A stream that the member's
//! kernel closed is affirmative evidence, as the end of a session stream is.

use std::time::Duration;

use super::observed::Observed;

/// The heartbeat streams of one life at this node.
#[derive(Debug)]
pub(super) struct Streams {
    open: u32,
    closed_by_member: bool,
    /// From when on it counts as silence that none is open.
    missed_from: Observed,
}

impl Streams {
    pub(super) fn none(missed_from: Observed) -> Self {
        Self { open: 0, closed_by_member: false, missed_from }
    }

    /// One more is open.
    pub(super) fn open(&mut self) {
        self.open += 1;
        self.closed_by_member = false;
    }

    /// One has ended. True if it was the last, which is missed after the grace.
    pub(super) fn close(&mut self, now: Observed, by_member: bool, grace: Duration) -> bool {
        let was_open = self.is_open();
        self.open = self.open.saturating_sub(1);
        let is_last = was_open && !self.is_open();
        if is_last {
            self.closed_by_member = by_member;
            self.missed_from = now + grace;
        }
        is_last
    }

    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Whether none is open because the member's kernel closed the last one.
    pub(super) fn were_closed(&self) -> bool {
        !self.is_open() && self.closed_by_member
    }

    /// From when on a ping may be due: ever, or not before its stream is missed.
    pub(super) fn askable_from(&self) -> Observed {
        if self.is_open() { Observed::default() } else { self.missed_from }
    }

    /// Until when it must be kept in mind that there was one lately; none if that is past.
    pub(super) fn kept_until(&self, now: Observed) -> Option<Observed> {
        (self.missed_from > now).then_some(self.missed_from)
    }
}
