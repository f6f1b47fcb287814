//! The first line: whatever the width and the state, it tells what it must never hide.

use proptest::prelude::*;

use super::{
    app::Settings,
    fixture::Play,
    matrix_tests::{SCREENS, STATES},
    message::{Cost, Message},
    size::FULL,
};
use crate::model::link::{Stream, StreamNews, Trust};

fn first_line(play: &mut Play, width: u16, height: u16) -> String {
    play.screen(width, height).lines().next().unwrap().to_owned()
}

/// What the line costs the terminal at its worst.
fn costly(play: &mut Play) {
    play.tell(Message::Cost(Cost { fps: 4, bytes_per_s: 12_345, slowed: true }));
}

/// A dashboard in one of the states, with as much to tell as is wished for.
fn told(state: usize, screen: usize, context: &str, recorded: bool, frozen: bool) -> Play {
    let (name, tell) = STATES[state];
    let mut play = Play::with(Settings { replay: name == "replay", ..Settings::new(context) });
    tell(&mut play);
    costly(&mut play);
    play.keys(SCREENS[screen].1);
    if recorded {
        play.keys("r Enter");
    }
    if frozen && play.app.past.is_none() {
        play.keys("Space").trouble();
    }
    play
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_trust_and_the_context_are_always_told(
        width in 60_u16..=200,
        height in 16_u16..=40,
        state in 0..STATES.len(),
        screen in 0..SCREENS.len(),
        context in "[a-z][a-z0-9-]{2,18}",
        recorded in any::<bool>(),
        frozen in any::<bool>(),
    ) {
        let mut play = told(state, screen, &context, recorded, frozen);
        let line = first_line(&mut play, width, height);
        let replayed = play.app.settings.replay;
        let is_live = matches!(play.app.trust(), Trust::Live(_));
        let word = match (&play.app.past, play.app.settings.replay) {
            (Some(_), _) => "FROZEN",
            (None, true) => "REPLAY",
            (None, false) => play.app.trust().word(),
        };
        prop_assert!(line.contains(word), "{word}: {line}");
        if let (Some(_), false, false) = (&play.app.past, replayed, is_live) {
            prop_assert!(line.contains(play.app.trust().word()), "{line}");
        }
        prop_assert!(line.contains(&format!(" {context} ")), "{context}: {line}");
    }
}

#[test]
fn a_frozen_and_recorded_screen_of_the_full_size_says_so() {
    let mut play = told(0, 0, "prod-eu", true, true);
    for width in [FULL.0, 120] {
        let line = first_line(&mut play, width, 36);
        assert!(line.contains(" | FROZEN 12:03:31 +"), "{line}");
        assert!(line.contains(" | REC "), "{line}");
        assert!(line.contains(" prod-eu > overview "), "{line}");
        assert!(line.contains(" via node 2"), "{line}");
    }
}

/// A context that is protected, and the word that tells so until it is unlocked.
fn protected(unlocked: bool) -> (Play, &'static str) {
    let mut play = Play::with(Settings { protected: true, ..Settings::new("prod-eu-west-1") });
    play.healthy();
    costly(&mut play);
    if unlocked {
        play.keys(":").types("write 10m").keys("Enter");
    }
    (play, if unlocked { "  WRITE 10m00s" } else { "  protected" })
}

#[test]
fn whether_it_can_be_written_to_is_told_at_every_width() {
    for unlocked in [false, true] {
        let (mut play, mark) = protected(unlocked);
        play.keys("2 3 r Enter");
        for width in 60..=200 {
            let line = first_line(&mut play, width, 36);
            assert!(line.contains(&format!("prod-eu-west-1{mark} ")), "{width}: {line}");
            assert!(line.contains("LIVE"), "{width}: {line}");
        }
    }
}

#[test]
fn a_connection_that_is_lost_while_the_past_is_shown_is_told() {
    let mut play = Play::new();
    play.healthy().keys("Space");
    assert!(!first_line(&mut play, 120, 36).contains("LIVE"), "that is a matter of course");
    let down = StreamNews::Down { error: "connection refused".to_owned() };
    play.tell(Message::Link(Stream::Watch, down)).later(3_400);
    let line = first_line(&mut play, 120, 36);
    assert!(line.contains("FROZEN 12:03:11 +1 event behind RECONNECTING 3.4s"), "{line}");
    play.later(10_000);
    let line = first_line(&mut play, 80, 24);
    assert!(line.contains("FROZEN 12:03:11 +1 STALE 13.4s"), "{line}");
}
