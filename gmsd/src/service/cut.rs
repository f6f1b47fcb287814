//! Verdicts on their way to the log: a thousand crashes are one entry, not a thousand.
//!
//! The first verdict opens a cut. It closes when verdicts have stopped coming for [`QUIET`], or, once
//! there are two, for [`QUIET_CRASH`], or when [`WINDOW`] is over, whichever is first; so a lone
//! crash waits a moment and a mass crash leaves in one view a group. Members that lost their power together end their silence each at
//! its own ping, spread over a period: a cut of silence alone waits longer for the next one.
//! (After Rapid's multi-process cut detection: Suresh et al., "Stable and consistent membership at
//! scale with Rapid", 2018.)

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    liveness::message::Subject,
    membership::command::{Command, Removal},
};

/// Without a further verdict for this long, the cut is complete.
pub const QUIET: Duration = Duration::from_millis(20);
/// And once two or more died together: a busy machine may take that long to reap them all.
pub const QUIET_CRASH: Duration = Duration::from_millis(50);
/// The longest a verdict waits for others.
pub const WINDOW: Duration = Duration::from_millis(100);
/// The same for a cut in which nothing is affirmed: more than the gap between the pings of a few
/// members, and most of a ping period.
pub const QUIET_SILENCE: Duration = Duration::from_millis(120);
/// And once two or more fell silent together: half a ping period. Those who lost their power in one
/// moment end their silences within one period, and leave in two views, hardly ever in three.
pub const QUIET_OUTAGE: Duration = Duration::from_millis(250);
/// And the longest such a cut waits.
pub const WINDOW_SILENCE: Duration = Duration::from_millis(400);
/// Removals of one entry.
const REMOVALS_MAX: usize = 4_096;

/// The verdicts that are being collected, at the leader.
#[derive(Debug, Default)]
pub struct Cut {
    epoch: u64,
    removals: BTreeMap<Subject, Removal>,
    opened: Option<Instant>,
    latest: Option<Instant>,
    /// When the first affirmed verdict came.
    affirmed: Option<Instant>,
}

impl Cut {
    /// Takes in verdicts. Those of another epoch than the present one cannot count any more, so
    /// they are dropped, and a new epoch drops what was collected before.
    pub fn handle_verdicts(
        &mut self,
        now: Instant,
        present_epoch: u64,
        epoch: u64,
        removals: Vec<Removal>,
    ) {
        if self.epoch != present_epoch {
            self.clear();
            self.epoch = present_epoch;
        }
        if epoch != present_epoch {
            return;
        }
        for removal in removals {
            let subject = Subject {
                group: removal.group.clone(),
                member: removal.member.clone(),
                incarnation: removal.incarnation,
            };
            if removal.evidence.cause.is_affirmed() {
                self.affirmed.get_or_insert(now);
            }
            if self.removals.insert(subject, removal).is_none() {
                self.latest = Some(now);
                self.opened.get_or_insert(now);
            }
        }
    }

    /// An accuser heard these lives after all, before its verdict took effect.
    pub fn handle_pardon(&mut self, subjects: &[Subject]) {
        for subject in subjects {
            self.removals.remove(subject);
        }
        if self.removals.is_empty() {
            self.clear();
        }
    }

    /// When the cut is complete, if one is open.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (opened, latest) = (self.opened?, self.latest?);
        let (crash, outage) = match self.removals.len() {
            0 | 1 => (QUIET, QUIET_SILENCE),
            _ => (QUIET_CRASH, QUIET_OUTAGE),
        };
        let silence = (opened + WINDOW_SILENCE).min(latest + outage);
        let affirmed = self.affirmed.map(|first| (first + WINDOW).min(latest + crash));
        Some(affirmed.map_or(silence, |affirmed| affirmed.min(silence)))
    }

    /// The cut, once it is complete.
    pub fn poll_output(&mut self, now: Instant) -> Option<Command> {
        if now < self.poll_timeout()? {
            return None;
        }
        let mut removals: Vec<Removal> = std::mem::take(&mut self.removals).into_values().collect();
        for late in removals.split_off(removals.len().min(REMOVALS_MAX)) {
            let subject = Subject {
                group: late.group.clone(),
                member: late.member.clone(),
                incarnation: late.incarnation,
            };
            self.removals.insert(subject, late);
        }
        if self.removals.is_empty() {
            self.clear();
        }
        Some(Command::Remove { epoch: self.epoch, removals })
    }

    /// Drops everything: this node no longer leads, and the accusers will tell the next leader.
    pub fn clear(&mut self) {
        self.removals.clear();
        self.opened = None;
        self.latest = None;
        self.affirmed = None;
    }
}

#[cfg(test)]
mod tests {
    use gms::evidence::{Cause, Evidence};
    use gms::id::{Incarnation, Revision};

    use super::*;
    use crate::host::clock::Clock;

    fn verdict(n: u64) -> Removal {
        verdict_by(Cause::Fin, n)
    }

    fn verdict_by(cause: Cause, n: u64) -> Removal {
        Removal {
            group: "g".parse().unwrap(),
            member: format!("m{n}").parse().unwrap(),
            incarnation: Incarnation(n),
            evidence: Evidence::stated(cause, None, Vec::new()),
            since: Revision(0),
        }
    }

    fn size(command: Option<Command>) -> Option<usize> {
        match command? {
            Command::Remove { removals, .. } => Some(removals.len()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lone_verdict_waits_a_moment_and_a_crowd_goes_together() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut cut = Cut::default();
        assert_eq!(cut.poll_timeout(), None);
        cut.handle_verdicts(at(0), 0, 0, vec![verdict(1)]);
        assert_eq!(size(cut.poll_output(at(19))), None);
        assert_eq!(size(cut.poll_output(at(20))), Some(1));
        assert_eq!(cut.poll_timeout(), None);

        for n in 0..1000 {
            let now = at(1000 + n / 10);
            assert_eq!(size(cut.poll_output(now)), None, "{n}");
            cut.handle_verdicts(now, 0, 0, vec![verdict(n), verdict(n)]);
        }
        assert_eq!(size(cut.poll_output(at(1100))), Some(1000));

        cut.handle_verdicts(at(2000), 0, 0, vec![verdict(1)]);
        cut.handle_verdicts(at(2019), 0, 0, vec![verdict(2)]);
        assert_eq!(cut.poll_timeout(), Some(at(2069)), "the third of a crash may be slow to come");
        cut.handle_verdicts(at(2060), 0, 0, vec![verdict(3)]);
        assert_eq!(size(cut.poll_output(at(2100))), Some(3));
    }

    #[test]
    fn silence_waits_for_more_silence_and_not_when_something_is_affirmed() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut cut = Cut::default();
        for n in 0..5 {
            cut.handle_verdicts(at(90 * n), 0, 0, vec![verdict_by(Cause::Silence, n)]);
            assert_eq!(size(cut.poll_output(at(90 * n + 39))), None);
        }
        assert_eq!(size(cut.poll_output(at(400))), Some(5));
        cut.handle_verdicts(at(500), 0, 0, vec![verdict_by(Cause::Silence, 1)]);
        assert_eq!(cut.poll_timeout(), Some(at(620)), "a lone one is not kept waiting");
        cut.handle_verdicts(at(600), 0, 0, vec![verdict_by(Cause::Silence, 2)]);
        assert_eq!(cut.poll_timeout(), Some(at(850)));
        assert_eq!(size(cut.poll_output(at(850))), Some(2));
        cut.handle_verdicts(at(1000), 0, 0, vec![verdict_by(Cause::Silence, 1)]);
        cut.handle_verdicts(at(1050), 0, 0, vec![verdict(2)]);
        assert_eq!(cut.poll_timeout(), Some(at(1100)));
        assert_eq!(size(cut.poll_output(at(1100))), Some(2));
    }

    #[test]
    fn who_is_heard_in_time_is_pardoned() {
        let now = Clock::system().now();
        let mut cut = Cut::default();
        cut.handle_verdicts(now, 0, 0, vec![verdict(1), verdict(2)]);
        let subject = |n: u64| Subject {
            group: "g".parse().unwrap(),
            member: format!("m{n}").parse().unwrap(),
            incarnation: Incarnation(n),
        };
        cut.handle_pardon(&[subject(2), subject(9)]);
        assert_eq!(size(cut.poll_output(now + WINDOW)), Some(1));
        cut.handle_verdicts(now, 0, 0, vec![verdict(3)]);
        cut.handle_pardon(&[subject(3)]);
        assert_eq!(cut.poll_timeout(), None);
    }

    #[test]
    fn verdicts_of_a_former_epoch_are_dropped() {
        let now = Clock::system().now();
        let mut cut = Cut::default();
        cut.handle_verdicts(now, 3, 3, vec![verdict(1)]);
        cut.handle_verdicts(now, 4, 3, vec![verdict(2)]);
        assert_eq!(cut.poll_timeout(), None);
        cut.handle_verdicts(now, 4, 4, vec![verdict(3)]);
        assert_eq!(size(cut.poll_output(now + WINDOW)), Some(1));
    }

    #[test]
    fn more_than_one_entry_takes_goes_in_several() {
        let now = Clock::system().now();
        let mut cut = Cut::default();
        let many = u64::try_from(REMOVALS_MAX).unwrap() + 5;
        cut.handle_verdicts(now, 0, 0, (0..many).map(verdict).collect());
        let later = now + WINDOW;
        assert_eq!(size(cut.poll_output(later)), Some(REMOVALS_MAX));
        assert_eq!(size(cut.poll_output(later)), Some(5));
        assert_eq!(size(cut.poll_output(later)), None);
    }
}
