//! What must have happened by some time: crashed lives are gone, who wants in is in, and at rest
//! each member has its monitor and its witness and all nodes have the same state.

use std::{collections::BTreeMap, sync::Arc};

use gms::evidence::Cause;
use gmsd::liveness::message::Subject;

use crate::{
    agenda::Time,
    ledger::Record,
    log::index,
    machine::Power,
    node::{Node, is_probed},
    world::World,
};

/// From a kill, or from rest, to the removal of a process whose kernel tells.
const KILLED_BOUND: Time = Time::from_millis(4_000);
/// The same for one that only falls silent: observers that were refuted, or stalled, abstain for
/// ten seconds, and then the misses and the confirmation have to pass.
const SILENT_BOUND: Time = Time::from_millis(15_000);
/// The same after a valve was shut: half a minute, and then a fifth in each ten seconds.
const VALVE_BOUND: Time = Time::from_millis(95_000);
/// From when a place has been kept long enough to its being given up.
const PLACE_BOUND: Time = Time::from_millis(2_000);
/// From rest to everybody's being a member who wants to.
const JOIN_BOUND: Time = Time::from_millis(8_000);

impl World {
    /// What should have happened by now.
    pub fn check_overdue(&mut self) {
        let running = self.nodes.iter().filter(|node| node.machine.runs()).count();
        if running < self.log.quorum() || self.is_troubled() {
            return self.ledger.calm_broken(self.now);
        }
        let last_boot = self.last_boot();
        let calm = self.ledger.calm_since;
        let mut overdue = Vec::new();
        for (subject, record) in &self.ledger.lives {
            let it = &self.programs[record.program];
            if record.ended.is_some() || self.is_there(record) || self.is_answered_for(record) {
                continue;
            }
            // Whoever sits on its port keeps the kernel from refusing, and so does a lost power.
            let killed = it.machine.power() == Power::Dead
                && !self.ports.contains_key(&it.at)
                && !self.hosts_off.contains(&it.at.ip());
            // And as long as somebody answers on its port, it seems to live.
            let answered = self.freed.get(&it.at).copied().unwrap_or_default();
            let gone = it.died.unwrap_or(record.joined).max(record.joined).max(answered);
            // After a start of a node, and before a life was heard, silence has to wait, and so has
            // a port that refuses where nothing says that it was ever open.
            let grace = if killed && !is_probed(it.role.kind) {
                Time::ZERO
            } else {
                (record.joined.max(last_boot)) + self.boot_grace
            };
            let bound = match (killed, self.ledger.alarmed) {
                (true, _) => KILLED_BOUND,
                (false, false) => SILENT_BOUND,
                (false, true) => VALVE_BOUND,
            };
            let due = gone.max(calm).max(grace) + bound;
            if self.now > due {
                let who = format!("{}@{}", subject.member, subject.incarnation);
                let looks = self.nodes.iter().enumerate().map(|(node, it)| {
                    let observer = it.observer.as_ref();
                    let band = observer.and_then(|it| it.liveness(&subject.group, &subject.member));
                    let doubt = observer.and_then(|it| it.suspicion(subject));
                    format!("\n  at node {}: {band:?}, doubt: {doubt:?}", node + 1)
                });
                let looks = looks.collect::<String>();
                let now = self.now;
                overdue.push(format!(
                    "G3: {who} is gone since {gone:?} and at {now:?} still a member{looks}"
                ));
            }
        }
        for (subject, (since, hold)) in &self.ledger.away {
            // A new leader counts anew.
            if self.now > (*since).max(calm).max(self.log.led_since) + *hold + PLACE_BOUND {
                let (who, now) = (&subject.member, self.now);
                overdue.push(format!("place: {who} is away since {since:?} and still at {now:?}"));
            }
        }
        overdue.into_iter().for_each(|what| self.ledger.fail(what));
    }

    /// Whether something keeps nodes from judging, or may.
    fn is_troubled(&self) -> bool {
        let stopped = |node: &Node| node.machine.power() == Power::Stopped;
        let slow = |node: &Node| node.lag > Time::ZERO || node.fsync > Time::ZERO;
        self.network.is_troubled() || self.nodes.iter().any(|node| stopped(node) || slow(node))
    }

    fn last_boot(&self) -> Time {
        let since = self.nodes.iter().filter_map(|node| node.machine.running_since());
        since.max().unwrap_or(Time::ZERO)
    }

    /// Whether somebody else answers in this life's place: what listens on a probed port counts.
    fn is_answered_for(&self, record: &Record) -> bool {
        let it = &self.programs[record.program];
        is_probed(it.role.kind) && self.ports.contains_key(&it.at)
    }

    /// Whether an entry is not yet at every node.
    pub fn is_writing(&self) -> bool {
        let first = self.nodes[0].state.revision();
        let last = self.log.last();
        self.nodes.iter().any(|node| node.state.revision() != first) || last != first
    }

    /// After a long rest: everybody is where he belongs.
    pub fn check_rest(&mut self) {
        self.check_duties();
        self.check_agreement();
        let mut missing = Vec::new();
        for (number, it) in self.programs.iter().enumerate() {
            if !it.machine.runs() || !it.wants || self.now < self.ledger.calm_since + JOIN_BOUND {
                continue;
            }
            let who = &it.role.member;
            let lossy = self.ledger.removals.iter().any(|(subject, evidence, _)| {
                subject.member == *who && evidence.cause == Cause::Quality
            });
            if lossy {
                // It is let in again after a while that grows.
                continue;
            }
            let Some(held) = &it.life else {
                // The place may be another process's, which runs too.
                let record = self
                    .ledger
                    .lives
                    .iter()
                    .find(|(subject, record)| subject.member == *who && record.ended.is_none());
                // A server that took the port of its former life answers for it: a known limit.
                let waits = record.is_some_and(|(_, record)| {
                    self.is_there(record) || self.is_answered_for(record)
                });
                if !waits {
                    missing.push(format!("G3: {who} ({number}) wants to be a member and is none"));
                }
                continue;
            };
            let record = self.ledger.lives.get(&held.subject);
            if record.is_none_or(|record| record.ended.is_some()) {
                missing.push(format!("G3: {who} ({number}) does not know that it is over"));
            } else if it.lease_ends().is_some_and(|ends| ends <= self.now) {
                missing.push(format!("G3: {who} ({number}) has no lease at rest"));
            }
        }
        missing.into_iter().for_each(|what| self.ledger.fail(what));
    }

    /// Each member has one monitor and one witness, and each node watches just those that are its.
    pub fn check_duties(&mut self) {
        let truth = Arc::clone(&self.truth);
        let mut duties: BTreeMap<usize, usize> = BTreeMap::new();
        let mut told: BTreeMap<usize, Vec<Subject>> = BTreeMap::new();
        for (group, members) in truth.groups() {
            for life in members.members.values().filter(|life| !life.is_away()) {
                let place = truth.place(group, &life.member);
                let (monitor, witness) = (place.monitor(), place.witness());
                if monitor.is_none() || (monitor == witness) {
                    self.ledger.fail(format!("G5: {} is watched by {place:?}", life.member));
                }
                for watcher in monitor.into_iter().chain(witness) {
                    *duties.entry(index(watcher)).or_default() += 1;
                }
                let subject = Subject {
                    group: group.clone(),
                    member: life.member.clone(),
                    incarnation: life.incarnation,
                };
                if let Some(monitor) = monitor {
                    told.entry(index(monitor)).or_default().push(subject);
                }
            }
        }
        for node in 0..self.nodes.len() {
            let it = &self.nodes[node];
            let Some(observer) = it.observer.as_ref().filter(|_| it.machine.runs()) else {
                continue;
            };
            let due = duties.get(&node).copied().unwrap_or(0);
            let watched = observer.watched();
            let bands = it.bands.iter().cloned().collect::<Vec<_>>();
            let mut told = told.remove(&node).unwrap_or_default();
            told.sort();
            if watched != due {
                let text = format!("duty: node {} watches {watched}, not {due}", node + 1);
                self.ledger.fail(text);
            }
            if bands != told {
                let text = format!("duty: node {} tells of {bands:?}, not {told:?}", node + 1);
                self.ledger.fail(text);
            }
        }
    }

    /// All nodes that run have the same state, byte for byte.
    fn check_agreement(&mut self) {
        let truth = self.truth.digest();
        for node in 0..self.nodes.len() {
            let it = &self.nodes[node];
            if it.machine.runs() && it.state.digest() != truth {
                let (at, last) = (it.state.revision(), self.log.last());
                let text = format!("G2: node {} at revision {at} of {last} differs", node + 1);
                self.ledger.fail(text);
            }
        }
    }
}
