//! One observer, by hand: what a pong that came another way proves, and what a refusal costs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gms::{
    api::Band,
    heartbeat::{Key, Unverified},
    id::{Incarnation, Revision},
};

use super::{super::timing::Timing, *};
use crate::{
    host::clock::Clock,
    liveness::{
        message::{Ask, Message, Subject, Tell},
        test_world,
    },
    membership::{command::Command, state::State},
};

const TARGET: &str = "127.0.0.1:9";

fn subject(member: usize) -> Subject {
    Subject {
        group: "g".parse().unwrap(),
        member: format!("m{member}").parse().unwrap(),
        incarnation: Incarnation(2),
    }
}

/// The monitor of the first of so many members, which share one socket.
fn observer(members: usize) -> (Observer, Instant) {
    let (state, now) = (founded(members), Clock::system().now());
    let monitor = state.place(&subject(0).group, &subject(0).member).monitor().unwrap();
    (Observer::new(monitor, Timing::default(), Arc::new(state), 7, now), now)
}

fn founded(members: usize) -> State {
    test_world::founded((0..members).map(subject), Kind::Udp, TARGET)
}

fn outputs(observer: &mut Observer) -> Vec<Output> {
    std::iter::from_fn(|| observer.poll_output()).collect()
}

/// The nonces of the pings that leave until then.
fn pings(observer: &mut Observer, now: &mut Instant, time: Duration) -> Vec<u64> {
    let until = *now + time;
    let mut nonces = Vec::new();
    while *now < until {
        *now += Duration::from_millis(10);
        observer.handle_timeout(*now);
        for output in outputs(observer) {
            if let Output::Datagram { bytes, .. } = output {
                nonces.push(Unverified::read(&bytes).unwrap().nonce());
            }
        }
    }
    nonces
}

#[test]
fn a_pong_that_came_another_way_refutes_only_what_was_doubted_before_its_ping() {
    let (mut observer, mut now) = observer(1);
    let relay = |nonce| Message::Relay(vec![Relay { subject: subject(0), nonce }]);
    observer.handle_session_opened(now, &subject(0));
    let before = pings(&mut observer, &mut now, Duration::from_secs(1));
    observer.handle_session_closed(now, &subject(0), true);
    assert!(observer.suspicion(&subject(0)).is_some());
    observer.handle_message(now, NodeId(2), relay(*before.last().unwrap()));
    assert!(observer.suspicion(&subject(0)).is_some(), "that ping left before the stream closed");
    observer.handle_message(now, NodeId(2), relay(12_345));
    assert!(observer.suspicion(&subject(0)).is_some(), "no ping had that nonce");
    let after = pings(&mut observer, &mut now, Duration::from_millis(50));
    observer.handle_message(now, NodeId(2), relay(*after.last().unwrap()));
    assert!(observer.suspicion(&subject(0)).is_none());
}

#[test]
fn a_socket_that_refuses_for_a_thousand_members_is_one_piece_of_news_for_each() {
    let members = 1_000;
    let (mut observer, now) = observer(members);
    let ask = |member| Ask {
        subject: subject(member),
        round: 1,
        affirmation: Some(Affirmation::Refused),
        window_ms: 150,
    };
    observer.handle_message(now, NodeId(9), Message::Ask((0..members).map(ask).collect()));
    outputs(&mut observer);
    let mut told = 0;
    for _ in 0..members {
        observer.handle_refused(now, TARGET.parse().unwrap());
        for output in outputs(&mut observer) {
            if let Output::Send { message: Message::Tell(tells), .. } = output {
                told += tells.len();
            }
        }
    }
    assert_eq!(told, members, "each is told of once, not at each refusal");
}

#[test]
fn after_a_silence_the_round_trip_that_is_told_is_not_for_ever_that_of_the_silence() {
    let (mut observer, mut now) = observer(1);
    let Subject { group, member, incarnation } = subject(0);
    let key = Key::derive(&[9; 32], &group, &member, incarnation);
    let mut told = Vec::new();
    let mut unanswered = Vec::new();
    let start = now;
    while now < start + Duration::from_secs(8) {
        now += Duration::from_millis(1);
        observer.handle_timeout(now);
        let is_silent = (3_000..4_000).contains(&now.duration_since(start).as_millis());
        for output in outputs(&mut observer) {
            match output {
                Output::Datagram { bytes, .. } => unanswered.push(bytes),
                Output::Band(liveness) => told.push((liveness.state, liveness.rtt_us)),
                _ => {}
            }
        }
        // A process that goes on answers every ping that waits for it.
        for ping in unanswered.drain(..if is_silent { 0 } else { unanswered.len() }) {
            let ping = Unverified::read(&ping).unwrap().verify(&key).unwrap();
            let answer = ping.pong(Revision(0), false).encode(&key);
            observer.handle_datagram(now, TARGET.parse().unwrap(), &answer);
        }
    }
    let states: Vec<Band> = told.iter().map(|(state, _)| *state).collect();
    assert_eq!(states, [Band::Unknown, Band::Ok, Band::Late, Band::Ok, Band::Ok], "{told:?}");
    let [.., (_, ended), (_, settled)] = told.as_slice() else { unreachable!() };
    assert!(*ended > Some(10_000) && *settled < Some(1_000), "{told:?}");
}

/// What the others said when the doubt began to stand is an hour old: a refusal has to be tested.
#[test]
fn a_doubt_that_stood_through_a_hold_decides_nothing_when_the_port_refuses() {
    let (mut observer, mut now) = observer(1);
    let mut state = founded(1);
    let lasts = gms::span::Span::from_millis(3_600_000);
    let hold = Command::SetHold { group: subject(0).group, lasts, reason: "switch".to_owned() };
    test_world::apply(&mut state, [hold]);
    observer.handle_quorum(true);
    observer.handle_state(now, Arc::new(state));
    let others: Vec<NodeId> = (1..=3).map(NodeId).filter(|node| *node != observer.node).collect();
    let until = now + Duration::from_mins(1);
    while now < until {
        now += Duration::from_millis(10);
        observer.handle_timeout(now);
        for output in outputs(&mut observer) {
            match output {
                Output::Send { to, message: Message::Ask(asks) } => {
                    for Ask { subject, round, .. } in asks {
                        let (verdict, detail) = (Verdict::Silent, String::new());
                        let observation =
                            Observation { node: to, verdict, age_ms: None, health: 0, detail };
                        let tell = Tell { subject, round, observation };
                        observer.handle_message(now, to, Message::Tell(vec![tell]));
                    }
                }
                Output::Condemn(word) => panic!("under a hold: {word:?}"),
                _ => {}
            }
        }
    }
    assert!(observer.suspicion(&subject(0)).unwrap().for_ms > 40_000);
    // Another node is refused first, and asks; that one takes care of it.
    let affirmation = Some(Affirmation::Refused);
    let ask = Ask { subject: subject(0), round: 9, affirmation, window_ms: 150 };
    observer.handle_message(now, others[0], Message::Ask(vec![ask]));
    observer.handle_refused(now, TARGET.parse().unwrap());
    let condemns = |output: &Output| matches!(output, Output::Condemn(Message::Condemn { .. }));
    assert!(!outputs(&mut observer).iter().any(condemns), "in the same instant");
}
