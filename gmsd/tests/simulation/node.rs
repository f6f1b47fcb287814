//! One node: the real observer, the real state, the real cut and the real rule of who is fit, with
//! the shells around them played: what `udp::shell` reads first, what `service::duties` looks at.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use gms::{heartbeat::FRAME_LEN, id::Revision, liveness::Kind};
use gmsd::{
    liveness::{
        message::{Message, Subject},
        observer::Observer,
        output::Probed,
        timing::Timing,
    },
    membership::{command::Proposal, state::State},
    raft::standing::{Follower, Role, Standing},
    service::{contact::Contact, crowd::Crowd, cut::Cut, expiry::Expiry},
};

use crate::{
    agenda::Time,
    log::{Answer, Seat, Ticket, id},
    machine::{Machine, Power},
    service::{Call, Door},
    world::{Event, World},
};

/// How long ago the last contact with a quorum may be for a ping to extend leases, as in the shell.
const QUORUM_FRESH: Time = Time::from_millis(500);
/// How often the leader looks, as in its duties.
pub const LOOK_EVERY: Time = Time::from_millis(50);

/// What reaches a node's process.
#[derive(Debug, Clone)]
pub enum ToNode {
    Datagram(SocketAddr, [u8; FRAME_LEN]),
    Refused(SocketAddr),
    Probed(u64, Probed),
    Word(usize, Message),
    Condemn(Message),
    Heartbeat { from: usize, term: u64, committed: Revision, sent: Time },
    Ack { from: usize, term: u64, sent: Time, matched: Revision },
    Apply(Revision),
    StreamOpened { stream: (usize, u64), subject: Subject, after: Revision },
    StreamEnded { stream: (usize, u64), by_member: bool },
    Call(Call),
    Inquire { from: usize, number: u64, subject: Subject },
    Inquired { from: usize, number: u64, alive: Option<bool> },
    Propose(Ticket, Proposal),
    Applied { number: u64, revision: Revision, answer: Answer },
}

impl ToNode {
    fn is_datagram(&self) -> bool {
        matches!(self, ToNode::Datagram(..) | ToNode::Refused(_))
    }
}

/// A stream of a group's views to one program.
#[derive(Debug)]
pub struct Stream {
    pub subject: Subject,
    pub after: Revision,
}

/// One node's process, and what of it survives its end.
#[derive(Debug)]
pub struct Node {
    pub machine: Machine<ToNode>,
    /// Counts its starts: what was meant for a former one finds nobody.
    pub boot: u32,
    pub observer: Option<Observer>,
    pub state: Arc<State>,
    pub snapshot: Arc<State>,
    pub seat: Seat,
    pub cut: Cut,
    pub contact: Contact,
    pub crowd: Crowd,
    pub expiry: Expiry,
    /// As leader: when it last looked.
    pub awake: Time,
    pub streams: BTreeMap<(usize, u64), Stream>,
    pub door: Door,
    /// Members it says it is the monitor of.
    pub bands: BTreeSet<Subject>,
    pub timer: Option<Time>,
    /// Proposals of the leader's own that are not answered yet.
    pub own: usize,
    /// How much longer than usual it takes to apply an entry.
    pub lag: Time,
    /// How much longer than usual its disk takes.
    pub fsync: Time,
    /// It is stopped with its whole machine, whose clock does not count the time.
    pub is_suspended: bool,
    /// The log knows that it has started, and so does it.
    pub is_known: bool,
    /// Its wall clock is off by so many milliseconds.
    pub wall_ms: u64,
}

impl Node {
    pub fn new(machine: Machine<ToNode>, seat: Seat) -> Self {
        Self {
            machine,
            boot: 0,
            observer: None,
            state: Arc::default(),
            snapshot: Arc::default(),
            seat,
            cut: Cut::default(),
            contact: Contact::default(),
            crowd: Crowd::default(),
            expiry: Expiry::default(),
            awake: Time::ZERO,
            streams: BTreeMap::new(),
            door: Door::default(),
            bands: BTreeSet::new(),
            timer: None,
            own: 0,
            lag: Time::ZERO,
            fsync: Time::ZERO,
            is_suspended: false,
            is_known: false,
            wall_ms: 1_000_000_000,
        }
    }

    pub fn leads(&self, node: usize) -> bool {
        self.seat.follows == Some(node)
    }

    pub fn is_fresh(&self, node: usize, now: Time) -> bool {
        let contact = self.seat.quorum_contact(node, now);
        contact.is_some_and(|at| now.saturating_sub(at) < QUORUM_FRESH)
    }

    /// As openraft's metrics would say it.
    pub fn standing(&self, node: usize, nodes: usize) -> Standing {
        let mut standing = Standing::new(id(node));
        standing.role = if self.leads(node) { Role::Leader } else { Role::Follower };
        standing.term = self.seat.term;
        standing.leader = self.seat.follows.map(id);
        standing.leader_ready = self.leads(node);
        standing.voters = (0..nodes).map(id).collect();
        standing.last_log = Some(self.seat.committed);
        for (peer, ack) in self.seat.acks.iter().enumerate() {
            if let Some((sent, matched)) = ack {
                let contact = Some(self.machine.clock.instant(*sent));
                standing.followers.insert(id(peer), Follower { matched: Some(*matched), contact });
            }
        }
        standing
    }
}

impl World {
    /// Starts a node's process. It finds its snapshot, or all it had applied, and the rest comes.
    pub fn start_node(&mut self, node: usize) {
        let from_snapshot = self.random.chance(300);
        let sequence = u32::try_from(self.random.below(1 << 32)).unwrap();
        let seat = Seat::new(self.nodes.len(), &mut self.random);
        let grace = self.boot_grace;
        let early = self.switches.early_start;
        let now = self.now;
        self.ledger.calm_broken(now);
        let it = &mut self.nodes[node];
        it.machine.set(Power::Running, now);
        it.boot += 1;
        if from_snapshot {
            it.state = Arc::clone(&it.snapshot);
        }
        let term = it.seat.term;
        it.seat = Seat { term, ..seat };
        let timing = Timing { boot_grace: grace, ..Timing::default() };
        let instant = it.machine.clock.instant(now);
        let observer = Observer::new(id(node), timing, Arc::clone(&it.state), sequence, instant);
        it.observer = Some(observer);
        it.cut = Cut::default();
        it.contact = Contact::default();
        it.crowd = Crowd::default();
        it.expiry.clear();
        it.is_suspended = false;
        // The first start is before the time that is played.
        it.is_known = it.boot == 1;
        if (early || it.is_known)
            && let Some(observer) = &mut it.observer
        {
            observer.handle_started(Revision(0));
        }
        it.door = it.door.reopened();
        it.bands.clear();
        it.timer = None;
        it.own = 0;
        self.transcript.note(now, format_args!("node {}", node + 1), || {
            format!("starts with revision {}", self.nodes[node].state.revision())
        });
        self.turn(node);
        self.agenda.put(now + LOOK_EVERY, Event::Duties(node, self.nodes[node].boot));
    }

    /// Its process is gone: kill -9.
    pub fn kill_node(&mut self, node: usize, power: Power) {
        if self.nodes[node].machine.is_gone() {
            return;
        }
        let now = self.now;
        self.ledger.calm_broken(now);
        let it = &mut self.nodes[node];
        it.machine.set(power, now);
        it.observer = None;
        let streams: Vec<(usize, u64)> = std::mem::take(&mut it.streams).into_keys().collect();
        self.transcript.note(now, format_args!("node {}", node + 1), || format!("is {power:?}"));
        if power == Power::Dead {
            streams.into_iter().for_each(|stream| self.stream_breaks(stream, node));
        }
    }

    /// SIGCONT: what waited is read before anything is judged.
    pub fn wake_node(&mut self, node: usize) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if it.machine.power() != Power::Stopped {
            return;
        }
        let slept_from = it.machine.since();
        it.machine.set(Power::Running, now);
        if std::mem::take(&mut it.is_suspended) {
            it.machine.clock.lose(now - slept_from);
        }
        let waiting = it.machine.wake();
        if self.switches.machine_time {
            self.step_clock(node, slept_from);
        }
        if self.switches.judge_first {
            self.turn(node);
        }
        // The tasks of a process run in any order.
        if self.random.chance(500) {
            self.duties(node, false);
        }
        for input in waiting {
            self.take(node, input);
        }
        let it = &mut self.nodes[node];
        let lost = it.machine.take_lost();
        let instant = it.machine.clock.instant(now);
        if let (Some(observer), true) = (&mut it.observer, lost > 0) {
            observer.handle_overflow(instant, lost);
        }
        self.turn(node);
    }

    /// Lets the observer's clock see no stall: what "deadlines on the machine's clock" would be.
    fn step_clock(&mut self, node: usize, from: Time) {
        let nobody = Subject {
            group: "nobody".parse().unwrap(),
            member: "nobody".parse().unwrap(),
            incarnation: gms::id::Incarnation(0),
        };
        let now = self.now;
        let it = &mut self.nodes[node];
        let Some(observer) = &mut it.observer else { return };
        let mut at = from;
        while at < now {
            at += Time::from_millis(50);
            let instant = it.machine.clock.instant(at.min(now));
            observer.handle_resolved(instant, u32::MAX, &nobody, None);
        }
    }

    /// Something reaches a node.
    pub fn to_node(&mut self, node: usize, boot: u32, input: ToNode) {
        let it = &mut self.nodes[node];
        if it.boot != boot {
            return;
        }
        let is_datagram = input.is_datagram();
        if let Some(input) = it.machine.arrive(input, is_datagram) {
            self.take(node, input);
            self.turn(node);
        }
    }
}

impl Node {
    /// The leader's own proposals may be made again: they were carried out, or are lost.
    pub fn forget_own(&mut self) {
        self.own = 0;
    }
}

/// Whether a member of this kind is asked by connecting to it.
pub fn is_probed(kind: Kind) -> bool {
    matches!(kind, Kind::Tcp | Kind::Http)
}
