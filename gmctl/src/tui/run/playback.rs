//! A recording as messages: each fact is told when its time has come on a clock that runs as fast
//! as the person wants, stands still, or is set ahead.

use std::time::{Duration, Instant};

use tokio::{
    sync::{mpsc::Sender, watch},
    time::sleep_until,
};

use super::clock;
use crate::{
    model::moment::{Moment, whole_millis},
    tape::{format::Record, read::Tape},
    tui::{message::Message, opening},
};

/// The clock of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clock {
    /// Where the monotonic clock of the recording begins.
    base: Instant,
    start_ms: u64,
    end_ms: u64,
    /// The recording's time at `anchor`.
    at_ms: u64,
    /// When it was last set, by the real clock.
    anchor: Instant,
    /// How fast it runs; none while it stands.
    speed: Option<f64>,
}

impl Clock {
    /// A clock for the tape that stands at its beginning.
    pub(super) fn new(tape: &Tape, now: Instant) -> Self {
        let start_ms = tape.start_ms().unwrap_or(0);
        Self {
            base: now,
            start_ms,
            end_ms: tape.end_ms().unwrap_or(start_ms),
            at_ms: start_ms,
            anchor: now,
            speed: None,
        }
    }

    /// The recording's time. It stands still at its end.
    fn time(&self, now: Instant) -> u64 {
        let Some(speed) = self.speed else {
            return self.at_ms;
        };
        let passed = now.saturating_duration_since(self.anchor).mul_f64(speed);
        self.at_ms.saturating_add(whole_millis(passed)).min(self.end_ms)
    }

    /// The recording's moment now.
    pub(super) fn now(&self, now: Instant) -> Moment {
        self.moment(self.time(now))
    }

    /// The moment of a time of the recording.
    fn moment(&self, at_ms: u64) -> Moment {
        let since = Duration::from_millis(at_ms.saturating_sub(self.start_ms));
        Moment { at: self.base.checked_add(since).unwrap_or(self.base), wall_ms: at_ms }
    }

    /// Runs at another speed from now on.
    pub(super) fn play(&mut self, now: Instant, speed: Option<f64>) {
        *self = Self { at_ms: self.time(now), anchor: now, speed, ..*self };
    }

    /// Is set ahead; a recording cannot be unseen.
    pub(super) fn seek(&mut self, now: Instant, at_ms: u64) {
        let at_ms = at_ms.clamp(self.time(now), self.end_ms.max(self.start_ms));
        *self = Self { at_ms, anchor: now, ..*self };
    }

    /// When, by the real clock, a time of the recording comes; none while the clock stands.
    fn comes(&self, at_ms: u64) -> Option<Instant> {
        let speed = self.speed?;
        let ahead = Duration::from_millis(at_ms.saturating_sub(self.at_ms)).div_f64(speed);
        self.anchor.checked_add(ahead)
    }
}

/// Tells every fact of the tape in its time.
pub(super) async fn play(tape: Tape, mut clock: watch::Receiver<Clock>, to: Sender<Message>) {
    for Record { at_ms, fact } in tape.records {
        loop {
            let set = *clock.borrow_and_update();
            if set.time(clock::now().at) >= at_ms {
                break;
            }
            let wait = async {
                match set.comes(at_ms) {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                changed = clock.changed() => if changed.is_err() {
                    return;
                },
            }
        }
        let moment = clock.borrow().moment(at_ms);
        if let Some(message) = opening::message_of(fact)
            && to.send(Message::Seen(moment, Box::new(message))).await.is_err()
        {
            return;
        }
    }
    // The end of the tape is the end of its facts, not of looking at them.
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use crate::tape::format::Fact;

    use super::*;

    fn tape(times: &[u64]) -> Tape {
        let records =
            times.iter().map(|at_ms| Record { at_ms: *at_ms, fact: Fact::Note(String::new()) });
        Tape { records: records.collect(), ..Tape::default() }
    }

    #[test]
    fn the_clock_runs_stands_and_is_set_ahead() {
        let start = Instant::now();
        let later = |millis| start + Duration::from_millis(millis);
        let mut clock = Clock::new(&tape(&[1_000, 61_000]), start);
        assert_eq!(clock.now(later(500)).wall_ms, 1_000, "it begins to run when it is told to");
        assert_eq!(clock.comes(2_000), None);
        clock.play(later(500), Some(2.0));
        assert_eq!(clock.now(later(1_500)).wall_ms, 3_000);
        assert_eq!(clock.comes(5_000), Some(later(2_500)));
        clock.play(later(1_500), None);
        assert_eq!(clock.now(later(9_000)).wall_ms, 3_000);
        clock.seek(later(9_000), 10_000);
        assert_eq!(clock.now(later(9_000)).wall_ms, 10_000);
        clock.seek(later(9_000), 2_000);
        assert_eq!(clock.now(later(9_000)).wall_ms, 10_000, "nothing is unseen");
        clock.seek(later(9_000), u64::MAX);
        clock.play(later(9_000), Some(100.0));
        assert_eq!(clock.now(later(99_000)).wall_ms, 61_000, "it stands at the end");
        let moment = clock.now(later(99_000));
        assert_eq!(moment.since(start), Duration::from_mins(1));
    }
}
