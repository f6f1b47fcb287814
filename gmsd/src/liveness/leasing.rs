//! Who keeps the lease of a life alive, and who does not any more.
//!
//! A removal by silence rests on what nodes said while a doubt was open, and it may be committed
//! long after: a disk was slow, a leader died, and the next one found the entry in its log. So who
//! did not say that it hears a life extends its lease no more until the log has noted that this
//! node heard it since ([`Command::Heard`](crate::membership::command::Command::Heard)). From that
//! entry on, no removal by silence counts whose doubt began before it (`membership/fence.rs`): a
//! removal comes before the entry, when this node extends nothing, or never.
//!
//! The entry must be this node's own. Another node's may stand in the log before this one's word
//! was given.
//!
//! A node that is started again has forgotten what it said, so it extends no lease before the log
//! knows of its start: a removal to which it had agreed is in the log before that entry, or nowhere.
//!
//! Not covered: a node that the accuser's question did not reach, though both are in touch with the
//! leader, withholds nothing.

use std::time::Duration;

use gms::id::Revision;

use super::{
    case::Lease, caseload::Slot, observed::Observed, observer::Observer, output::Output,
    pleas::Plea, timing::RETELL_AFTER,
};
use crate::membership::command::Place;

/// Lives in one plea: what one entry of the log takes with room for others.
const LIVES_MAX: usize = 4_096;
/// A plea of which nothing was heard for this long is made again: longer than the shell tries.
const PLEA_LASTS: Duration = Duration::from_secs(6);

impl Observer {
    /// The life answered. If its lease was withheld, the log is to know.
    pub(super) fn heard_again(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get_mut(slot)
            && case.lease == Lease::Withheld
            && case.takes_frames()
        {
            case.lease = Lease::Due;
            self.pleas.due.insert(slot);
        }
    }

    /// Has the log note who was heard, if nothing is on its way there.
    pub(super) fn plead(&mut self) {
        let now = self.clock.now();
        let given_up = |plea: &mut Plea| plea.noted.is_none() && now >= plea.until;
        if let Some(plea) = self.pleas.under_way.take_if(given_up) {
            for slot in plea.slots {
                if let Some(case) = self.cases.get_mut(slot)
                    && case.lease == Lease::Pleaded(plea.number)
                {
                    case.lease = Lease::Due;
                    self.pleas.due.insert(slot);
                }
            }
        }
        if self.pleas.under_way.is_some() || self.pleas.due.is_empty() {
            return;
        }
        let number = self.pleas.number + 1;
        let (mut slots, mut lives) = (Vec::new(), Vec::new());
        while lives.len() < LIVES_MAX
            && let Some(slot) = self.pleas.due.pop_first()
        {
            // A slot may have another case by now, or the case another word of silence.
            if let Some(case) = self.cases.get_mut(slot)
                && case.lease == Lease::Due
            {
                case.lease = Lease::Pleaded(number);
                slots.push(slot);
                lives.push(Place {
                    group: case.group.clone(),
                    member: case.life.member.clone(),
                    incarnation: case.life.incarnation,
                });
            }
        }
        if !lives.is_empty() {
            self.pleas.number = number;
            self.pleas.under_way =
                Some(Plea { number, slots, noted: None, until: now + PLEA_LASTS });
            self.outputs.push_back(Output::Plead { number, lives });
        }
    }

    /// What came of a plea: the entry that noted it, or nothing that is known.
    pub(super) fn note_plea(&mut self, now: Observed, number: u64, noted: Option<Revision>) {
        if let Some(plea) = self.pleas.under_way.as_mut().filter(|plea| plea.number == number) {
            match noted {
                Some(_) => plea.noted = noted,
                None => plea.until = now + RETELL_AFTER,
            }
        }
        self.resume_leases();
    }

    /// Extends the leases of those whose plea is applied here, and who are there still.
    pub(super) fn resume_leases(&mut self) {
        let applied = self.state.revision();
        let is_applied = |plea: &mut Plea| plea.noted.is_some_and(|noted| noted <= applied);
        let Some(plea) = self.pleas.under_way.take_if(is_applied) else {
            return;
        };
        for slot in plea.slots {
            if let Some(case) = self.cases.get_mut(slot)
                && case.lease == Lease::Pleaded(plea.number)
            {
                case.lease = Lease::Extended;
            }
        }
    }
}

#[cfg(test)]
#[path = "leasing_tests.rs"]
mod tests;
