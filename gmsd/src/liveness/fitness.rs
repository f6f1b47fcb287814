//! Whether this node is in a state to say anything about others.
//!
//! Every famous false removal was a fault of the observer. So before a node accuses, confirms or
//! stays silent about a member, it looks at itself: was it stopped lately, is it in touch with a
//! quorum, do the others hear those whom it does not? When in doubt it abstains, and says why.

use std::{collections::BTreeMap, time::Duration};

use super::{
    caseload::Slot,
    observed::{Observed, ObservedClock},
};

/// At this local health a node no longer judges.
const HEALTH_MAX: u32 = 3;
/// For how long a refutation counts against the refuted accuser.
const REFUTATION_MEMORY: Duration = Duration::from_secs(10);
/// Members with a refuted doubt that are remembered; more than any threshold needs.
const REFUTED_MAX: usize = 16_384;
/// Fewer members than this are no pattern: each of them may have a bad path of its own.
const REFUTED_MIN: usize = 3;
/// Beyond one member in this many that others hear and this node does not, the fault is here.
const REFUTED_SHARE: usize = 10;
/// For how long pongs that were lost here weigh: as long as the longest usual row of misses.
const OVERFLOW_MEMORY: Duration = Duration::from_secs(2);

/// What a node knows of its own condition.
#[derive(Debug, Default)]
pub struct Fitness {
    quorum_fresh: bool,
    /// Members this node doubted and another heard, with the time: the row rule. One member that is
    /// refuted again and again counts once, for then the fault is more likely its own.
    refuted: BTreeMap<Slot, Observed>,
    /// When this node's own socket last dropped datagrams, and how many.
    overflow: Option<(Observed, u32)>,
}

impl Fitness {
    /// Whether a leader with a quorum was heard within an election timeout.
    pub fn set_quorum_fresh(&mut self, fresh: bool) {
        self.quorum_fresh = fresh;
    }

    /// As last set.
    pub fn quorum_fresh(&self) -> bool {
        self.quorum_fresh
    }

    /// Another node heard a member that this one did not.
    pub(super) fn note_refutation(&mut self, now: Observed, slot: Slot) {
        let horizon = now - REFUTATION_MEMORY;
        if self.refuted.len() >= REFUTED_MAX {
            self.refuted.retain(|_, at| *at >= horizon);
        }
        if self.refuted.len() < REFUTED_MAX {
            self.refuted.insert(slot, now);
        }
    }

    /// This node's own socket dropped datagrams.
    pub fn note_overflow(&mut self, now: Observed, lost: u32) {
        self.overflow = Some((now, lost));
    }

    /// The local health: 0 is sound, and each recent stall adds by its length.
    pub fn health(clock: &ObservedClock) -> u32 {
        clock.stalls().map(weight).sum()
    }

    /// Why this node abstains from judging by silence; none if it is fit to.
    pub fn abstention(&self, clock: &ObservedClock, subjects: usize) -> Option<String> {
        if !self.quorum_fresh {
            return Some("out of touch with a quorum".to_owned());
        }
        if Self::health(clock) >= HEALTH_MAX {
            let (ago, gap) = clock.last_stall().unwrap_or_default();
            return Some(format!("stalled for {} ms, {} ms ago", gap.as_millis(), ago.as_millis()));
        }
        if let Some((at, lost)) = self.overflow
            && clock.now().since(at) < OVERFLOW_MEMORY
        {
            return Some(format!("its own socket dropped {lost} datagrams"));
        }
        let horizon = clock.now() - REFUTATION_MEMORY;
        let refuted = self.refuted.values().filter(|at| **at >= horizon).count();
        if refuted >= REFUTED_MIN.max(subjects.div_ceil(REFUTED_SHARE)) {
            return Some(format!(
                "others hear {refuted} members that it did not, in the last 10 s"
            ));
        }
        None
    }
}

/// A short stall is already paid for by observed time; a long one makes the node doubt itself.
fn weight(gap: Duration) -> u32 {
    match gap.as_millis() {
        0..250 => 0,
        250..500 => 1,
        500..1000 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::Clock;

    fn clock(stalls_ms: &[u64]) -> ObservedClock {
        let mut now = Clock::system().now();
        let mut clock = ObservedClock::new(now);
        for ms in stalls_ms {
            now += Duration::from_millis(*ms);
            clock.advance(now);
        }
        clock
    }

    #[test]
    fn a_node_abstains_for_its_own_faults() {
        let mut fitness = Fitness::default();
        assert!(fitness.abstention(&clock(&[]), 10).unwrap().contains("quorum"));
        fitness.set_quorum_fresh(true);
        assert_eq!(fitness.abstention(&clock(&[]), 10), None);
        assert_eq!(fitness.abstention(&clock(&[120, 200, 300, 400]), 10), None);
        let long = fitness.abstention(&clock(&[8_000]), 10).unwrap();
        assert!(long.contains("stalled for 8000 ms"), "{long}");
        assert!(fitness.abstention(&clock(&[600, 300]), 10).is_some());
    }

    #[test]
    fn a_node_that_lost_pongs_itself_abstains_for_a_while() {
        let mut fitness = Fitness::default();
        fitness.set_quorum_fresh(true);
        let mut clock = clock(&[]);
        fitness.note_overflow(clock.now(), 7);
        assert!(fitness.abstention(&clock, 10).unwrap().contains("dropped 7"));
        let mut now = clock.instant_of(clock.now());
        for _ in 0..40 {
            now += Duration::from_millis(50);
            clock.advance(now);
        }
        assert_eq!(fitness.abstention(&clock, 10), None);
    }

    #[test]
    fn a_node_whose_doubts_are_refuted_again_and_again_is_itself_in_doubt() {
        let mut fitness = Fitness::default();
        fitness.set_quorum_fresh(true);
        let clock = clock(&[]);
        for refuted in 1..=10 {
            for _ in 0..5 {
                fitness.note_refutation(clock.now(), refuted);
            }
            assert_eq!(fitness.abstention(&clock, 20).is_some(), refuted >= 3);
            assert_eq!(fitness.abstention(&clock, 100).is_some(), refuted >= 10);
        }
    }
}
