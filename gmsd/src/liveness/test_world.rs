//! For tests: founded states, and three observers with one member of kind `stream`, in simulated time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    heartbeat::{FRAME_LEN, Key, Unverified},
    id::{Incarnation, NodeId, Revision},
    liveness::{Kind, Liveness},
};

use super::{
    message::{Message, Subject},
    observer::Observer,
    output::Output,
    timing::Timing,
};
use crate::{
    host::clock::Clock,
    membership::{
        command::{Command, Entry, Join, Proposal, Removal},
        state::State,
    },
};

pub(super) const SECRET: [u8; 32] = [9; 32];
pub(super) const STEP: Duration = Duration::from_millis(5);
pub(super) const GRACE: Duration = Duration::from_secs(10);
pub(super) const NODES: usize = 3;

pub(super) fn subject() -> Subject {
    Subject {
        group: "g".parse().unwrap(),
        member: "m".parse().unwrap(),
        incarnation: Incarnation(2),
    }
}

pub(super) fn key() -> Key {
    let Subject { group, member, incarnation } = subject();
    Key::derive(&SECRET, &group, &member, incarnation)
}

/// Three nodes that watch, and these members of the first revision that lets anybody in.
pub(super) fn founded(members: impl IntoIterator<Item = Subject>, kind: Kind, at: &str) -> State {
    let mut state = State::default();
    let nodes: Vec<NodeId> = (1..=NODES as u64).map(NodeId).collect();
    state.apply_configuration(Revision(1), nodes.clone(), vec![]);
    let founding = [Command::Found { secret: SECRET }, Command::SetMonitors { epoch: 0, nodes }];
    let joins = members.into_iter().map(|Subject { group, member, .. }| {
        Command::Join(Join {
            group,
            member,
            address: at.parse().unwrap(),
            liveness: Liveness::of(kind),
            tags: gms::view::Tags::new(),
            hold: None,
            instance: None,
            owner: String::new(),
            replaces: None,
        })
    });
    apply(&mut state, founding.into_iter().chain(joins));
    state
}

/// Applies these commands in one entry, the next.
pub(super) fn apply(state: &mut State, commands: impl IntoIterator<Item = Command>) {
    let wish = |command| Proposal { token: None, if_view: None, command };
    let proposals = commands.into_iter().map(wish).collect();
    let next = Revision(state.revision().0 + 1);
    state.apply(next, 1, &Entry { at_ms: 0, proposals });
}

pub(super) struct World {
    pub(super) now: Instant,
    state: State,
    pub(super) observers: Vec<Observer>,
    /// Streams that are open, and whether the member answers on them.
    pub(super) open: [bool; NODES],
    pub(super) answers: bool,
    pub(super) pings: [usize; NODES],
    pub(super) ended: [bool; NODES],
    pub(super) removals: Vec<Removal>,
}

impl World {
    /// Members were there before the nodes started, or else join now.
    pub(super) fn new(joins_now: bool) -> Self {
        let now = Clock::system().now();
        // Nobody listens there, and nobody is to find out.
        let founded = founded([subject()], Kind::Stream, "127.0.0.1:1");
        let state = Arc::new(founded.clone());
        let first = if joins_now { Arc::new(State::default()) } else { Arc::clone(&state) };
        let observers = (1..=NODES as u64)
            .map(|id| {
                let sequence = u32::try_from(id * 1_000).unwrap();
                let timing = Timing::default();
                let mut observer =
                    Observer::new(NodeId(id), timing, Arc::clone(&first), sequence, now);
                observer.handle_quorum(true);
                observer.handle_state(now, Arc::clone(&state));
                observer
            })
            .collect();
        let (open, pings) = ([false; NODES], [0; NODES]);
        let ended = [false; NODES];
        let (state, removals) = (founded, Vec::new());
        Self { now, state, observers, open, answers: true, pings, ended, removals }
    }

    pub(super) fn open(&mut self, node: usize) {
        assert!(self.observers[node].handle_stream_opened(self.now, &subject()));
        self.open[node] = true;
        self.act(node);
    }

    pub(super) fn open_all(&mut self) {
        (0..NODES).for_each(|node| self.open(node));
    }

    pub(super) fn close(&mut self, node: usize, by_member: bool) {
        // What had left before arrived before.
        (0..NODES).for_each(|node| self.act(node));
        self.open[node] = false;
        self.observers[node].handle_stream_closed(self.now, &subject(), by_member);
        self.act(node);
    }

    pub(super) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += STEP;
            for node in 0..NODES {
                if self.observers[node].poll_timeout() <= self.now {
                    self.observers[node].handle_timeout(self.now);
                }
                self.act(node);
            }
        }
    }

    pub(super) fn run_ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    pub(super) fn act(&mut self, node: usize) {
        while let Some(output) = self.observers[node].poll_output() {
            match output {
                Output::Frame { subject: of, bytes } => {
                    assert_eq!(of, subject());
                    self.pings[node] += 1;
                    assert!(self.open[node], "a ping without a stream");
                    if self.answers {
                        let pong = pong(&bytes);
                        self.observers[node].handle_frame(self.now, &subject(), &pong);
                    }
                }
                Output::Send { to, message } => {
                    let to = usize::try_from(to.0 - 1).unwrap();
                    let from = NodeId(node as u64 + 1);
                    self.observers[to].handle_message(self.now, from, message);
                }
                Output::Condemn(Message::Condemn { removals, .. }) => {
                    self.removals.extend(removals);
                }
                Output::EndStreams(of) => {
                    assert_eq!(of, subject());
                    self.ended[node] = true;
                }
                Output::Plead { number, lives } => {
                    self.apply(Command::Heard { lives });
                    let noted = Some(self.state.revision());
                    self.observers[node].handle_plea(self.now, number, noted);
                }
                Output::Band(_) | Output::Gone(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Applies one command everywhere.
    pub(super) fn apply(&mut self, command: Command) {
        apply(&mut self.state, [command]);
        for observer in &mut self.observers {
            observer.handle_state(self.now, Arc::new(self.state.clone()));
        }
    }

    /// The node that is neither monitor nor witness.
    pub(super) fn bystander(&self) -> usize {
        let watches = |node: &usize| self.observers[*node].watched() == 1;
        (0..NODES).find(|node| !watches(node)).unwrap()
    }

    pub(super) fn bands(&self) -> Vec<gms::api::Band> {
        let Subject { group, member, .. } = subject();
        let seen = self.observers.iter().filter_map(|node| node.liveness(&group, &member));
        seen.map(|seen| seen.state).collect()
    }
}

pub(super) fn pong(ping: &[u8]) -> [u8; FRAME_LEN] {
    let ping = Unverified::read(ping).unwrap().verify(&key()).unwrap();
    ping.pong(Revision(0), false).encode(&key())
}
