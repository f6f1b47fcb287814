//! The doubts of others, looked into here: a node that is asked pings the member itself and tells
//! what it hears.

use std::time::Duration;

use gms::{
    evidence::{Observation, Verdict},
    id::NodeId,
};

use super::{
    case::{Asker, INQUIRIES_MAX, Inquiry},
    caseload::Slot,
    fitness::Fitness,
    message::{Ask, Tell},
    observed::Observed,
    observer::Observer,
    output::Output,
    timing::GIVEN_UP_LASTS,
};
use crate::membership::life::REFUSES;

impl Observer {
    /// Another node doubts.
    pub(super) fn asked(&mut self, now: Observed, from: NodeId, ask: &Ask) {
        let asker = Asker::Node(from, ask.round);
        let Some(slot) = self.case_for(now, &ask.subject) else {
            let detail = "does not know this life".to_owned();
            let observation = self.observation(None, Verdict::Abstain, detail);
            let Ask { subject, round, .. } = ask.clone();
            self.tells.entry(from).or_default().push(Tell { subject, round, observation });
            return;
        };
        let affirmed = ask.affirmation.is_some();
        // A node that is not fit does not trust its own sense of how long ago that was; a pong to a
        // ping it sends now proves life all the same.
        if !affirmed && self.abstention().is_none() {
            let fresh = self.cases.get(slot).is_some_and(|case| {
                let fresh = case.detector.timing().fresh();
                case.detector.age(now).is_some_and(|age| age < fresh)
            });
            if fresh {
                return self.tell(now, slot, asker, Verdict::Alive, String::new());
            }
        }
        let window = Duration::from_millis(u64::from(ask.window_ms));
        self.inquire(now, slot, asker, affirmed, Some(window));
    }

    /// Begins to look into somebody's doubt.
    pub(super) fn inquire(
        &mut self,
        now: Observed,
        slot: Slot,
        asker: Asker,
        affirmed: bool,
        window: Option<Duration>,
    ) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.inquiries.len() >= INQUIRIES_MAX {
            let detail = "too many doubts of this member at once".to_owned();
            return self.tell(now, slot, asker, Verdict::Abstain, detail);
        }
        let timing = case.detector.timing();
        let window =
            window.map_or(timing.inquiry_window(), |window| window.min(timing.longest_window()));
        let ends = now + window;
        case.inquiries.push(Inquiry {
            asker,
            affirmed,
            began: now,
            ends,
            probes: 0,
            told_refused: false,
        });
        case.detector.hasten(now);
        self.look(now, slot);
    }

    pub(super) fn end_inquiries(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        case.given_up.take_if(|until| now >= *until);
        let ended: Vec<Inquiry> =
            case.inquiries.extract_if(.., |inquiry| now >= inquiry.ends).collect();
        let refused = case.refused;
        let were_closed = case.streams.were_closed();
        let heard =
            case.detector.age(now).filter(|age| *age < case.detector.timing().silence_least());
        for inquiry in ended {
            let abstention = if inquiry.affirmed { None } else { self.abstention() };
            let (verdict, detail) = if inquiry.affirmed && were_closed {
                (Verdict::DeadAffirmed, "its heartbeat stream was closed".to_owned())
            } else if inquiry.probes == 0 {
                (Verdict::Abstain, "could not ping it".to_owned())
            } else if refused.is_some_and(|at| at >= inquiry.began) {
                (Verdict::DeadAffirmed, REFUSES.to_owned())
            } else if let Some(why) = abstention {
                (Verdict::Abstain, why)
            } else if let (false, Some(age)) = (inquiry.affirmed, heard) {
                // Its lease, which this node's pings extended, may not be over.
                (Verdict::Abstain, format!("heard it {} ms ago", age.as_millis()))
            } else {
                let silence = self.cases.get(slot).map(|case| case.silence(inquiry.probes));
                (Verdict::Silent, silence.unwrap_or_default())
            };
            if let (Verdict::Silent | Verdict::DeadAffirmed, Asker::Node(node, round)) =
                (verdict, inquiry.asker)
                && let Some(case) = self.cases.get_mut(slot)
            {
                case.given_up = Some(now + GIVEN_UP_LASTS);
                if verdict == Verdict::Silent {
                    case.silent_to.retain(|(told, _)| *told != node);
                    case.silent_to.push((node, round));
                }
            }
            self.tell(now, slot, inquiry.asker, verdict, detail);
        }
    }

    pub(super) fn tell(
        &mut self,
        now: Observed,
        slot: Slot,
        asker: Asker,
        verdict: Verdict,
        detail: String,
    ) {
        if let Verdict::Silent | Verdict::Abstain = verdict
            && let Some(case) = self.cases.get_mut(slot)
        {
            case.withhold_lease();
        }
        match asker {
            Asker::Local(number) => {
                let alive = (verdict != Verdict::Abstain).then_some(verdict == Verdict::Alive);
                self.outputs.push_back(Output::Inquired { number, alive });
            }
            Asker::Node(node, round) => {
                let Some(case) = self.cases.get(slot) else {
                    return;
                };
                let subject = case.subject();
                let observation = self.observation(case.age_ms(now), verdict, detail);
                self.tells.entry(node).or_default().push(Tell { subject, round, observation });
            }
        }
    }

    pub(super) fn observation(
        &self,
        age_ms: Option<u64>,
        verdict: Verdict,
        detail: String,
    ) -> Observation {
        let health = Fitness::health(&self.clock);
        Observation { node: self.node, verdict, age_ms, health, detail }
    }
}
