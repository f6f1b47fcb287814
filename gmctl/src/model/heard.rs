//! What was heard of a member, and what can honestly be said from it: how long ago it last answered,
//! and how long it is until it can be removed for its silence.

use std::time::{Duration, Instant};

use gms::{
    api::{Band, MemberLiveness},
    id::{Incarnation, NodeId},
    liveness::MISSES_DEFAULT,
    view::Member,
};

use super::{
    answers::{Answers, Second},
    moment::Moment,
};

/// How long an age that was reported is counted on for a member that answers. The feed repeats
/// pinned members each second; for the others silence means only "still in the same band", and an age
/// that goes on would look like a silence of theirs.
pub const REPORT_FRESH: Duration = Duration::from_millis(1_200);

/// What the liveness feed last said of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The life it was said of.
    pub incarnation: Incarnation,
    /// Its band.
    pub band: Band,
    /// When its last known round trip was; none if its monitor knows of none yet.
    pub round_trip_at: Option<Instant>,
    /// How long that round trip took, in microseconds.
    pub rtt_us: Option<u64>,
    /// Consecutive unanswered pings.
    pub misses: u32,
    /// The node that said so.
    pub monitor: NodeId,
    /// Milliseconds between its pings.
    pub period_ms: u64,
    /// When the report came.
    pub reported_at: Instant,
    /// The worse band it is still shown in, and until when: a member looks worse at once, and
    /// better only after two clean beats, so that a cell does not flicker.
    pub settling: Option<(Band, Instant)>,
    /// The seconds up to this report.
    answers: Answers,
}

impl Heard {
    /// The report, with its age turned into a point on our clock.
    pub fn of(now: Moment, report: &MemberLiveness) -> Self {
        let age = report.age_ms.map(Duration::from_millis);
        Self {
            incarnation: report.incarnation,
            band: report.state,
            round_trip_at: age.and_then(|age| now.at.checked_sub(age)),
            rtt_us: report.rtt_us,
            misses: report.misses,
            monitor: report.monitor,
            period_ms: report.period_ms,
            reported_at: now.at,
            settling: None,
            answers: Answers::told(now.wall_ms, report.state, age),
        }
    }

    /// The report as the next word after another.
    pub(super) fn after(mut self, before: &Heard) -> Self {
        if before.incarnation == self.incarnation {
            self.settle(before);
            self.answers = self.answers.after(before.answers, before.band);
        }
        self
    }

    /// In which of the last seconds it answered, oldest first.
    pub fn seconds(&self, now: Moment) -> impl Iterator<Item = Second> {
        self.answers.seconds(now.wall_ms, self.band)
    }

    /// The band it is shown in.
    pub fn shown(&self) -> Band {
        self.settling.map_or(self.band, |(worse, _)| worse)
    }

    /// How long ago its last round trip was, as far as that is known.
    pub fn age(&self, now: Moment) -> Age {
        let fresh = now.since(self.reported_at) < REPORT_FRESH;
        let age = self.round_trip_at.map(|at| now.since(at));
        let calm = Duration::from_millis(self.period_ms.saturating_mul(2));
        match (age, self.band) {
            (Some(age), Band::Late | Band::Suspect | Band::Condemned) => Age::Known(age),
            // It has answered since, or its band were another: the next report is yet to come.
            (Some(age), Band::Ok) if fresh && age < calm => Age::Known(age),
            (_, Band::Ok) => Age::Below(calm),
            (Some(age), Band::Unknown) if fresh => Age::Known(age),
            _ => Age::Unknown,
        }
    }

    /// Whether it is better than it looked before, so that it has to prove it.
    fn settle(&mut self, before: &Heard) {
        let (was, is) = (before.shown(), self.band);
        let doubted = matches!(was, Band::Late | Band::Suspect | Band::Condemned);
        if !doubted || is >= was || is == Band::Unknown {
            return;
        }
        // The report is the first clean beat; the second is due a period later. A report that
        // repeats the same does not begin the wait anew.
        let until = match before.settling {
            Some((_, until)) if before.band == is => Some(until),
            _ => self.reported_at.checked_add(Duration::from_millis(self.period_ms)),
        };
        self.settling = until.filter(|until| self.reported_at < *until).map(|until| (was, until));
    }
}

/// What can honestly be said of the time since a member's last round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// So long since the last known round trip.
    Known(Duration),
    /// It answers its pings, so less than this; the exact age is reported for pinned members only.
    Below(Duration),
    /// Nothing is known.
    Unknown,
}

/// How long it is until a silent member can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Not before this; zero if it is a matter of its confirmation only.
    AtLeast(Duration),
    /// Never while the hold lasts.
    Held,
    /// Never while there is no quorum.
    NoQuorum,
    /// Nobody can tell: its monitor is out of reach, or nothing comes in.
    Unknown,
}

/// What is left of the time for which a member may be silent, when its last answer was so long ago.
pub fn left_of_window(member: &Member, period_ms: u64, age: Duration) -> Duration {
    let misses = u64::from(member.liveness.misses.unwrap_or(MISSES_DEFAULT));
    // The window runs from the first unanswered ping, at most a period after the last answer.
    Duration::from_millis(period_ms.saturating_mul(misses)).saturating_sub(age)
}
