//! The waist, played: requests of programs at a node, the question whether a life may be replaced,
//! and the one hop to the leader.

use std::{collections::BTreeMap, sync::Arc};

use gms::{
    address::Address,
    heartbeat::Key,
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::Liveness,
    span::Span,
};
use gmsd::{
    liveness::message::{Ask, Message, Subject, Tell},
    membership::{
        apply::is_same_life,
        command::{Command, Former, Join, NodeFacts, Place, Proposal, Token},
        life::Life,
        outcome::{Outcome, Rejection},
    },
    service::inquiry::{Answers, Presence, wait_for},
};

use crate::{
    agenda::Time,
    consensus::batch,
    log::{Answer, Ticket, id},
    network,
    node::{Stream, ToNode},
    program::ToProgram,
    session::OnStream,
    world::{Event, SECRET, World},
};

/// A node behind the log looks again after this.
const BEHIND_WAIT: Time = Time::from_millis(20);

/// How long an attempt to tell where a node is may take, as in a node.
const TELL_WAIT: Time = Time::from_secs(2);

/// A request of a program.
#[derive(Debug, Clone)]
pub struct Call {
    pub program: usize,
    pub number: u64,
    pub group: GroupId,
    pub member: MemberId,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Join {
        address: Address,
        liveness: Liveness,
        hold: Option<Span>,
        instance: String,
        token: String,
    },
    Leave {
        incarnation: Incarnation,
    },
    /// A supervisor saw the program end.
    Exited {
        removal: Box<Command>,
    },
    /// A member-scoped request of this life.
    Touch {
        incarnation: Incarnation,
        token: String,
    },
    /// Does this life live?
    Look {
        incarnation: Incarnation,
    },
    Hold {
        millis: u64,
    },
}

/// What a program is told.
#[derive(Debug, Clone)]
pub enum Reply {
    Joined {
        incarnation: Incarnation,
        key: Key,
        revision: Revision,
    },
    Done,
    /// That life is over.
    Over,
    Lives,
    /// Another life is there, and was heard.
    Occupied,
    /// Nobody leads, or it is busy: ask again.
    Later,
}

/// A join that waits until it is known whether the present life may be replaced.
#[derive(Debug)]
struct Entering {
    call: Call,
    replaces: Former,
    waiting: usize,
    answers: Answers,
}

/// What a node's door keeps of requests under way.
#[derive(Debug, Default)]
pub struct Door {
    numbered: u64,
    asked: BTreeMap<u64, Call>,
    entering: BTreeMap<u64, Entering>,
    inquiries: BTreeMap<u64, (usize, u64)>,
    /// Under which number this node told last that it has started, and when.
    started: Option<(u64, Time)>,
    /// What this node's observer calls its pleas.
    pleas: BTreeMap<u64, u64>,
    /// At the leader: proposals that wait for the entry under way.
    waiting: Vec<(Proposal, Option<Ticket>)>,
}

impl Door {
    /// The door of the next process: no answer to a request of this one finds one of its own.
    pub fn reopened(&self) -> Self {
        Self { numbered: self.numbered, ..Self::default() }
    }

    /// Another node, or this one, wants to know whether a life answers.
    pub fn note_inquiry(&mut self, from: usize, number: u64) -> u64 {
        self.numbered += 1;
        self.inquiries.insert(self.numbered, (from, number));
        self.numbered
    }

    fn note(&mut self, call: Call) -> u64 {
        self.numbered += 1;
        self.asked.insert(self.numbered, call);
        self.numbered
    }
}

impl World {
    /// A request reaches a node.
    pub fn call(&mut self, node: usize, call: Call) {
        let state = Arc::clone(&self.nodes[node].state);
        let present = state.life(&call.group, &call.member).cloned();
        let (group, member) = (call.group.clone(), call.member.clone());
        match call.what.clone() {
            What::Join { .. } => {
                let join = join(&call, None);
                match present {
                    Some(life) if !life.is_away() && !is_same_life(&join, &life) => {
                        self.inquire(node, call, &life);
                    }
                    _ => self.enter(node, call, None),
                }
            }
            What::Leave { incarnation } => {
                let incarnation = Some(incarnation);
                let leave = Command::Leave { group, member, incarnation, reason: None };
                self.propose(node, call, None, leave);
            }
            What::Exited { removal } => self.propose(node, call, None, *removal),
            What::Touch { incarnation, token } => {
                let tags = [("touched".to_owned(), Some(token))].into();
                let incarnation = Some(incarnation);
                let change = Command::Change { group, member, incarnation, tags, drain: None };
                self.propose(node, call, None, change);
            }
            What::Hold { millis } => {
                let lasts = Span::from_millis(millis);
                let hold = Command::SetHold { group, lasts, reason: "maintenance".to_owned() };
                self.propose(node, call, None, hold);
            }
            What::Look { incarnation } => {
                let reply = match present {
                    Some(life) if life.incarnation == incarnation && !life.is_away() => {
                        Reply::Lives
                    }
                    // A node behind the log does not know yet.
                    _ if state.revision().0 < incarnation.0 => Reply::Later,
                    _ => Reply::Over,
                };
                self.reply(node, &call, reply);
            }
        }
    }

    /// Asks all nodes whether the present life answers.
    fn inquire(&mut self, node: usize, call: Call, present: &Life) {
        let replaces = Former {
            incarnation: present.incarnation,
            since: Some(self.nodes[node].state.revision()),
        };
        let subject = Subject {
            group: call.group.clone(),
            member: call.member.clone(),
            incarnation: replaces.incarnation,
        };
        let door = &mut self.nodes[node].door;
        door.numbered += 1;
        let number = door.numbered;
        let waiting = self.nodes.len();
        let entering = Entering { call, replaces, waiting, answers: Answers::default() };
        self.nodes[node].door.entering.insert(number, entering);
        for other in 0..self.nodes.len() {
            let subject = subject.clone();
            self.word(node, other, ToNode::Inquire { from: node, number, subject });
        }
        let boot = self.nodes[node].boot;
        self.agenda
            .put(self.now + wait_for(&present.liveness), Event::InquiryOver { node, boot, number });
    }

    /// This node's observer has found out.
    pub fn heard_inquiry(&mut self, node: usize, number: u64, alive: Option<bool>) {
        if let Some((from, number)) = self.nodes[node].door.inquiries.remove(&number) {
            self.word(node, from, ToNode::Inquired { from: node, number, alive });
        }
    }

    /// A node has answered an inquiry of this one.
    pub fn inquired(&mut self, node: usize, from: usize, number: u64, alive: Option<bool>) {
        let Some(entering) = self.nodes[node].door.entering.get_mut(&number) else { return };
        entering.answers.note(id(from), alive);
        entering.waiting -= 1;
        if entering.waiting == 0 {
            self.inquiry_over(node, number);
        }
    }

    /// All have answered, or have had their time.
    pub fn inquiry_over(&mut self, node: usize, number: u64) {
        let Some(entering) = self.nodes[node].door.entering.remove(&number) else { return };
        let presence = entering.answers.presence(self.nodes[node].state.configuration());
        self.transcript.note(self.now, format_args!("node {}", node + 1), || {
            format!("finds the present life of {} {presence:?}", entering.call.member)
        });
        match presence {
            Presence::Heard => self.reply(node, &entering.call, Reply::Occupied),
            Presence::Unknown => self.reply(node, &entering.call, Reply::Later),
            Presence::Silent => {
                self.note_replaceable(node, &entering.call, entering.replaces.incarnation);
                self.enter(node, entering.call, Some(entering.replaces));
            }
        }
    }

    fn enter(&mut self, node: usize, call: Call, replaces: Option<Former>) {
        let join = Command::Join(join(&call, replaces));
        let What::Join { token, .. } = &call.what else { return };
        let token = token.clone();
        self.propose(node, call, Some(token), join);
    }

    /// One hop to the leader.
    fn propose(&mut self, node: usize, call: Call, token: Option<String>, command: Command) {
        let Some(leader) = self.nodes[node].seat.follows else {
            return self.reply(node, &call, Reply::Later);
        };
        let number = self.nodes[node].door.note(call);
        let token = token.map(|key| Token { key, request: [0; 16] });
        let proposal = Proposal { token, if_view: None, command };
        self.word(node, leader, ToNode::Propose(Ticket { node, number }, proposal));
    }

    /// Tells the log that this node has started, until it is known to be there.
    pub fn tell_where(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        let lately = it.door.started.is_some_and(|(_, at)| self.now - at < TELL_WAIT);
        let Some(leader) = it.seat.follows.filter(|_| !it.is_known && !lately) else { return };
        it.door.numbered += 1;
        let number = it.door.numbered;
        it.door.started = Some((number, self.now));
        let command = Command::NodeStarted(NodeFacts {
            node: id(node),
            api_url: String::new(),
            lineage: format!("node {node}"),
            version: String::new(),
        });
        let proposal = Proposal { token: None, if_view: None, command };
        self.word(node, leader, ToNode::Propose(Ticket { node, number }, proposal));
    }

    /// This node's observer wants the log to note who was heard. If that is lost, it asks again.
    pub fn plead(&mut self, node: usize, plea: u64, lives: Vec<Place>) {
        self.transcript.note(self.now, format_args!("node {}", node + 1), || {
            let who = lives.iter().map(|of| format!("{}@{}", of.member, of.incarnation));
            format!("pleads for {}", who.collect::<Vec<_>>().join(", "))
        });
        let Some(leader) = self.nodes[node].seat.follows else { return };
        let door = &mut self.nodes[node].door;
        door.numbered += 1;
        let number = door.numbered;
        door.pleas.insert(number, plea);
        let command = Command::Heard { lives };
        let proposal = Proposal { token: None, if_view: None, command };
        self.word(node, leader, ToNode::Propose(Ticket { node, number }, proposal));
    }

    /// At the leader: what waits together goes together.
    pub fn propose_at_leader(&mut self, node: usize, ticket: Ticket, proposal: Proposal) {
        let it = &mut self.nodes[node];
        if !it.leads(node) {
            return;
        }
        it.door.waiting.push((proposal, Some(ticket)));
        if it.door.waiting.len() == 1 {
            let soon = self.now + self.random.us(0..3_000);
            self.agenda.put(soon, Event::Batch(node, it.boot));
        }
    }

    pub fn batch(&mut self, node: usize, boot: u32) {
        let it = &mut self.nodes[node];
        if it.boot != boot || it.machine.is_gone() {
            return;
        }
        if !it.machine.runs() {
            return self.agenda.put(self.now + Time::from_millis(10), Event::Batch(node, boot));
        }
        let proposals = batch(&mut it.door.waiting);
        if !it.door.waiting.is_empty() {
            self.agenda.put(self.now + Time::from_millis(3), Event::Batch(node, boot));
        }
        if !proposals.is_empty() {
            self.write(node, proposals);
        }
    }

    /// What became of a proposal.
    pub fn answered(&mut self, node: usize, number: u64, revision: Revision, answer: Answer) {
        let it = &mut self.nodes[node];
        if it.door.started.is_some_and(|(told, _)| told == number) {
            it.is_known = true;
            if let Some(observer) = &mut it.observer {
                observer.handle_started(revision);
            }
            return;
        }
        if let Some(plea) = it.door.pleas.remove(&number) {
            let instant = it.machine.clock.instant(self.now);
            if let Some(observer) = &mut it.observer {
                observer.handle_plea(instant, plea, Some(revision));
            }
            return;
        }
        let Some(call) = it.door.asked.remove(&number) else { return };
        self.ledger.answered(self.now, &call, revision, &answer);
        let reply = match answer {
            Ok(Outcome::Joined { life, view, .. }) => {
                let key = Key::derive(&SECRET, &call.group, &call.member, life.incarnation);
                let revision = view.max(Revision(life.incarnation.0));
                Reply::Joined { incarnation: life.incarnation, key, revision }
            }
            Ok(_) => Reply::Done,
            Err(Rejection::Fenced { .. } | Rejection::NoMember { .. }) => Reply::Over,
            Err(_) => Reply::Later,
        };
        self.reply(node, &call, reply);
    }

    fn reply(&mut self, node: usize, call: &Call, reply: Reply) {
        let way = (network::Place::Node(node), self.programs[call.program].place());
        if let Some(late) = self.network.word(way.0, way.1, &mut self.random) {
            let reply = ToProgram::Reply { number: call.number, node, reply };
            self.agenda.put(self.now + late, Event::ToProgram(call.program, reply));
        }
    }

    /// A program names itself on a stream.
    pub fn stream_opened(
        &mut self,
        node: usize,
        stream: (usize, u64),
        subject: Subject,
        after: Revision,
    ) {
        let it = &mut self.nodes[node];
        let known = it.state.group(&subject.group);
        let life = known.and_then(|known| known.life(&subject.member, subject.incarnation));
        let lives = life.is_some();
        if !lives && it.state.revision().0 < subject.incarnation.0 {
            // It answers once it knows the view that the program has seen.
            let again = ToNode::StreamOpened { stream, subject, after };
            return self.agenda.put(self.now + BEHIND_WAIT, Event::ToNode(node, it.boot, again));
        }
        if !lives {
            return self.send_on_stream(node, stream, OnStream::Fenced(subject));
        }
        let instant = it.machine.clock.instant(self.now);
        if let Some(observer) = &mut it.observer {
            observer.handle_session_opened(instant, &subject);
        }
        it.streams.insert(stream, Stream { subject, after });
        self.feed_streams(node);
    }

    /// A node gives up a stream.
    pub fn stream_lost(&mut self, node: usize, stream: (usize, u64)) {
        let it = &mut self.nodes[node];
        let instant = it.machine.clock.instant(self.now);
        if let (Some(stream), Some(observer)) = (it.streams.remove(&stream), &mut it.observer) {
            observer.handle_session_closed(instant, &stream.subject, false);
        }
    }

    /// What "one vote suffices" would be: nobody is asked, and everybody is taken to have agreed.
    pub fn forge(&mut self, from: usize, to: usize, asks: &[Ask]) {
        let tells = asks.iter().map(|ask| Tell {
            subject: ask.subject.clone(),
            round: ask.round,
            observation: gms::evidence::Observation {
                node: id(to),
                verdict: gms::evidence::Verdict::Silent,
                age_ms: None,
                health: 0,
                detail: "taken for granted".to_owned(),
            },
        });
        let word = ToNode::Word(to, Message::Tell(tells.collect()));
        let boot = self.nodes[from].boot;
        self.agenda.put(self.now, Event::ToNode(from, boot, word));
    }
}

fn join(call: &Call, replaces: Option<Former>) -> Join {
    let What::Join { address, liveness, hold, instance, .. } = &call.what else {
        panic!("no join: {call:?}");
    };
    Join {
        group: call.group.clone(),
        member: call.member.clone(),
        address: address.clone(),
        liveness: liveness.clone(),
        tags: gms::view::Tags::new(),
        hold: *hold,
        instance: Some(instance.clone()),
        owner: String::new(),
        replaces,
    }
}
