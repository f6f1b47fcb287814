//! `gmctl demo`: real nodes, real members, and nothing left of them.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{gmctl, run};

#[test]
fn the_story_comes_true() {
    let ran = run(&["demo", "--headless", "--script", "--members", "8", "-o", "jsonl"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let steps: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(steps.iter().all(|step| step["ok"] == true), "{ran:?}");
    let names: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    let expected = [
        "leader", "members", "join", "answer", "kill -9", "why", "rejoin", "leader", "failover",
        "return", "leave", "accuracy", "end",
    ];
    assert_eq!(names, expected);
}

/// A demo that runs, with what it printed.
struct Demo {
    child: Child,
    facts: Value,
}

impl Demo {
    fn start() -> Self {
        let mut child = gmctl()
            .args(["demo", "--headless", "--nodes", "1", "--members", "2", "-o", "jsonl"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line).unwrap();
        Self { child, facts }
    }
}

/// Every process that has this one for its parent.
fn children_of(parent: u32) -> Vec<Pid> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let list = std::fs::read_to_string(path).unwrap();
    list.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
}

/// Whether it runs; one that ended and was not waited for yet does not.
fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_ends_a_demo_nothing_of_it_stays() {
    for (signal, code) in [
        (Signal::INT, Some(130)),
        (Signal::TERM, Some(143)),
        (Signal::HUP, Some(129)),
        (Signal::KILL, None),
    ] {
        let mut demo = Demo::start();
        let children = children_of(demo.child.id());
        assert_eq!(children.len(), 3, "a node and two members");
        let data = Path::new(demo.facts["data_dir"].as_str().unwrap()).parent().unwrap().to_owned();
        assert!(data.exists());
        let url = demo.facts["api_url"].as_str().unwrap();
        assert_eq!(run(&["-e", url, "members", "payments", "-o", "name"]).stdout, "web-1\nweb-2\n");
        kill_process(Pid::from_child(&demo.child), signal).unwrap();
        assert_eq!(demo.child.wait().unwrap().code(), code);
        // After kill -9 the pipes end, and with them the processes, by and by; it cannot remove
        // its files.
        let deadline = Instant::now() + Duration::from_secs(30);
        while children.iter().any(|pid| is_alive(*pid)) {
            assert!(Instant::now() < deadline, "a process lives on after {signal:?}");
            std::thread::yield_now();
        }
        if code.is_some() {
            assert!(!data.exists(), "{signal:?}");
        } else {
            std::fs::remove_dir_all(data).unwrap();
        }
    }
}

#[test]
fn a_node_that_cannot_start_is_told_with_its_own_words() {
    // A temporary directory that is not there: nothing can be started.
    let output = gmctl()
        .args(["demo", "--headless", "--nodes", "1", "--members", "0"])
        .env("TMPDIR", "/nonexistent")
        .output()
        .unwrap();
    let ran = crate::program::Ran::from(output);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("make a directory for the demo"), "{ran:?}");
}
