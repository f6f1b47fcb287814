//! `why --at`: what the recorded history says of a member at a moment, and of no later one.

use serde_json::Value;

use crate::{
    fake,
    fake::Fake,
    program::{Ran, run},
};

fn why(fake: &Fake, at: &str, words: &[&str]) -> Ran {
    let url = fake.url();
    let mut all = vec!["-e", url.as_str(), "why", "payments", "web-1", "--at", at];
    all.extend(words);
    run(&all)
}

/// The fake's history: web-1 joins at 42, is removed at 44, and an election follows at 45.
#[test]
fn a_moment_is_a_revision_or_a_time_and_later_events_count_for_nothing() {
    let fake = Fake::start();
    for (at, state) in [
        ("42", "member"),
        ("43", "member"),
        ("44", "removed"),
        ("918", "removed"),
        ("2026-09-21T14:13:20Z", "removed"),
        ("2100-01-01T00:00:00Z", "removed"),
    ] {
        let ran = why(&fake, at, &["-o", "json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{at}: {ran:?}");
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(said["state"], state, "{at}");
        assert_eq!(said["incarnation"], 42, "{at}");
        assert_eq!(said["suspicion"], Value::Null, "{at}: doubts are not recorded");
        // The evidence is the one of the removal, whoever asks and when.
        let evidence = serde_json::to_value(fake::why("payments", "web-1")).unwrap();
        let evidence = &evidence["removal"]["observers"];
        let told = &said["removal"]["observers"];
        assert_eq!(told, if state == "removed" { evidence } else { &Value::Null }, "{at}");
    }
    let asked = fake.asked();
    assert_eq!(asked[0].path, "/v1/events?group=payments&member=web-1".replace('-', "%2D"));
    assert!(asked.iter().all(|asked| asked.method == "GET"));
}

#[test]
fn before_everything_nothing_is_on_record_and_the_hint_says_how_far_it_reaches() {
    let fake = Fake::start();
    for at in ["41", "0", "2020-01-01T00:00:00Z", "10000d"] {
        let ran = why(&fake, at, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{at}: {ran:?}");
        assert!(ran.stderr.contains("nothing is on record of payments/web-1 by then"), "{ran:?}");
        assert!(ran.stderr.contains("reaches back to revision 0"), "{ran:?}");
    }
}

#[test]
fn it_is_told_to_people_and_in_rows_too() {
    let fake = Fake::start();
    let text = why(&fake, "44", &[]);
    assert!(text.stdout.contains("silence") && text.stdout.contains("node 1"), "{text:?}");
    let before = why(&fake, "43", &[]);
    assert!(before.stdout.contains("member, nobody doubts it"), "{before:?}");
    assert_eq!(why(&fake, "44", &["-o", "name"]).stdout, "web-1\n");
    let csv = why(&fake, "44", &["-o", "csv"]);
    assert!(
        csv.stdout.lines().nth(1).unwrap().starts_with("payments,web-1,42,removed,silence,44,")
    );
}
