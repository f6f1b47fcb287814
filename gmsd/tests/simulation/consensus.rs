//! The log at work: heartbeats, elections, commits and what each node applies when.

use std::{collections::BTreeSet, sync::Arc};

use gms::{
    api::WatchEvent,
    id::{GroupId, MemberId, Revision},
};
use gmsd::{
    http::present,
    membership::{
        command::{Command, Proposal},
        journal::Happening,
        state::State,
    },
};

use crate::{
    agenda::Time,
    log::{Answer, Body, CAMPAIGN, ELECTION_MIN, HEARTBEAT, Ticket},
    network::Place,
    node::ToNode,
    session::OnStream,
    world::{Event, World},
};

/// An fsync takes this long, in microseconds.
const FSYNC_US: std::ops::Range<u64> = 500..4_000;
/// Applying takes this long after it is known to be committed, in microseconds.
const APPLY_US: std::ops::Range<u64> = 50..2_000;
/// A snapshot is taken every so many entries.
const SNAPSHOT_EVERY: u64 = 16;

impl World {
    /// Every node that believes to lead speaks to the others.
    pub fn heartbeats(&mut self) {
        for from in 0..self.nodes.len() {
            if self.nodes[from].machine.runs() && self.nodes[from].leads(from) {
                self.speak(from);
            }
        }
        self.agenda.put(self.now + HEARTBEAT, Event::Heartbeats);
    }

    fn speak(&mut self, from: usize) {
        let seat = &self.nodes[from].seat;
        let (term, committed, sent) = (seat.term, seat.committed, self.now);
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            self.word(from, to, ToNode::Heartbeat { from, term, committed, sent });
        }
    }

    /// A node hears a leader.
    pub fn heartbeat(
        &mut self,
        node: usize,
        from: usize,
        term: u64,
        committed: Revision,
        sent: Time,
    ) {
        let now = self.now;
        let seat = &mut self.nodes[node].seat;
        if term >= seat.term {
            seat.follow(Some(from), term);
            seat.heard = Some(now);
        }
        let (term, matched) = (seat.term, self.nodes[node].state.revision());
        self.word(node, from, ToNode::Ack { from: node, term, sent, matched });
        self.learn(node, committed);
    }

    /// A node knows that so much is committed, and applies it in a moment.
    fn learn(&mut self, node: usize, committed: Revision) {
        let it = &mut self.nodes[node];
        it.seat.committed = it.seat.committed.max(committed);
        if it.seat.committed <= it.state.revision() {
            return;
        }
        let late = it.lag + self.random.us(APPLY_US);
        let apply = ToNode::Apply(it.seat.committed);
        self.agenda.put(self.now + late, Event::ToNode(node, it.boot, apply));
    }

    /// Elections: who has heard no leader for its patience, and reaches a quorum of nodes that have
    /// heard none lately either, wins.
    pub fn campaign(&mut self) {
        let now = self.now;
        for node in 0..self.nodes.len() {
            let seat = &self.nodes[node].seat;
            let silent_for = seat.heard.map_or(now, |at| now.saturating_sub(at));
            let wants = self.nodes[node].machine.runs()
                && seat.patience <= silent_for
                && !(seat.follows == Some(node) && self.log.leader == Some(node));
            if wants && self.votes(node) >= self.log.quorum() {
                self.elect(node);
                break;
            }
        }
        self.agenda.put(now + CAMPAIGN, Event::Campaign);
    }

    /// How many nodes would vote for this one: its own vote, and those of nodes that hear no leader.
    fn votes(&self, node: usize) -> usize {
        let lately = Time::from_millis(ELECTION_MIN);
        let follows_nobody = |other: usize| {
            let seat = &self.nodes[other].seat;
            let leads = self.log.leader == Some(other) && seat.follows == Some(other);
            let contact = if leads { seat.quorum_contact(other, self.now) } else { seat.heard };
            contact.is_none_or(|at| self.now.saturating_sub(at) >= lately)
        };
        let others = (0..self.nodes.len()).filter(|other| *other != node);
        1 + others
            .filter(|other| self.nodes[*other].machine.runs())
            .filter(|other| self.reach_each_other(node, *other) && follows_nobody(*other))
            .count()
    }

    fn reach_each_other(&self, a: usize, b: usize) -> bool {
        let (a, b) = (Place::Node(a), Place::Node(b));
        !self.network.is_cut(a, b) && !self.network.is_cut(b, a)
    }

    fn elect(&mut self, node: usize) {
        self.log.elect(node, self.now, &mut self.random);
        self.check_committed();
        let (term, last) = (self.log.term, self.log.last());
        self.transcript.note(self.now, format_args!("node {}", node + 1), || {
            format!("leads term {term} from revision {last}")
        });
        self.ledger.calm_broken(self.now);
        let it = &mut self.nodes[node];
        it.seat.follow(Some(node), term);
        it.forget_own();
        self.learn(node, last);
        self.speak(node);
    }

    /// A leader writes proposals to its log; they are committed when a quorum has them.
    pub fn write(&mut self, leader: usize, proposals: Vec<(Proposal, Option<Ticket>)>) {
        let at_ms = self.nodes[leader].wall_ms + u64::try_from(self.now.as_millis()).unwrap();
        let term = self.nodes[leader].seat.term;
        if self.log.leader != Some(leader) || self.log.term != term {
            // It leads no more and does not know it: nobody takes this from it.
            self.transcript.note(self.now, format_args!("node {}", leader + 1), || {
                format!("proposes in vain in term {term}: {}", summary(&proposals))
            });
            return;
        }
        self.transcript.note(self.now, format_args!("node {}", leader + 1), || {
            format!("proposes {}", summary(&proposals))
        });
        let number = self.log.write(leader, term, self.now, at_ms, proposals);
        self.try_commit(leader, number);
    }

    fn try_commit(&mut self, leader: usize, number: u64) {
        let here = Place::Node(leader);
        let mut round_trips = Vec::new();
        for other in (0..self.nodes.len()).filter(|other| *other != leader) {
            let there = Place::Node(other);
            let out = self.network.word(here, there, &mut self.random);
            let back = self.network.word(there, here, &mut self.random);
            if let (true, Some(out), Some(back)) = (self.nodes[other].machine.runs(), out, back) {
                round_trips.push(out + back);
            }
        }
        round_trips.sort_unstable();
        let needed = self.log.quorum() - 1;
        let late = match needed.checked_sub(1) {
            None => Some(Time::ZERO),
            Some(last) => round_trips.get(last).copied(),
        };
        let fsync = self.random.us(FSYNC_US) + self.nodes[leader].fsync;
        match late {
            Some(late) => {
                self.agenda.put(self.now + late + fsync, Event::Commit { leader, number });
            }
            None => self.agenda.put(self.now + HEARTBEAT, Event::Replicate { leader, number }),
        }
    }

    /// A leader that reached no quorum tries again.
    pub fn replicate(&mut self, leader: usize, number: u64) {
        if self.log.leader != Some(leader) {
            return;
        }
        if self.nodes[leader].machine.runs() {
            self.try_commit(leader, number);
        } else {
            self.agenda.put(self.now + HEARTBEAT, Event::Replicate { leader, number });
        }
    }

    pub fn commit(&mut self, leader: usize, number: u64) {
        if !self.nodes[leader].machine.runs() {
            return self.replicate(leader, number);
        }
        let from = self.log.last();
        if self.log.commit(number, self.now) && self.log.last() > from {
            self.check_committed();
            self.learn(leader, self.log.last());
            self.speak(leader);
        }
    }

    /// A node applies what is committed up to this revision.
    pub fn apply(&mut self, node: usize, upto: Revision) {
        while self.nodes[node].state.revision() < upto {
            let revision = Revision(self.nodes[node].state.revision().0 + 1);
            let former = Arc::clone(&self.nodes[node].state);
            let mut state = State::clone(&former);
            let answers = if self.switches.no_fence {
                self.apply_unfenced(&mut state, revision)
            } else {
                self.log.apply(&mut state, revision)
            };
            let state = Arc::new(state);
            self.check_applied(node, revision, &former, &state, &answers);
            let it = &mut self.nodes[node];
            it.state = Arc::clone(&state);
            if revision.0.is_multiple_of(SNAPSHOT_EVERY) {
                it.snapshot = Arc::clone(&state);
            }
            it.forget_own();
            let instant = it.machine.clock.instant(self.now);
            // A watch channel shows the newest only: a reader may miss what lay between.
            let skips = revision < upto && self.random.chance(300);
            if let (false, Some(observer)) = (skips, &mut it.observer) {
                observer.handle_state(instant, Arc::clone(&state));
            }
            let committed = &self.log.entries[usize::try_from(revision.0).unwrap() - 1];
            let proposer = committed.proposer;
            let tickets = committed.tickets.clone();
            if proposer == node {
                for (ticket, answer) in tickets.into_iter().zip(answers) {
                    let Some(Ticket { node: asker, number }) = ticket else { continue };
                    self.word(node, asker, ToNode::Applied { number, revision, answer });
                }
            }
            self.note_applied(node, revision, &former, &state);
        }
        self.feed_streams(node);
    }

    /// Sends to each stream what its group's views became.
    pub fn feed_streams(&mut self, node: usize) {
        let state = Arc::clone(&self.nodes[node].state);
        let mut parcels = Vec::new();
        for (program, stream) in &mut self.nodes[node].streams {
            let last = present::last_change(&state, &stream.subject.group);
            if last <= stream.after {
                continue;
            }
            let group = state.group(&stream.subject.group);
            let events: Vec<WatchEvent> =
                match group.and_then(|group| group.deltas_after(stream.after)) {
                    Some(deltas) => deltas
                        .map(|delta| WatchEvent::Change(present::change(&state, delta)))
                        .collect(),
                    None => {
                        vec![WatchEvent::Snapshot(present::view(&state, &stream.subject.group))]
                    }
                };
            parcels.extend(events.into_iter().map(|event| (*program, OnStream::Event(event))));
            stream.after = last;
        }
        for (program, what) in parcels {
            self.send_on_stream(node, program, what);
        }
    }

    fn note_applied(&mut self, node: usize, revision: Revision, former: &State, state: &State) {
        if self.log.leader != Some(node) {
            return;
        }
        for record in state.journal().kept_after(former.revision()) {
            let line = match &record.what {
                Happening::View(delta) => format!(
                    "view {revision} of {}: joined {:?}, departed {:?}",
                    delta.group,
                    delta.joined.iter().map(|life| life.member.as_str()).collect::<Vec<_>>(),
                    delta
                        .departed
                        .iter()
                        .map(|of| format!("{}@{} {:?}", of.member, of.incarnation, of.ending))
                        .collect::<Vec<_>>(),
                ),
                Happening::Monitors { epoch, nodes } => {
                    format!("monitors {epoch}: {:?}", nodes.iter().map(|n| n.0).collect::<Vec<_>>())
                }
                Happening::HoldSet { .. } => "a hold is set".to_owned(),
                Happening::HoldCleared { .. } => "a hold is over".to_owned(),
                _ => continue,
            };
            self.transcript.note(self.now, "log", || line);
        }
    }

    /// Applies an entry as if nothing asked whether a verdict is still true: each removal meets
    /// whoever has the name now.
    pub fn apply_unfenced(&self, state: &mut State, revision: Revision) -> Vec<Answer> {
        let committed = &self.log.entries[usize::try_from(revision.0).unwrap() - 1];
        let Body::Entry(entry) = &committed.body else {
            return self.log.apply(state, revision);
        };
        let mut entry = entry.clone();
        for proposal in &mut entry.proposals {
            if let Command::Remove { epoch, removals } = &mut proposal.command {
                *epoch = state.monitors().epoch;
                for removal in removals {
                    if let Some(life) = state.life(&removal.group, &removal.member) {
                        removal.incarnation = life.incarnation;
                    }
                }
            }
        }
        state.apply(revision, committed.term, &entry)
    }
}

/// What goes together into one entry: no two wishes for the same member.
pub fn batch(waiting: &mut Vec<(Proposal, Option<Ticket>)>) -> Vec<(Proposal, Option<Ticket>)> {
    let mut touched: BTreeSet<(GroupId, MemberId)> = BTreeSet::new();
    let mut rest = Vec::new();
    let mut taken = Vec::new();
    for (proposal, ticket) in waiting.drain(..) {
        let name = proposal.command.member().map(|(group, id)| (group.clone(), id.clone()));
        if name.is_some_and(|name| !touched.insert(name)) {
            rest.push((proposal, ticket));
        } else {
            taken.push((proposal, ticket));
        }
    }
    *waiting = rest;
    taken
}

fn summary(proposals: &[(Proposal, Option<Ticket>)]) -> String {
    let each = proposals.iter().map(|(proposal, _)| match &proposal.command {
        Command::Join(join) => format!("join {} ({:?})", join.member, join.instance),
        Command::Leave { member, incarnation, .. } => format!("leave {member}@{incarnation:?}"),
        Command::Remove { epoch, removals } => {
            let who = removals.iter().map(|of| {
                format!("{}@{} {}", of.member, of.incarnation, of.evidence.cause.as_str())
            });
            format!("remove by epoch {epoch}: {}", who.collect::<Vec<_>>().join(", "))
        }
        Command::SetMonitors { epoch, nodes } => format!("monitors {nodes:?} after {epoch}"),
        other => format!("{other:?}"),
    });
    each.collect::<Vec<_>>().join("; ")
}
