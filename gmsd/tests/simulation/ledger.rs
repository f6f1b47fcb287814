//! What the checkers know of their own: who lived when, which pings were answered, which verdicts
//! were given, and what each reader has seen. Nothing of it comes from the cores' own accounts.

use std::collections::{BTreeMap, HashMap, VecDeque};

use gms::{
    evidence::Evidence,
    id::{GroupId, Incarnation, MemberId, Revision},
    view::MemberState,
};
use gmsd::{liveness::message::Subject, membership::outcome::Outcome};

use crate::{
    agenda::Time,
    log::Answer,
    service::{Call, What},
};

/// Round trips kept of one program: those of the longest confirmation and more.
const HEARD_MAX: usize = 48;

/// The members of a group after one change, and how they are.
pub type Content = BTreeMap<MemberId, (Incarnation, MemberState)>;

/// What is known of one life.
#[derive(Debug)]
pub struct Record {
    pub program: usize,
    pub instance: String,
    pub joined: Time,
    pub ended: Option<Revision>,
}

/// A verdict, and what could have refuted it.
#[derive(Debug)]
pub struct Judged {
    pub at: Time,
    pub by: usize,
    pub evidence: Evidence,
    /// Why the life could have been heard, if it could.
    pub refutable: Option<String>,
}

/// A round trip that reached a node's socket.
#[derive(Debug, Clone, Copy)]
pub struct RoundTrip {
    pub node: usize,
    pub sent: Time,
    pub heard: Time,
}

#[derive(Debug)]
pub struct Watcher {
    pub revision: Revision,
    pub content: Content,
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub failures: Vec<String>,
    pub lives: BTreeMap<Subject, Record>,
    /// Lives whose places are kept: since when, and for how long.
    pub away: BTreeMap<Subject, (Time, Time)>,
    pub judged: BTreeMap<Subject, Judged>,
    pub contents: BTreeMap<(GroupId, Revision), Content>,
    pub watchers: BTreeMap<usize, Watcher>,
    /// By accused and accuser: how much time each node had had when the question was asked.
    pub asked: BTreeMap<(Subject, usize), Vec<Time>>,
    pings: HashMap<(usize, u64), Time>,
    heard: BTreeMap<usize, VecDeque<RoundTrip>>,
    /// When something last befell the world that can keep nodes from judging.
    pub calm_since: Time,
    /// A node has shut its valve: silence waits much longer.
    pub alarmed: bool,
    /// How each life was removed, and when, for scenarios that ask.
    pub removals: Vec<(Subject, Evidence, Time)>,
    /// Views installed, of all groups.
    pub views: usize,
}

impl Ledger {
    pub fn fail(&mut self, what: String) {
        self.failures.push(what);
    }

    pub fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub fn calm_broken(&mut self, now: Time) {
        self.calm_since = now;
    }

    pub fn pinged(&mut self, now: Time, node: usize, nonce: u64) {
        self.pings.insert((node, nonce), now);
    }

    /// An answer reaches the node that asked.
    pub fn heard(&mut self, now: Time, node: usize, nonce: u64, program: usize) {
        // A pong that goes to another node than asked is no round trip of that node's.
        let Some(sent) = self.pings.remove(&(node, nonce)) else { return };
        let heard = self.heard.entry(program).or_default();
        if heard.len() == HEARD_MAX {
            heard.pop_front();
        }
        heard.push_back(RoundTrip { node, sent, heard: now });
    }

    pub fn round_trips(&self, program: usize) -> impl Iterator<Item = &RoundTrip> {
        self.heard.get(&program).into_iter().flatten()
    }

    /// What a program was answered must fit what the log says of its life.
    pub fn answered(&mut self, now: Time, call: &Call, revision: Revision, answer: &Answer) {
        let (What::Leave { incarnation: meant } | What::Touch { incarnation: meant, .. }) =
            call.what
        else {
            return;
        };
        let Ok(Outcome::Left { .. } | Outcome::Changed { .. }) = answer else { return };
        let subject =
            Subject { group: call.group.clone(), member: call.member.clone(), incarnation: meant };
        let ended = self.lives.get(&subject).and_then(|life| life.ended);
        if ended.is_some_and(|ended| ended < revision) {
            self.fail(format!(
                "G4': at {now:?} revision {revision} took {call:?}, though the life ended in {ended:?}"
            ));
        }
    }

    pub fn watched_to(&self, program: usize) -> Option<Revision> {
        self.watchers.get(&program).map(|watcher| watcher.revision)
    }

    pub fn forget_watcher(&mut self, program: usize) {
        self.watchers.remove(&program);
    }
}
