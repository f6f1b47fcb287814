//! Which node to ask next.
//!
//! A call ends by its deadline. It asks each endpoint once a round, beginning with the one that
//! answered last, and waits between rounds, longer each time. It gives up early only when a whole
//! round found nobody to connect to: then nothing happened and nobody is there.
//!
//! Pure: time and chance are parameters.

use std::time::{Duration, Instant};

/// The first wait between two rounds; long enough for a leader that is being elected to make
/// itself known within a few rounds, short enough not to be felt.
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest wait between two rounds.
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// The longest a single node is waited for while there are others: more than the 2 s within which
/// a sound node answers, so that only one that hangs is given up.
const ATTEMPT_MAX: Duration = Duration::from_millis(2500);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask this endpoint, and wait for its answer until then.
    Try { endpoint: usize, until: Instant },
    /// Wait, then ask again what to do.
    Wait { until: Instant },
    /// Enough.
    GiveUp,
}

/// How an attempt failed in a way that another may mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection; the node saw nothing.
    NotConnected,
    /// The node said that it did nothing.
    NoQuorum,
    /// Sent, and no answer that says what became of it.
    Unanswered,
}

/// What has become of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It was a read.
    NoMatter,
    /// No node has received the write.
    NothingHappened,
    /// A node may have carried the write out.
    Unknown,
}

/// The course of one call over several endpoints.
#[derive(Debug)]
pub(crate) struct Failover {
    endpoints: usize,
    first: usize,
    /// How many endpoints this round has asked.
    asked: usize,
    round: u32,
    /// Whether some endpoint of this round was at least connected to.
    somebody_there: bool,
    outcome: Outcome,
    deadline: Instant,
    attempt: Duration,
    /// The wait after this round has been handed out.
    waited: bool,
}

impl Failover {
    /// A call that begins now with endpoint `first` of `endpoints` and ends after `timeout`.
    /// `patience` is how long a sound node may take on purpose: the wait of a long poll. A `write`
    /// has an outcome that matters when its answer is lost.
    pub(crate) fn new(
        write: bool,
        endpoints: usize,
        first: usize,
        now: Instant,
        timeout: Duration,
        patience: Duration,
    ) -> Self {
        let attempt = if endpoints > 1 {
            ATTEMPT_MAX.min(timeout / 2) + patience
        } else {
            timeout + patience
        };
        Self {
            endpoints,
            first: first.checked_rem(endpoints).unwrap_or(0),
            asked: 0,
            round: 0,
            somebody_there: false,
            outcome: if write {
                Outcome::NothingHappened
            } else {
                Outcome::NoMatter
            },
            deadline: now + timeout + patience,
            attempt,
            waited: false,
        }
    }

    /// Whether this is a write that a node may have carried out.
    pub(crate) fn outcome_unknown(&self) -> bool {
        self.outcome == Outcome::Unknown
    }

    /// Whether the last round found no node to connect to.
    pub(crate) fn found_nobody(&self) -> bool {
        !self.somebody_there
    }

    /// The last endpoint tried has failed.
    pub(crate) fn handle_failure(&mut self, failure: Failure) {
        match failure {
            Failure::NotConnected => {}
            Failure::NoQuorum => self.somebody_there = true,
            Failure::Unanswered => {
                self.somebody_there = true;
                if self.outcome == Outcome::NothingHappened {
                    self.outcome = Outcome::Unknown;
                }
            }
        }
    }

    /// What to do next; `chance` is any number.
    pub(crate) fn next_step(&mut self, now: Instant, chance: u64) -> Step {
        if now >= self.deadline {
            return Step::GiveUp;
        }
        if self.asked == self.endpoints {
            // A write that may have been carried out is worth every try until the deadline.
            if !self.somebody_there && !self.outcome_unknown() {
                return Step::GiveUp;
            }
            if !self.waited {
                let until = now + backoff(BACKOFF_MIN, BACKOFF_MAX, self.round, chance);
                if until >= self.deadline {
                    return Step::GiveUp;
                }
                self.waited = true;
                return Step::Wait { until };
            }
            self.round += 1;
            self.asked = 0;
            self.somebody_there = false;
            self.waited = false;
        }
        let endpoint = (self.first + self.asked) % self.endpoints;
        self.asked += 1;
        Step::Try {
            endpoint,
            until: self.deadline.min(now + self.attempt),
        }
    }
}

/// The wait after so many rounds: doubled with each, up to `max`, and between half of that and
/// all of it by `chance`, so that many clients do not come back in step.
pub(crate) fn backoff(min: Duration, max: Duration, rounds: u32, chance: u64) -> Duration {
    let full = min.saturating_mul(1 << rounds.min(16)).min(max);
    let half = full / 2;
    let span = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_nanos(chance % span)
}
