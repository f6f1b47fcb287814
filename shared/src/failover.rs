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

/// A node that has no quorum says so within this. An attempt that is cut short before leaves a write
/// unknown that would have been refused.
const REFUSED_WITHIN: Duration = Duration::from_millis(1100);

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
    /// A node has said that there is no quorum.
    refused: bool,
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
            outcome: if write { Outcome::NothingHappened } else { Outcome::NoMatter },
            deadline: now + timeout + patience,
            attempt,
            waited: false,
            refused: false,
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
            Failure::NoQuorum => (self.somebody_there, self.refused) = (true, true),
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
        let nothing_happened = self.refused && self.outcome == Outcome::NothingHappened;
        if now >= self.deadline || (nothing_happened && now + REFUSED_WITHIN > self.deadline) {
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
        Step::Try { endpoint, until: self.deadline.min(now + self.attempt) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tried(step: Step) -> usize {
        match step {
            Step::Try { endpoint, .. } => endpoint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_round_begins_with_the_one_that_answered_last() {
        let now = Instant::now();
        let mut failover = Failover::new(false, 3, 2, now, SECOND, Duration::ZERO);
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(tried(failover.next_step(now, 0)));
            failover.handle_failure(Failure::NotConnected);
        }
        assert_eq!(order, [2, 0, 1]);
        assert_eq!(failover.next_step(now, 0), Step::GiveUp);
        assert!(failover.found_nobody() && !failover.outcome_unknown());
    }

    #[test]
    fn a_node_that_answers_no_quorum_is_worth_another_round() {
        let now = Instant::now();
        let mut failover = Failover::new(true, 2, 0, now, 2 * SECOND, Duration::ZERO);
        for failure in [Failure::NoQuorum, Failure::NotConnected] {
            tried(failover.next_step(now, 0));
            failover.handle_failure(failure);
        }
        let Step::Wait { until } = failover.next_step(now, 0) else {
            panic!("no wait");
        };
        assert!(until > now && until <= now + BACKOFF_MIN);
        assert_eq!(tried(failover.next_step(until, 0)), 0);
        assert!(!failover.outcome_unknown());
    }

    #[test]
    fn a_write_that_was_refused_is_not_made_unknown_by_a_last_attempt_cut_short() {
        let start = Instant::now();
        for (write, ms, gives_up) in
            [(true, 3_899, false), (true, 3_901, true), (false, 3_901, false)]
        {
            let mut failover = Failover::new(write, 3, 0, start, 5 * SECOND, Duration::ZERO);
            tried(failover.next_step(start, 0));
            failover.handle_failure(Failure::NoQuorum);
            let step = failover.next_step(start + Duration::from_millis(ms), 0);
            assert_eq!(step == Step::GiveUp, gives_up, "{write} {ms}: {step:?}");
            assert!(!failover.outcome_unknown());
        }
    }

    #[test]
    fn a_write_that_may_have_been_done_is_tried_on_and_a_read_is_not() {
        let now = Instant::now();
        for (write, last) in [(true, false), (false, true)] {
            let mut failover = Failover::new(write, 1, 0, now, SECOND, Duration::ZERO);
            tried(failover.next_step(now, 0));
            failover.handle_failure(Failure::Unanswered);
            let _ = failover.next_step(now, 0);
            tried(failover.next_step(now, 0));
            failover.handle_failure(Failure::NotConnected);
            let step = failover.next_step(now, 0);
            assert_eq!(step == Step::GiveUp, last, "{step:?}");
            assert_eq!(failover.outcome_unknown(), write);
        }
    }

    #[test]
    fn one_of_several_is_not_waited_for_to_the_end() {
        let now = Instant::now();
        let until = |endpoints, timeout, patience| match Failover::new(
            false, endpoints, 0, now, timeout, patience,
        )
        .next_step(now, 0)
        {
            Step::Try { until, .. } => until - now,
            other => panic!("{other:?}"),
        };
        assert_eq!(until(1, 5 * SECOND, Duration::ZERO), 5 * SECOND);
        assert_eq!(until(3, 5 * SECOND, Duration::ZERO), ATTEMPT_MAX);
        assert_eq!(until(3, SECOND, Duration::ZERO), SECOND / 2);
        assert_eq!(until(3, SECOND, SECOND * 30), SECOND / 2 + SECOND * 30);
    }

    fn failure() -> impl Strategy<Value = Failure> {
        prop_oneof![Just(Failure::NotConnected), Just(Failure::NoQuorum), Just(Failure::Unanswered),]
    }

    proptest! {
        #[test]
        fn whatever_fails_a_call_ends_by_its_deadline_and_asks_fairly(
            write: bool,
            endpoints in 1_usize..6,
            first: usize,
            timeout_ms in 0_u64..6_000,
            course in proptest::collection::vec((failure(), 0_u64..3_000, any::<u64>()), 1..40),
        ) {
            let start = Instant::now();
            let timeout = Duration::from_millis(timeout_ms);
            let mut failover = Failover::new(write, endpoints, first, start, timeout, Duration::ZERO);
            let (mut now, mut asked, mut sent) = (start, vec![0_u32; endpoints], false);
            for (failure, takes_ms, chance) in course.into_iter().cycle() {
                match failover.next_step(now, chance) {
                    Step::GiveUp => break,
                    Step::Wait { until } => {
                        prop_assert!(until > now && until < start + timeout);
                        now = until;
                    }
                    Step::Try { endpoint, until } => {
                        prop_assert!(now < start + timeout && until <= start + timeout);
                        asked[endpoint] += 1;
                        let (least, most) = (asked.iter().min(), asked.iter().max());
                        prop_assert!(most.unwrap() - least.unwrap() <= 1);
                        now = until.min(now + Duration::from_millis(takes_ms));
                        failover.handle_failure(failure);
                        sent |= failure == Failure::Unanswered;
                    }
                }
            }
            prop_assert!(now <= start + timeout);
            prop_assert_eq!(failover.outcome_unknown(), write && sent);
        }

        #[test]
        fn a_wait_grows_within_its_bounds(rounds: u32, chance: u64) {
            let wait = backoff(BACKOFF_MIN, BACKOFF_MAX, rounds, chance);
            prop_assert!(wait >= BACKOFF_MIN / 2 && wait <= BACKOFF_MAX);
            if rounds == 0 {
                prop_assert!(wait <= BACKOFF_MIN);
            }
            if rounds > 10 {
                prop_assert!(wait >= BACKOFF_MAX / 2);
            }
        }
    }
}
