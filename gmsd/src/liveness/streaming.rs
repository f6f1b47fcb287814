//! Heartbeat streams as they come and go, and what comes on them. See `streams` for what they say.

use std::time::Instant;

use gms::liveness::Kind;

use super::{
    caseload::Slot,
    message::{Affirmation, Subject},
    observed::Observed,
    observer::Observer,
    streams::Streams,
};
use crate::membership::life::Life;

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
        case.streams.open();
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
        let grace = self.timing.boot_grace;
        let Some(slot) = self.cases.find(subject) else {
            return;
        };
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.streams.close(now, by_member, grace) {
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
#[path = "streaming_tests.rs"]
mod tests;
