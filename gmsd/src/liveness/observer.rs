//! The liveness of this node: every member it watches, every doubt it has or looks into.
//!
//! The observer is a pure state machine. Inputs go in by `handle_*`, each with the present; after
//! each of them everything that is to be done is taken out by [`Observer::poll_output`] until it
//! gives none; [`Observer::poll_timeout`] says when [`Observer::handle_timeout`] wants to be
//! called at the latest. The shell must read every datagram that waits before it calls
//! `handle_timeout`: drain before you judge.
//!
//! A member is watched by two nodes at the same time, its monitor and its witness, and by both in
//! the same way. When one of them hears nothing, or a kernel tells any node that the process is
//! gone, that node opens a doubt: it asks all other nodes, tells the member, and pings it fast.
//! What follows is in `suspicion`.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use gms::{
    api::MemberLiveness,
    id::{GroupId, MemberId, NodeId, Revision},
};

use super::{
    bands::GroupTally,
    case::{Asker, Duty, millis},
    caseload::{Caseload, slot_of_nonce},
    fitness::Fitness,
    flux::{Flux, OpenDoubts},
    message::{Affirmation, Ask, Message, Relay, Subject, Tell, Weigh},
    observed::{Observed, ObservedClock, TICK},
    output::{Output, Probed, Tally},
    pleas::Pleas,
    returns::Returns,
    timing::Timing,
    valve::Valve,
};
use crate::membership::{command::Removal, journal::Happening, state::State};

/// The liveness of one node.
#[derive(Debug)]
pub struct Observer {
    pub(super) node: NodeId,
    pub(super) timing: Timing,
    pub(super) clock: ObservedClock,
    pub(super) fitness: Fitness,
    pub(super) state: Arc<State>,
    /// Members that were in before this revision were there before this node started.
    pub(super) boot: Revision,
    /// The entry by which this start is known, if it is: what was proposed before is in the log before
    /// it, or nowhere.
    pub(super) started: Option<Revision>,
    /// What was applied when, lately: a mark each tenth of the grace at most.
    applied: VecDeque<(Revision, Observed)>,
    /// Members that joined after this revision did so less than the grace ago.
    pub(super) settled: Revision,
    pub(super) cases: Caseload,
    pub(super) watched: usize,
    pub(super) valve: Valve,
    /// Members watched here that are silent, and that answer: what the valve counts.
    pub(super) silent: usize,
    pub(super) heard: usize,
    pub(super) doubts: OpenDoubts,
    /// When the leader is next told that the valve is shut.
    pub(super) alarm_due: Observed,
    /// Since when doubts by silence are counted, and how many were opened since.
    pub(super) opened: (Observed, u32),
    pub(super) sequence: u32,
    pub(super) round: u64,
    pub(super) asks: BTreeMap<NodeId, Vec<Ask>>,
    pub(super) tells: BTreeMap<NodeId, Vec<Tell>>,
    pub(super) relays: BTreeMap<NodeId, Vec<Relay>>,
    pub(super) weighs: BTreeMap<NodeId, Vec<Weigh>>,
    pub(super) weights_told: BTreeMap<NodeId, Vec<Tell>>,
    /// Members watched here that are lossy, and members measured for others.
    pub(super) lossy: usize,
    pub(super) samplings: usize,
    pub(super) returns: Returns,
    pub(super) pleas: Pleas,
    pub(super) verdicts: Vec<Removal>,
    /// Lives heard after they were condemned here.
    pub(super) pardons: Vec<Subject>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) tally: Tally,
}

impl Observer {
    /// An observer that starts now, with the state it finds. `sequence` begins the nonces; a random
    /// one keeps them from repeating those of a former start.
    pub fn new(
        node: NodeId,
        timing: Timing,
        state: Arc<State>,
        sequence: u32,
        now: Instant,
    ) -> Self {
        let mut observer = Self {
            node,
            timing,
            clock: ObservedClock::new(now),
            fitness: Fitness::default(),
            boot: state.revision(),
            started: None,
            state: Arc::new(State::default()),
            applied: VecDeque::new(),
            settled: state.revision(),
            cases: Caseload::default(),
            watched: 0,
            valve: Valve::default(),
            silent: 0,
            heard: 0,
            doubts: OpenDoubts::default(),
            alarm_due: Observed::default(),
            opened: (Observed::default(), 0),
            sequence,
            round: 0,
            asks: BTreeMap::new(),
            tells: BTreeMap::new(),
            relays: BTreeMap::new(),
            weighs: BTreeMap::new(),
            weights_told: BTreeMap::new(),
            lossy: 0,
            samplings: 0,
            returns: Returns::default(),
            pleas: Pleas::default(),
            verdicts: Vec::new(),
            pardons: Vec::new(),
            outputs: VecDeque::new(),
            tally: Tally::default(),
        };
        observer.handle_state(now, state);
        observer
    }

    // Getters.

    /// How this member looks, if this node is its monitor.
    pub fn liveness(&self, group: &GroupId, member: &MemberId) -> Option<MemberLiveness> {
        let case = self.cases.get(self.cases.slot_of(group, member)?)?;
        (case.duty == Duty::Monitor).then(|| case.liveness(self.node, self.clock.now()))
    }

    /// The figures of each group, over the members that this node is the monitor of.
    pub fn group_tallies(&self) -> Vec<GroupTally> {
        let now = self.clock.now();
        let mut tallies: BTreeMap<&GroupId, GroupTally> = BTreeMap::new();
        for (_, case) in self.cases.iter().filter(|(_, case)| case.duty == Duty::Monitor) {
            tallies.entry(&case.group).or_insert_with(|| GroupTally::new(case.group.clone())).add(
                case.band(),
                case.detector.age(now),
                case.detector.rtt(),
            );
        }
        tallies.into_values().collect()
    }

    /// Since when this node suspects a life, if it does, and who said what in its last doubt.
    pub fn suspicion(&self, subject: &Subject) -> Option<gms::api::Suspicion> {
        let case = self.cases.get(self.cases.find(subject)?)?;
        let now = self.clock.now();
        let since = case.suspected?;
        let observers = if let Some(condemned) = &case.condemned {
            condemned.removal.evidence.observers.clone()
        } else {
            let own = self.own_word(now, case);
            let others = case.doubt.iter().flat_map(|doubt| doubt.answers_by(now));
            std::iter::once(own).chain(others).collect()
        };
        Some(gms::api::Suspicion {
            by: self.node,
            for_ms: millis(now.since(since)),
            last_round_trip_ms_ago: case.age_ms(now),
            observers,
            refuted: case.refuted,
        })
    }

    /// What this observer has counted.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How many members this node is the monitor or the witness of.
    pub fn watched(&self) -> usize {
        self.watched
    }

    /// The local health: 0 is sound.
    pub fn health(&self) -> u32 {
        Fitness::health(&self.clock)
    }

    /// Which doubts are open here, its own and those of others that it was told of.
    pub fn flux(&self) -> Flux {
        self.doubts.flux()
    }

    // Inputs.

    /// The next applied state.
    pub fn handle_state(&mut self, now: Instant, state: Arc<State>) {
        let now = self.clock.advance(now);
        self.settle(now, state.revision());
        let former = std::mem::replace(&mut self.state, state);
        let state = Arc::clone(&self.state);
        let same_monitors = former.monitors() == state.monitors() && former.secret().is_some();
        match state.journal().after(former.revision()) {
            Some(records) if same_monitors => {
                for record in records {
                    if let Happening::View(delta) = &record.what {
                        self.follow(delta);
                    }
                }
            }
            _ => {
                let left = former.monitors().nodes.difference(&state.monitors().nodes);
                self.survey(left.count() > 0);
            }
        }
        self.resume_leases();
        self.flush();
    }

    /// Whether this node heard from a leader with a quorum within an election timeout.
    pub fn handle_quorum(&mut self, fresh: bool) {
        self.fitness.set_quorum_fresh(fresh);
    }

    /// The log knows by this entry that this node has started. Before it is applied here, no lease is
    /// extended: a removal may be on its way to which a former start of this node had agreed.
    pub fn handle_started(&mut self, entry: Revision) {
        self.started = Some(entry);
    }

    pub(super) fn has_started(&self) -> bool {
        self.started.is_some_and(|entry| entry <= self.state.revision())
    }

    /// A datagram from anybody.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let now = self.clock.advance(now);
        if self.pong(now, |cases| cases.at(from), bytes).is_none() {
            self.tally.garbage += 1;
        }
        self.flush();
    }

    /// The system dropped that many datagrams that had come for this node: some member's pong may
    /// have been among them.
    pub fn handle_overflow(&mut self, now: Instant, lost: u32) {
        let now = self.clock.advance(now);
        self.fitness.note_overflow(now, lost);
    }

    /// What came of a probe.
    pub fn handle_probe(&mut self, now: Instant, nonce: u64, probed: Probed) {
        let now = self.clock.advance(now);
        let slot = slot_of_nonce(nonce);
        match probed {
            Probed::Answered => {
                self.answered(now, slot, nonce);
            }
            Probed::Refused | Probed::Failed => {
                let Some(case) = self.cases.get_mut(slot) else {
                    return;
                };
                if !case.detector.failed(nonce) {
                    return;
                }
                if probed == Probed::Refused {
                    self.refused(now, slot);
                }
            }
        }
        self.flush();
    }

    /// The kernel says that nobody has this address's port open.
    pub fn handle_refused(&mut self, now: Instant, target: SocketAddr) {
        let now = self.clock.advance(now);
        for slot in self.cases.at(target) {
            self.refused(now, slot);
        }
        self.flush();
    }

    /// A name was resolved, or could not be, which is not the member's fault: it is asked for again
    /// at the next epoch, and until then the member is watched by others.
    pub fn handle_resolved(
        &mut self,
        now: Instant,
        slot: u32,
        subject: &Subject,
        target: Option<SocketAddr>,
    ) {
        self.clock.advance(now);
        if self.cases.find(subject) == Some(slot)
            && let Some(target) = target
        {
            self.cases.set_target(slot, target);
            self.reschedule(slot);
        }
    }

    /// A session stream of this life was opened at this node.
    pub fn handle_session_opened(&mut self, now: Instant, subject: &Subject) {
        let now = self.clock.advance(now);
        if let Some(slot) = self.case_for(now, subject)
            && let Some(case) = self.cases.get_mut(slot)
        {
            case.sessions += 1;
        }
        self.flush();
    }

    /// A session stream of this life has ended; `by_member` if its kernel closed it, and not this
    /// node.
    pub fn handle_session_closed(&mut self, now: Instant, subject: &Subject, by_member: bool) {
        let now = self.clock.advance(now);
        let Some(slot) = self.cases.find(subject) else {
            return;
        };
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        case.sessions = case.sessions.saturating_sub(1);
        if by_member && case.sessions == 0 {
            self.accuse(now, slot, Some(Affirmation::Fin));
        }
        self.look(now, slot);
        self.flush();
    }

    /// A message of another node.
    pub fn handle_message(&mut self, now: Instant, from: NodeId, message: Message) {
        let now = self.clock.advance(now);
        match message {
            Message::Ask(asks) => {
                for ask in asks {
                    self.asked(now, from, &ask);
                }
            }
            Message::Tell(tells) => {
                for tell in tells {
                    self.told(now, from, tell);
                }
            }
            Message::Relay(relays) => {
                for relay in relays {
                    self.relayed(now, from, &relay);
                }
            }
            Message::Weigh(weighs) => {
                for weigh in weighs {
                    self.asked_to_weigh(now, from, &weigh);
                }
            }
            Message::Weight(tells) => {
                for tell in tells {
                    self.told_weight(now, from, tell);
                }
            }
            Message::Condemn { .. } | Message::Alarm { .. } | Message::Pardon(_) => {}
        }
        self.flush();
    }

    /// Somebody at this node wants to know within the window whether this life answers.
    pub fn handle_inquiry(&mut self, now: Instant, number: u64, subject: &Subject) {
        let now = self.clock.advance(now);
        match self.case_for(now, subject) {
            Some(slot) => self.inquire(now, slot, Asker::Local(number), true, None),
            None => self.outputs.push_back(Output::Inquired { number, alive: None }),
        }
        self.flush();
    }

    /// What came of a plea: the entry that carries it out, or nothing that is known.
    pub fn handle_plea(&mut self, now: Instant, number: u64, noted: Option<Revision>) {
        let now = self.clock.advance(now);
        self.note_plea(now, number, noted);
        self.flush();
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.clock.advance(now);
        self.settle(now, self.state.revision());
        while let Some(slot) = self.cases.pop_due(now) {
            self.look(now, slot);
        }
        self.raise_alarm(now);
        self.flush();
    }

    /// Notes what is applied now, and what has been for the length of the grace.
    fn settle(&mut self, now: Observed, revision: Revision) {
        let grace = self.timing.boot_grace;
        if self.applied.back().is_none_or(|(_, at)| now.since(*at) >= grace / 10) {
            self.applied.push_back((revision, now));
        }
        while let Some((revision, at)) = self.applied.front().copied()
            && now.since(at) >= grace
        {
            self.settled = self.settled.max(revision);
            self.applied.pop_front();
        }
    }

    // Outputs.

    /// The next thing to do; call until it gives none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Observer::handle_timeout`] wants to be called at the latest. Never later than one
    /// tick, so that a stall is noticed.
    pub fn poll_timeout(&self) -> Instant {
        let tick = self.clock.now() + TICK;
        let next = self.cases.next_wake().map_or(tick, |wake| wake.min(tick));
        self.clock.instant_of(next)
    }
}
