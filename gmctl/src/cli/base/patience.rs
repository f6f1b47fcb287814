//! Asking again and again until something holds, or the time is over.
//!
//! Each question is short, so that a node that hangs does not use up the wait. What time may mend is
//! waited out: nobody there, no quorum, no answer, and what is not there yet. Every other refusal ends
//! the wait at once.

use std::time::Duration;

use gms::{
    client::{Client, Options},
    span::Span,
};
use tokio::time::{Instant, sleep};

use crate::{error::Failure, exit::Exit};

/// How long to wait where nobody said.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Between two questions while there is no leader, or nobody answers.
pub const PAUSE: Duration = Duration::from_millis(100);
/// The time for one question while waiting, so that a hanging node does not use up the wait.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// What time may mend is waited out.
fn keep_waiting(failure: Failure) -> Result<Failure, Failure> {
    match failure.exit {
        Exit::Unreachable | Exit::NoQuorum | Exit::Timeout => Ok(failure),
        _ => Err(failure),
    }
}

/// A wait under way.
pub struct Patience {
    client: Client,
    deadline: Instant,
    timeout: Duration,
    /// The flag that gives more time.
    flag: &'static str,
    /// Why the last question had no answer.
    last: Option<Failure>,
    /// Whether some question had an answer.
    has_answered: bool,
}

impl Patience {
    /// A wait of so long from now on; `flag` is the one that gives more time.
    pub fn new(client: Client, timeout: Duration, flag: &'static str) -> Self {
        let deadline = Instant::now() + timeout;
        Self { client, deadline, timeout, flag, last: None, has_answered: false }
    }

    /// Calls while waiting are short; the wait as a whole is bounded by its own deadline.
    pub fn asking(&self) -> Client {
        let timeout = CALL_TIMEOUT.min(self.left().max(Duration::from_millis(1)));
        self.client.with_options(Options { timeout, ..self.client.options().clone() })
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Somebody answered, and it is not yet as it should be.
    pub fn answered(&mut self) {
        self.has_answered = true;
        self.last = None;
    }

    /// Remembers why a question had no answer, if time may mend it. One that was cut short by the end
    /// of the wait says nothing of the node that was asked, unless that has not answered at all.
    pub fn note(&mut self, failure: Failure) -> Result<(), Failure> {
        // What is not there yet may come.
        if failure.exit == Exit::NotFound {
            self.answered();
            return Ok(());
        }
        let failure = keep_waiting(failure)?;
        let is_cut = failure.exit == Exit::Timeout && self.is_over();
        if !(is_cut && self.has_answered) {
            self.last = Some(failure);
        }
        Ok(())
    }

    /// The failure of a wait that is over; `what` says what was waited for.
    pub fn too_late(self, what: &str) -> Failure {
        let span = Span::from_millis(u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX));
        let late = Failure::new(Exit::Timeout, format!("{what} within {span}"));
        let late = match self.last {
            Some(Failure { asked: Some(asked), what, .. }) => {
                late.asked(format!("{asked}: {what}"))
            }
            _ => late,
        };
        late.hint(format!("{} gives more time", self.flag))
    }

    /// Asks again and again until there is an answer; `nothing` says what was waited for.
    pub async fn until<T>(
        mut self,
        nothing: &str,
        ask: impl AsyncFn(&Client) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        while !self.is_over() {
            match ask(&self.asking()).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => self.answered(),
                Err(failure) => self.note(failure)?,
            }
            sleep(PAUSE).await;
        }
        Err(self.too_late(nothing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(timeout: Duration) -> Patience {
        let client = Client::new(["h:1".parse().unwrap()], Options::default()).unwrap();
        Patience::new(client, timeout, "--timeout")
    }

    fn late() -> Failure {
        Failure::new(Exit::Timeout, "no answer in time").asked("h:1")
    }

    #[test]
    fn what_the_end_of_the_wait_cut_short_is_told_only_of_those_who_never_answered() {
        let mut silent = patience(Duration::ZERO);
        silent.note(late()).unwrap();
        assert_eq!(silent.too_late("x").asked.unwrap(), "h:1: no answer in time");
        let mut spoke = patience(Duration::ZERO);
        spoke.answered();
        spoke.note(late()).unwrap();
        assert_eq!(spoke.too_late("x").asked, None);
        let mut hangs = patience(Duration::from_mins(1));
        hangs.answered();
        hangs.note(late()).unwrap();
        assert!(hangs.too_late("x").asked.is_some(), "there was time to answer");
    }

    #[test]
    fn only_what_time_may_mend_is_waited_out() {
        let mut patience = patience(Duration::from_mins(1));
        for exit in [Exit::NotFound, Exit::Unreachable, Exit::NoQuorum, Exit::Timeout] {
            patience.note(Failure::new(exit, "x")).unwrap();
        }
        for exit in [Exit::Refused, Exit::Usage, Exit::Denied, Exit::Conflict] {
            assert_eq!(patience.note(Failure::new(exit, "x")).unwrap_err().exit, exit);
        }
    }
}
