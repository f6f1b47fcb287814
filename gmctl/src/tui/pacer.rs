//! When to draw.
//!
//! A key or a resize is answered at once, but frames are never closer than [`FRAME_MIN`]. News is
//! drawn at the data rate. Nothing new, no frame. A terminal that takes long to swallow a frame
//! (a slow link) gets fewer: the data rate halves, down to one a second, and recovers slowly.
//! Pure: the clock is a parameter.

use std::time::{Duration, Instant};

/// Frames are never closer than this, however fast keys come.
pub const FRAME_MIN: Duration = Duration::from_millis(16);
/// A flush that takes longer than this is slow.
const FLUSH_SLOW: Duration = Duration::from_millis(100);
/// So many quick flushes in a row and the rate recovers a step.
const QUICK_TO_RECOVER: u32 = 40;
/// The lowest data rate, in frames a second.
const FPS_MIN: u32 = 1;
/// The highest data rate that can be asked for, in frames a second.
pub const FPS_MAX: u32 = 60;

/// Why a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// News came.
    Data,
    /// Somebody pressed a key and looks for its effect.
    Now,
}

/// Decides when the next frame is due.
#[derive(Debug, Clone)]
pub struct Pacer {
    wanted: Option<Want>,
    last: Option<Instant>,
    fps_asked: u32,
    fps: u32,
    slow: u32,
    quick: u32,
}

impl Pacer {
    /// A pacer that draws news at most `fps` times a second.
    pub fn new(fps: u32) -> Self {
        let fps = fps.clamp(FPS_MIN, FPS_MAX);
        Self { wanted: Some(Want::Now), last: None, fps_asked: fps, fps, slow: 0, quick: 0 }
    }

    /// A frame is wanted.
    pub fn want(&mut self, want: Want) {
        self.wanted = self.wanted.max(Some(want));
    }

    /// When the next frame is due; none while nothing is new.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let wanted = self.wanted?;
        let Some(last) = self.last else {
            return Some(now);
        };
        let apart = match wanted {
            Want::Now => FRAME_MIN,
            Want::Data => Duration::from_secs(1) / self.fps,
        };
        Some(last.checked_add(apart).unwrap_or(now))
    }

    /// A frame was drawn, and the terminal took so long to swallow it.
    pub fn drawn(&mut self, now: Instant, flush: Duration) {
        self.wanted = None;
        self.last = Some(now);
        if flush > FLUSH_SLOW {
            self.quick = 0;
            self.slow += 1;
            if self.slow >= 2 {
                self.slow = 0;
                self.fps = (self.fps / 2).max(FPS_MIN);
            }
        } else {
            self.slow = 0;
            self.quick += 1;
            if self.quick >= QUICK_TO_RECOVER {
                self.quick = 0;
                self.fps = self.fps.saturating_mul(2).min(self.fps_asked);
            }
        }
    }

    /// The data rate now, in frames a second.
    pub fn fps(&self) -> u32 {
        self.fps
    }

    /// Whether the rate was lowered because the terminal is slow.
    pub fn is_slowed(&self) -> bool {
        self.fps < self.fps_asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    #[test]
    fn news_waits_for_its_turn_and_a_key_does_not() {
        let start = Instant::now();
        let mut pacer = Pacer::new(4);
        assert_eq!(pacer.due(start), Some(start), "the first frame is due at once");
        pacer.drawn(start, QUICK);
        assert_eq!(pacer.due(start), None, "nothing new, no frame");
        pacer.want(Want::Data);
        assert_eq!(pacer.due(start), Some(start + Duration::from_millis(250)));
        pacer.want(Want::Now);
        assert_eq!(pacer.due(start), Some(start + FRAME_MIN));
        pacer.want(Want::Data);
        assert_eq!(pacer.due(start), Some(start + FRAME_MIN), "the more urgent wish stands");
    }

    #[test]
    fn a_slow_terminal_gets_fewer_frames_and_recovers() {
        let start = Instant::now();
        let mut pacer = Pacer::new(4);
        let slow = Duration::from_millis(150);
        pacer.drawn(start, slow);
        assert_eq!(pacer.fps(), 4, "one slow flush is chance");
        for (flushes, fps) in [(1, 2), (2, 1), (2, 1)] {
            (0..flushes).for_each(|_| pacer.drawn(start, slow));
            assert_eq!(pacer.fps(), fps);
        }
        assert!(pacer.is_slowed());
        (0..QUICK_TO_RECOVER * 2).for_each(|_| pacer.drawn(start, QUICK));
        assert_eq!(pacer.fps(), 4);
        assert!(!pacer.is_slowed());
    }

    #[test]
    fn no_rate_divides_by_zero() {
        assert_eq!(Pacer::new(0).fps(), 1);
        assert_eq!(Pacer::new(u32::MAX).fps(), FPS_MAX);
    }
}
