//! How long a join waits after the member's former life was removed: what a process believes of
//! its lease must be over before another one has its name.
//!
//! A process that is known to be gone believes nothing. A connection that was closed proves no
//! such thing where nobody's ping was refused: the process may live behind a firewall that answers
//! nothing, and its lease goes on. Its successor waits for as long as a lease can last. Silence
//! waits before the removal, not after it (`liveness/suspicion.rs`).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use gms::{
    evidence::{Cause, Evidence, Verdict},
    id::Revision,
    liveness::Liveness,
    session::lease,
};

use crate::{
    liveness::message::REFUSES,
    membership::life::{Departure, Ending},
};

/// How many moments are remembered: half a minute of changes, four times a second.
const MOMENTS_MAX: usize = 120;

/// When this node had applied which revision, as often as somebody looks.
#[derive(Debug, Default)]
pub struct Applied {
    moments: VecDeque<(Revision, Instant)>,
}

impl Applied {
    /// This revision is applied now.
    pub fn note(&mut self, now: Instant, revision: Revision) {
        if self.moments.back().is_some_and(|(last, _)| *last >= revision) {
            return;
        }
        if self.moments.len() == MOMENTS_MAX {
            self.moments.pop_front();
        }
        self.moments.push_back((revision, now));
    }

    /// Since when it is known to be applied; never too early.
    fn since(&self, revision: Revision) -> Option<Instant> {
        self.moments.iter().find(|(at, _)| *at >= revision).map(|(_, since)| *since)
    }

    /// For how long the former life may still believe in its lease, if it asked to be watched as
    /// its successor does.
    pub fn lease_left(&self, now: Instant, former: &Departure, liveness: &Liveness) -> Duration {
        let Ending::Removed(evidence) = &former.ending else {
            return Duration::ZERO;
        };
        if proves_the_end(evidence) {
            return Duration::ZERO;
        }
        let period = liveness.period_ms.map(|ms| Duration::from_millis(ms.into()));
        let since = self.since(former.revision).unwrap_or(now);
        (since + lease::longest(period, liveness.misses)).saturating_duration_since(now)
    }
}

/// Whether the former process is known to be gone, or its lease to be over.
fn proves_the_end(evidence: &Evidence) -> bool {
    let refuses = |detail: &str, verdict| verdict == Verdict::DeadAffirmed && detail == REFUSES;
    evidence.cause != Cause::Fin
        || evidence.observers.iter().any(|seen| refuses(&seen.detail, seen.verdict))
}

#[cfg(test)]
mod tests {
    use gms::{
        evidence::Observation,
        id::{Incarnation, NodeId},
        liveness::Kind,
    };

    use super::*;
    use crate::host::clock::Clock;

    fn removed(cause: Cause, detail: &str) -> Departure {
        let observer = Observation {
            node: NodeId(1),
            verdict: Verdict::DeadAffirmed,
            age_ms: None,
            health: 0,
            detail: detail.to_owned(),
        };
        let evidence =
            Evidence { observers: vec![observer], ..Evidence::stated(cause, None, Vec::new()) };
        Departure {
            member: "m".parse().unwrap(),
            incarnation: Incarnation(5),
            revision: Revision(9),
            term: 1,
            at_ms: 0,
            ending: Ending::Removed(evidence),
        }
    }

    fn left(applied: &Applied, now: Instant, former: &Departure) -> Duration {
        applied.lease_left(now, former, &Liveness::of(Kind::Udp))
    }

    #[test]
    fn only_a_closed_connection_alone_makes_a_successor_wait() {
        let (applied, now) = (Applied::default(), Clock::system().now());
        let alone = removed(Cause::Fin, "its stream was closed");
        assert_eq!(left(&applied, now, &alone), Duration::from_millis(1500));
        assert!(left(&applied, now, &removed(Cause::Fin, REFUSES)).is_zero());
        for cause in [Cause::Refused, Cause::Exit, Cause::Silence, Cause::Replaced] {
            assert!(left(&applied, now, &removed(cause, "")).is_zero(), "{cause:?}");
        }
        let asked = Departure { ending: Ending::Left { reason: None }, ..alone };
        assert!(left(&applied, now, &asked).is_zero());
    }

    #[test]
    fn it_waits_from_when_the_removal_was_applied_here() {
        let (mut applied, start) = (Applied::default(), Clock::system().now());
        let after = |ms| start + Duration::from_millis(ms);
        let former = removed(Cause::Fin, "its stream was closed");
        applied.note(start, Revision(8));
        assert_eq!(left(&applied, after(100), &former), Duration::from_millis(1500));
        applied.note(after(200), Revision(12));
        assert_eq!(left(&applied, after(300), &former), Duration::from_millis(1400));
        for revision in 13..13 + 2 * MOMENTS_MAX as u64 {
            applied.note(after(1000), Revision(revision));
        }
        // What has been forgotten is taken for younger than it is, never for older.
        assert_eq!(left(&applied, after(1000), &former), Duration::from_millis(1500));
        assert!(left(&applied, after(2500), &former).is_zero());
    }
}
