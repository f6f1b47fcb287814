//! One process on a host: a member with its session, a server that is probed, or a stranger who
//! sits on a port. The responder, the lease and the reading of fates are the real ones; the course
//! around them (join, stream, rejoin) is the session's in few words.

use std::net::{Ipv4Addr, SocketAddr};

use gms::{
    api::WatchEvent,
    heartbeat::{FRAME_LEN, Unverified},
    id::{GroupId, MemberId, Revision},
    liveness::Kind,
    session::{
        fate::Fate,
        responder::{Responder, Statement},
    },
    span::Span,
};
use gmsd::liveness::{message::Subject, output::Probed};

use crate::{
    agenda::Time,
    machine::{Machine, Power},
    network::Place,
    node::ToNode,
    service::{Call, Reply, What},
    world::{Event, World},
};

/// Pings kept while a join is under way, as in the session's table.
const EARLY_MAX: usize = 64;

/// What reaches a program.
#[derive(Debug, Clone)]
pub enum ToProgram {
    Ping { node: usize, bytes: [u8; FRAME_LEN] },
    Reply { number: u64, node: usize, reply: Reply },
    Stream { stream: (usize, u64), event: Box<WatchEvent> },
    Fenced(Subject),
    StreamBroken { stream: (usize, u64) },
}

/// A life as its program holds it.
#[derive(Debug)]
pub struct Held {
    pub subject: Subject,
    /// None for a server that is probed.
    pub responder: Option<Responder>,
    pub since: Time,
    /// The last change of its group that it knows of.
    pub revision: Revision,
}

#[derive(Debug)]
pub struct Asking {
    pub call: Call,
    pub first: Time,
    pub until: Time,
}

/// What a process is to do.
#[derive(Debug, Clone)]
pub struct Role {
    pub group: GroupId,
    pub member: MemberId,
    pub kind: Kind,
    /// It holds a stream of its group's views.
    pub streams: bool,
    /// Another process sees its end and reports it.
    pub supervised: bool,
    /// It sits on a port and is nobody's member.
    pub is_stranger: bool,
    pub period_ms: Option<u32>,
    /// It is a static member.
    pub hold: Option<Span>,
}

impl Role {
    /// A member of the group `g` with nothing special about it.
    pub fn plain(number: usize, kind: Kind) -> Self {
        Self {
            group: "g".parse().unwrap(),
            member: format!("m{number}").parse().unwrap(),
            kind,
            streams: false,
            supervised: false,
            is_stranger: false,
            period_ms: None,
            hold: None,
        }
    }
}

/// One process.
#[derive(Debug)]
pub struct Program {
    pub role: Role,
    pub host: usize,
    pub at: SocketAddr,
    pub machine: Machine<ToProgram>,
    /// Names the life it has or asks for.
    pub instance: String,
    pub lives: u32,
    pub life: Option<Held>,
    /// It wants to be a member.
    pub wants: bool,
    pub asking: Option<Asking>,
    pub calls: u64,
    pub not_before: Time,
    pub failures: u32,
    /// The node and the number of its stream.
    pub stream: Option<(usize, u64)>,
    pub streams: u64,
    pub unreached: u32,
    pub early: Vec<(usize, [u8; FRAME_LEN])>,
    pub died: Option<Time>,
}

impl Program {
    pub fn place(&self) -> Place {
        Place::Host(self.host)
    }

    /// Until when it believes to be a member, by true time.
    pub fn lease_ends(&self) -> Option<Time> {
        let responder = self.life.as_ref()?.responder.as_ref()?;
        Some(self.machine.clock.time(responder.lease().valid_until()))
    }
}

pub fn address(host: usize, port: u16) -> SocketAddr {
    let [high, low] = u16::try_from(host).unwrap().to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, 2, high, low), port))
}

pub fn node_address(node: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(10, 1, 0, 1), 7_000 + u16::try_from(node).unwrap()))
}

impl World {
    /// Starts a process on a port that nobody has. Its number.
    pub fn start_program(&mut self, role: Role, host: usize, port: u16) -> usize {
        let number = self.programs.len();
        let clock = self.clock();
        let at = address(host, port);
        let mut machine = Machine::new(clock);
        machine.set(Power::Running, self.now);
        assert!(self.ports.insert(at, number).is_none(), "{at} is taken");
        let wants = !role.is_stranger;
        self.transcript.note(self.now, &role.member, || {
            let what = if role.is_stranger { "a stranger" } else { role.kind.as_str() };
            format!("({number}) starts at {at}: {what}")
        });
        self.programs.push(Program {
            role,
            host,
            at,
            machine,
            instance: format!("{number}-0"),
            lives: 0,
            life: None,
            wants,
            asking: None,
            calls: 0,
            not_before: self.now,
            failures: 0,
            stream: None,
            streams: 0,
            unreached: 0,
            early: Vec::new(),
            died: None,
        });
        self.agenda.put(self.now, Event::Tick(number));
        number
    }

    /// A process is gone. Killed, its kernel closes what it had open; without power nobody does.
    pub fn end_program(&mut self, number: usize, power: Power) {
        let now = self.now;
        let it = &mut self.programs[number];
        if it.machine.is_gone() {
            return;
        }
        it.machine.set(power, now);
        it.died = Some(now);
        self.ports.remove(&it.at);
        self.freed.insert(it.at, self.now);
        let (stream, role) = (it.stream.take(), it.role.clone());
        let subject = it.life.as_ref().map(|life| life.subject.clone());
        self.transcript.note(now, &role.member, || format!("({number}) is {power:?}"));
        if power == Power::Off {
            return;
        }
        if let Some(stream) = stream {
            self.end_stream(number, stream, true);
        }
        if let (true, Some(subject)) = (role.supervised, subject) {
            self.report_end(number, subject);
        }
    }

    fn report_end(&mut self, number: usize, subject: Subject) {
        use gms::{
            evidence::{Cause, Evidence},
            id::Revision,
        };
        use gmsd::membership::command::{Command, Removal};
        let removal = Removal {
            group: subject.group,
            member: subject.member,
            incarnation: subject.incarnation,
            evidence: Evidence::stated(Cause::Signal, Some(9), Vec::new()),
            since: Revision(0),
        };
        let remove = Command::Remove { epoch: 0, removals: vec![removal] };
        self.ask(number, What::Exited { removal: Box::new(remove) });
    }

    /// SIGCONT.
    pub fn wake_program(&mut self, number: usize) {
        let it = &mut self.programs[number];
        if it.machine.power() != Power::Stopped {
            return;
        }
        it.machine.set(Power::Running, self.now);
        for input in it.machine.wake() {
            self.read(number, input);
        }
    }

    pub fn to_program(&mut self, number: usize, input: ToProgram) {
        if let (true, ToProgram::Reply { .. }) = (self.programs[number].machine.is_gone(), &input) {
            // Only a supervisor, which outlives it, can have asked.
            self.programs[number].asking = None;
        }
        let is_datagram = matches!(input, ToProgram::Ping { .. });
        if let Some(input) = self.programs[number].machine.arrive(input, is_datagram) {
            self.read(number, input);
        }
    }

    fn read(&mut self, number: usize, input: ToProgram) {
        match input {
            ToProgram::Ping { node, bytes } => self.pinged(number, node, bytes),
            ToProgram::Reply { number: call, node, reply } => {
                self.told(number, call, node, reply);
            }
            ToProgram::Stream { stream, event } => self.watched(number, stream, &event),
            ToProgram::Fenced(subject) => {
                let held = self.programs[number].life.as_ref();
                if held.is_some_and(|life| life.subject == subject) {
                    self.over(number, &Fate::Removed { cause: None });
                }
            }
            ToProgram::StreamBroken { stream } => {
                let it = &mut self.programs[number];
                if it.stream == Some(stream) {
                    it.stream = None;
                    // The session comes back at once.
                    let soon = self.now + self.random.ms(3..40);
                    self.agenda.put(soon, Event::Reconnect(number));
                }
            }
        }
    }

    pub fn pinged(&mut self, number: usize, node: usize, bytes: [u8; FRAME_LEN]) {
        let it = &mut self.programs[number];
        let instant = it.machine.clock.instant(self.now);
        let Some(held) = &mut it.life else {
            if it.asking.is_some() && it.early.len() < EARLY_MAX {
                it.early.push((node, bytes));
            }
            return;
        };
        let Some(responder) = &mut held.responder else { return };
        let read = Unverified::read(&bytes).unwrap();
        let statement = Statement { acked_view: held.revision, leaving: false };
        let from = node_address(node);
        let Ok(pong) = responder.handle_ping(instant, from, &read, statement) else { return };
        let place = it.place();
        for to in pong.to {
            let to = usize::from(to.port() - 7_000);
            let boot = self.nodes[to].boot;
            for late in self.network.datagram(place, Place::Node(to), &mut self.random) {
                let pong = Event::Pong { node: to, boot, bytes: pong.frame, program: number };
                self.agenda.put(self.now + late, pong);
            }
        }
    }

    /// A ping arrives at a host: at a process, or at nobody, which its kernel says.
    pub fn to_host(&mut self, node: usize, boot: u32, to: SocketAddr, bytes: [u8; FRAME_LEN]) {
        if self.hosts_off.contains(&to.ip()) {
            return;
        }
        match self.ports.get(&to).copied() {
            Some(number) if self.programs[number].role.is_stranger => {}
            Some(number) => self.to_program(number, ToProgram::Ping { node, bytes }),
            None => {
                let way = (self.host_of(to), Place::Node(node));
                for late in self.network.datagram(way.0, way.1, &mut self.random) {
                    let refused = ToNode::Refused(to);
                    self.agenda.put(self.now + late, Event::ToNode(node, boot, refused));
                }
            }
        }
    }

    /// A connect arrives at a host. A stopped server's kernel still takes connections.
    pub fn connect(&mut self, node: usize, boot: u32, to: SocketAddr, nonce: u64) {
        if self.hosts_off.contains(&to.ip()) {
            return;
        }
        let number = self.ports.get(&to).copied();
        let probed = match number.map(|number| &self.programs[number]) {
            None => Probed::Refused,
            Some(it) if it.role.kind == Kind::Http && !it.machine.runs() => return,
            Some(_) => Probed::Answered,
        };
        let way = (self.host_of(to), Place::Node(node));
        for late in self.network.datagram(way.0, way.1, &mut self.random) {
            if let (Some(number), Probed::Answered) = (number, probed) {
                self.ledger.heard(self.now + late, node, nonce, number);
            }
            let probed = ToNode::Probed(nonce, probed);
            self.agenda.put(self.now + late, Event::ToNode(node, boot, probed));
        }
    }
}
