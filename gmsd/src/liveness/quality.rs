//! How many of its pings a member answers, over a long time.
//!
//! A member that answers one ping in five is never silent for long: every doubt of it is refuted,
//! and it would stay for ever, half there. So answers are counted over windows of
//! [`WINDOW_PERIODS`], and bad windows fill a leaky bucket. One bad window marks the member as
//! lossy here, three more or less in a row let this node ask the others about it; **it is removed
//! only if a quorum finds it lossy and nobody finds it good.** (The leaky bucket instead of "three
//! in a row" catches members that are well every other 20 s.)
//!
//! While silence proves nothing (its group is held, this node is out of touch with a quorum, or most
//! members are silent together) no bad window counts: who was let live through a silence must not be
//! removed afterwards for the pings lost in it. Answers prove something at any time.
//!
//! A life whose former one was removed while it ran (see `returns`) begins suspect: after its first
//! bad window the others are asked. What this node says of a member is its own measure all the same,
//! of this life alone.

use std::{collections::BTreeMap, time::Duration};

use gms::{evidence::Observation, id::NodeId};

use super::observed::Observed;

/// The length of a window, in ping periods: 10 s by default.
pub const WINDOW_PERIODS: u32 = 20;
/// With fewer pings in a window nothing is said: the node itself did not send.
const SENT_MIN: u32 = 10;
/// A window is bad when this share of its pings, in percent, was lost.
const LOST_PERCENT: u32 = 60;
/// What a bad window adds, and a good one takes. The bucket counts halves.
const BAD: u32 = 2;
const GOOD: u32 = 1;
/// At this level the member is lossy here: one bad window.
const LOSSY: u32 = 2;
/// At this level the others are asked: three bad windows.
const FULL: u32 = 6;
/// What a former life leaves: all but one bad window.
const CARRIED: u32 = FULL - BAD;

/// The pings and pongs of one member at one node.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    began: Observed,
    sent: u32,
    answered: u32,
    /// Whether the present window does not count.
    spared: bool,
    bucket: u32,
    /// What the removal of a former life adds, when it is to be decided whether the others are asked.
    carried: u32,
    /// Sent and answered in the last full window.
    last: (u32, u32),
}

impl Quality {
    /// Counts from now on.
    pub fn new(now: Observed) -> Self {
        Self { began: now, ..Self::default() }
    }

    /// A former life was removed lately, and was not dead.
    pub fn carry(&mut self) {
        self.carried = CARRIED;
    }

    /// A ping left.
    pub fn sent(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// A ping was answered.
    pub fn answered(&mut self) {
        self.answered = self.answered.saturating_add(1);
    }

    /// Silence proves nothing now: the present window will not count if it is bad.
    pub fn spare(&mut self) {
        self.spared = true;
    }

    /// Closes the window if it is over.
    pub fn roll(&mut self, now: Observed, period: Duration) {
        if now.since(self.began) < period * WINDOW_PERIODS {
            return;
        }
        let lost = self.sent.saturating_sub(self.answered);
        let is_bad = lost * 100 >= self.sent * LOST_PERCENT;
        if self.sent >= SENT_MIN && !(is_bad && self.spared) {
            if is_bad {
                self.bucket = (self.bucket + BAD).min(FULL + BAD);
            } else {
                self.bucket = self.bucket.saturating_sub(GOOD);
                self.carried = self.carried.saturating_sub(GOOD);
            }
            self.last = (self.sent, self.answered);
        }
        (self.began, self.sent, self.answered, self.spared) = (now, 0, 0, false);
    }

    /// Whether it answers too little, as far as this node can tell.
    pub fn is_lossy(&self) -> bool {
        self.bucket >= LOSSY
    }

    /// Whether that has gone on for so long that the others are to be asked.
    pub fn is_full(&self) -> bool {
        self.is_lossy() && self.bucket + self.carried >= FULL
    }

    /// The pings sent and answered in the last full window.
    pub fn last_window(&self) -> (u32, u32) {
        self.last
    }

    /// Others find it good, or cannot tell: two more bad windows before they are asked again.
    pub fn relieve(&mut self) {
        self.bucket = self.bucket.min(FULL - 2 * BAD);
        self.carried = 0;
    }
}

/// This node's question whether others find a member as lossy as it does.
#[derive(Debug)]
pub(super) struct Weighing {
    pub(super) round: u64,
    pub(super) ends: Observed,
    pub(super) answers: BTreeMap<NodeId, Observation>,
}

/// Another node's question, while this one measures.
#[derive(Debug)]
pub(super) struct Sampling {
    pub(super) asker: NodeId,
    pub(super) round: u64,
    pub(super) ends: Observed,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(500);

    /// Lets windows pass in which so many of 20 pings are answered.
    fn pass(quality: &mut Quality, now: &mut Observed, answered: &[u32]) {
        for answered in answered {
            for n in 0..20 {
                quality.sent();
                if n < *answered {
                    quality.answered();
                }
                *now = *now + PERIOD;
                quality.roll(*now, PERIOD);
            }
        }
    }

    #[test]
    fn one_bad_window_marks_and_three_fill() {
        let mut now = Observed::default();
        let mut quality = Quality::new(now);
        pass(&mut quality, &mut now, &[20, 12]);
        assert!(!quality.is_lossy(), "forty percent lost is no reason");
        pass(&mut quality, &mut now, &[4]);
        assert!(quality.is_lossy() && !quality.is_full());
        assert_eq!(quality.last_window(), (20, 4));
        pass(&mut quality, &mut now, &[4, 8]);
        assert!(quality.is_full());
        quality.relieve();
        assert!(quality.is_lossy() && !quality.is_full());
        pass(&mut quality, &mut now, &[20]);
        assert!(!quality.is_lossy());
    }

    #[test]
    fn a_member_that_is_well_every_other_window_is_found_out() {
        let mut now = Observed::default();
        let mut quality = Quality::new(now);
        pass(&mut quality, &mut now, &[0, 20, 0, 20, 0, 20, 0, 20, 0]);
        assert!(quality.is_full());
    }

    #[test]
    fn who_was_removed_before_is_asked_about_after_one_bad_window_and_not_without() {
        let returned = || {
            let mut quality = Quality::new(Observed::default());
            quality.carry();
            (quality, Observed::default())
        };
        let (mut quality, mut now) = returned();
        assert!(!quality.is_lossy() && !quality.is_full(), "nothing is said before it is measured");
        pass(&mut quality, &mut now, &[20]);
        assert!(!quality.is_lossy());
        let (mut quality, mut now) = returned();
        pass(&mut quality, &mut now, &[4]);
        assert!(quality.is_lossy() && quality.is_full());
        quality.relieve();
        pass(&mut quality, &mut now, &[4]);
        assert!(!quality.is_full(), "once the others were asked it counts like anybody");
        pass(&mut quality, &mut now, &[4]);
        assert!(quality.is_full());
        let (mut quality, mut now) = returned();
        pass(&mut quality, &mut now, &[20, 20, 4]);
        assert!(quality.is_lossy() && !quality.is_full(), "good windows make up for the past");
    }

    #[test]
    fn answers_count_while_silence_proves_nothing() {
        let mut now = Observed::default();
        let mut quality = Quality::new(now);
        pass(&mut quality, &mut now, &[0, 0]);
        assert!(quality.is_lossy());
        for _ in 0..3 {
            quality.spare();
            pass(&mut quality, &mut now, &[20]);
        }
        assert!(!quality.is_lossy(), "it answers for half a minute");
    }

    #[test]
    fn a_window_in_which_silence_proved_nothing_does_not_count() {
        let mut now = Observed::default();
        let mut quality = Quality::new(now);
        for _ in 0..4 {
            quality.spare();
            pass(&mut quality, &mut now, &[0]);
        }
        assert!(!quality.is_lossy());
        pass(&mut quality, &mut now, &[0]);
        assert!(quality.is_lossy(), "the next one does");
    }

    #[test]
    fn a_window_without_pings_says_nothing() {
        let mut quality = Quality::new(Observed::default());
        quality.roll(Observed::default() + PERIOD * 100, PERIOD);
        assert!(!quality.is_lossy());
    }
}
