//! The past, frame by frame: what the whole screen is drawn from when one looks back.
//!
//! A frame is a clone of the model, which shares nearly everything with its neighbours. One is kept
//! whenever something happened, at most one a second, and one every ten seconds otherwise.

use std::{collections::VecDeque, time::Duration};

use super::{cluster::Model, moment::Moment};

/// How much of the past is kept, unless told otherwise, when something happens each second.
pub const LENGTH: Duration = Duration::from_mins(15);
/// The most of it: it is in memory, and who wants more has a recording.
pub const LENGTH_MAX: Duration = Duration::from_hours(4);
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
#[derive(Debug, Clone)]
pub struct History {
    frames: VecDeque<Frame>,
    frames_max: usize,
    next: u64,
}

impl Default for History {
    fn default() -> Self {
        Self::of(LENGTH)
    }
}

impl History {
    /// One that goes back so far, at most [`LENGTH_MAX`], when something happens each second, and
    /// farther when less does.
    pub fn of(length: Duration) -> Self {
        let frames_max = length.min(LENGTH_MAX).as_secs().max(1) / APART_MIN.as_secs();
        let frames_max = usize::try_from(frames_max).unwrap_or(usize::MAX);
        Self { frames: VecDeque::new(), frames_max, next: 0 }
    }

    /// Keeps a frame if one is due.
    pub fn note(&mut self, now: Moment, model: &Model) {
        if self.frames.is_empty() && is_half_told(model) {
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
        while self.frames.len() > self.frames_max {
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

    /// The last frame before a moment in which something had not happened yet that has happened in
    /// `here`; else the oldest.
    pub fn before(&self, moment: Moment, here: &Model) -> Option<&Frame> {
        let mut earlier = self.frames.iter().rev().filter(|frame| frame.moment.at < moment.at);
        earlier
            .find(|frame| differs(&frame.model, here))
            .or_else(|| self.frames.front().filter(|oldest| oldest.moment.at < moment.at))
    }

    /// The first frame after a moment in which more has happened than in `here`.
    pub fn after(&self, moment: Moment, here: &Model) -> Option<&Frame> {
        let mut later = self.frames.iter().filter(|frame| frame.moment.at > moment.at);
        later.find(|frame| differs(&frame.model, here))
    }

    /// The frame nearest before or at a moment, else the oldest.
    pub fn at(&self, moment: Moment) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.moment.at <= moment.at).or(self.frames.front())
    }
}

/// Whether the picture is only being built: it was never true.
fn is_half_told(model: &Model) -> bool {
    let tally = model.tally();
    model.is_blank()
        || model.reopening.is_some()
        || !model.knows_groups()
        || (tally.unknown > 0 && tally.unknown == tally.total())
}

fn differs(one: &Model, other: &Model) -> bool {
    one.timeline.written() != other.timeline.written()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::model::happening::Happening;

    #[test]
    fn what_is_older_than_the_length_goes() {
        let start = Moment { at: Instant::now(), wall_ms: 0 };
        let mut model = Model::default();
        model.told = true;
        model.groups.entry("g".parse().unwrap()).or_default();
        let mut history = History::of(Duration::from_mins(1));
        for second in 0..100 {
            let now = start.later(Duration::from_secs(second));
            model.timeline.observe(now, Happening::Note(second.to_string()));
            history.note(now, &model);
        }
        assert_eq!(history.frames().len(), 60);
        assert_eq!(history.oldest().unwrap().moment.wall_ms, 40_000);
    }

    #[test]
    fn a_step_goes_past_the_next_thing_that_happened_and_not_past_time() {
        let start = Moment { at: Instant::now(), wall_ms: 0 };
        let at = |seconds| start.later(Duration::from_secs(seconds));
        let mut model = Model::default();
        let mut history = History::default();
        history.note(at(0), &model);
        model.groups.entry("g".parse().unwrap()).or_default();
        history.note(at(0), &model);
        assert_eq!(history.frames().len(), 0, "only how members look was told yet");
        model.timeline.observe(at(0), Happening::Note("first".to_owned()));
        model.told = true;
        model.groups.entry("g".parse().unwrap()).or_default();
        history.note(at(1), &model);
        for seconds in [11, 21, 31] {
            history.note(at(seconds), &model);
        }
        model.timeline.observe(at(35), Happening::Note("second".to_owned()));
        for seconds in [35, 45, 55] {
            history.note(at(seconds), &model);
        }
        let back = history.before(at(60), &model).unwrap();
        assert_eq!(back.moment.wall_ms, 31_000);
        let forward = history.after(back.moment, &back.model).unwrap();
        assert_eq!(forward.moment.wall_ms, 35_000);
        assert_eq!(history.before(back.moment, &back.model).unwrap().moment.wall_ms, 1_000);
        assert!(history.after(forward.moment, &forward.model).is_none());
    }
}
