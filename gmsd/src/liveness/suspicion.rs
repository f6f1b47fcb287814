//! One doubt, from the first suspicion to its end: refuted, condemned or dismissed.
//!
//! **Nobody is condemned unless a quorum of nodes, each by its own evidence, hears nothing, and no
//! node hears the member.** One node that hears it refutes, whatever the others say; too few that
//! can say anything dismiss the doubt until a later one.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    evidence::{Cause, Observation, Verdict},
    id::NodeId,
};

use super::{message::Affirmation, observed::Observed, timing::ANSWER_SLACK};

/// What is to be done with a doubt now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The window is open, or answers are on their way.
    Wait,
    /// This node hears the member.
    Refuted(NodeId),
    /// A quorum hears nothing.
    Condemned(Cause),
    /// Too few nodes could say anything.
    Dismissed,
}

/// A doubt that is put to the test.
#[derive(Debug)]
pub struct Suspicion {
    round: u64,
    affirmation: Option<Affirmation>,
    opened: Observed,
    window: Duration,
    answers: BTreeMap<NodeId, Observation>,
}

impl Suspicion {
    /// Opens a doubt for the given window.
    pub fn new(
        round: u64,
        affirmation: Option<Affirmation>,
        opened: Observed,
        window: Duration,
    ) -> Self {
        Self { round, affirmation, opened, window, answers: BTreeMap::new() }
    }

    /// Its number at this node.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// When it was opened.
    pub fn opened(&self) -> Observed {
        self.opened
    }

    /// What a kernel told, if it did.
    pub fn affirmation(&self) -> Option<Affirmation> {
        self.affirmation
    }

    /// When the test is over.
    pub fn ends(&self) -> Observed {
        self.opened + self.window
    }

    /// When it is decided at the latest.
    pub fn expires(&self) -> Observed {
        self.ends() + ANSWER_SLACK
    }

    /// Takes in what another node says. A later word of the same node replaces the earlier one,
    /// but nothing replaces `alive`.
    pub fn answer(&mut self, observation: Observation) {
        let slot = self.answers.entry(observation.node).or_insert_with(|| observation.clone());
        if slot.verdict != Verdict::Alive {
            *slot = observation;
        }
    }

    /// Everybody who has answered so far.
    pub fn answers(&self) -> impl Iterator<Item = &Observation> {
        self.answers.values()
    }

    /// Decides. `own` is what the accuser itself observes; `silent` whether its silence has lasted
    /// the full count of misses.
    pub fn decide(
        &self,
        now: Observed,
        own: &Observation,
        silent: bool,
        voters: &[NodeId],
    ) -> Decision {
        let all = || self.answers.values().chain([own]);
        if let Some(witness) = all().find(|seen| seen.verdict == Verdict::Alive) {
            return Decision::Refuted(witness.node);
        }
        if now < self.ends() {
            return Decision::Wait;
        }
        let against =
            |seen: &&Observation| matches!(seen.verdict, Verdict::Silent | Verdict::DeadAffirmed);
        let accusers = all().filter(against).filter(|seen| voters.contains(&seen.node)).count();
        let affirmed = all().any(|seen| seen.verdict == Verdict::DeadAffirmed);
        if accusers > voters.len() / 2 && (silent || self.affirmation.is_some()) {
            let cause = match self.affirmation {
                Some(affirmation) => affirmation.cause(),
                None if affirmed => Cause::Refused,
                None => Cause::Silence,
            };
            return Decision::Condemned(cause);
        }
        let answered =
            voters.iter().all(|voter| *voter == own.node || self.answers.contains_key(voter));
        let waits_for_silence = self.affirmation.is_none() && !silent;
        if (answered && !waits_for_silence) || now >= self.expires() {
            return Decision::Dismissed;
        }
        Decision::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOTERS: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

    fn at(ms: u64) -> Observed {
        Observed::default() + Duration::from_millis(ms)
    }

    fn says(node: u64, verdict: Verdict) -> Observation {
        let detail = String::new();
        Observation { node: NodeId(node), verdict, age_ms: None, health: 0, detail }
    }

    fn doubt(affirmation: Option<Affirmation>, answers: &[(u64, Verdict)]) -> Suspicion {
        let mut doubt = Suspicion::new(1, affirmation, at(0), Duration::from_millis(600));
        for (node, verdict) in answers {
            doubt.answer(says(*node, *verdict));
        }
        doubt
    }

    #[test]
    fn the_table_of_decisions() {
        use Verdict::{Abstain, Alive, DeadAffirmed, Silent};
        type Row<'a> = (Option<Affirmation>, &'a [(u64, Verdict)], u64, bool, Decision);
        let fin = Some(Affirmation::Fin);
        let table: [Row<'_>; 11] = [
            // One that hears it refutes, at any time and against any majority.
            (None, &[(2, Silent), (3, Alive)], 10, true, Decision::Refuted(NodeId(3))),
            (fin, &[(2, DeadAffirmed), (3, Alive)], 600, true, Decision::Refuted(NodeId(3))),
            // Nothing is decided against it before the window ends.
            (None, &[(2, Silent), (3, Silent)], 599, true, Decision::Wait),
            (None, &[(2, Silent)], 600, true, Decision::Condemned(Cause::Silence)),
            (fin, &[(2, Silent)], 600, false, Decision::Condemned(Cause::Fin)),
            (None, &[(2, DeadAffirmed)], 600, true, Decision::Condemned(Cause::Refused)),
            // The misses must be complete too.
            (None, &[(2, Silent), (3, Silent)], 600, false, Decision::Wait),
            // Without a quorum of fit observers, nothing.
            (None, &[(2, Abstain)], 699, true, Decision::Wait),
            (None, &[(2, Abstain), (3, Abstain)], 600, true, Decision::Dismissed),
            (None, &[], 700, true, Decision::Dismissed),
            // A stranger's word does not make a quorum.
            (None, &[(9, Silent)], 700, true, Decision::Dismissed),
        ];
        for (affirmation, answers, ms, silent, expected) in table {
            let decision =
                doubt(affirmation, answers).decide(at(ms), &says(1, Silent), silent, &VOTERS);
            assert_eq!(decision, expected, "{answers:?} at {ms}");
        }
    }

    #[test]
    fn alive_once_is_alive_for_this_doubt() {
        let doubt = doubt(None, &[(2, Verdict::Alive), (2, Verdict::Silent)]);
        let decision = doubt.decide(at(900), &says(1, Verdict::Silent), true, &VOTERS);
        assert_eq!(decision, Decision::Refuted(NodeId(2)));
    }

    #[test]
    fn an_abstaining_accuser_does_not_count_itself() {
        let doubt = doubt(None, &[(2, Verdict::Silent)]);
        let decision = doubt.decide(at(700), &says(1, Verdict::Abstain), true, &VOTERS);
        assert_eq!(decision, Decision::Dismissed);
    }
}
