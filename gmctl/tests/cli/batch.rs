//! `join -` and `leave -`.

use serde_json::Value;

use crate::{
    fake::Fake,
    program::{Nobody, run_with_input},
};

#[test]
fn every_line_is_answered_in_order() {
    let fake = Fake::start();
    let lines: Vec<String> = (1..=100)
        .map(|n| serde_json::json!({"group": "payments", "id": format!("m-{n}"), "address": format!("h:{n}")}))
        .map(|line| line.to_string())
        .collect();
    let input = lines.join("\n");
    let ran = run_with_input(&["-e", &fake.url(), "join", "-", "-o", "jsonl"], &input);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ids: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["member"]["id"].to_string())
        .collect();
    let expected: Vec<String> = (1..=100).map(|n| format!("\"m-{n}\"")).collect();
    assert_eq!(ids, expected);
    assert_eq!(fake.asked().len(), 100);
}

#[test]
fn lines_that_fail_are_named_and_the_others_take_effect() {
    let fake = Fake::start();
    let input = "{\"group\":\"payments\",\"id\":\"a\",\"address\":\"h:1\"}\n\
                 nonsense\n\
                 {\"group\":\"payments\",\"id\":\"bad\",\"address\":\"h:1\"}\n\
                 {\"group\":\"payments\",\"id\":\"a\",\"adress\":\"h:1\"}\n\
                 {\"id\":\"a\",\"address\":\"h:1\"}\n\
                 {\"group\":\"payments\",\"id\":\"b\",\"address\":\"h:1\",\"liveness\":\"http\"}\n";
    let ran = run_with_input(&["-e", &fake.url(), "join", "-"], input);
    assert_eq!(ran.code, Some(9), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
    for part in [
        "line 2: ",
        "line 3: payments/bad: the present life answers",
        "line 4: ",
        "line 5: the line has no \"group\"",
        "error: 4 acts failed, 2 took effect",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn a_mass_leave_needs_a_yes() {
    let fake = Fake::start();
    let url = fake.url();
    let input = "{\"group\":\"payments\",\"id\":\"a\",\"reason\":\"x y\"}\n{\"group\":\"payments\",\"id\":\"old\"}\n";
    let ran = run_with_input(&["-e", &url, "leave", "-"], input);
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(fake.asked().is_empty());
    let ran = run_with_input(&["-e", &url, "leave", "-", "--yes", "-o", "name"], input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(9), "a\n"), "{ran:?}");
    let only_bad = "{\"group\":\"payments\",\"id\":\"old\"}\n";
    let ran = run_with_input(&["-e", &url, "leave", "-", "--yes"], only_bad);
    assert_eq!(ran.code, Some(7), "{ran:?}");
}

#[test]
fn a_batch_stops_when_nobody_is_there() {
    let nobody = Nobody::there();
    let url = nobody.url();
    let input = "{\"group\":\"g\",\"id\":\"a\",\"address\":\"h:1\"}\n".repeat(500);
    let ran = run_with_input(&["-e", &url, "join", "-"], &input);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.stderr.contains("stopped: nothing after line 1 was tried"), "{ran:?}");
}
