//! Heartbeat streams: connections by which a member of kind `stream` lets itself be asked, one to
//! each node.
//!
//! A node without a stream of a life cannot ask it and says nothing of it, neither that it lives
//! nor that it is silent; only when it had none for the length of the boot grace, in which every
//! living member finds every node, is that a silence like any other. A stream that the member's
//! kernel closed is affirmative evidence, as the end of a session stream is.

use std::time::Instant;

use gms::liveness::Kind;

use super::{
    caseload::Slot,
    message::{Affirmation, Subject},
    observed::Observed,
    observer::Observer,
};
use crate::membership::life::Life;

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

impl Observer {
    /// A heartbeat stream of this life was opened at this node. False if there is no such life, or
    /// it is not asked by streams: then the stream must be ended.
    pub fn handle_stream_opened(&mut self, now: Instant, subject: &Subject) -> bool {
        let now = self.clock.advance(now);
        let slot = self.case_for(now, subject);
        let case = slot.and_then(|slot| Some((slot, self.cases.get_mut(slot)?)));
        let Some((slot, case)) = case.filter(|(_, case)| case.takes_streams()) else {
            return false;
        };
        case.streams.open += 1;
        case.streams.closed_by_member = false;
        case.detector.hasten(now);
        self.look(now, slot);
        self.flush();
        true
    }

    /// A frame came on a heartbeat stream of this life.
    pub fn handle_frame(&mut self, now: Instant, subject: &Subject, bytes: &[u8]) {
        let now = self.clock.advance(now);
        if self.pong(now, |cases| cases.find(subject).into_iter().collect(), bytes).is_none() {
            self.tally.garbage += 1;
        }
        self.flush();
    }

    /// A heartbeat stream of this life has ended; `by_member` if its kernel closed it, and not this
    /// node or the network.
    pub fn handle_stream_closed(&mut self, now: Instant, subject: &Subject, by_member: bool) {
        let now = self.clock.advance(now);
        let missed_from = now + self.timing.boot_grace;
        let Some(slot) = self.cases.find(subject) else {
            return;
        };
        let Some(case) = self.cases.get_mut(slot).filter(|case| case.streams.is_open()) else {
            return;
        };
        case.streams.open -= 1;
        if !case.streams.is_open() {
            case.streams.closed_by_member = by_member;
            case.streams.missed_from = missed_from;
            // What was asked on a stream that broke tells nothing.
            case.detector.begin_anew();
            if by_member {
                self.accuse(now, slot, Some(Affirmation::Fin));
            }
        }
        self.look(now, slot);
        self.flush();
    }

    /// The streams of a life that this node has no case of yet: none, and since when that counts.
    pub(super) fn no_streams_yet(&self, now: Observed, life: &Life) -> Streams {
        let grace = self.timing.boot_grace;
        let is_new = life.incarnation.0 > self.settled.0;
        Streams::none(match life.liveness.kind {
            Kind::Stream if is_new => now + grace,
            Kind::Stream => Observed::default() + grace,
            _ => now,
        })
    }

    /// Whether a ping to this case would leave here.
    pub(super) fn reaches(&self, slot: Slot) -> bool {
        self.cases.get(slot).is_some_and(|case| {
            if case.takes_streams() { case.streams.is_open() } else { case.target.is_some() }
        })
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
