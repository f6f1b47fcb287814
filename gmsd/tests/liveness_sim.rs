//! The liveness of three nodes and many members in simulated time, on a network that loses, delays
//! and cuts, with a log that keeps only Raft's contract: one order, applied with a lag.
//!
//! One seed makes one run. A failing run names its seed; put it into `REPLAY_SEED` and run the
//! named test to see the same again.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

use std::{
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    heartbeat::{Key, Unverified},
    id::{NodeId, Revision},
    liveness::{Kind, Liveness},
};
use gmsd::{
    liveness::{
        message::{Message, Subject},
        observer::Observer,
        output::Output,
        timing::Timing,
    },
    membership::{
        command::{Command, Entry, Join, Proposal},
        outcome::Outcome,
        state::State,
    },
};

const SECRET: [u8; 32] = [9; 32];
const STEP: Duration = Duration::from_millis(5);

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What is on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Travelling {
    ToMember { node: usize, to: SocketAddr, bytes: Vec<u8> },
    ToNode { node: usize, from: SocketAddr, bytes: Vec<u8> },
    Refused { node: usize, at: SocketAddr },
    Closed { node: usize, member: usize },
    Word { to: usize, from: usize, word: Word },
    Applied { node: usize, index: usize },
}

/// A message, ordered by when it was made: messages themselves have no order.
#[derive(Debug, Clone)]
struct Word(u64, Message);

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Word {}
impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Word {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    /// kill -9: its kernel refuses.
    Killed,
    /// No power: nothing answers.
    Off,
    /// It loses four pings of five, whoever asks.
    Lossy,
}

struct Member {
    at: SocketAddr,
    life: Life,
    died: Option<Duration>,
    subject: Subject,
    removed: Option<Duration>,
    session_at: Option<usize>,
}

/// What a network does between one node and the members.
#[derive(Clone, Copy, Default)]
struct Path {
    lost_out: u64,
    lost_in: u64,
}

struct World {
    random: Random,
    start: Instant,
    now: Duration,
    observers: Vec<Option<Observer>>,
    stalled_until: Vec<Duration>,
    paths: Vec<Path>,
    members: Vec<Member>,
    travelling: BinaryHeap<std::cmp::Reverse<(Duration, u64, Travelling)>>,
    sequence: u64,
    log: Vec<Arc<State>>,
    false_removals: Vec<String>,
    transcript: Vec<String>,
}

impl World {
    fn new(seed: u64, members: usize) -> Self {
        let mut state = State::default();
        let nodes: Vec<NodeId> = (1..=3).map(NodeId).collect();
        state.apply_configuration(Revision(1), nodes.clone(), vec![]);
        let set = Command::SetMonitors { epoch: 0, nodes };
        let joins = (0..members).map(|n| {
            Command::Join(Join {
                group: "g".parse().unwrap(),
                member: format!("m{n}").parse().unwrap(),
                address: address(n).to_string().parse().unwrap(),
                liveness: Liveness::of(Kind::Udp),
                tags: gms::view::Tags::new(),
                hold: None,
                instance: None,
                owner: String::new(),
                replaces: None,
            })
        });
        let commands = [Command::Found { secret: SECRET }, set].into_iter().chain(joins);
        let wish = |command| Proposal { token: None, if_view: None, command };
        let proposals = commands.map(wish).collect();
        state.apply(Revision(2), 1, &Entry { at_ms: 0, proposals });
        let members = (0..members)
            .map(|n| Member {
                at: address(n),
                life: Life::Running,
                died: None,
                subject: Subject {
                    group: "g".parse().unwrap(),
                    member: format!("m{n}").parse().unwrap(),
                    incarnation: gms::id::Incarnation(2),
                },
                removed: None,
                session_at: None,
            })
            .collect();
        let start = Instant::now();
        let mut world = Self {
            random: Random(seed),
            start,
            now: Duration::ZERO,
            observers: Vec::new(),
            stalled_until: vec![Duration::ZERO; 3],
            paths: vec![Path::default(); 3],
            members,
            travelling: BinaryHeap::new(),
            sequence: 0,
            log: vec![Arc::new(state)],
            false_removals: Vec::new(),
            transcript: Vec::new(),
        };
        for node in 0..3 {
            world.observers.push(None);
            world.start_node(node);
        }
        world
    }

    fn start_node(&mut self, node: usize) {
        let state = Arc::clone(self.log.last().unwrap());
        let timing = Timing { boot_grace: Duration::ZERO, ..Timing::default() };
        let sequence = u32::try_from(self.random.below(1 << 32)).unwrap();
        let id = NodeId(node as u64 + 1);
        let mut observer = Observer::new(id, timing, state, sequence, self.start + self.now);
        observer.handle_quorum(true);
        self.observers[node] = Some(observer);
    }

    fn send(&mut self, after: Duration, what: Travelling) {
        self.sequence += 1;
        self.travelling.push(std::cmp::Reverse((self.now + after, self.sequence, what)));
    }

    fn latency(&mut self) -> Duration {
        Duration::from_micros(200 + self.random.below(2_000))
    }

    fn kill(&mut self, member: usize, how: Life) {
        self.members[member].life = how;
        self.members[member].died = Some(self.now);
        if let (Life::Killed, Some(node)) = (how, self.members[member].session_at) {
            let after = self.latency();
            self.send(after, Travelling::Closed { node, member });
        }
    }

    fn open_session(&mut self, member: usize, node: usize) {
        self.members[member].session_at = Some(node);
        let (now, subject) = (self.start + self.now, self.members[member].subject.clone());
        self.observers[node].as_mut().unwrap().handle_session_opened(now, &subject);
        self.act(node);
    }

    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += STEP;
            while let Some(std::cmp::Reverse((at, ..))) = self.travelling.peek()
                && *at <= self.now
            {
                let std::cmp::Reverse((at, sequence, what)) = self.travelling.pop().unwrap();
                self.arrive(at, sequence, what);
            }
            for node in 0..3 {
                let now = self.start + self.now;
                if self.now < self.stalled_until[node] {
                    continue;
                }
                let Some(observer) = &mut self.observers[node] else { continue };
                if observer.poll_timeout() <= now {
                    observer.handle_timeout(now);
                    self.act(node);
                }
            }
        }
    }

    fn arrive(&mut self, at: Duration, sequence: u64, what: Travelling) {
        let node = match &what {
            Travelling::ToMember { .. } => None,
            Travelling::ToNode { node, .. }
            | Travelling::Refused { node, .. }
            | Travelling::Closed { node, .. }
            | Travelling::Applied { node, .. } => Some(*node),
            Travelling::Word { to, .. } => Some(*to),
        };
        // A stalled process finds in its sockets what came meanwhile.
        if let Some(node) = node
            && self.now < self.stalled_until[node]
        {
            let later = self.stalled_until[node].max(at);
            self.travelling.push(std::cmp::Reverse((later, sequence, what)));
            return;
        }
        let now = self.start + self.now;
        match what {
            Travelling::ToMember { node, to, bytes } => self.at_member(node, to, &bytes),
            Travelling::ToNode { node, from, bytes } => {
                if let Some(observer) = &mut self.observers[node] {
                    observer.handle_datagram(now, from, &bytes);
                }
            }
            Travelling::Refused { node, at } => {
                if let Some(observer) = &mut self.observers[node] {
                    observer.handle_refused(now, at);
                }
            }
            Travelling::Closed { node, member } => {
                let subject = self.members[member].subject.clone();
                if let Some(observer) = &mut self.observers[node] {
                    observer.handle_session_closed(now, &subject, true);
                }
            }
            Travelling::Word { to, from, word } => {
                let from = NodeId(from as u64 + 1);
                if let Some(observer) = &mut self.observers[to] {
                    observer.handle_message(now, from, word.1);
                }
            }
            Travelling::Applied { node, index } => {
                let state = Arc::clone(&self.log[index]);
                if let Some(observer) = &mut self.observers[node] {
                    observer.handle_state(now, state);
                }
            }
        }
        if let Some(node) = node {
            self.act(node);
        }
    }

    fn at_member(&mut self, node: usize, to: SocketAddr, bytes: &[u8]) {
        let Some(member) = self.members.iter().find(|member| member.at == to) else { return };
        let path = self.paths[node];
        match member.life {
            Life::Off => {}
            Life::Killed => {
                if !self.random.chance(path.lost_in) {
                    let after = self.latency();
                    self.send(after, Travelling::Refused { node, at: to });
                }
            }
            Life::Lossy if self.random.chance(80) => {}
            Life::Running | Life::Lossy => {
                let Subject { group, member, incarnation } = &member.subject;
                let key = Key::derive(&SECRET, group, member, *incarnation);
                let ping = Unverified::read(bytes).unwrap().verify(&key).unwrap();
                let bytes = ping.pong(Revision(0), false).encode(&key).to_vec();
                if !self.random.chance(path.lost_in) {
                    let after = self.latency();
                    self.send(after, Travelling::ToNode { node, from: to, bytes });
                }
            }
        }
    }

    /// Does what a node's core says.
    fn act(&mut self, node: usize) {
        loop {
            let Some(observer) = &mut self.observers[node] else { return };
            let Some(output) = observer.poll_output() else { return };
            let after = self.latency();
            match output {
                Output::Datagram { to, bytes } => {
                    let lost = self.paths[node].lost_out;
                    if !self.random.chance(lost) {
                        let bytes = bytes.to_vec();
                        self.send(after, Travelling::ToMember { node, to, bytes });
                    }
                }
                Output::Send { to, message } => {
                    let to = usize::try_from(to.0 - 1).unwrap();
                    self.sequence += 1;
                    let word = Word(self.sequence, message);
                    self.send(after, Travelling::Word { to, from: node, word });
                }
                Output::Condemn(message) => self.decide(message),
                Output::Band(_) | Output::Gone(_) => {}
                other => panic!("no part in this world: {other:?}"),
            }
        }
    }

    /// The log: what a leader would do with a verdict.
    fn decide(&mut self, message: Message) {
        // An alarm makes a hold, which this log has no use for.
        let Message::Condemn { epoch, removals } = message else { return };
        let mut state = State::clone(self.log.last().unwrap());
        let revision = Revision(state.revision().0 + 1);
        let command = Command::Remove { epoch, removals };
        let proposals = vec![Proposal { token: None, if_view: None, command }];
        let outcomes = state.apply(revision, 1, &Entry { at_ms: 0, proposals });
        let [Ok(Outcome::Removed { applied, .. })] = &outcomes[..] else { panic!("{outcomes:?}") };
        for (_, id, _) in applied {
            let member = self.members.iter_mut().find(|member| member.subject.member == *id);
            let member = member.unwrap();
            member.removed = Some(self.now);
            let line = format!("{:?} {id} removed, {:?}", self.now, member.life);
            if member.life == Life::Running {
                self.false_removals.push(line.clone());
            }
            self.transcript.push(line);
        }
        self.log.push(Arc::new(state));
        let index = self.log.len() - 1;
        for node in 0..3 {
            let lag = self.latency() * 5;
            self.send(lag, Travelling::Applied { node, index });
        }
    }

    /// How long after its death each dead member was removed.
    fn detection(&self) -> Vec<Option<Duration>> {
        let dead = self.members.iter().filter_map(|member| Some((member.died?, member.removed)));
        dead.map(|(died, removed)| removed?.checked_sub(died)).collect()
    }
}

fn address(n: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 10_000 + u16::try_from(n).unwrap()))
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs a scenario for many seeds; each must remove nobody that runs, and everybody that died
/// within the bound.
fn scenario(members: usize, bound: Duration, play: impl Fn(&mut World)) {
    let replay = std::env::var("REPLAY_SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = replay.map_or(0..20, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let mut world = World::new(seed, members);
        world.run(ms(2_000));
        play(&mut world);
        assert!(
            world.false_removals.is_empty(),
            "REPLAY_SEED={seed}: removed while running:\n{}",
            world.transcript.join("\n")
        );
        for took in world.detection() {
            let in_time = took.is_some_and(|took| took <= bound);
            assert!(in_time, "REPLAY_SEED={seed}: {took:?}, bound {bound:?}");
        }
    }
}

#[test]
fn a_kill_seen_by_a_session_stream_is_confirmed_at_once() {
    scenario(30, ms(250), |world| {
        world.open_session(4, 0);
        world.open_session(5, 2);
        world.kill(4, Life::Killed);
        world.kill(5, Life::Killed);
        world.run(ms(1_000));
    });
}

#[test]
fn a_kill_seen_by_the_next_ping_alone_takes_a_period_more() {
    scenario(30, ms(700), |world| {
        for member in 0..10 {
            world.kill(member, Life::Killed);
        }
        world.run(ms(2_000));
    });
}

#[test]
fn a_power_failure_takes_the_misses_and_the_confirmation() {
    scenario(30, ms(2_500), |world| {
        for member in 0..5 {
            world.kill(member, Life::Off);
        }
        world.run(ms(4_000));
    });
}

#[test]
fn a_member_that_loses_most_pings_is_removed_and_one_that_loses_half_is_not() {
    scenario(30, ms(45_000), |world| {
        world.kill(3, Life::Lossy);
        world.run(ms(50_000));
    });
    scenario(30, ms(0), |world| {
        world.paths = vec![Path { lost_out: 25, lost_in: 25 }; 3];
        world.run(ms(60_000));
    });
}

#[test]
fn a_stream_that_breaks_is_no_death() {
    scenario(10, ms(0), |world| {
        for round in 0..20 {
            let member = round % 10;
            world.open_session(member, round % 3);
            world.send(ms(1), Travelling::Closed { node: round % 3, member });
            world.run(ms(300));
        }
    });
}

#[test]
fn a_stalled_node_accuses_nobody_and_the_others_go_on() {
    for stall in [128, 500, 2_000, 8_000, 32_000] {
        scenario(30, ms(1_500), |world| {
            for _ in 0..3 {
                world.stalled_until[1] = world.now + ms(stall);
                world.run(ms(stall / 2));
                world.run(ms(stall));
            }
            // Somebody dies while the node sleeps.
            world.stalled_until[1] = world.now + ms(3_000);
            for member in 0..3 {
                world.open_session(member, 2);
                world.kill(member, Life::Killed);
            }
            world.run(ms(5_000));
        });
    }
}

#[test]
fn ten_percent_loss_everywhere_for_a_minute_removes_nobody() {
    scenario(60, ms(0), |world| {
        world.paths = vec![Path { lost_out: 5, lost_in: 5 }; 3];
        world.run(ms(60_000));
    });
}

#[test]
fn a_node_that_hears_little_is_not_believed() {
    for path in [Path { lost_in: 80, lost_out: 0 }, Path { lost_in: 0, lost_out: 80 }] {
        scenario(30, ms(0), |world| {
            world.paths[0] = path;
            world.run(ms(30_000));
        });
    }
}

#[test]
fn a_node_cut_from_all_members_removes_none_and_hinders_no_removal() {
    scenario(30, ms(3_000), |world| {
        world.paths[0] = Path { lost_in: 100, lost_out: 100 };
        world.run(ms(10_000));
        for member in 0..3 {
            world.kill(member, Life::Killed);
        }
        world.run(ms(5_000));
    });
}

#[test]
fn nodes_that_all_restart_find_everybody_alive() {
    scenario(60, ms(0), |world| {
        for node in 0..3 {
            world.observers[node] = None;
        }
        world.run(ms(10_000));
        for node in 0..3 {
            world.start_node(node);
        }
        world.run(ms(10_000));
    });
}

#[test]
fn without_a_quorum_of_nodes_nobody_is_removed_and_with_it_again_the_dead_are() {
    let mut world = World::new(7, 10);
    world.run(ms(2_000));
    world.observers[1] = None;
    world.observers[2] = None;
    world.kill(3, Life::Off);
    world.kill(4, Life::Killed);
    world.run(ms(10_000));
    assert_eq!(world.detection(), [None, None]);
    world.start_node(1);
    world.run(ms(10_000));
    assert!(world.detection().iter().all(Option::is_some), "{:?}", world.detection());
    assert!(world.false_removals.is_empty());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut world = World::new(3, 20);
        world.paths = vec![Path { lost_out: 20, lost_in: 20 }; 3];
        for member in 0..5 {
            world.kill(member, Life::Off);
        }
        world.run(ms(6_000));
        (world.transcript, world.sequence)
    };
    assert_eq!(run(), run());
}

#[test]
fn every_member_has_one_monitor_and_one_witness() {
    let world = World::new(1, 50);
    let state = world.log.last().unwrap();
    let mut duties: BTreeMap<NodeId, usize> = BTreeMap::new();
    for member in &world.members {
        let placement = state.place(&member.subject.group, &member.subject.member);
        let watchers: BTreeSet<NodeId> =
            placement.monitor().into_iter().chain(placement.witness()).collect();
        assert_eq!(watchers.len(), 2);
        for node in watchers {
            *duties.entry(node).or_default() += 1;
        }
    }
    for (node, observer) in (1..).map(NodeId).zip(&world.observers) {
        assert_eq!(observer.as_ref().unwrap().watched(), duties[&node]);
    }
}
