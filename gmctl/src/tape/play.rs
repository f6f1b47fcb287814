//! Facts into a model: what is known after so much of a tape.

use std::time::{Duration, Instant};

use super::{
    format::{Fact, Record},
    read::Tape,
};
use crate::model::{cluster::Model, moment::Moment};

/// Points on a monotonic clock for the times of a tape.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: Instant,
    start_ms: u64,
}

impl Clock {
    /// The first fact of the tape is at `base`.
    pub fn new(base: Instant, tape: &Tape) -> Self {
        Self { base, start_ms: tape.start_ms().unwrap_or(0) }
    }

    /// The moment of this time of the tape.
    pub fn moment(&self, at_ms: u64) -> Moment {
        let since = Duration::from_millis(at_ms.saturating_sub(self.start_ms));
        Moment { at: self.base.checked_add(since).unwrap_or(self.base), wall_ms: at_ms }
    }
}

/// Takes one fact in, and what can no longer be known then.
pub fn apply(model: &mut Model, now: Moment, fact: &Fact) {
    model.link.is_recorded = true;
    match fact.clone() {
        // A gap was there when the tape was made; the snapshot that mended it follows.
        Fact::Watch(event) => drop(model.apply_watch(now, event)),
        Fact::Member(member) => model.apply_liveness(now, &member),
        Fact::Counts(counts) => model.apply_counts(now, counts),
        Fact::Status(status) => model.apply_status(now, *status),
        Fact::Nodes(nodes) => model.apply_nodes(now, nodes),
        Fact::Groups(groups) => model.apply_groups(now, groups),
        Fact::History(events) => model.apply_history(now, &events),
        Fact::Why(why) => model.apply_why(now, *why),
        Fact::Link(stream, news) => model.apply_link(now, stream, &news),
        Fact::Gone(_) | Fact::Note(_) => {}
    }
    model.see(now);
}

/// What was known at a time of the tape, that time's facts included, and the moment it was.
pub fn model_at(tape: &Tape, clock: &Clock, at_ms: u64) -> (Model, Moment) {
    let mut model = Model::default();
    for Record { at_ms: at, fact } in tape.records.iter().take_while(|r| r.at_ms <= at_ms) {
        apply(&mut model, clock.moment(*at), fact);
    }
    let now = clock.moment(at_ms);
    model.tidy(now);
    (model, now)
}
