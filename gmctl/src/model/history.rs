//! The past, frame by frame: what the whole screen is drawn from when one looks back.
//!
//! A frame is a clone of the model, which shares nearly everything with its neighbours. One is kept
//! whenever something happened, at most one a second, and one every ten seconds otherwise.

use std::{collections::VecDeque, time::Duration};

use super::{cluster::Model, moment::Moment};

/// The most frames kept: a quarter of an hour, if something happens each second.
pub const FRAMES_MAX: usize = 900;
/// Frames are at least so far apart.
const APART_MIN: Duration = Duration::from_secs(1);
/// And at most so far, while time goes on.
const APART_MAX: Duration = Duration::from_secs(10);

/// The number of a frame; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameKey(pub u64);

/// The cluster at one moment.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its number.
    pub key: FrameKey,
    /// When.
    pub moment: Moment,
    /// What was known then.
    pub model: Model,
}

/// The past, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    frames: VecDeque<Frame>,
    next: u64,
}

impl History {
    /// Keeps a frame if one is due.
    pub fn note(&mut self, now: Moment, model: &Model) {
        // A picture that is only being built was never true.
        let half_told = model.is_blank() || model.reopening.is_some();
        if self.frames.is_empty() && half_told {
            return;
        }
        if let Some(last) = self.frames.back() {
            let apart = now.since(last.moment.at);
            let happened = last.model.timeline.written() != model.timeline.written();
            if apart < APART_MIN || (!happened && apart < APART_MAX) {
                return;
            }
        }
        let key = FrameKey(self.next);
        self.next = self.next.saturating_add(1);
        self.frames.push_back(Frame { key, moment: now, model: model.clone() });
        while self.frames.len() > FRAMES_MAX {
            self.frames.pop_front();
        }
    }

    /// Every frame kept, oldest first.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &Frame> + ExactSizeIterator {
        self.frames.iter()
    }

    /// The oldest frame.
    pub fn oldest(&self) -> Option<&Frame> {
        self.frames.front()
    }

    /// The last frame before a moment.
    pub fn before(&self, moment: Moment) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.moment.at < moment.at)
    }

    /// The first frame after a moment.
    pub fn after(&self, moment: Moment) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.moment.at > moment.at)
    }

    /// The frame nearest before or at a moment, else the oldest.
    pub fn at(&self, moment: Moment) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.moment.at <= moment.at).or(self.frames.front())
    }
}
