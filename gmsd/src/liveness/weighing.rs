//! Members that answer too little: what this node asks the others about them, what it answers, and
//! what comes of it. See `quality` for when.
//!
//! Separate from the doubts of `accusing`: one pong refutes a doubt, but says nothing here.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{NodeId, Revision},
};

use super::{
    case::{Case, Condemned, Duty},
    caseload::Slot,
    message::{Subject, Tell, Weigh},
    observed::Observed,
    observer::Observer,
    quality::{Sampling, WINDOW_PERIODS, Weighing},
    timing::ANSWER_SLACK,
};
use crate::membership::command::Removal;

/// If one member in so many is lossy here, the fault is here.
const LOSSY_SHARE: usize = 3;
/// Members whose loss is measured for others at the same time; beyond it this node abstains.
const SAMPLINGS_MAX: usize = 256;

/// A window, and a little more so that it is over at the other node too.
fn window(period: Duration) -> Duration {
    period * (WINDOW_PERIODS + 2)
}

impl Observer {
    /// Looks at what a member answers over time: asks the others, decides, ends what was measured
    /// for others.
    pub(super) fn weigh_quality(&mut self, now: Observed, slot: Slot) {
        self.count_lossy(slot);
        self.end_samplings(now, slot);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if self.state.is_held(&case.group) {
            case.weighing = None;
            return;
        }
        self.decide_weighing(now, slot);
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        let asks = case.duty != Duty::None
            && case.detector.quality().is_full()
            && case.weighing.is_none()
            && case.condemned.is_none();
        if !asks {
            return;
        }
        let unfit = self.abstention().is_some() || self.is_lossy_itself();
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if unfit {
            return case.detector.relieve();
        }
        self.round += 1;
        let period = case.detector.timing().period;
        let ends = now + window(period) + ANSWER_SLACK;
        case.weighing = Some(Weighing { round: self.round, ends, answers: BTreeMap::new() });
        let weigh = Weigh { subject: case.subject(), round: self.round };
        for voter in self.state.configuration().voters.iter().filter(|node| **node != self.node) {
            self.weighs.entry(*voter).or_default().push(weigh.clone());
        }
        self.decide_weighing(now, slot);
    }

    /// Another node asks.
    pub(super) fn asked_to_weigh(&mut self, now: Observed, from: NodeId, weigh: &Weigh) {
        let Weigh { subject, round } = weigh;
        let Some(slot) = self.case_for(now, subject) else {
            let detail = "does not know this life".to_owned();
            return self.tell_weight(from, subject, *round, Verdict::Abstain, None, detail);
        };
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.duty == Duty::None {
            if self.samplings >= SAMPLINGS_MAX {
                let detail = "measures too many members already".to_owned();
                return self.tell_weight(from, subject, *round, Verdict::Abstain, None, detail);
            }
            let period = case.detector.timing().period;
            let ends = now + window(period);
            case.detector.measure_anew(now);
            case.samplings.push(Sampling { asker: from, round: *round, ends });
            self.samplings += 1;
            return self.look(now, slot);
        }
        self.tell_quality(now, slot, from, *round);
    }

    /// Another node answers.
    pub(super) fn told_weight(&mut self, now: Observed, from: NodeId, tell: Tell) {
        let Some(slot) = self.cases.find(&tell.subject) else {
            return;
        };
        if let Some(case) = self.cases.get_mut(slot)
            && let Some(weighing) = &mut case.weighing
            && weighing.round == tell.round
        {
            weighing.answers.insert(from, Observation { node: from, ..tell.observation });
            self.look(now, slot);
        }
    }

    fn end_samplings(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let ended: Vec<Sampling> =
            case.samplings.extract_if(.., |sampling| now >= sampling.ends).collect();
        self.samplings -= ended.len();
        for sampling in ended {
            self.tell_quality(now, slot, sampling.asker, sampling.round);
        }
    }

    fn tell_quality(&mut self, now: Observed, slot: Slot, to: NodeId, round: u64) {
        let fault = self.abstention().or_else(|| {
            self.is_lossy_itself().then(|| "many members answer this node too little".to_owned())
        });
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        let (verdict, detail) = judge(case, fault);
        let (subject, age_ms) = (case.subject(), case.age_ms(now));
        self.tell_weight(to, &subject, round, verdict, age_ms, detail);
    }

    fn tell_weight(
        &mut self,
        to: NodeId,
        subject: &Subject,
        round: u64,
        verdict: Verdict,
        age_ms: Option<u64>,
        detail: String,
    ) {
        let observation = self.observation(age_ms, verdict, detail);
        let tell = Tell { subject: subject.clone(), round, observation };
        self.weights_told.entry(to).or_default().push(tell);
    }

    fn decide_weighing(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        let Some(weighing) = &case.weighing else { return };
        let (verdict, detail) = judge(case, self.abstention());
        let own = self.observation(case.age_ms(now), verdict, detail);
        let answers = || weighing.answers.values().chain([&own]);
        let good = answers().any(|seen| seen.verdict == Verdict::Alive);
        let voters = &self.state.configuration().voters;
        let lossy = answers()
            .filter(|seen| seen.verdict == Verdict::Lossy && voters.contains(&seen.node))
            .count();
        let heard = |node: &NodeId| *node == self.node || weighing.answers.contains_key(node);
        let over = now >= weighing.ends || self.state.monitors().nodes.iter().all(heard);
        let condemned = over && !good && lossy > voters.len() / 2;
        if !condemned && !good && !over {
            return;
        }
        let observers: Vec<Observation> = answers().cloned().collect();
        let removal = removal(case, self.state.revision(), observers);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        case.weighing = None;
        case.detector.relieve();
        if condemned {
            case.suspected.get_or_insert(now);
            case.condemned = Some(Condemned::new(None, removal.clone(), now));
            self.verdicts.push(removal);
            self.tally.verdicts += 1;
        } else {
            case.refuted += u32::from(good);
        }
    }

    /// Whether so many members are lossy here that this node is the more likely fault.
    fn is_lossy_itself(&self) -> bool {
        self.lossy > 1 && self.lossy * LOSSY_SHARE > self.watched
    }

    fn count_lossy(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get_mut(slot) {
            let lossy = case.duty != Duty::None && case.detector.quality().is_lossy();
            let former = std::mem::replace(&mut case.lossy, lossy);
            self.lossy += usize::from(lossy);
            self.lossy -= usize::from(former);
        }
    }
}

/// What this node says of a member's answers.
fn judge(case: &Case, fault: Option<String>) -> (Verdict, String) {
    let quality = case.detector.quality();
    let (sent, answered) = quality.last_window();
    let detail = format!("{answered} of {sent} pings answered");
    match fault {
        Some(why) => (Verdict::Abstain, why),
        None if sent == 0 => (Verdict::Abstain, "has not measured it".to_owned()),
        None if quality.is_lossy() => (Verdict::Lossy, detail),
        None => (Verdict::Alive, detail),
    }
}

fn removal(case: &Case, since: Revision, observers: Vec<Observation>) -> Removal {
    Removal {
        group: case.group.clone(),
        member: case.life.member.clone(),
        incarnation: case.life.incarnation,
        since,
        evidence: Evidence {
            cause: Cause::Quality,
            number: None,
            last_round_trip_ms_ago: observers.iter().filter_map(|seen| seen.age_ms).min(),
            observers,
            refuted: case.refuted,
            context: Vec::new(),
        },
    }
}
