//! Recordings: how one begins, what goes into it, and how one is shown.

use std::time::Duration;

use gms::{
    api::{Band, WatchEvent},
    id::Revision,
    view::Change,
};

use super::{
    app::Settings,
    fixture::{Play, group, healthy, id, key, last, member, notice},
    message::{Effect, Message},
    opening,
};
use crate::{
    action::key::Key,
    facts::looks,
    model::{cluster::Model, happening::Happening},
    tape::{format::Fact, play::apply, read::Tape},
};

#[test]
fn a_note_is_kept_and_recorded() {
    let mut play = healthy();
    play.keys("C").types("switch rebooted").keys("Enter");
    assert!(play.effects.contains(&Effect::Note("switch rebooted".to_owned())));
    let entry = play.app.live.timeline.entries().last().unwrap();
    assert_eq!(entry.what, Happening::Note("switch rebooted".to_owned()));
}

#[test]
fn recording_is_asked_for_shown_and_ended() {
    let mut play = healthy();
    play.keys("r").press(Key::Ctrl('u')).types("night.jsonl").keys("Enter");
    assert!(play.effects.contains(&Effect::Record(Some("night.jsonl".to_owned()))));
    assert!(play.later(20_000).screen(120, 36).contains("REC 20s"));
    play.keys("r");
    assert!(play.effects.contains(&Effect::Record(None)) && play.app.ui.recording.is_none());
}

#[test]
fn a_recording_begins_with_what_is_known() {
    let mut play = healthy();
    play.trouble();
    let (live, now) = (&play.app.live, play.now);
    let mut copy = Model::default();
    for fact in opening::facts(live, now) {
        apply(&mut copy, now, &fact);
    }
    assert_eq!(copy.tally(), live.tally());
    for (name, group) in &live.groups {
        let other = copy.groups.get(name).unwrap();
        assert_eq!(
            (other.view, &other.members, &other.hold),
            (group.view, &group.members, &group.hold)
        );
        assert_eq!(other.heard.len(), group.heard.len(), "{name}");
    }
    assert_eq!(copy.leader(), live.leader());
}

#[test]
fn a_recording_that_begins_before_anything_is_known_claims_nothing() {
    let play = Play::new();
    assert_eq!(opening::facts(&play.app.live, play.now), Vec::new());
}

#[test]
fn a_recording_is_shown_and_asks_nobody() {
    let mut play = Play::with(Settings {
        replay: true,
        tape: "tapes/night.jsonl".to_owned(),
        ..Settings::new("night.jsonl")
    });
    play.healthy().trouble();
    assert!(play.screen(120, 36).contains("REPLAY 12:03:31 x1"));
    let line = crate::tui::command_line::of(&play.app);
    assert!(
        line.starts_with("gmctl replay tapes/night.jsonl --at 2026-"),
        "not of the cluster: {line}"
    );
    play.keys("Space");
    assert_eq!(play.effects.last(), Some(&Effect::Play(None)));
    assert!(play.screen(120, 36).contains("paused"));
    play.keys(":").types("speed 8").keys("Enter");
    assert_eq!(play.effects.last(), Some(&Effect::Play(Some(8.0))));
    play.keys(":").types("at 12:03:40").keys("Enter");
    let ahead = play.now.wall_ms / 1_000 * 1_000 + 9_000;
    assert_eq!(play.effects.last(), Some(&Effect::Seek(ahead)), "it lies ahead, not yesterday");
    play.keys(":").types("at 12:03:20").keys("Enter");
    assert!(play.app.past.is_some());
    play.keys("$ $");
    assert_eq!(play.effects.last(), Some(&Effect::Seek(u64::MAX)));
    for keys in ["A", "2 3 X", "r", "R"] {
        play.keys(keys);
        assert!(play.app.ui.overlay.is_none(), "{keys}");
        assert!(notice(&play).contains("recording"), "{keys}: {}", notice(&play));
    }
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Ask { .. } | Effect::AskOpinions(_))));
}

#[test]
fn what_was_seen_is_taken_in_at_its_own_moment() {
    let mut play = healthy();
    let then = play.now.later(Duration::from_secs(5));
    play.tell(Message::Seen(then, Box::new(Message::Note("then".to_owned()))));
    let entry = play.app.live.timeline.entries().last().unwrap();
    assert_eq!(entry.wall_ms, then.wall_ms);
}

/// A tape that this dashboard writes is one that it can read.
#[test]
fn the_opening_is_a_tape() {
    let mut play = healthy();
    let facts = opening::facts(&play.app.live, play.now);
    let mut bytes = Vec::new();
    let header = crate::tape::format::Header {
        version: crate::tape::format::VERSION,
        gmctl: "test".to_owned(),
        endpoints: Vec::new(),
        group: None,
    };
    let mut writer =
        crate::tape::write::Writer::begin(&mut bytes, &header, play.now.wall_ms).unwrap();
    for fact in &facts {
        let record = crate::tape::format::Record { at_ms: play.now.wall_ms, fact: fact.clone() };
        writer.write(&record).unwrap();
    }
    let tape = Tape::read(bytes.as_slice()).unwrap();
    let read: Vec<_> = tape.records.into_iter().map(|record| record.fact).collect();
    assert_eq!(read, facts);
    for fact in facts {
        let message = opening::message_of(fact.clone()).unwrap();
        assert_eq!(opening::fact_of(&message), Some(fact));
    }
    play.screen(80, 24);
}

fn removal(member: &str) -> gms::api::Why {
    gms::api::Why {
        group: group("payments"),
        id: id(member),
        incarnation: gms::id::Incarnation(1),
        state: gms::api::WhyState::Removed,
        removal: Some(gms::api::Removal {
            revision: Revision(70),
            term: 5,
            at_ms: 1_785_067_391_204,
            evidence: gms::evidence::Evidence::stated(
                gms::evidence::Cause::Silence,
                None,
                vec!["the switch of rack r7 was off".to_owned()],
            ),
        }),
        left: None,
        hold: None,
        suspicion: None,
    }
}

#[test]
fn a_recording_says_why_as_it_was_told() {
    let mut play = Play::with(Settings { replay: true, ..Settings::new("night.jsonl") });
    play.healthy().keys("2 3 w");
    assert!(play.screen(120, 36).contains("by this moment nobody had told why"));
    let then = play.now.later(Duration::from_secs(5));
    play.tell(Message::Seen(then, Box::new(Message::Why(Box::new(removal("m-0001"))))));
    let screen = play.screen(120, 36);
    assert!(screen.contains("as the service told it at"), "{screen}");
    assert!(screen.contains("the switch of rack r7 was off"), "{screen}");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::AskWhy { .. })));
    let copy = opening::facts(&play.app.live, play.now);
    let is_it = |fact: &&Fact| matches!(fact, Fact::Why(why) if why.id == id("m-0001"));
    assert_eq!(copy.iter().filter(is_it).count(), 1, "a recording of a recording has it too");
}

#[test]
fn while_recording_the_service_is_asked_why_of_whom_something_happens() {
    let mut play = healthy();
    let asked = |play: &Play| {
        last(play, |effect| match effect {
            Effect::AskEvidence(keys) => Some(keys.clone()),
            _ => None,
        })
    };
    play.trouble();
    assert_eq!(asked(&play), None, "nobody records");
    play.keys("r Enter").later(2_000);
    // Of the member under the cursor the other stream may tell first.
    let report = looks("payments", &member(11, 111), Band::Suspect);
    play.tell(Message::Pinned(report));
    assert_eq!(asked(&play), Some(vec![key("payments", "m-0011")]));
    play.later(2_000);
    play.tell(Message::Watch(WatchEvent::Change(Change {
        group: group("payments"),
        from: play.app.live.groups[&group("payments")].view,
        view: Revision(99_999_999),
        at_ms: 0,
        joined: Vec::new(),
        left: Vec::new(),
        removed: (1..=40)
            .map(|n| gms::view::Removed {
                id: id(&format!("m-{n:04}")),
                incarnation: gms::id::Incarnation(1),
                cause: gms::evidence::Cause::Silence,
                number: None,
            })
            .collect(),
        updated: Vec::new(),
        revision: Revision(99_999_999),
        after: play.app.live.groups[&group("payments")].revision,
        away: Vec::new(),
    })));
    assert_eq!(asked(&play).map(|keys| keys.len()), Some(16), "of a mass failure the first");
}
