//! `gmctl run` and `gmctl client`: being a member.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    fake::Fake,
    program::{Nobody, Ran, gmctl, run, run_with_input},
};

/// What became of member `a`: every write, in order.
fn writes(fake: &Fake) -> Vec<String> {
    fake.asked()
        .iter()
        .filter(|asked| asked.method != "GET")
        .map(|asked| format!("{} {}", asked.method, asked.path))
        .collect()
}

fn run_shell(fake: &Fake, script: &str) -> Ran {
    let url = fake.url();
    run(&["-e", &url, "run", "live", "--id", "a", "--tag", "zone=b", "--", "sh", "-c", script])
}

const JOIN: &str = "POST /v1/groups/live/members";

#[test]
fn a_program_joins_leaves_and_passes_its_code_through() {
    for (script, code, left) in [
        ("echo $GMS_GROUP/$GMS_ID", 0, ""),
        ("exit 3", 3, "&cause=exit&number=3"),
        ("kill -9 $$", 137, "&cause=signal&number=9"),
    ] {
        let fake = Fake::start();
        let ran = run_shell(&fake, script);
        assert_eq!(ran.code, Some(code), "{script}: {ran:?}");
        if code == 0 {
            assert_eq!(ran.stdout, "live/a\n");
        }
        let left = format!("DELETE /v1/groups/live/members/a?incarnation=42{left}");
        assert_eq!(writes(&fake), [JOIN.to_owned(), left], "{script}");
        let join = &fake.asked()[0].body;
        assert_eq!(join["liveness"]["kind"], "udp");
        assert_eq!(join["tags"]["zone"], "b");
        let address = join["address"].as_str().unwrap();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
    }
}

fn start(fake: &Fake, script: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = gmctl()
        .args(["-e", &fake.url(), "run", "live", "--id", "a", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, stdout)
}

#[test]
fn signals_are_passed_on() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP")] {
        let fake = Fake::start();
        let script = format!("trap 'exit 7' {name}; echo ready; while :; do sleep 0.02; done");
        let (mut child, _stdout) = start(&fake, &script);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(7), "{name}");
        assert!(
            writes(&fake).last().unwrap().contains("cause=exit&number=7"),
            "{:?}",
            writes(&fake)
        );
    }
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[test]
fn a_program_does_not_outlive_gmctl() {
    let fake = Fake::start();
    let (mut child, mut stdout) = start(&fake, "echo ready; exec sleep 600");
    child.kill().unwrap();
    child.wait().unwrap();
    // The program holds the other end of this pipe: it ends with the program.
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_program_that_is_not_there_joins_nothing() {
    let fake = Fake::start();
    let ran = run(&["-e", &fake.url(), "run", "live", "--id", "a", "--", "no-such-program"]);
    assert_eq!(ran.code, Some(127), "{ran:?}");
    assert!(ran.stderr.contains("no-such-program"), "{ran:?}");
    assert_eq!(writes(&fake), [""; 0]);
}

#[test]
fn a_program_ends_when_its_name_is_refused_and_only_then() {
    let fake = Fake::start();
    let script = "trap 'echo told; exit 0' TERM; while :; do sleep 0.02; done";
    let ran = run(&["-e", &fake.url(), "run", "live", "--id", "bad", "--", "sh", "-c", script]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.stderr.contains("the present life answers"), "{ran:?}");
    let nobody = Nobody::there();
    let ran = run(&["-e", &nobody.url(), "run", "live", "--id", "a", "--", "sh", "-c", "exit 5"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
}

#[test]
fn a_member_by_hand_registers_sees_views_and_leaves() {
    let left = "DELETE /v1/groups/live/members/1?incarnation=42".to_owned();
    for end in ["q\n", "\n", ""] {
        let fake = Fake::start();
        let ran = run_with_input(
            &[
                "client",
                "--id",
                "1",
                "--address",
                "http://127.0.0.1:9021",
                "--cluster",
                &fake.url(),
            ],
            &format!("nodes\nlook payments\n\n,1,http://h:1\nchoose live\nregister\n{end}"),
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("web-2") && ran.stdout.contains("NODE"), "{ran:?}");
        assert!(ran.stderr.contains("that is no order"), "{ran:?}");
        assert_eq!(writes(&fake), [JOIN.to_owned(), left.clone()], "{end:?}");
    }
}

#[test]
fn a_member_by_hand_shows_views_and_leaves_by_a_signal() {
    let fake = Fake::start();
    let mut child = gmctl()
        .args(["client", "--id", "1", "--address", "127.0.0.1:9021", "--cluster", &fake.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"register live\n").unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let view = stdout.lines().map(Result::unwrap).find(|line| line.contains("view 50"));
    assert_eq!(view.unwrap(), "live view 50: 1 member: 1");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(writes(&fake).last().unwrap().starts_with("DELETE "), "{:?}", writes(&fake));
}
