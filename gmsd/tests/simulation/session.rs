//! The course of a program's membership, in few words what the session library does: join, hold a
//! stream, learn of its end, join anew.

use gms::{
    api::WatchEvent,
    liveness::Liveness,
    session::{
        fate::{self, Fate, Sign},
        lease::LEASE_DEFAULT,
        responder::Responder,
    },
};
use gmsd::liveness::message::Subject;

use crate::{
    agenda::Time,
    machine::Power,
    network::Place,
    node::{ToNode, is_probed},
    program::{Asking, Held, ToProgram},
    service::{Call, Reply, What},
    world::{Event, World},
};

/// How often a program looks after its own affairs.
const TICK: Time = Time::from_millis(100);
/// A request without an answer is made again, at another node.
const CALL_WAIT: Time = Time::from_millis(1_000);
/// A connection without a sign of life is given up after this.
const PULSE_LOST: Time = Time::from_secs(1);
/// A stream whose other end is not reached is given up after so many ticks.
const STREAM_PATIENCE: u32 = 20;

impl World {
    /// A request to some node, to be made again until it is answered.
    pub fn ask(&mut self, number: usize, what: What) {
        let it = &mut self.programs[number];
        it.calls += 1;
        let call = Call {
            program: number,
            number: it.calls,
            group: it.role.group.clone(),
            member: it.role.member.clone(),
            what,
        };
        let (first, until) = (self.now, self.now + CALL_WAIT);
        it.asking = Some(Asking { call: call.clone(), first, until });
        self.send_call(number, &call);
    }

    fn send_call(&mut self, number: usize, call: &Call) {
        // Some requests arrive twice, and at two nodes.
        let copies = if self.random.chance(50) { 2 } else { 1 };
        for _ in 0..copies {
            let node = self.random.index(self.nodes.len());
            let way = (self.programs[number].place(), Place::Node(node));
            if let Some(late) = self.network.word(way.0, way.1, &mut self.random) {
                let boot = self.nodes[node].boot;
                let call = ToNode::Call(call.clone());
                self.agenda.put(self.now + late, Event::ToNode(node, boot, call));
            }
        }
    }

    pub fn told(&mut self, number: usize, call: u64, node: usize, reply: Reply) {
        let it = &mut self.programs[number];
        let Some(asking) = it.asking.take_if(|asking| asking.call.number == call) else { return };
        match (reply, &asking.call.what) {
            (Reply::Joined { incarnation, key, revision }, What::Join { .. }) => {
                it.failures = 0;
                let subject = Subject {
                    group: it.role.group.clone(),
                    member: it.role.member.clone(),
                    incarnation,
                };
                let sent = it.machine.clock.instant(asking.first);
                let lease = it
                    .role
                    .period_ms
                    .map_or(LEASE_DEFAULT, |period| Time::from_millis(u64::from(period)) * 12 / 5);
                let responder = Responder::new(incarnation, key, sent, lease);
                let responder = (!is_probed(it.role.kind)).then_some(responder);
                it.life = Some(Held { subject, responder, since: self.now, revision });
                for (node, bytes) in std::mem::take(&mut it.early) {
                    self.pinged(number, node, bytes);
                }
                self.reconnect_to(number, node);
            }
            (Reply::Over, What::Look { incarnation } | What::Touch { incarnation, .. }) => {
                let life = it.life.as_ref();
                if life.is_some_and(|life| life.subject.incarnation == *incarnation) {
                    self.over(number, &Fate::Removed { cause: None });
                }
            }
            (Reply::Done | Reply::Over, What::Leave { .. }) => {
                self.over(number, &Fate::Left { reason: None });
            }
            (Reply::Later | Reply::Occupied, what) => {
                it.failures += 1;
                let pause = self.random.ms(50..200) * it.failures.min(8);
                it.not_before = self.now + pause;
                if !matches!(what, What::Join { .. } | What::Look { .. }) {
                    let until = it.not_before;
                    it.asking = Some(Asking { until, ..asking });
                }
            }
            _ => {}
        }
    }

    pub fn watched(&mut self, number: usize, stream: (usize, u64), event: &WatchEvent) {
        if self.programs[number].stream != Some(stream) {
            return;
        }
        self.check_watched(number, event);
        let Some(held) = &mut self.programs[number].life else { return };
        let sign = fate::sign(event, &held.subject.member, held.subject.incarnation);
        match event {
            WatchEvent::Snapshot(view) => held.revision = held.revision.max(view.revision),
            WatchEvent::Change(change) => held.revision = held.revision.max(change.revision),
            _ => {}
        }
        if let Sign::Over(fate) = sign {
            self.over(number, &fate);
        }
    }

    /// Its life is over; it comes back if that is called for.
    pub fn over(&mut self, number: usize, fate: &Fate) {
        let now = self.now;
        let it = &mut self.programs[number];
        let Some(held) = it.life.take() else { return };
        it.lives += 1;
        it.instance = format!("{number}-{}", it.lives);
        it.wants &= fate.calls_for_rejoin();
        it.asking = None;
        it.failures += 1;
        it.not_before = now + self.random.ms(20..100) * it.failures.min(8);
        let stream = it.stream.take();
        self.transcript.note(now, &held.subject.member, || {
            format!("({number}) learns that @{} is over: {fate:?}", held.subject.incarnation)
        });
        self.ledger.forget_watcher(number);
        if let Some(stream) = stream {
            self.end_stream(number, stream, true);
        }
    }

    /// What a program does by itself, ten times a second.
    pub fn tick(&mut self, number: usize) {
        let it = &mut self.programs[number];
        if it.machine.is_gone() && it.asking.is_none() {
            return;
        }
        self.agenda.put(self.now + TICK, Event::Tick(number));
        if it.machine.power() == Power::Stopped || it.machine.power() == Power::Off {
            return;
        }
        if let Some(asking) = &mut it.asking {
            if asking.until <= self.now {
                asking.until = self.now + CALL_WAIT;
                let call = asking.call.clone();
                self.send_call(number, &call);
            }
            return;
        }
        if it.machine.is_gone() || it.not_before > self.now {
            return;
        }
        match &it.life {
            None if it.wants => {
                let liveness =
                    Liveness { period_ms: it.role.period_ms, ..Liveness::of(it.role.kind) };
                let what = What::Join {
                    address: it.at.to_string().parse().unwrap(),
                    liveness,
                    hold: it.role.hold,
                    instance: it.instance.clone(),
                    token: it.instance.clone(),
                };
                self.ask(number, what);
            }
            None => {}
            Some(held) => {
                let incarnation = held.subject.incarnation;
                let lost = it.lease_ends().is_none_or(|ends| ends <= self.now);
                let asks = if is_probed(it.role.kind) { self.random.chance(50) } else { lost };
                if asks {
                    it.not_before = self.now + Time::from_millis(500);
                    self.ask(number, What::Look { incarnation });
                }
                self.tend_stream(number);
            }
        }
    }

    /// Opens a stream where there should be one, and gives up one that is dead.
    fn tend_stream(&mut self, number: usize) {
        let it = &mut self.programs[number];
        let Some((node, serial)) = it.stream else {
            return self.reconnect(number);
        };
        let way = (it.place(), Place::Node(node));
        let broken = self.network.is_cut(way.0, way.1)
            || self.network.is_cut(way.1, way.0)
            || self.nodes[node].machine.is_gone();
        it.unreached = if broken { it.unreached + 1 } else { 0 };
        if it.unreached > STREAM_PATIENCE {
            it.stream = None;
            it.unreached = 0;
            self.end_stream(number, (node, serial), false);
        }
    }

    pub fn reconnect(&mut self, number: usize) {
        let node = self.random.index(self.nodes.len());
        self.reconnect_to(number, node);
    }

    fn reconnect_to(&mut self, number: usize, node: usize) {
        let it = &mut self.programs[number];
        let Some(held) = &it.life else { return };
        if !it.role.streams || it.stream.is_some() || !it.machine.runs() {
            return;
        }
        let way = (it.place(), Place::Node(node));
        if self.nodes[node].machine.is_gone() || self.network.is_cut(way.1, way.0) {
            return;
        }
        let after = self.ledger.watched_to(number).unwrap_or(held.revision);
        let subject = held.subject.clone();
        if let Some(late) = self.network.word(way.0, way.1, &mut self.random) {
            it.streams += 1;
            let stream = it.streams;
            it.stream = Some((node, stream));
            it.unreached = 0;
            let opened = ToNode::StreamOpened { stream: (number, stream), subject, after };
            self.agenda.put(self.now + late, Event::ToNode(node, self.nodes[node].boot, opened));
        }
    }

    /// The end of a stream reaches its node, if anything does.
    pub fn end_stream(&mut self, number: usize, (node, serial): (usize, u64), by_member: bool) {
        let way = (self.programs[number].place(), Place::Node(node));
        let arrives = self.network.word(way.0, way.1, &mut self.random);
        // Of a cut connection nobody hears anything; the node gives it up in time.
        let (late, by_member) = match arrives {
            Some(late) => (late, by_member),
            None => (PULSE_LOST, false),
        };
        let ended = ToNode::StreamEnded { stream: (number, serial), by_member };
        self.agenda.put(self.now + late, Event::ToNode(node, self.nodes[node].boot, ended));
    }

    /// The node's end of a stream is gone, or somebody on the way says so.
    pub fn stream_breaks(&mut self, (number, serial): (usize, u64), node: usize) {
        let way = (Place::Node(node), self.programs[number].place());
        if let Some(late) = self.network.word(way.0, way.1, &mut self.random) {
            let broken = ToProgram::StreamBroken { stream: (node, serial) };
            self.agenda.put(self.now + late, Event::ToProgram(number, broken));
        }
    }

    pub fn send_on_stream(&mut self, node: usize, (number, serial): (usize, u64), what: OnStream) {
        let way = (Place::Node(node), self.programs[number].place());
        let is_open = self.nodes[node].streams.contains_key(&(number, serial));
        if !is_open && matches!(what, OnStream::Event(_)) {
            return;
        }
        let Some(late) = self.network.word(way.0, way.1, &mut self.random) else {
            // What a connection loses it repeats; one that is cut is given up by both ends in time.
            self.stream_lost(node, (number, serial));
            let broken = ToProgram::StreamBroken { stream: (node, serial) };
            self.agenda.put(self.now + PULSE_LOST, Event::ToProgram(number, broken));
            return;
        };
        let machine = &mut self.programs[number].machine;
        machine.in_order = machine.in_order.max(self.now + late);
        let at = machine.in_order;
        let input = match what {
            OnStream::Event(event) => {
                ToProgram::Stream { stream: (node, serial), event: Box::new(event) }
            }
            OnStream::Fenced(subject) => ToProgram::Fenced(subject),
        };
        self.agenda.put(at, Event::ToProgram(number, input));
    }
}

/// What goes over a stream to a program.
pub enum OnStream {
    Event(WatchEvent),
    Fenced(Subject),
}
