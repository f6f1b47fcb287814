//! One member, watched by one node: which pings are out, which were answered, how it looks.
//!
//! A member that answers any of its last [`OUTSTANDING_MAX`] pings is alive at that moment, and
//! nothing else makes it so. Misses count pings that were still unanswered when the next one was
//! due; a single pong takes them all back.

use std::{collections::VecDeque, time::Duration};

use gms::api::Band;

use super::{observed::Observed, quality::Quality, timing::Timing};

/// Pings whose pong is still accepted. At the fastest spacing they reach back 320 ms, at the
/// default period 4 s; an answer later than that tells nothing about now.
pub const OUTSTANDING_MAX: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Ping {
    nonce: u64,
    sent: Observed,
}

/// The failure detector of one member at one node.
#[derive(Debug)]
pub struct Detector {
    timing: Timing,
    outstanding: VecDeque<Ping>,
    /// Since when it is watched here.
    began: Observed,
    last_round_trip: Option<Observed>,
    last_nonce_heard: u64,
    rtt: Option<Duration>,
    /// The first ping sent since the last pong.
    first_unanswered: Option<Observed>,
    misses: u32,
    quality: Quality,
    next: Observed,
}

impl Detector {
    /// Begins to watch; the first ping is due after `phase`, which spreads the load of members
    /// that come together.
    pub fn new(timing: Timing, now: Observed, phase: Duration) -> Self {
        Self {
            timing,
            outstanding: VecDeque::with_capacity(2),
            began: now,
            last_round_trip: None,
            last_nonce_heard: 0,
            rtt: None,
            first_unanswered: None,
            misses: 0,
            quality: Quality::new(now),
            next: now + phase,
        }
    }

    /// When the next ping is due.
    pub fn due(&self) -> Observed {
        self.next
    }

    /// The timing it is watched by.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Changes the pace, at once, because of a doubt or its end.
    pub fn hasten(&mut self, due: Observed) {
        self.next = due;
    }

    /// A regular ping leaves now: the one before, if unanswered, is a miss.
    pub fn ping(&mut self, now: Observed, nonce: u64) {
        if self.first_unanswered.is_some() {
            self.misses = self.misses.saturating_add(1);
        }
        self.note(now, nonce);
        self.next = now + self.timing.period;
    }

    /// An extra ping leaves now, because of a doubt; it makes nothing a miss.
    pub fn probe(&mut self, now: Observed, nonce: u64, spacing: Duration) {
        self.note(now, nonce);
        self.next = now + spacing;
    }

    fn note(&mut self, now: Observed, nonce: u64) {
        self.quality.roll(now, self.timing.period);
        self.quality.sent();
        self.first_unanswered.get_or_insert(now);
        if self.outstanding.len() == OUTSTANDING_MAX {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back(Ping { nonce, sent: now });
    }

    /// A pong came. When it answers a ping that is out, tells when that ping was sent.
    pub fn pong(&mut self, now: Observed, nonce: u64) -> Option<Observed> {
        let at = self.outstanding.iter().position(|ping| ping.nonce == nonce)?;
        let ping = self.outstanding.remove(at)?;
        self.outstanding.drain(..at);
        self.quality.answered();
        self.last_round_trip = Some(now);
        self.last_nonce_heard = nonce;
        self.rtt = Some(now.since(ping.sent));
        // A later ping may still be out, but the member has shown itself: it is not overdue
        // before its own time.
        self.first_unanswered = self.outstanding.front().map(|ping| ping.sent);
        self.misses = 0;
        Some(ping.sent)
    }

    /// When that ping was sent, if its answer is still awaited.
    pub fn awaits(&self, nonce: u64) -> Option<Observed> {
        self.outstanding.iter().find(|ping| ping.nonce == nonce).map(|ping| ping.sent)
    }

    /// Counts the silence anew from the next ping: whoever else watched may have heard the member
    /// until now.
    pub fn begin_anew(&mut self) {
        self.outstanding.clear();
        self.first_unanswered = None;
        self.misses = 0;
    }

    /// A ping failed for sure (a connect was refused or timed out): its answer is no longer
    /// awaited, but it stays unanswered, so the next ping counts it. True if it was out.
    pub fn failed(&mut self, nonce: u64) -> bool {
        let before = self.outstanding.len();
        self.outstanding.retain(|ping| ping.nonce != nonce);
        self.outstanding.len() < before
    }

    /// How the member looks from here.
    pub fn band(&self) -> Band {
        if self.misses >= self.timing.misses_to_suspect() {
            Band::Suspect
        } else if self.misses > 0 || self.quality.is_lossy() {
            Band::Late
        } else if self.last_round_trip.is_some() {
            Band::Ok
        } else {
            Band::Unknown
        }
    }

    /// How much it answers over time.
    pub fn quality(&self) -> &Quality {
        &self.quality
    }

    /// Silence proves nothing now, so what is lost is not held against the member later.
    pub fn spare(&mut self) {
        self.quality.spare();
    }

    /// A former life of the member was removed lately, and was not dead.
    pub fn returned(&mut self) {
        self.quality.carry();
    }

    /// Begins a window of its own for somebody who asks.
    pub fn measure_anew(&mut self, now: Observed) {
        self.quality = Quality::new(now);
    }

    /// The others were asked about its loss, or could not be.
    pub fn relieve(&mut self) {
        self.quality.relieve();
    }

    /// Whether the silence has lasted its full window, counted from the first unanswered ping.
    pub fn is_silent(&self, now: Observed) -> bool {
        self.first_unanswered.is_some_and(|first| now.since(first) >= self.timing.silence_window())
    }

    /// How long until the silence has lasted its full window, if nothing is heard; zero once it has.
    pub fn silent_in(&self, now: Observed) -> Duration {
        let lasted = self.first_unanswered.map_or(Duration::ZERO, |first| now.since(first));
        self.timing.silence_window().saturating_sub(lasted)
    }

    /// Since the last round trip; none if there was none with this node.
    pub fn age(&self, now: Observed) -> Option<Duration> {
        self.last_round_trip.map(|at| now.since(at))
    }

    /// For how long it has been watched here.
    pub fn watched_for(&self, now: Observed) -> Duration {
        now.since(self.began)
    }

    /// The last round trip.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Consecutive unanswered pings.
    pub fn misses(&self) -> u32 {
        self.misses
    }

    /// The nonce of the last pong heard, which the next ping echoes; 0 for none.
    pub fn echo(&self) -> u64 {
        self.last_nonce_heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Observed {
        Observed::default() + Duration::from_millis(ms)
    }

    fn detector() -> Detector {
        Detector::new(Timing::default(), at(0), Duration::ZERO)
    }

    #[test]
    fn a_member_that_answers_is_ok_and_its_round_trip_is_known() {
        let mut detector = detector();
        assert_eq!((detector.band(), detector.age(at(0))), (Band::Unknown, None));
        detector.ping(at(0), 1);
        assert_eq!(detector.due(), at(500));
        assert_eq!(detector.pong(at(3), 1), Some(at(0)));
        assert_eq!(detector.band(), Band::Ok);
        assert_eq!(detector.rtt(), Some(Duration::from_millis(3)));
        assert_eq!(detector.age(at(503)), Some(Duration::from_millis(500)));
        assert_eq!(detector.echo(), 1);
    }

    #[test]
    fn one_missed_ping_is_late_and_two_are_suspect_and_one_pong_mends_it() {
        let mut detector = detector();
        detector.ping(at(0), 1);
        detector.pong(at(1), 1);
        detector.ping(at(500), 2);
        detector.ping(at(1000), 3);
        assert_eq!((detector.band(), detector.misses()), (Band::Late, 1));
        detector.ping(at(1500), 4);
        assert_eq!((detector.band(), detector.misses()), (Band::Suspect, 2));
        assert!(!detector.is_silent(at(1999)));
        assert!(detector.is_silent(at(2000)));
        assert_eq!(detector.pong(at(2001), 3), Some(at(1000)));
        assert_eq!((detector.band(), detector.misses()), (Band::Ok, 0));
        assert!(!detector.is_silent(at(2999)));
    }

    #[test]
    fn probes_make_no_misses() {
        let mut detector = detector();
        detector.ping(at(0), 1);
        for n in 0..6 {
            detector.probe(at(100 * n), 2 + n, Duration::from_millis(100));
        }
        assert_eq!(detector.misses(), 0);
        assert_eq!(detector.due(), at(600));
    }

    #[test]
    fn a_pong_counts_once_and_only_for_a_ping_that_is_out() {
        let mut detector = detector();
        detector.ping(at(0), 1);
        assert_eq!(detector.pong(at(1), 9), None);
        assert_eq!(detector.pong(at(1), 1), Some(at(0)));
        assert_eq!(detector.pong(at(2), 1), None);
        for n in 0..=OUTSTANDING_MAX as u64 {
            detector.ping(at(500 + 500 * n), 10 + n);
        }
        assert_eq!(detector.pong(at(9000), 10), None, "too old to tell anything about now");
        assert!(detector.pong(at(9000), 11).is_some());
    }
}
