//! This node's own doubts: when it opens one, what it makes of the answers, what it tells the
//! leader.

use gms::{
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{NodeId, Revision},
};

use super::{
    case::{Case, Condemned, Duty},
    caseload::Slot,
    fitness::Fitness,
    message::{Affirmation, Ask, Tell},
    observed::Observed,
    observer::Observer,
    suspicion::{Decision, Suspicion},
    timing::{DOUBTS_A_SPACING, PROBE_SPACING, RETELL_AFTER},
};
use crate::membership::{command::Removal, state::State};

impl Observer {
    /// Opens a doubt, if this node may: by what a kernel told at once; by silence only with
    /// patience, out of grace, and being fit.
    pub(super) fn accuse(&mut self, now: Observed, slot: Slot, affirmation: Option<Affirmation>) {
        let up_for = now.since(Observed::default());
        let grace = self.timing.boot_grace;
        let abstention = self.abstention();
        let (boot, settled) = (self.boot, self.settled);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let doubted = case
            .doubt
            .as_ref()
            .is_some_and(|doubt| doubt.affirmation().is_some() || affirmation.is_none());
        if doubted || case.condemned.is_some() {
            return;
        }
        // Only this node saw the stream close; all else somebody who doubts already sees as well.
        let taken_care_of =
            case.inquiries.iter().any(|inquiry| inquiry.affirmed || affirmation.is_none());
        let too_soon = match affirmation {
            Some(Affirmation::Fin) => false,
            Some(Affirmation::Refused) => now < case.patience_refused || taken_care_of,
            None => now < case.patience || taken_care_of,
        };
        if too_soon {
            return;
        }
        // A life that joined lately and was never heard here may be on its way to open its port.
        let is_new = case.life.incarnation.0 > settled.0 && case.detector.age(now).is_none();
        let is_old = case.life.incarnation.0 <= boot.0;
        let in_grace = match affirmation {
            // The stream was open, so the process had been there.
            Some(Affirmation::Fin) => false,
            // Whoever answers frames has its socket before it joins.
            Some(Affirmation::Refused) => is_new && !case.takes_frames(),
            None => is_new || (is_old && up_for < grace),
        };
        if in_grace {
            return;
        }
        let timing = *case.detector.timing();
        let window = if affirmation.is_some() {
            timing.affirmed_confirmation
        } else {
            if abstention.is_some() {
                case.patience = now + timing.period;
                self.tally.abstentions += 1;
                return;
            }
            if now.since(self.opened.0) >= PROBE_SPACING {
                self.opened = (now, 0);
            }
            if self.opened.1 >= DOUBTS_A_SPACING {
                // The next ping asks again.
                return;
            }
            // Last, for what it lets through is counted.
            if !self.valve.lets_pass(now) {
                return;
            }
            self.opened.1 += 1;
            timing.confirmation.max(case.detector.silent_in(now))
        };
        self.round += 1;
        let patience = timing.silence_least();
        let since = self.state.revision();
        case.doubt = Some(Suspicion::new(self.round, affirmation, since, now, window, patience));
        case.detector.hasten(now);
        case.suspected.get_or_insert(now);
        self.tally.suspicions += 1;
        let ask = Ask {
            subject: case.subject(),
            round: self.round,
            affirmation,
            window_ms: u32::try_from(window.as_millis()).unwrap_or(u32::MAX),
        };
        for voter in self.state.configuration().voters.iter().filter(|node| **node != self.node) {
            self.asks.entry(*voter).or_default().push(ask.clone());
        }
        self.count_doubts(slot);
        self.reschedule(slot);
    }

    pub(super) fn decide(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get(slot).filter(|case| case.doubt.is_some()) else {
            return;
        };
        let own = self.own_word(now, case);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let Some(doubt) = &case.doubt else { return };
        let silent = case.detector.is_silent(now);
        let voters = &self.state.configuration().voters;
        let monitors = &self.state.monitors().nodes;
        let heard = heard_since(&self.state, case);
        let held = self.state.is_held(&case.group);
        let (stands, since) = (doubt.stands(), doubt.since());
        let unanimous = doubt.is_unanimous(&own, monitors);
        match doubt.decide(now, &own, silent, voters, monitors) {
            Decision::Wait => {}
            Decision::Condemned(Cause::Silence) if held && unanimous => {
                if let Some(doubt) = &mut case.doubt {
                    doubt.stand();
                }
            }
            // What was said so long ago decides nothing, whatever is known by now.
            Decision::Condemned(_) if stands => {
                case.doubt = None;
                case.patience = now;
            }
            // Who could not tell may hear it by now, and is asked again.
            Decision::Condemned(Cause::Silence) if held => self.dismiss(now, slot),
            // The log would not let it count.
            Decision::Condemned(Cause::Silence) if since < heard => self.dismiss(now, slot),
            Decision::Refuted(_) => {
                let timing = case.detector.timing();
                case.suspected = None;
                if case.doubt.take().is_some_and(|doubt| doubt.affirmation().is_some()) {
                    case.patience_refused = now + timing.period;
                } else {
                    case.patience = now + timing.silence_window();
                    self.fitness.note_refutation(now, slot);
                }
                case.refuted += 1;
                self.tally.refutations += 1;
            }
            Decision::Dismissed => self.dismiss(now, slot),
            Decision::Condemned(verdict) => {
                let Some(doubt) = case.doubt.take() else {
                    return;
                };
                let round = Some(doubt.round());
                let removal = removal(case, verdict, own, &doubt);
                case.withhold_lease();
                case.condemned = Some(Condemned::new(round, removal.clone(), now));
                self.verdicts.push(removal);
                self.tally.verdicts += 1;
            }
        }
    }

    /// What this node says of a member that it does not hear.
    pub(super) fn own_word(&self, now: Observed, case: &Case) -> Observation {
        let own = case.observe(self.node, now, Fitness::health(&self.clock));
        match (own.verdict, self.abstention()) {
            (Verdict::Silent, Some(detail)) => {
                Observation { verdict: Verdict::Abstain, detail, ..own }
            }
            _ => own,
        }
    }

    /// Ends a doubt without a decision, until a later one.
    fn dismiss(&mut self, now: Observed, slot: Slot) {
        if let Some(case) = self.cases.get_mut(slot) {
            case.doubt = None;
            case.suspected.take_if(|_| case.duty == Duty::None);
            case.patience = now + case.detector.timing().period;
            self.tally.dismissals += 1;
        }
    }

    /// A verdict that the log has not carried out yet is told again: the leader may have changed,
    /// or the word was lost. One that was told for
    /// [`VERDICT_LASTS`](super::timing::VERDICT_LASTS) in vain is dropped: what it says was true
    /// then, and whoever wants it true now has to ask again. So is one that the log would not let
    /// count, because the life was heard or its group is held.
    pub(super) fn retell(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let heard = heard_since(&self.state, case);
        let Some(condemned) = &mut case.condemned else {
            return;
        };
        let held = self.state.is_held(&case.group);
        let is_void = match condemned.removal.evidence.cause {
            Cause::Silence => held || condemned.removal.since < heard,
            Cause::Quality => held,
            _ => false,
        };
        if now >= condemned.until || is_void {
            let affirmation = affirmation_of(&condemned.removal);
            case.condemned = None;
            if affirmation.is_some() {
                self.accuse(now, slot, affirmation);
            }
        } else if now >= condemned.again {
            condemned.again = now + RETELL_AFTER;
            self.verdicts.push(condemned.removal.clone());
        }
    }

    pub(super) fn abstention(&self) -> Option<String> {
        if let Some((silent, watched)) = self.valve.shut(self.clock.now()) {
            return Some(format!("{silent} of {watched} members it watches are silent together"));
        }
        self.fitness.abstention(&self.clock, self.watched)
    }

    /// Another node answers a doubt of this one.
    pub(super) fn told(&mut self, now: Observed, from: NodeId, tell: Tell) {
        let Some(slot) = self.cases.find(&tell.subject) else {
            return;
        };
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if let Some(doubt) = case.doubt.as_mut().filter(|doubt| doubt.round() == tell.round) {
            doubt.answer(Observation { node: from, ..tell.observation });
            self.look(now, slot);
        } else if tell.observation.verdict == Verdict::Alive {
            // Who bore witness against it has heard it since.
            let stands = |condemned: &mut Condemned| condemned.round == Some(tell.round);
            if case.condemned.take_if(stands).is_some() {
                case.suspected = None;
                self.pardons.push(case.subject());
            }
        }
    }
}

/// What a kernel had told, if the verdict rests on that.
pub(super) fn affirmation_of(removal: &Removal) -> Option<Affirmation> {
    match removal.evidence.cause {
        Cause::Fin => Some(Affirmation::Fin),
        Cause::Refused => Some(Affirmation::Refused),
        _ => None,
    }
}

/// The last entry that noted that somebody heard it.
fn heard_since(state: &State, case: &Case) -> Revision {
    let group = state.group(&case.group);
    group.map(|group| group.heard_at(&case.life.member)).unwrap_or_default()
}

fn removal(case: &Case, verdict: Cause, own: Observation, doubt: &Suspicion) -> Removal {
    let observers: Vec<Observation> =
        std::iter::once(own).chain(doubt.answers().cloned()).collect();
    Removal {
        group: case.group.clone(),
        member: case.life.member.clone(),
        incarnation: case.life.incarnation,
        since: doubt.since(),
        evidence: Evidence {
            cause: verdict,
            number: None,
            last_round_trip_ms_ago: observers.iter().filter_map(|seen| seen.age_ms).min(),
            observers,
            refuted: case.refuted,
            context: Vec::new(),
        },
    }
}

#[cfg(test)]
#[path = "holding_tests.rs"]
mod holding_tests;
