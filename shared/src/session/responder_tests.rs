//! The lease theorem, and what is answered and what not.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use crate::{
    heartbeat::{Direction, FRAME_LEN, Flags, Frame, Key, Unverified},
    id::{Incarnation, NodeId, Revision},
    session::responder::{Ignored, PONGS_MAX, Pong, Responder, Statement},
};

const LEASE: Duration = Duration::from_millis(1200);
const LIFE: Incarnation = Incarnation(7);

fn key(life: u64) -> Key {
    let [group, member] = ["g", "m"];
    Key::derive(&[1; 32], &group.parse().unwrap(), &member.parse().unwrap(), Incarnation(life))
}

fn address(node: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1000 + u16::try_from(node).unwrap()))
}

fn ping(node: u64, nonce: u64, echo: u64, quorum_fresh: bool) -> Frame {
    Frame {
        direction: Direction::Ping,
        flags: Flags { quorum_fresh, ..Flags::default() },
        node: NodeId(node),
        epoch: 3,
        incarnation: LIFE,
        nonce,
        echo,
        acked_view: Revision(0),
    }
}

fn responder(sent: Instant) -> Responder {
    Responder::new(LIFE, key(7), sent, LEASE)
}

fn handle(of: &mut Responder, now: Instant, bytes: &[u8; FRAME_LEN]) -> Result<Pong, Ignored> {
    let read = Unverified::read(bytes).unwrap();
    let from = address(read.verify(&key(7)).map_or(0, |frame| frame.node.0));
    of.handle_ping(now, from, &read, Statement::default())
}

#[test]
fn a_ping_is_answered_once_with_what_the_member_says() {
    let now = Instant::now();
    let mut responder = responder(now);
    let bytes = ping(2, 50, 0, true).encode(&key(7));
    let statement = Statement { acked_view: Revision(9), leaving: true };
    let read = Unverified::read(&bytes).unwrap();
    let pong = responder.handle_ping(now, address(2), &read, statement);
    let pong = pong.unwrap();
    assert_eq!((pong.node, pong.nonce), (NodeId(2), 50));
    assert_eq!(pong.to, [address(2)]);
    let frame = Unverified::read(&pong.frame).unwrap().verify(&key(7));
    assert_eq!(frame, Ok(ping(2, 50, 0, true).pong(Revision(9), true)));
    let again = responder.handle_ping(now, address(2), &read, statement);
    assert_eq!(again, Err(Ignored::Repeated));
    // The same nonce of another node is another ping.
    let other = ping(3, 50, 0, true).encode(&key(7));
    assert!(handle(&mut responder, now, &other).is_ok());
}

#[test]
fn what_is_no_ping_to_this_life_is_ignored() {
    let now = Instant::now();
    let mut responder = responder(now);
    let of_another = Frame { incarnation: Incarnation(6), ..ping(1, 1, 0, true) };
    let pong = ping(1, 1, 0, true).pong(Revision(0), false);
    for (bytes, why) in [
        (of_another.encode(&key(6)), Ignored::AnotherLife),
        (ping(1, 1, 0, true).encode(&key(6)), Ignored::NotAuthentic),
        (pong.encode(&key(7)), Ignored::NoPing),
    ] {
        assert_eq!(handle(&mut responder, now, &bytes), Err(why));
    }
}

#[test]
fn a_suspected_life_answers_every_node_that_ever_asked() {
    let now = Instant::now();
    let mut responder = responder(now);
    for node in [1, 2] {
        handle(&mut responder, now, &ping(node, 1, 0, true).encode(&key(7))).unwrap();
    }
    let mut suspected = ping(3, 2, 0, true);
    suspected.flags.suspected = true;
    let pong = handle(&mut responder, now, &suspected.encode(&key(7))).unwrap();
    assert_eq!(pong.to, [address(3), address(1), address(2)]);
}

#[test]
fn only_an_echo_from_a_node_with_a_quorum_extends_the_lease() {
    let start = Instant::now();
    let after = |millis| start + Duration::from_millis(millis);
    let mut responder = responder(start);
    let mut ping_at = |millis, frame: Frame| {
        handle(&mut responder, after(millis), &frame.encode(&key(7))).unwrap();
        responder.lease().valid_until()
    };
    let begin = start + LEASE;
    assert_eq!(ping_at(100, ping(1, 10, 0, true)), begin);
    // Another node's nonce, an unknown one, and a node without a quorum prove nothing.
    assert_eq!(ping_at(200, ping(2, 20, 10, true)), begin);
    assert_eq!(ping_at(300, ping(1, 11, 99, true)), begin);
    assert_eq!(ping_at(400, ping(1, 12, 10, false)), begin);
    // What counts is when the pong was sent, not when the echo came.
    assert_eq!(ping_at(900, ping(1, 13, 10, true)), after(100) + LEASE);
    assert_eq!(ping_at(950, ping(2, 21, 20, true)), after(200) + LEASE);
    assert_eq!(ping_at(960, ping(1, 14, 12, true)), after(400) + LEASE);
}

#[test]
fn many_nodes_never_fill_the_memory() {
    let now = Instant::now();
    let mut responder = responder(now);
    for node in 0..100 {
        let at = now + Duration::from_millis(node);
        for nonce in 1..40 {
            let bytes = ping(node, nonce, 0, true).encode(&key(7));
            handle(&mut responder, at, &bytes).unwrap();
        }
    }
    assert_eq!(responder.nodes.len(), super::NODES_MAX);
    let kept = responder.nodes.values().map(|node| node.pongs.len());
    assert_eq!(kept.max(), Some(PONGS_MAX));
    assert!(responder.nodes.contains_key(&NodeId(99)));
}

/// One step of a schedule: what the network and the nodes do.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    /// A node sends a ping; it may or may not be delivered later.
    Send {
        node: u64,
        quorum_fresh: bool,
    },
    /// A ping under way arrives, in whatever order, perhaps very late.
    DeliverPing(prop::sample::Index),
    /// A pong under way arrives.
    DeliverPong(prop::sample::Index),
    /// A datagram is lost.
    Lose(prop::sample::Index),
    /// A ping that was delivered before is delivered again.
    Repeat(prop::sample::Index),
    /// Bytes by somebody without the key.
    Forge {
        node: u64,
        nonce: u64,
        echo: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (0_u64..900).prop_map(Step::Wait),
        4 => (1_u64..4, any::<bool>())
            .prop_map(|(node, quorum_fresh)| Step::Send { node, quorum_fresh }),
        5 => index().prop_map(Step::DeliverPing),
        5 => index().prop_map(Step::DeliverPong),
        1 => index().prop_map(Step::Lose),
        2 => index().prop_map(Step::Repeat),
        1 => (1_u64..4, 0_u64..20, 0_u64..20)
            .prop_map(|(node, nonce, echo)| Step::Forge { node, nonce, echo }),
    ]
}

/// The world around one life.
struct World {
    now: Instant,
    next_nonce: u64,
    /// The last pong each node heard.
    heard: BTreeMap<u64, u64>,
    pings: Vec<[u8; FRAME_LEN]>,
    /// With the time of sending.
    pongs: Vec<(Pong, Instant)>,
    delivered: Vec<[u8; FRAME_LEN]>,
    /// The send time of the newest pong that a node has heard, or of the join.
    newest_heard: Instant,
}

proptest! {
    #[test]
    fn a_lease_is_over_in_time_whatever_is_lost_late_or_repeated(
        steps in proptest::collection::vec(step(), 0..150),
    ) {
        let start = Instant::now();
        let mut responder = responder(start);
        let mut world = World {
            now: start,
            next_nonce: 1,
            heard: BTreeMap::new(),
            pings: vec![],
            pongs: vec![],
            delivered: vec![],
            newest_heard: start,
        };
        for step in steps {
            let before = responder.lease().valid_until();
            world.take(&step, &mut responder);
            let until = responder.lease().valid_until();
            prop_assert!(until >= before, "it shrank");
            // The theorem: nothing that no node heard keeps the lease valid.
            prop_assert!(until <= world.newest_heard + LEASE);
            prop_assert!(!responder.lease().is_valid(world.newest_heard + LEASE));
        }
    }

    #[test]
    fn with_every_ping_answered_the_lease_never_ends(
        period in 50_u64..=500,
        latency in 0_u64..100,
        rounds in 1_usize..50,
    ) {
        let start = Instant::now();
        let mut responder = responder(start);
        let mut echo = 0;
        for round in 1..=rounds as u64 {
            let arrives = start + Duration::from_millis(round * period + latency);
            prop_assert!(responder.lease().is_valid(arrives));
            let bytes = ping(1, round, echo, true).encode(&key(7));
            handle(&mut responder, arrives, &bytes).unwrap();
            echo = round;
        }
    }
}

impl World {
    fn take(&mut self, step: &Step, responder: &mut Responder) {
        match step {
            Step::Wait(millis) => self.now += Duration::from_millis(*millis),
            Step::Send { node, quorum_fresh } => {
                let echo = self.heard.get(node).copied().unwrap_or(0);
                let frame = ping(*node, self.next_nonce, echo, *quorum_fresh);
                self.next_nonce += 1;
                self.pings.push(frame.encode(&key(7)));
            }
            Step::DeliverPing(index) if !self.pings.is_empty() => {
                let bytes = self.pings.remove(index.index(self.pings.len()));
                let pong = handle(responder, self.now, &bytes).expect("a new ping is answered");
                self.pongs.push((pong, self.now));
                self.delivered.push(bytes);
            }
            Step::DeliverPong(index) if !self.pongs.is_empty() => {
                let (pong, sent) = self.pongs.remove(index.index(self.pongs.len()));
                self.heard.insert(pong.node.0, pong.nonce);
                self.newest_heard = self.newest_heard.max(sent);
            }
            Step::Lose(index) if !self.pongs.is_empty() => {
                self.pongs.remove(index.index(self.pongs.len()));
            }
            Step::Repeat(index) if !self.delivered.is_empty() => {
                // As far back as the member remembers.
                let from = self.delivered.len().saturating_sub(PONGS_MAX);
                let recent = &self.delivered[from..];
                let bytes = recent[index.index(recent.len())];
                assert_eq!(handle(responder, self.now, &bytes), Err(Ignored::Repeated));
            }
            Step::Forge { node, nonce, echo } => {
                let bytes = ping(*node, *nonce, *echo, true).encode(&key(8));
                assert!(handle(responder, self.now, &bytes).is_err());
            }
            _ => {}
        }
    }
}
