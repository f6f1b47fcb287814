//! Many lives behind one socket.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use crate::{
    heartbeat::{Direction, FRAME_LEN, Flags, Frame, Key, Unverified},
    id::{Incarnation, NodeId, Revision},
    session::{
        clock::LeaseClock,
        life::LifeState,
        responder::Responder,
        table::{EARLY_MAX, HINTS_MAX, Slot, Table},
    },
};

const NODE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

fn key(member: u64, life: u64) -> Key {
    Key::derive(
        &[1; 32],
        &"g".parse().unwrap(),
        &format!("m{member}").parse().unwrap(),
        Incarnation(life),
    )
}

fn ping(life: u64, nonce: u64, echo: u64) -> Frame {
    Frame {
        direction: Direction::Ping,
        flags: Flags { quorum_fresh: true, ..Flags::default() },
        node: NodeId(1),
        epoch: 0,
        incarnation: Incarnation(life),
        nonce,
        echo,
        acked_view: Revision(0),
    }
}

fn add(table: &mut Table, member: u64, life: u64) -> (Slot, Arc<LifeState>, usize) {
    let clock = LeaseClock::start();
    let state = Arc::new(LifeState::new(Incarnation(life), clock));
    let lease = Duration::from_secs(1);
    let responder = Responder::new(Incarnation(life), key(member, life), clock.origin(), lease);
    let (slot, pongs) = table.add(clock.now(), responder, Arc::clone(&state));
    (slot, state, pongs.len())
}

fn answers(table: &mut Table, key: &Key, frame: Frame) -> bool {
    let pong = table.handle_datagram(Instant::now(), NODE, &frame.encode(key));
    pong.is_some_and(|pong| {
        let read = Unverified::read(&pong.frame).unwrap();
        assert!(read.verify(key).is_ok(), "answered in another life's name");
        true
    })
}

#[test]
fn lives_that_one_entry_let_in_are_told_apart_by_their_keys() {
    let mut table = Table::default();
    let slots: Vec<Slot> = (0..20).map(|member| add(&mut table, member, 7).0).collect();
    for round in 1..4_u64 {
        for member in 0..20 {
            let nonce = round * 100 + member;
            let echo = if round == 1 { 0 } else { nonce - 100 };
            assert!(answers(&mut table, &key(member, 7), ping(7, nonce, echo)));
        }
    }
    for slot in &slots[..19] {
        table.remove(*slot);
    }
    assert_eq!(table.len(), 1);
    assert!(!answers(&mut table, &key(3, 7), ping(7, 900, 303)));
    assert!(answers(&mut table, &key(19, 7), ping(7, 901, 319)));
    table.remove(slots[19]);
    assert!(table.by_incarnation.is_empty() && table.by_pong.is_empty());
}

#[test]
fn a_ping_that_comes_before_the_answer_to_the_join_is_answered_with_it() {
    let mut table = Table::default();
    // Without a join under way nothing is kept.
    assert!(!answers(&mut table, &key(1, 7), ping(7, 1, 0)));
    assert!(table.early.is_empty());
    table.begin_join();
    for nonce in 1..200 {
        assert!(!answers(&mut table, &key(1, 7), ping(7, nonce, 0)));
    }
    assert_eq!(table.early.len(), EARLY_MAX);
    assert!(!answers(&mut table, &key(2, 7), ping(7, 500, 0)));
    let (_, _, answered) = add(&mut table, 2, 7);
    assert_eq!(answered, 1);
    assert_eq!(table.early.len(), EARLY_MAX - 1);
    table.end_join();
    assert!(table.early.is_empty());
}

#[test]
fn an_ended_life_answers_no_more_even_before_it_is_taken_out() {
    let mut table = Table::default();
    let (_, state, _) = add(&mut table, 1, 7);
    assert!(answers(&mut table, &key(1, 7), ping(7, 1, 0)));
    assert!(state.is_valid());
    state.end();
    assert!(!answers(&mut table, &key(1, 7), ping(7, 2, 1)));
    assert!(!state.is_valid());
}

#[test]
fn an_answered_ping_extends_what_the_session_sees() {
    let mut table = Table::default();
    let (_, state, _) = add(&mut table, 1, 7);
    let some_time = Duration::from_millis(5);
    let begin = state.valid_for();
    while state.valid_for() > begin.saturating_sub(some_time) {
        std::hint::spin_loop();
    }
    let before = state.valid_for();
    assert!(answers(&mut table, &key(1, 7), ping(7, 1, 0)));
    assert!(state.valid_for() <= before);
    assert!(answers(&mut table, &key(1, 7), ping(7, 2, 1)));
    assert!(state.valid_for() > before);
}

#[test]
fn hints_are_bounded() {
    let mut table = Table::default();
    add(&mut table, 1, 7);
    for nonce in 1..100 {
        assert!(answers(&mut table, &key(1, 7), ping(7, nonce, 0)));
    }
    assert_eq!(table.by_pong.len(), HINTS_MAX);
}

proptest! {
    #[test]
    fn no_datagram_panics_or_is_answered_without_the_key(
        datagrams in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..100),
                (1_u8..3, proptest::collection::vec(any::<u8>(), 70)).prop_map(|(direction, rest)| {
                    [vec![1, direction], rest].concat()
                }),
            ],
            0..100,
        ),
    ) {
        let mut table = Table::default();
        add(&mut table, 1, 7);
        table.begin_join();
        for datagram in &datagrams {
            prop_assert_eq!(table.handle_datagram(Instant::now(), NODE, datagram), None);
        }
        let frames = datagrams.iter().filter(|bytes| bytes.len() == FRAME_LEN).count();
        prop_assert!(table.early.len() <= frames.min(EARLY_MAX));
    }
}
