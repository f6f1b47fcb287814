//! What the shells around a node's cores do, played: what is read before anything is judged, what is
//! done with what the observer says, and what a leader does unasked.

use gms::heartbeat::Unverified;
use gmsd::{
    liveness::{
        message::{Message, Subject},
        output::{Output, Probed},
    },
    membership::command::{Command, Proposal},
    service::{contact::Contact, crowd::Crowd},
};

use crate::{
    agenda::Time,
    log::{id, index},
    network::Place,
    node::ToNode,
    world::{Event, World},
};

/// A leader that did not look for this long drops what it had collected, as in its duties.
const STALE_AFTER: Time = Time::from_millis(250);
/// Proposals of the leader's own at a time, as in its duties.
const WISHES_MAX: usize = 16;

impl World {
    /// A node reads it.
    pub fn take(&mut self, node: usize, input: ToNode) {
        let now = self.now;
        let it = &mut self.nodes[node];
        let instant = it.machine.clock.instant(now);
        let Some(observer) = &mut it.observer else { return };
        match input {
            ToNode::Datagram(from, bytes) => observer.handle_datagram(instant, from, &bytes),
            ToNode::Refused(at) => observer.handle_refused(instant, at),
            ToNode::Probed(nonce, probed) => observer.handle_probe(instant, nonce, probed),
            ToNode::Word(from, message) => observer.handle_message(instant, id(from), message),
            ToNode::Condemn(message) => self.verdicts(node, message),
            ToNode::Heartbeat { from, term, committed, sent } => {
                self.heartbeat(node, from, term, committed, sent);
            }
            ToNode::Ack { from, term, sent, matched } => {
                let seat = &mut it.seat;
                if term > seat.term {
                    seat.follow(None, term);
                } else if term == seat.term && seat.follows == Some(node) {
                    let former = seat.acks[from].map_or(Time::ZERO, |(at, _)| at);
                    seat.acks[from] = Some((sent.max(former), matched));
                }
            }
            ToNode::Apply(revision) => self.apply(node, revision),
            ToNode::StreamOpened { stream, subject, after } => {
                self.stream_opened(node, stream, subject, after);
            }
            ToNode::StreamEnded { stream, by_member } => {
                if let Some(stream) = it.streams.remove(&stream) {
                    observer.handle_session_closed(instant, &stream.subject, by_member);
                }
            }
            ToNode::Call(call) => self.call(node, call),
            ToNode::Inquire { from, number, subject } => {
                let number = it.door.note_inquiry(from, number);
                observer.handle_inquiry(instant, number, &subject);
            }
            ToNode::Inquired { from, number, alive } => self.inquired(node, from, number, alive),
            ToNode::Propose(ticket, proposal) => self.propose_at_leader(node, ticket, proposal),
            ToNode::Applied { number, revision, answer } => {
                self.answered(node, number, revision, answer);
            }
        }
    }

    /// What the shell does after each input: judge if it is time, and do what the core says.
    pub fn turn(&mut self, node: usize) {
        let now = self.now;
        let fresh = self.nodes[node].is_fresh(node, now);
        let it = &mut self.nodes[node];
        let instant = it.machine.clock.instant(now);
        let Some(observer) = &mut it.observer else { return };
        observer.handle_quorum(fresh);
        if observer.poll_timeout() <= instant {
            observer.handle_timeout(instant);
        }
        self.act(node);
        let it = &mut self.nodes[node];
        let Some(observer) = &it.observer else { return };
        it.cut.handle_flux(instant, observer.flux());
        let wake = it.machine.clock.time(observer.poll_timeout()).max(now);
        let wake = match it.cut.poll_timeout() {
            Some(cut) => wake.min(it.machine.clock.time(cut).max(now)),
            None => wake,
        };
        if it.timer.is_none_or(|timer| timer <= now || timer > wake) {
            it.timer = Some(wake);
            self.agenda.put(wake, Event::Turn(node, it.boot));
        }
    }

    /// A node's timer.
    pub fn timer(&mut self, node: usize, boot: u32) {
        let it = &mut self.nodes[node];
        if it.boot != boot {
            return;
        }
        if it.timer.is_some_and(|timer| timer <= self.now) {
            it.timer = None;
        }
        if !it.machine.runs() {
            return;
        }
        let cut = it.cut.poll_timeout();
        if cut.is_some_and(|cut| it.machine.clock.time(cut) <= self.now) {
            self.duties(node, false);
        }
        self.turn(node);
    }

    /// Does what the core says.
    fn act(&mut self, node: usize) {
        loop {
            let it = &mut self.nodes[node];
            let Some(observer) = &mut it.observer else { return };
            let Some(output) = observer.poll_output() else { return };
            let boot = it.boot;
            match output {
                Output::Datagram { to, bytes } => {
                    let nonce = Unverified::read(&bytes).unwrap().nonce();
                    self.ledger.pinged(self.now, node, nonce);
                    let way = (Place::Node(node), self.host_of(to));
                    for late in self.network.datagram(way.0, way.1, &mut self.random) {
                        self.agenda.put(self.now + late, Event::ToHost { node, boot, to, bytes });
                    }
                }
                Output::Probe { nonce, to, what: _, timeout } => {
                    self.ledger.pinged(self.now, node, nonce);
                    let way = (Place::Node(node), self.host_of(to));
                    for late in self.network.datagram(way.0, way.1, &mut self.random) {
                        self.agenda.put(self.now + late, Event::Connect { node, boot, to, nonce });
                    }
                    let failed = ToNode::Probed(nonce, Probed::Failed);
                    self.agenda.put(self.now + timeout, Event::ToNode(node, boot, failed));
                }
                Output::Send { to, message } => self.say(node, index(to), message),
                Output::Condemn(message) => {
                    if matches!(message, Message::Alarm { .. }) {
                        self.ledger.alarmed = true;
                    }
                    self.note_verdicts(node, &message);
                    if let Some(leader) = self.nodes[node].seat.follows {
                        self.word(node, leader, ToNode::Condemn(message));
                    }
                }
                Output::Plead { number, lives } if self.switches.early_leases => {
                    drop(lives);
                    let instant = it.machine.clock.instant(self.now);
                    observer.handle_plea(instant, number, Some(it.state.revision()));
                }
                Output::Plead { number, lives } => self.plead(node, number, lives),
                Output::Band(band) => {
                    let subject = Subject {
                        group: band.group,
                        member: band.id,
                        incarnation: band.incarnation,
                    };
                    it.bands.insert(subject);
                }
                Output::Gone(subject) => {
                    it.bands.remove(&subject);
                }
                Output::Inquired { number, alive } => self.heard_inquiry(node, number, alive),
                other @ (Output::Resolve { .. } | Output::Frame { .. } | Output::EndStreams(_)) => {
                    panic!("no member here has a name for an address, or a stream: {other:?}")
                }
            }
        }
    }

    /// A word to another node, or to itself.
    pub fn word(&mut self, from: usize, to: usize, word: ToNode) {
        let boot = self.nodes[to].boot;
        if from == to {
            return self.agenda.put(self.now, Event::ToNode(to, boot, word));
        }
        let way = (Place::Node(from), Place::Node(to));
        if let Some(late) = self.network.word(way.0, way.1, &mut self.random) {
            self.agenda.put(self.now + late, Event::ToNode(to, boot, word));
        }
    }

    fn say(&mut self, from: usize, to: usize, message: Message) {
        if let Message::Ask(asks) = &message {
            let awake: Vec<Time> = self.nodes.iter().map(|it| it.machine.awake(self.now)).collect();
            for ask in asks {
                self.ledger.asked.insert((ask.subject.clone(), from), awake.clone());
            }
        }
        if self.switches.one_vote
            && let Message::Ask(asks) = &message
        {
            return self.forge(from, to, asks);
        }
        self.transcript.note(self.now, format_args!("node {}", from + 1), || {
            format!("to node {}: {}", to + 1, saying(&message))
        });
        self.word(from, to, ToNode::Word(from, message));
    }

    /// Verdicts, or alarms, reach a node that is believed to lead.
    fn verdicts(&mut self, node: usize, message: Message) {
        let it = &mut self.nodes[node];
        let instant = it.machine.clock.instant(self.now);
        let (epoch, removals) = match message {
            Message::Condemn { epoch, removals } => (epoch, removals),
            Message::Pardon(subjects) => return it.cut.handle_pardon(&subjects),
            Message::Alarm { node, silent, watched } => {
                return it.crowd.handle_alarm(instant, node, silent, watched);
            }
            _ => return,
        };
        let present = it.state.monitors().epoch;
        let epoch = if self.switches.no_fence { present } else { epoch };
        it.cut.handle_verdicts(instant, present, epoch, removals);
        self.duties(node, false);
    }

    /// What a leader does unasked.
    pub fn duties(&mut self, node: usize, looks: bool) {
        let now = self.now;
        let nodes = self.nodes.len();
        let it = &mut self.nodes[node];
        if !it.leads(node) {
            it.cut.clear();
            it.contact = Contact::default();
            it.crowd = Crowd::default();
            it.expiry.clear();
            it.awake = now;
            return;
        }
        if now - std::mem::replace(&mut it.awake, now) > STALE_AFTER && !self.switches.no_fence {
            it.cut.clear();
        }
        let standing = it.standing(node, nodes);
        let instant = it.machine.clock.instant(now);
        let mut wishes: Vec<Command> = it.cut.poll_output(instant).into_iter().collect();
        if looks && it.own == 0 {
            wishes.extend(it.contact.wish(instant, &standing, &it.state));
            wishes.extend(it.expiry.wish(instant, &it.state));
            wishes.extend(it.crowd.wish(instant, &it.state, WISHES_MAX));
        }
        for command in wishes {
            self.nodes[node].own += 1;
            let proposal = Proposal { token: None, if_view: None, command };
            self.write(node, vec![(proposal, None)]);
        }
    }
}

/// What one node says to another, in short.
fn saying(message: &Message) -> String {
    let words: Vec<String> = match message {
        Message::Ask(asks) => {
            let each = asks.iter().map(|ask| {
                let what = ask.affirmation.map_or("silent".to_owned(), |told| format!("{told:?}"));
                format!("do you hear {}? {what} here", ask.subject.member)
            });
            each.collect()
        }
        Message::Tell(tells) | Message::Weight(tells) => {
            let each = tells.iter().map(|tell| {
                let seen = &tell.observation;
                format!("{}: {} {}", tell.subject.member, seen.verdict.as_str(), seen.detail)
            });
            each.collect()
        }
        other => vec![format!("{other:?}")],
    };
    words.join(", ")
}
