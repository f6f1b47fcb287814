//! A log that keeps Raft's contract and nothing else: one order of entries, the same for all,
//! decided by a leader that a quorum follows, at most one of a term; a proposal is committed, or
//! not, or nobody knows which; each node applies what is committed in order, with a lag.
//!
//! Who votes for whom is not played: the log sees which nodes run and reach each other.

use gms::id::{NodeId, Revision};
use gmsd::membership::{
    command::{Entry, Proposal},
    outcome::{Outcome, Rejection},
    state::State,
};

use crate::{agenda::Time, random::Random};

/// A leader speaks to everybody this often.
pub const HEARTBEAT: Time = Time::from_millis(50);
/// Who heard no leader for this long campaigns; and whoever heard one more lately refuses.
pub const ELECTION_MIN: u64 = 150;
pub const ELECTION_MAX: u64 = 300;
/// A round of campaigning.
pub const CAMPAIGN: Time = Time::from_millis(25);

/// Who asked for a proposal: the node it reached, and that node's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    pub node: usize,
    pub number: u64,
}

#[derive(Debug, Clone)]
pub enum Body {
    Blank,
    Configuration,
    Entry(Entry),
}

#[derive(Debug, Clone)]
pub struct Committed {
    pub term: u64,
    pub body: Body,
    /// When it was committed, and when its leader wrote it.
    pub at: Time,
    pub written: Time,
    pub proposer: usize,
    pub tickets: Vec<Option<Ticket>>,
}

/// An entry at its leader that a quorum may or may not have.
#[derive(Debug)]
struct Pending {
    number: u64,
    committed: Committed,
}

pub type Answer = Result<Outcome, Rejection>;

#[derive(Debug)]
pub struct Log {
    pub nodes: usize,
    pub entries: Vec<Committed>,
    pub term: u64,
    pub leader: Option<usize>,
    /// Since when that one leads.
    pub led_since: Time,
    pending: Vec<Pending>,
    numbered: u64,
}

impl Log {
    pub fn new(nodes: usize) -> Self {
        let first = Committed {
            term: 0,
            body: Body::Configuration,
            at: Time::ZERO,
            written: Time::ZERO,
            proposer: 0,
            tickets: Vec::new(),
        };
        Self {
            nodes,
            entries: vec![first],
            term: 0,
            leader: None,
            led_since: Time::ZERO,
            pending: Vec::new(),
            numbered: 0,
        }
    }

    pub fn quorum(&self) -> usize {
        self.nodes / 2 + 1
    }

    /// The leader of a term has written an entry to its log. A number to commit it by.
    pub fn write(
        &mut self,
        leader: usize,
        term: u64,
        written: Time,
        at_ms: u64,
        proposals: Vec<(Proposal, Option<Ticket>)>,
    ) -> u64 {
        let (proposals, tickets) = proposals.into_iter().unzip();
        let body = Body::Entry(Entry { at_ms, proposals });
        let committed = Committed { term, body, at: written, written, proposer: leader, tickets };
        self.numbered += 1;
        self.pending.push(Pending { number: self.numbered, committed });
        self.numbered
    }

    /// A quorum has this entry, and with it all before it. False if its leader leads no more.
    pub fn commit(&mut self, number: u64, now: Time) -> bool {
        let Some(pending) = self.pending.iter().find(|pending| pending.number == number) else {
            return true;
        };
        if Some(pending.committed.proposer) != self.leader || pending.committed.term != self.term {
            return false;
        }
        let ready = self.pending.extract_if(.., |pending| pending.number <= number);
        for mut pending in ready.collect::<Vec<_>>() {
            pending.committed.at = now;
            self.entries.push(pending.committed);
        }
        true
    }

    /// A node wins the next term. What the leader before had written, a quorum may have had.
    pub fn elect(&mut self, leader: usize, now: Time, random: &mut Random) {
        let survive = random.index(self.pending.len() + 1);
        for (place, mut pending) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            if place < survive && Some(pending.committed.proposer) == self.leader {
                pending.committed.at = now;
                self.entries.push(pending.committed);
            }
        }
        self.term += 1;
        self.leader = Some(leader);
        self.led_since = now;
        self.entries.push(Committed {
            term: self.term,
            body: Body::Blank,
            at: now,
            written: now,
            proposer: leader,
            tickets: Vec::new(),
        });
    }

    /// Applies the entry of this revision, as any node does.
    pub fn apply(&self, state: &mut State, revision: Revision) -> Vec<Answer> {
        let index = usize::try_from(revision.0).unwrap() - 1;
        let committed = &self.entries[index];
        match &committed.body {
            Body::Blank => {
                state.apply_blank(revision);
                Vec::new()
            }
            Body::Configuration => {
                let voters = (0..self.nodes).map(id).collect();
                state.apply_configuration(revision, voters, Vec::new());
                Vec::new()
            }
            Body::Entry(entry) => state.apply(revision, committed.term, entry),
        }
    }

    pub fn last(&self) -> Revision {
        Revision(self.entries.len() as u64)
    }
}

/// A node's number in the cluster; nodes are counted from 0 here.
pub fn id(node: usize) -> NodeId {
    NodeId(node as u64 + 1)
}

pub fn index(id: NodeId) -> usize {
    usize::try_from(id.0 - 1).unwrap()
}

/// What one node believes of the log.
#[derive(Debug, Clone)]
pub struct Seat {
    pub term: u64,
    pub follows: Option<usize>,
    /// When it last heard the leader it follows.
    pub heard: Option<Time>,
    /// How long it waits for a leader before it campaigns.
    pub patience: Time,
    /// As leader: when it sent the last heartbeat that each node answered, and what that node had.
    pub acks: Vec<Option<(Time, Revision)>>,
    /// What it knows to be committed.
    pub committed: Revision,
}

impl Seat {
    pub fn new(nodes: usize, random: &mut Random) -> Self {
        Self {
            term: 0,
            follows: None,
            heard: None,
            patience: random.ms(ELECTION_MIN..ELECTION_MAX),
            acks: vec![None; nodes],
            committed: Revision(0),
        }
    }

    /// Takes the place of the leader of a new term, or follows one.
    pub fn follow(&mut self, leader: Option<usize>, term: u64) {
        if self.term != term || self.follows != leader {
            self.acks.fill(None);
        }
        self.term = term;
        self.follows = leader;
    }

    /// When a quorum was last known to be in touch.
    pub fn quorum_contact(&self, node: usize, now: Time) -> Option<Time> {
        if self.follows != Some(node) {
            return self.follows.and(self.heard);
        }
        let nodes = self.acks.len();
        if nodes == 1 {
            return Some(now);
        }
        let mut acks: Vec<Time> = self.acks.iter().flatten().map(|(sent, _)| *sent).collect();
        acks.sort_unstable();
        // The leader is one of the quorum itself.
        acks.len().checked_sub(nodes / 2).map(|at| acks[at])
    }
}
