//! Verdicts on their way to the log: a thousand crashes are one entry, not a thousand.
//!
//! The first verdict opens a cut. It closes when nothing is in flux any more and verdicts have
//! stopped coming for [`QUIET`], or, once there are two, for [`QUIET_CRASH`]; and when its window is
//! over in any case. In flux are the doubts that are open now: every doubt is told to every voter,
//! so the leader knows of each that may still become a verdict. So a lone crash waits for a moment,
//! and those who died together leave in one view a group, however long a busy machine takes to reap
//! them. Members that lost their power together end their silence each at its own ping, spread over
//! a period, and are in doubt until then.
//! (After Rapid's multi-process cut detection: Suresh et al., "Stable and consistent membership at
//! scale with Rapid", 2018.)

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    liveness::{flux::Flux, message::Subject},
    membership::command::{Command, Removal},
};

/// Without a further verdict and a doubt for this long, the cut is complete: a verdict is on its way
/// from another node when the leader's own look into the doubt is over.
pub const QUIET: Duration = Duration::from_millis(20);
/// And once two or more died together: a kernel may take that long from one to the next.
pub const QUIET_CRASH: Duration = Duration::from_millis(50);
/// The longest an affirmed verdict waits for others.
pub const WINDOW: Duration = Duration::from_millis(100);
/// And once [`CRASH_MIN`] died together: a busy machine may take that long to reap a thousand.
pub const WINDOW_CRASH: Duration = Duration::from_millis(250);
/// Fewer deaths are no mass crash.
pub const CRASH_MIN: usize = 10;
/// The longest a cut waits in which nothing is affirmed: a ping period, within which those who lost
/// their power in one moment end their silences.
pub const WINDOW_SILENCE: Duration = Duration::from_millis(500);
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
    flux: Flux,
    /// When the last affirmed doubt, and the last doubt by silence, was over.
    calm_affirmed: Option<Instant>,
    calm_silent: Option<Instant>,
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

    /// Which doubts are open at this node: its own, and those of others that it was told of.
    pub fn handle_flux(&mut self, now: Instant, flux: Flux) {
        let former = std::mem::replace(&mut self.flux, flux);
        if former.affirmed && !flux.affirmed {
            self.calm_affirmed = Some(now);
        }
        if former.silent && !flux.silent {
            self.calm_silent = Some(now);
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
        let quiet = if self.removals.len() < 2 { QUIET } else { QUIET_CRASH };
        let window = if self.removals.len() < CRASH_MIN { WINDOW } else { WINDOW_CRASH };
        let complete = |end: Instant, in_flux: bool, calm: Option<Instant>| {
            let settled = calm.map_or(latest, |calm| calm.max(latest)) + quiet;
            if in_flux { end } else { end.min(settled) }
        };
        Some(match self.affirmed {
            Some(first) => complete(first + window, self.flux.affirmed, self.calm_affirmed)
                .min(opened + WINDOW_SILENCE),
            None => complete(opened + WINDOW_SILENCE, self.flux.silent, self.calm_silent),
        })
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

        cut.handle_verdicts(at(100), 0, 0, vec![verdict(1)]);
        cut.handle_verdicts(at(119), 0, 0, vec![verdict(2)]);
        assert_eq!(cut.poll_timeout(), Some(at(169)), "the third of a crash may be slow to come");
        cut.handle_verdicts(at(160), 0, 0, vec![verdict(3)]);
        assert_eq!(size(cut.poll_output(at(200))), Some(3));

        for n in 0..1000 {
            let now = at(1000 + n / 4);
            assert_eq!(size(cut.poll_output(now)), None, "{n}");
            cut.handle_verdicts(now, 0, 0, vec![verdict(n), verdict(n)]);
        }
        assert_eq!(size(cut.poll_output(at(1250))), Some(1000));
    }

    #[test]
    fn what_is_in_doubt_is_waited_for_within_bounds() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let open = Flux { affirmed: true, silent: false };
        let mut cut = Cut::default();
        cut.handle_flux(at(0), open);
        cut.handle_verdicts(at(0), 0, 0, vec![verdict(1)]);
        assert_eq!(cut.poll_timeout(), Some(at(100)), "no longer than a window");
        cut.handle_flux(at(70), Flux::default());
        assert_eq!(cut.poll_timeout(), Some(at(90)), "its verdict may be on its way");
        assert_eq!(size(cut.poll_output(at(90))), Some(1));

        cut.handle_flux(at(1000), open);
        cut.handle_verdicts(at(1000), 0, 0, (0..10).map(verdict).collect());
        assert_eq!(cut.poll_timeout(), Some(at(1250)), "a mass crash takes longer");
        cut.handle_flux(at(1190), Flux::default());
        cut.handle_verdicts(at(1195), 0, 0, vec![verdict(10)]);
        assert_eq!(cut.poll_timeout(), Some(at(1245)));
        assert_eq!(size(cut.poll_output(at(1245))), Some(11));
    }

    #[test]
    fn silence_waits_for_more_silence_and_not_when_something_is_affirmed() {
        let start = Clock::system().now();
        let at = |ms| start + Duration::from_millis(ms);
        let open = Flux { affirmed: false, silent: true };
        let mut cut = Cut::default();
        cut.handle_flux(at(0), open);
        for n in 0..5 {
            cut.handle_verdicts(at(120 * n), 0, 0, vec![verdict_by(Cause::Silence, n)]);
            assert_eq!(size(cut.poll_output(at(120 * n + 19))), None);
        }
        assert_eq!(size(cut.poll_output(at(500))), Some(5));

        cut.handle_verdicts(at(1000), 0, 0, vec![verdict_by(Cause::Silence, 1)]);
        assert_eq!(cut.poll_timeout(), Some(at(1500)));
        cut.handle_flux(at(1001), Flux::default());
        assert_eq!(cut.poll_timeout(), Some(at(1021)), "a lone one is not kept waiting");
        assert_eq!(size(cut.poll_output(at(1021))), Some(1));

        cut.handle_flux(at(2000), open);
        cut.handle_verdicts(at(2000), 0, 0, vec![verdict_by(Cause::Silence, 1)]);
        cut.handle_verdicts(at(2040), 0, 0, vec![verdict(2)]);
        assert_eq!(cut.poll_timeout(), Some(at(2090)));
        assert_eq!(size(cut.poll_output(at(2090))), Some(2));
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
        assert_eq!(size(cut.poll_output(now + WINDOW_CRASH)), Some(1));
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
        assert_eq!(size(cut.poll_output(now + WINDOW_CRASH)), Some(1));
    }

    #[test]
    fn more_than_one_entry_takes_goes_in_several() {
        let now = Clock::system().now();
        let mut cut = Cut::default();
        let many = u64::try_from(REMOVALS_MAX).unwrap() + 5;
        cut.handle_verdicts(now, 0, 0, (0..many).map(verdict).collect());
        let later = now + WINDOW_CRASH;
        assert_eq!(size(cut.poll_output(later)), Some(REMOVALS_MAX));
        assert_eq!(size(cut.poll_output(later)), Some(5));
        assert_eq!(size(cut.poll_output(later)), None);
    }
}
