//! One doubt, from the first suspicion to its end: refuted, condemned or dismissed.
//!
//! **Nobody is condemned unless a quorum of nodes, each by its own evidence, hears nothing, and no
//! node hears the member.** One node that hears it refutes, whatever the others say; too few that
//! can say anything dismiss the doubt until a later one.
//!
//! A monitor that says nothing may still hear the member, and so keep its lease alive. For it a
//! doubt by silence waits as long as a lease can last; then it counts as gone itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gms::{
    evidence::{Cause, Observation, Verdict},
    id::{NodeId, Revision},
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
    since: Revision,
    opened: Observed,
    window: Duration,
    /// For how long a monitor without an answer is waited for.
    patience: Duration,
    answers: BTreeMap<NodeId, Observation>,
    stands: bool,
}

impl Suspicion {
    /// Opens a doubt for the given window, by a node that has applied `since`. `patience` is for how long a doubt by silence waits for
    /// a monitor that does not answer: as long as a lease which that node extended may last.
    pub fn new(
        round: u64,
        affirmation: Option<Affirmation>,
        since: Revision,
        opened: Observed,
        window: Duration,
        patience: Duration,
    ) -> Self {
        let patience = if affirmation.is_some() { window } else { patience.max(window) };
        let (answers, stands) = (BTreeMap::new(), false);
        Self { round, affirmation, since, opened, window, patience, answers, stands }
    }

    /// The test is over and everybody finds the member silent, but its group is held: the doubt
    /// stands until somebody hears the member or the hold ends. Then it is too old to decide
    /// anything, and is to be opened anew.
    pub fn stand(&mut self) {
        self.stands = true;
    }

    /// Whether it waits for the end of a hold.
    pub fn stands(&self) -> bool {
        self.stands
    }

    /// Its number at this node.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// What the accuser had applied when it was opened.
    pub fn since(&self) -> Revision {
        self.since
    }

    /// When it was opened.
    pub fn opened(&self) -> Observed {
        self.opened
    }

    /// What a kernel told, if it did.
    pub fn affirmation(&self) -> Option<Affirmation> {
        self.affirmation
    }

    /// Whether an answer to a ping sent then refutes it. What a kernel told is only refuted by an
    /// answer to a ping that left afterwards.
    pub fn is_refuted_by_ping(&self, sent: Observed) -> bool {
        self.affirmation.is_none() || sent >= self.opened
    }

    /// When the test is over.
    pub fn ends(&self) -> Observed {
        self.opened + self.window
    }

    /// When time alone may change what [`Suspicion::decide`] says.
    pub fn next_wake(&self, now: Observed) -> Observed {
        let heard_out = self.opened + self.patience;
        let turns = [self.ends(), heard_out];
        turns.into_iter().find(|turn| now < *turn).unwrap_or(self.expires())
    }

    /// When it is decided at the latest.
    pub fn expires(&self) -> Observed {
        self.opened + self.patience + ANSWER_SLACK
    }

    /// Takes in what another node says. A later word of the same node replaces the earlier one,
    /// but nothing replaces `alive`.
    pub fn answer(&mut self, observation: Observation) {
        let slot = self.answers.entry(observation.node).or_insert_with(|| observation.clone());
        if slot.verdict != Verdict::Alive {
            *slot = observation;
        }
    }

    /// Whether every monitor in touch, the accuser included, says that it hears nothing: each of
    /// them takes that word back should it hear the member later.
    pub fn is_unanimous(&self, own: &Observation, monitors: &BTreeSet<NodeId>) -> bool {
        let silent =
            |seen: &Observation| matches!(seen.verdict, Verdict::Silent | Verdict::DeadAffirmed);
        let says_so = |node: &NodeId| self.answers.get(node).is_some_and(silent);
        silent(own) && monitors.iter().all(|node| *node == own.node || says_so(node))
    }

    /// Everybody who has answered so far.
    pub fn answers(&self) -> impl Iterator<Item = &Observation> {
        self.answers.values()
    }

    /// The same as it is by now: while the doubt stands nobody has heard the member since the test.
    pub fn answers_by(&self, now: Observed) -> impl Iterator<Item = Observation> {
        let since = if self.stands { now.since(self.ends()) } else { Duration::ZERO };
        let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.answers.values().cloned().map(move |seen| Observation {
            age_ms: seen.age_ms.map(|age| age.saturating_add(since_ms)),
            ..seen
        })
    }

    /// Decides. `own` is what the accuser itself observes; `silent` whether its silence has lasted
    /// the full count of misses; `monitors` are the voters in touch, whose word is waited for.
    pub fn decide(
        &self,
        now: Observed,
        own: &Observation,
        silent: bool,
        voters: &[NodeId],
        monitors: &BTreeSet<NodeId>,
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
        let answered = |node: &NodeId| *node == own.node || self.answers.contains_key(node);
        let heard_out = monitors.iter().all(answered) || now >= self.opened + self.patience;
        if accusers > voters.len() / 2 && (self.affirmation.is_some() || (silent && heard_out)) {
            let cause = match self.affirmation {
                Some(affirmation) => affirmation.cause(),
                None if affirmed => Cause::Refused,
                None => Cause::Silence,
            };
            return Decision::Condemned(cause);
        }
        let waits_for_silence = self.affirmation.is_none() && !silent;
        if (voters.iter().all(answered) && !waits_for_silence) || now >= self.expires() {
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
        let (window, patience) = (Duration::from_millis(600), Duration::from_millis(1500));
        let mut doubt = Suspicion::new(1, affirmation, Revision(0), at(0), window, patience);
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
        let table: [Row<'_>; 14] = [
            // One that hears it refutes, at any time and against any majority.
            (None, &[(2, Silent), (3, Alive)], 10, true, Decision::Refuted(NodeId(3))),
            (fin, &[(2, DeadAffirmed), (3, Alive)], 600, true, Decision::Refuted(NodeId(3))),
            // Nothing is decided against it before the window ends.
            (None, &[(2, Silent), (3, Silent)], 599, true, Decision::Wait),
            (None, &[(2, Silent), (3, Silent)], 600, true, Decision::Condemned(Cause::Silence)),
            (None, &[(2, Silent), (3, Abstain)], 600, true, Decision::Condemned(Cause::Silence)),
            // A monitor that says nothing may hear it: a lease is waited for.
            (None, &[(2, Silent)], 600, true, Decision::Wait),
            (None, &[(2, Silent)], 1500, true, Decision::Condemned(Cause::Silence)),
            (fin, &[(2, Silent)], 600, false, Decision::Condemned(Cause::Fin)),
            (
                None,
                &[(2, DeadAffirmed), (3, Silent)],
                600,
                true,
                Decision::Condemned(Cause::Refused),
            ),
            // The misses must be complete too.
            (None, &[(2, Silent), (3, Silent)], 600, false, Decision::Wait),
            // Without a quorum of fit observers, nothing.
            (None, &[(2, Abstain)], 1999, true, Decision::Wait),
            (None, &[(2, Abstain), (3, Abstain)], 600, true, Decision::Dismissed),
            (None, &[], 2000, true, Decision::Dismissed),
            // A stranger's word does not make a quorum.
            (None, &[(9, Silent)], 2000, true, Decision::Dismissed),
        ];
        for (affirmation, answers, ms, silent, expected) in table {
            let doubt = doubt(affirmation, answers);
            let monitors = BTreeSet::from(VOTERS);
            let decision = doubt.decide(at(ms), &says(1, Silent), silent, &VOTERS, &monitors);
            assert_eq!(decision, expected, "{answers:?} at {ms}");
        }
    }

    #[test]
    fn alive_once_is_alive_for_this_doubt() {
        let doubt = doubt(None, &[(2, Verdict::Alive), (2, Verdict::Silent)]);
        let monitors = BTreeSet::from(VOTERS);
        let decision = doubt.decide(at(900), &says(1, Verdict::Silent), true, &VOTERS, &monitors);
        assert_eq!(decision, Decision::Refuted(NodeId(2)));
    }

    #[test]
    fn an_abstaining_accuser_does_not_count_itself() {
        let doubt = doubt(None, &[(2, Verdict::Silent)]);
        let monitors = BTreeSet::from(VOTERS);
        let own = says(1, Verdict::Abstain);
        let decision = doubt.decide(at(2000), &own, true, &VOTERS, &monitors);
        assert_eq!(decision, Decision::Dismissed);
    }
}
