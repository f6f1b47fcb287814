//! Pipes, colours, signals and the watch.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    fake,
    fake::Fake,
    program::{gmctl, run},
};

fn watch(fake: &Fake, words: &[&str]) -> Child {
    gmctl()
        .args(["-e", &fake.url(), "watch"])
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn lines(child: &mut Child, number: usize) -> Vec<String> {
    let stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.lines().take(number).map(Result::unwrap).collect()
}

#[test]
fn a_reader_that_goes_ends_the_run_quietly() {
    let fake = Fake::start();
    for words in ["members", "events", "nodes -o json", "completions bash", "man"] {
        let mut child = gmctl()
            .args(["-e", &fake.url()])
            .args(words.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stderr, b"", "{words}");
        assert_eq!(output.status.code(), Some(141), "{words}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let fake = Fake::start();
    let url = fake.url();
    let has_escape = |words: &[&str], variable: Option<(&str, &str)>| {
        let mut command = gmctl();
        if let Some((name, value)) = variable {
            command.env(name, value);
        }
        let output = command.args(["-e", &url]).args(words).output().unwrap();
        output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
    };
    for words in [&["nodes"][..], &["status"], &["members", "none"], &["--help"]] {
        assert!(!has_escape(words, None), "{words:?}");
        assert!(!has_escape(words, Some(("NO_COLOR", "1"))), "{words:?}");
        let mut never = words.to_vec();
        never.extend(["--color", "never"]);
        assert!(
            !has_escape(&never, Some(("CLICOLOR_FORCE", "1"))) || words == ["--help"],
            "{words:?}"
        );
    }
    assert!(has_escape(&["nodes", "--color", "always"], None));
    assert!(has_escape(&["members", "none", "--color", "always"], None));
    assert!(has_escape(&["nodes"], Some(("CLICOLOR_FORCE", "1"))));
    let json = ["nodes", "-o", "json", "--color", "always"];
    assert!(!has_escape(&json, None), "JSON has no colour");
}

#[test]
fn a_watch_prints_every_event_as_a_line() {
    let fake = Fake::start();
    let mut child = watch(&fake, &["payments", "-o", "jsonl"]);
    let lines = lines(&mut child, 3);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let read = |line: &String| {
        let mut value = serde_json::from_str::<Value>(line).unwrap();
        assert!(value["seen_ms"].as_u64().is_some(), "{line}");
        value.as_object_mut().unwrap().remove("seen_ms");
        value
    };
    let mut snapshot = serde_json::to_value(fake::view("payments")).unwrap();
    snapshot["event"] = "snapshot".into();
    assert_eq!(read(&lines[0]), snapshot);
    let mut change = serde_json::to_value(fake::change("payments")).unwrap();
    change["event"] = "change".into();
    assert_eq!(read(&lines[1]), change);
    assert_eq!(read(&lines[2])["event"], "bookmark");
    child.wait().unwrap();
}

#[test]
fn a_watch_speaks_to_people_too_and_ends_by_a_signal() {
    let fake = Fake::start();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = watch(&fake, &["payments"]);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        for _ in 0..2 {
            stdout.read_line(&mut text).unwrap();
        }
        assert_eq!(
            text,
            "payments view 43: 2 members: web-1 web-2\n\
             payments view 44 after 43: +web-3 -web-1 (removed: silence)\n"
        );
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let mut rest = String::new();
        child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_watch_ends_when_its_reader_is_gone() {
    let fake = Fake::start();
    let mut child = watch(&fake, &["payments", "-o", "json"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}

#[test]
fn a_watch_calls_a_program_once_a_view() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("views");
    let script = format!("cat >> {0}; echo \" $GMS_GROUP $GMS_VIEW\"; exit 3", file.display());
    let mut child = watch(&fake, &["payments", "--exec", "sh", "-c", &script]);
    let printed = lines(&mut child, 2);
    assert_eq!(printed, [" payments 43", " payments 44"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.starts_with("sh failed for view 43 of payments: "), "{said}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    let views: Vec<Value> =
        serde_json::Deserializer::from_str(&std::fs::read_to_string(file).unwrap())
            .into_iter()
            .map(Result::unwrap)
            .collect();
    let ids: Vec<Vec<&str>> = views
        .iter()
        .map(|view| {
            let members = view["members"].as_array().unwrap();
            members.iter().map(|m| m["id"].as_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(ids, [["web-1", "web-2"], ["web-2", "web-3"]]);
}

#[test]
fn without_a_terminal_gmctl_alone_prints_the_status() {
    let fake = Fake::start();
    let ran = run(&["-e", &fake.url()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("node 1, term 3"), "{ran:?}");
    let quiet = run(&["-e", &fake.url(), "-q", "groups"]);
    assert_eq!(quiet.stdout, "orders\npayments\n");
}

/// The fake's watch: web-1 and web-2 are there; then web-3 joins and web-1 is removed.
#[test]
fn a_filtered_watch_is_of_those_who_pass_and_of_nobody_else() {
    let fake = Fake::start();
    for (filter, told) in [
        (
            "-id:web-1",
            &["payments view 43: 1 member: web-2", "payments view 44 after 43: +web-3"][..],
        ),
        (
            "id:web-1 | id:web-2",
            &[
                "payments view 43: 2 members: web-1 web-2",
                "payments view 44 after 43: -web-1 (removed: silence)",
            ],
        ),
        ("id:web-3", &["payments view 43: 0 members", "payments view 44 after 43: +web-3"]),
    ] {
        let mut child = watch(&fake, &["payments", "-f", filter]);
        assert_eq!(lines(&mut child, told.len()), told, "{filter}");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143));
    }
    // A change of others is left out: what follows the view is the bookmark behind that change.
    let mut child = watch(&fake, &["payments", "-f", "id:web-2", "-o", "jsonl"]);
    let lines = lines(&mut child, 2);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["members"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&events[0]["event"], &events[1]["event"]),
        (&"snapshot".into(), &"bookmark".into())
    );
    assert_eq!(events[1]["revision"], 44);
}

#[test]
fn the_end_and_the_program_of_a_filtered_watch_see_those_who_pass() {
    let fake = Fake::start();
    let url = fake.url();
    let of = |filter: &str, until: &str| {
        run(&["-e", &url, "watch", "payments", "-f", filter, "--until", until, "--for", "30s"])
    };
    // One passes, until web-3 joins.
    let ran = of("-id:web-1", "members>=2");
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(0), 2), "{ran:?}");
    let ran = of("id:web-1", "members:0");
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(0), 2), "{ran:?}");
    let mut child =
        watch(&fake, &["payments", "-f", "id:web-3", "--exec", "sh", "-c", "grep -c web- || true"]);
    assert_eq!(lines(&mut child, 2), ["0", "1"], "one call a view, with those who pass on stdin");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
}

#[test]
fn a_watch_with_a_filter_and_beats_is_still_a_tape() {
    let fake = Fake::start();
    let mut child = watch(&fake, &["payments", "-f", "id:web-2", "--heartbeats", "-o", "jsonl"]);
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut tape = String::new();
    for line in stdout.lines().map(Result::unwrap) {
        tape.extend([line.as_str(), "\n"]);
        if line.contains("\"event\":\"member\"") {
            break;
        }
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(tape.contains("web-2") && !tape.contains("\"web-1\""), "{tape}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tape.jsonl");
    std::fs::write(&file, &tape).unwrap();
    let read = run(&["replay", file.to_str().unwrap(), "-o", "jsonl"]);
    assert_eq!(read.code, Some(0), "{read:?}");
}
