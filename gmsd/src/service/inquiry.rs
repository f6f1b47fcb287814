//! Whether the present life of a member answers right now, asked of every node at once: what a
//! join must know before it takes that life's place.
//!
//! One node that hears it is enough to keep it; to give its place away takes a quorum of nodes that
//! pinged it and heard nothing. A node that says nothing counts for neither.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use gms::{id::NodeId, liveness::Liveness};

use super::{
    waist::Service,
    wire::{Reply, Request},
};
use crate::{
    liveness::{message::Subject, timing::Timing},
    membership::state::Configuration,
};

/// How long the question and the answer may be on their way, and wait at a busy node. The longer
/// one waits for a node that is gone, the older get the answers of the others.
const ON_THE_WAY: Duration = Duration::from_millis(250);

/// How long other nodes may take to say whether they hear a member that is watched so.
pub fn wait_for(liveness: &Liveness) -> Duration {
    Timing::default().of(liveness).inquiry_window() + ON_THE_WAY
}

/// What the nodes' answers amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Some node hears it.
    Heard,
    /// A quorum pinged it, and nobody heard it.
    Silent,
    /// Nobody heard it, and too few have said so.
    Unknown,
}

/// The nodes' answers so far.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    heard: bool,
    silent: BTreeSet<NodeId>,
}

impl Answers {
    /// Takes in what a node says: whether it hears the life, or that it cannot tell.
    pub fn note(&mut self, node: NodeId, answer: Option<bool>) {
        match answer {
            Some(true) => self.heard = true,
            Some(false) => drop(self.silent.insert(node)),
            None => {}
        }
    }

    /// What they amount to.
    pub fn presence(&self, configuration: &Configuration) -> Presence {
        let silent = configuration.voters.iter().filter(|node| self.silent.contains(node)).count();
        match (self.heard, silent >= configuration.quorum()) {
            (true, _) => Presence::Heard,
            (false, true) => Presence::Silent,
            (false, false) => Presence::Unknown,
        }
    }
}

impl Service {
    /// Asks all nodes.
    pub(super) async fn presence(
        &self,
        subject: &Subject,
        liveness: &Liveness,
        configuration: &Configuration,
    ) -> Presence {
        let wait = wait_for(liveness);
        let own = self.parts.liveness.inquire(subject.clone());
        let others = self.others().into_iter().map(|node| {
            let request = Request::Inquire(subject.clone());
            async move {
                match self.exchange(node, request, wait).await {
                    Some(Reply::Answers(answer)) => (node, answer),
                    _ => (node, None),
                }
            }
        });
        let (own, others) = tokio::join!(own, join_all(others));
        let mut answers = Answers::default();
        let here = self.parts.consensus.standing().borrow().node;
        answers.note(here, own);
        for (node, answer) in others {
            answers.note(node, answer);
        }
        answers.presence(configuration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_hears_keeps_it_and_only_a_quorum_gives_it_away() {
        let voters = vec![NodeId(1), NodeId(2), NodeId(3)];
        let configuration = Configuration { voters, ..Configuration::default() };
        let table = [
            (vec![], Presence::Unknown),
            (vec![(1, Some(false))], Presence::Unknown),
            (vec![(1, Some(false)), (2, None)], Presence::Unknown),
            (vec![(1, Some(false)), (4, Some(false))], Presence::Unknown),
            (vec![(1, Some(false)), (2, Some(false))], Presence::Silent),
            (vec![(1, Some(false)), (2, Some(false)), (3, Some(true))], Presence::Heard),
            (vec![(4, Some(true))], Presence::Heard),
        ];
        for (said, presence) in table {
            let mut answers = Answers::default();
            for (node, answer) in &said {
                answers.note(NodeId(*node), *answer);
            }
            assert_eq!(answers.presence(&configuration), presence, "{said:?}");
        }
    }
}
