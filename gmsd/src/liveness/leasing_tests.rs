//! One observer, by hand: what it takes until its pings extend a lease again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    evidence::Verdict,
    heartbeat::{Direction, Frame, Key, Unverified},
    id::{Incarnation, NodeId},
    liveness::Kind,
};

use super::{super::timing::Timing, *};
use crate::{
    host::clock::Clock,
    liveness::{
        message::{Ask, Message},
        test_world::{self, SECRET, subject},
    },
    membership::state::State,
};

/// The monitor of one member, in touch with a quorum, and what it did.
struct Played {
    observer: Observer,
    state: State,
    now: Instant,
    /// The last ping that left.
    ping: Option<Frame>,
    pleas: Vec<u64>,
    silent: usize,
}

impl Played {
    fn new() -> Self {
        let state = test_world::founded([subject()], Kind::Udp, "127.0.0.1:9");
        let now = Clock::system().now();
        let monitor = state.place(&subject().group, &subject().member).monitor().unwrap();
        let mut observer =
            Observer::new(monitor, Timing::default(), Arc::new(state.clone()), 7, now);
        observer.handle_quorum(true);
        observer.handle_started(Revision(2));
        Self { observer, state, now, ping: None, pleas: Vec::new(), silent: 0 }
    }

    fn act(&mut self) {
        let key = Key::derive(&SECRET, &subject().group, &subject().member, Incarnation(2));
        while let Some(output) = self.observer.poll_output() {
            match output {
                Output::Datagram { bytes, .. } => {
                    self.ping = Some(Unverified::read(&bytes).unwrap().verify(&key).unwrap());
                }
                Output::Plead { number, lives } => {
                    assert_eq!(lives.len(), 1);
                    self.pleas.push(number);
                }
                Output::Send { message: Message::Tell(tells), .. } => {
                    let silent = |tell: &&_| {
                        let tell: &super::super::message::Tell = tell;
                        tell.observation.verdict == Verdict::Silent
                    };
                    self.silent += tells.iter().filter(silent).count();
                }
                _ => {}
            }
        }
    }

    fn run(&mut self, millis: u64) {
        for _ in 0..millis / 10 {
            self.now += Duration::from_millis(10);
            self.observer.handle_timeout(self.now);
            self.act();
        }
    }

    /// The member answers the last ping.
    fn pong(&mut self) {
        let key = Key::derive(&SECRET, &subject().group, &subject().member, Incarnation(2));
        let pong = Frame { direction: Direction::Pong, ..self.ping.take().unwrap() };
        let from = "127.0.0.1:9".parse().unwrap();
        self.observer.handle_datagram(self.now, from, &pong.encode(&key));
        self.act();
    }

    /// Answers what it pings, and says whether the last ping extends a lease.
    fn extends(&mut self) -> bool {
        self.ping = None;
        self.run(600);
        let extends = self.ping.as_ref().unwrap().flags.quorum_fresh;
        self.pong();
        extends
    }

    /// Another node doubts it, and this one has to say that it is silent.
    fn calls_it_silent(&mut self, round: u64) {
        self.run(1_500);
        let told = self.silent;
        let ask = Ask { subject: subject(), round, affirmation: None, window_ms: 600 };
        let other = NodeId(self.observer.node.0 % 3 + 1);
        self.observer.handle_message(self.now, other, Message::Ask(vec![ask]));
        self.run(700);
        assert_eq!(self.silent, told + 1);
    }

    fn apply(&mut self, revision: u64) {
        self.state.apply_blank(Revision(revision));
        self.observer.handle_state(self.now, Arc::new(self.state.clone()));
        self.act();
    }

    fn noted(&mut self, number: u64, noted: Option<u64>) {
        self.observer.handle_plea(self.now, number, noted.map(Revision));
        self.act();
    }
}

#[test]
fn after_a_word_of_silence_the_log_must_know_that_the_life_was_heard() {
    let mut played = Played::new();
    assert!(played.extends());
    assert!(played.pleas.is_empty(), "who was never called silent costs nothing");
    played.calls_it_silent(1);
    assert!(!played.ping.as_ref().unwrap().flags.quorum_fresh);
    assert!(played.pleas.is_empty(), "nobody has heard it");
    played.run(10_000);
    assert!(!played.ping.as_ref().unwrap().flags.quorum_fresh, "no time gives the lease back");
    played.pong();
    assert_eq!(played.pleas, [1]);
    assert!(!played.extends());
    played.noted(1, Some(4));
    assert!(!played.extends(), "the entry is not applied here");
    played.apply(3);
    assert!(!played.extends());
    played.apply(4);
    assert!(played.extends());
    assert_eq!(played.pleas, [1]);
}

#[test]
fn a_node_that_starts_extends_no_lease_before_the_log_knows_of_it() {
    let mut played = Played::new();
    played.observer.started = None;
    assert!(!played.extends());
    played.observer.handle_started(Revision(4));
    played.apply(3);
    assert!(!played.extends(), "what was proposed before may come before that entry");
    played.apply(4);
    assert!(played.extends());
}

#[test]
fn another_word_of_silence_wants_another_plea() {
    let mut played = Played::new();
    assert!(played.extends());
    played.calls_it_silent(1);
    played.pong();
    played.calls_it_silent(2);
    played.noted(1, Some(3));
    played.apply(3);
    assert!(!played.extends(), "that entry was proposed before the last word");
    assert_eq!(played.pleas, [1, 2]);
    played.noted(2, Some(4));
    played.apply(4);
    assert!(played.extends());
}

#[test]
fn a_plea_that_came_to_nothing_is_made_again() {
    let mut played = Played::new();
    assert!(played.extends());
    played.calls_it_silent(1);
    played.pong();
    played.noted(1, None);
    assert_eq!(played.pleas, [1], "not at once");
    assert!(!played.extends());
    assert_eq!(played.pleas, [1, 2]);
    // Of the second nothing is heard.
    while played.pleas.len() < 3 {
        assert!(!played.extends());
    }
    played.noted(2, Some(3));
    played.apply(3);
    assert!(!played.extends(), "the answer to one that was given up is nobody's");
    played.noted(3, Some(3));
    assert!(played.extends());
}
