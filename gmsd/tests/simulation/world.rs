//! The world: all nodes, hosts and programs, what lies between them, and the order of events.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use gms::{
    heartbeat::{FRAME_LEN, Unverified},
    liveness::Kind,
    span::Span,
};
use gmsd::membership::{
    command::{Command, Proposal},
    state::State,
};

use crate::{
    agenda::{Agenda, Time},
    faults::Act,
    ledger::Ledger,
    log::{CAMPAIGN, HEARTBEAT, Log, Seat, id},
    machine::{Clock, Machine, Power},
    network::{Network, Place, Trouble, Ways},
    node::{LOOK_EVERY, Node, ToNode},
    program::{Program, Role, ToProgram, address},
    random::Random,
    transcript::Transcript,
};

pub const SECRET: [u8; 32] = [9; 32];
/// How often the checkers look at what should have happened by now.
const CHECK_EVERY: Time = Time::from_millis(100);
/// More events than this in one second of a run are a circle: a thousand members make ten thousand.
const EVENTS_A_SECOND_MAX: u32 = 300_000;
/// Where members listen.
pub const PORT: u16 = 9_000;

/// What happens next.
#[derive(Debug)]
pub enum Event {
    ToNode(usize, u32, ToNode),
    Pong { node: usize, boot: u32, bytes: [u8; FRAME_LEN], program: usize },
    ToHost { node: usize, boot: u32, to: SocketAddr, bytes: [u8; FRAME_LEN] },
    Connect { node: usize, boot: u32, to: SocketAddr, nonce: u64 },
    ToProgram(usize, ToProgram),
    Turn(usize, u32),
    Duties(usize, u32),
    Batch(usize, u32),
    InquiryOver { node: usize, boot: u32, number: u64 },
    Tick(usize),
    Reconnect(usize),
    Heartbeats,
    Campaign,
    Commit { leader: usize, number: u64 },
    Replicate { leader: usize, number: u64 },
    Check,
    Act(Act),
}

/// Protections that a test takes away, by what it does around the cores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Removals meet whoever has the name now.
    pub no_fence: bool,
    /// An accuser's word is enough.
    pub one_vote: bool,
    /// Deadlines run on the machine's clock: no stall is seen.
    pub machine_time: bool,
    /// Deadlines are judged before what waits is read.
    pub judge_first: bool,
    /// Whoever hears a life after a doubt extends its lease at once, and the log knows nothing of it.
    pub early_leases: bool,
    /// A node that starts extends leases before the log knows of it.
    pub early_start: bool,
}

/// How a world begins.
#[derive(Debug, Clone)]
pub struct Setup {
    pub seed: u64,
    pub nodes: usize,
    pub switches: Switches,
    pub boot_grace: Time,
    pub is_recorded: bool,
}

impl Setup {
    pub fn new(seed: u64, nodes: usize) -> Self {
        Self {
            seed,
            nodes,
            switches: Switches::default(),
            boot_grace: Time::from_secs(10),
            is_recorded: false,
        }
    }
}

pub struct World {
    pub now: Time,
    pub random: Random,
    pub agenda: Agenda<Event>,
    pub network: Network,
    pub log: Log,
    /// The state at the end of the log: what is true.
    pub truth: Arc<State>,
    pub nodes: Vec<Node>,
    pub programs: Vec<Program>,
    pub ports: BTreeMap<SocketAddr, usize>,
    /// Since when nobody has a port that somebody had.
    pub freed: BTreeMap<SocketAddr, Time>,
    pub hosts_off: BTreeSet<IpAddr>,
    pub ledger: Ledger,
    pub transcript: Transcript,
    pub switches: Switches,
    pub boot_grace: Time,
    origin: Instant,
}

impl World {
    /// A cluster that has elected its leader; nobody is a member yet.
    pub fn new(setup: &Setup) -> Self {
        // The past of a clock must be there to be subtracted from.
        let origin = Instant::now() + Time::from_secs(3_600);
        let mut random = Random::new(setup.seed);
        let nodes = (0..setup.nodes)
            .map(|_| {
                let clock = Clock::new(origin + random.ms(0..1_000_000), drift(&mut random));
                Node::new(Machine::new(clock), Seat::new(setup.nodes, &mut random))
            })
            .collect();
        let mut world = Self {
            now: Time::ZERO,
            random,
            agenda: Agenda::new(),
            network: Network::default(),
            log: Log::new(setup.nodes),
            truth: Arc::default(),
            nodes,
            programs: Vec::new(),
            ports: BTreeMap::new(),
            freed: BTreeMap::new(),
            hosts_off: BTreeSet::new(),
            ledger: Ledger::default(),
            transcript: Transcript::new(setup.is_recorded),
            switches: setup.switches,
            boot_grace: setup.boot_grace,
            origin,
        };
        world.check_committed();
        world.agenda.put(HEARTBEAT, Event::Heartbeats);
        world.agenda.put(CAMPAIGN, Event::Campaign);
        world.agenda.put(CHECK_EVERY, Event::Check);
        for node in 0..setup.nodes {
            world.start_node(node);
        }
        world.run_for(Time::from_millis(600));
        let leader = world.log.leader.expect("a quiet cluster elects");
        let found = Command::Found { secret: SECRET };
        let monitors = Command::SetMonitors { epoch: 0, nodes: (0..setup.nodes).map(id).collect() };
        let wish = |command| (Proposal { token: None, if_view: None, command }, None);
        world.write(leader, vec![wish(found), wish(monitors)]);
        world.run_for(Time::from_millis(100));
        world
    }

    /// The clock of a new machine.
    pub fn clock(&mut self) -> Clock {
        Clock::new(self.origin, drift(&mut self.random))
    }

    /// So many members of one kind, each on its own host, and time to join.
    pub fn members(&mut self, count: usize, kind: Kind, streams: bool) -> Vec<usize> {
        self.members_with(count, kind, streams, None)
    }

    /// The same, static ones if there is a hold.
    pub fn members_with(
        &mut self,
        count: usize,
        kind: Kind,
        streams: bool,
        hold: Option<Span>,
    ) -> Vec<usize> {
        let numbers: Vec<usize> = (0..count)
            .map(|_| {
                let number = self.programs.len();
                let role = Role { streams, hold, ..Role::plain(number, kind) };
                self.start_program(role, number, PORT)
            })
            .collect();
        self.run_for(Time::from_millis(1_500));
        numbers
    }

    pub fn host_of(&self, at: SocketAddr) -> Place {
        let IpAddr::V4(ip) = at.ip() else { panic!("{at} is not of this world") };
        let [_, _, high, low] = ip.octets();
        Place::Host(usize::from(u16::from_be_bytes([high, low])))
    }

    pub fn run_for(&mut self, time: Time) {
        self.run_until(self.now + time);
    }

    /// Lets time pass.
    pub fn run_until(&mut self, until: Time) {
        let mut in_second = 0_u32;
        while let Some((at, event)) = self.agenda.next_until(until) {
            in_second = if at.as_secs() == self.now.as_secs() { in_second + 1 } else { 0 };
            if in_second > EVENTS_A_SECOND_MAX {
                return self.ledger.fail(format!("time stands still at {at:?} with {event:?}"));
            }
            self.now = at;
            self.happen(event);
            if self.ledger.has_failed() {
                return;
            }
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ToNode(node, boot, input) => self.to_node(node, boot, input),
            Event::Pong { node, boot, bytes, program } => {
                let nonce = Unverified::read(&bytes).unwrap().nonce();
                self.ledger.heard(self.now, node, nonce, program);
                let from = self.programs[program].at;
                self.to_node(node, boot, ToNode::Datagram(from, bytes));
            }
            Event::ToHost { node, boot, to, bytes } => self.to_host(node, boot, to, bytes),
            Event::Connect { node, boot, to, nonce } => self.connect(node, boot, to, nonce),
            Event::ToProgram(program, input) => self.to_program(program, input),
            Event::Turn(node, boot) => self.timer(node, boot),
            Event::Duties(node, boot) => {
                let it = &self.nodes[node];
                if it.boot != boot || it.machine.is_gone() {
                    return;
                }
                self.agenda.put(self.now + LOOK_EVERY, Event::Duties(node, boot));
                if it.machine.runs() {
                    self.tell_where(node);
                    self.duties(node, true);
                }
            }
            Event::Batch(node, boot) => self.batch(node, boot),
            Event::InquiryOver { node, boot, number } => {
                if self.nodes[node].boot == boot && self.nodes[node].machine.runs() {
                    self.inquiry_over(node, number);
                }
            }
            Event::Tick(program) => self.tick(program),
            Event::Reconnect(program) => self.reconnect(program),
            Event::Heartbeats => self.heartbeats(),
            Event::Campaign => self.campaign(),
            Event::Commit { leader, number } => self.commit(leader, number),
            Event::Replicate { leader, number } => self.replicate(leader, number),
            Event::Check => {
                self.check_overdue();
                self.agenda.put(self.now + CHECK_EVERY, Event::Check);
            }
            Event::Act(act) => self.play(act),
        }
    }

    // What befalls the world.

    /// Begins trouble on the network; the number ends it.
    pub fn trouble(&mut self, ways: Ways, trouble: Trouble) -> u64 {
        self.ledger.calm_broken(self.now);
        self.transcript.note(self.now, "network", || format!("{trouble:?} on {ways:?}"));
        self.network.begin(ways, trouble)
    }

    pub fn relief(&mut self, number: u64) {
        self.ledger.calm_broken(self.now);
        self.transcript.note(self.now, "network", || format!("trouble {number} is over"));
        self.network.end(number, self.now);
    }

    /// SIGSTOP.
    pub fn stop_node(&mut self, node: usize) {
        self.ledger.calm_broken(self.now);
        if self.nodes[node].machine.runs() {
            self.nodes[node].machine.set(Power::Stopped, self.now);
            self.transcript.note(self.now, format_args!("node {}", node + 1), || "stops".into());
        }
    }

    /// SIGCONT.
    pub fn continue_node(&mut self, node: usize) {
        self.ledger.calm_broken(self.now);
        self.transcript.note(self.now, format_args!("node {}", node + 1), || "goes on".into());
        self.wake_node(node);
    }

    pub fn stop_program(&mut self, number: usize) {
        self.ledger.calm_broken(self.now);
        let it = &mut self.programs[number];
        if it.machine.runs() {
            it.machine.set(Power::Stopped, self.now);
            let who = it.role.member.clone();
            self.transcript.note(self.now, who, || format!("({number}) stops"));
        }
    }

    pub fn continue_program(&mut self, number: usize) {
        self.ledger.calm_broken(self.now);
        let who = self.programs[number].role.member.clone();
        self.transcript.note(self.now, who, || format!("({number}) goes on"));
        self.wake_program(number);
    }

    pub fn kill(&mut self, number: usize) {
        self.end_program(number, Power::Dead);
    }

    /// A host loses its power, with all that runs on it.
    pub fn power_off(&mut self, number: usize) {
        let host = self.programs[number].host;
        self.hosts_off.insert(address(host, 0).ip());
        for other in 0..self.programs.len() {
            if self.programs[other].host == host {
                self.end_program(other, Power::Off);
            }
        }
    }

    /// The same member again, as a new process on the same host. Its number.
    pub fn restart(&mut self, number: usize, port: u16) -> usize {
        let role = self.programs[number].role.clone();
        let host = self.programs[number].host;
        self.hosts_off.remove(&address(host, 0).ip());
        let at = address(host, port);
        if let Some(other) = self.ports.get(&at).copied() {
            self.kill(other);
        }
        let started = self.start_program(role, host, port);
        let who = self.programs[number].role.member.clone();
        self.transcript.note(self.now, who, || format!("({started}) starts after ({number})"));
        started
    }

    /// Somebody on the way resets a program's stream: both ends take the other for closed.
    pub fn reset_stream(&mut self, number: usize) {
        if let Some(stream) = self.programs[number].stream {
            let who = self.programs[number].role.member.clone();
            self.transcript.note(self.now, who, || format!("({number}) has its stream reset"));
            self.end_stream(number, stream, true);
            self.stream_breaks((number, stream.1), stream.0);
        }
    }
}

/// A clock is wrong by up to half a thousandth, as NTP lets it be.
fn drift(random: &mut Random) -> i64 {
    i64::try_from(random.below(1_001)).unwrap() - 500
}
