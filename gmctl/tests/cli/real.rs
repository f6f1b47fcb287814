//! Against real nodes and real members: an incident as it happens, and what is left of it on a tape.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Ran, gmctl, run};

/// A loaded machine takes its time; a sound one needs a hundredth of this.
const BOUND: Duration = Duration::from_mins(1);

/// A demo that runs.
struct Cluster {
    child: Child,
    facts: Value,
}

impl Cluster {
    fn start(nodes: &str, members: &str) -> Self {
        let mut child = gmctl()
            .args(["demo", "--headless", "--nodes", nodes, "--members", members, "-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let facts = serde_json::Deserializer::from_reader(stdout).into_iter().next();
        Self { child, facts: facts.unwrap().unwrap() }
    }

    fn endpoints(&self) -> String {
        let urls = self.facts["endpoints"].as_array().unwrap().iter();
        urls.map(|url| url.as_str().unwrap()).collect::<Vec<_>>().join(",")
    }

    fn run(&self, words: &str) -> Ran {
        let endpoints = self.endpoints();
        let mut all = vec!["-e", endpoints.as_str()];
        all.extend(words.split(' '));
        run(&all)
    }

    fn kill(&self, kind: &str, name: &str) {
        let found = self.facts[kind].as_array().unwrap().iter().find(|one| {
            one["api_url"] == name
                || format!("{}/{}", one["group"], one["id"]).replace('"', "") == name
        });
        let pid = found.unwrap()["pid"].as_i64().unwrap();
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// A gmctl that prints lines.
struct Lines {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Lines {
    fn start(cluster: &Cluster, words: &[&str]) -> Self {
        let mut child = gmctl()
            .args(["-e", &cluster.endpoints()])
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line for which this holds.
    fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the end came first");
            let value = serde_json::from_str(&line).unwrap();
            if holds(&value) {
                return value;
            }
        }
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_crash_is_seen_recorded_explained_and_reported() {
    let cluster = Cluster::start("3", "4");
    let directory = tempfile::tempdir().unwrap();
    let tape = directory.path().join("incident.jsonl");
    let tape = tape.to_str().unwrap();
    let members = cluster.run("members -o name").stdout;
    let victim = members.lines().find(|name| name.starts_with("payments/")).unwrap().to_owned();
    let id = victim.strip_prefix("payments/").unwrap();
    let mut record = gmctl()
        .args(["-e", &cluster.endpoints(), "record", tape, "--note", "pulled the plug"])
        .args(["-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut watch = Lines::start(&cluster, &["watch", "payments", "-o", "jsonl"]);
    watch.until(|line| line["event"] == "snapshot");
    on_tape(tape, |line| line["event"] == "nodes");
    cluster.kill("members", &victim);
    let change = watch.until(|line| line["event"] == "change");
    assert_eq!(change["removed"][0]["id"], id, "{change}");
    let why = cluster.run(&format!("why payments {id}"));
    assert_eq!(why.code, Some(0), "{why:?}");
    assert!(why.stdout.contains("removed") && why.stdout.contains("node "), "{why:?}");
    history(&cluster, id, change["view"].as_u64().unwrap());
    assert_eq!(cluster.run(&format!("wait payments/{id} --gone")).code, Some(0));
    // A node's own port is as good a member as any that answers.
    let port = cluster.facts["endpoints"][1].as_str().unwrap();
    let joined = cluster.run(&format!("join jobs answers {port} --wait --timeout 20s"));
    assert_eq!((joined.code, joined.stderr.as_str()), (Some(0), ""), "{joined:?}");
    on_tape(tape, |line| line["kind"] == "removed");

    // The node that serves the watch goes; the watch goes on elsewhere.
    let first = cluster.facts["endpoints"][0].as_str().unwrap();
    cluster.kill("nodes", first);
    let joined = cluster.run("join payments guest 127.0.0.1:1 --timeout 20s -o json");
    assert_eq!(joined.code, Some(0), "{joined:?}");
    watch.until(|line| line["joined"][0]["id"] == "guest");
    assert_eq!(watch.end(Signal::INT), Some(130));
    on_tape(tape, |line| line["joined"][0]["id"] == "guest");
    kill_process(Pid::from_child(&record), Signal::INT).unwrap();
    assert_eq!(record.wait().unwrap().code(), Some(130));

    let replay = run(&["replay", tape, "-o", "jsonl"]);
    assert_eq!(replay.code, Some(0), "{replay:?}");
    let happened: Vec<Value> =
        replay.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for what in ["note", "removed", "joined"] {
        assert!(happened.iter().any(|line| line["what"] == what), "{what}: {replay:?}");
    }
    let report = run(&["report", tape]);
    assert_eq!(report.code, Some(0), "{report:?}");
    for part in
        ["# Incident report", "pulled the plug", &format!("### {victim}"), "| node ", "1 removed"]
    {
        assert!(report.stdout.contains(part), "{part}: {}", report.stdout);
    }
    let diff = run(&["diff", tape, "-o", "csv"]);
    assert!(diff.stdout.contains(&format!("payments,{id},gone,")), "{diff:?}");
    bundle(&cluster, directory.path().join("help.tar").to_str().unwrap(), id);

    // One node of three is left, and may have led: nobody leads.
    cluster.kill("nodes", port);
    let gave_up = Instant::now() + BOUND;
    let lone = loop {
        let ran = cluster.run("leader get");
        if ran.code == Some(6) {
            break ran;
        }
        assert!(Instant::now() < gave_up, "{ran:?}");
    };
    assert!(lone.stdout.is_empty() && lone.stderr.contains("no node leads"), "{lone:?}");
}

/// What the history says of a removal is what was said at once; before it there was a member.
fn history(cluster: &Cluster, id: &str, revision: u64) {
    let said = |words: &str| -> Value {
        let ran = cluster.run(format!("why payments {id} -o json {words}").trim_end());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    assert_eq!(said(&format!("--at {revision}")), said(""));
    let before = said(&format!("--at {}", revision - 1));
    assert_eq!((&before["state"], &before["removal"]), (&"member".into(), &Value::Null));
}

/// The archive has what can be had although a node is gone.
fn bundle(cluster: &Cluster, file: &str, id: &str) {
    let bundle = cluster.run(&format!("bundle {file} -o json"));
    assert_eq!(bundle.code, Some(0), "{bundle:?}");
    let facts: Value = serde_json::from_str(&bundle.stdout).unwrap();
    assert!(!facts["faults"].as_array().unwrap().is_empty(), "a node is gone: {facts}");
    let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    for part in
        ["groups.json", "views/payments.json", &format!("why/payments/{id}.json"), "faults.txt"]
    {
        assert!(names.contains(&format!("gms-bundle/{part}")), "{part}: {names:?}");
    }
    let again = cluster.run(&format!("bundle {file}"));
    assert_eq!(again.code, Some(1), "{again:?}");
}

/// Waits until a line for which this holds is on the tape.
fn on_tape(tape: &str, holds: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + BOUND;
    loop {
        let text = std::fs::read_to_string(tape).unwrap_or_default();
        if text.lines().filter_map(|line| serde_json::from_str(line).ok()).any(|line| holds(&line))
        {
            return;
        }
        assert!(Instant::now() < deadline, "not on the tape: {text}");
        std::thread::yield_now();
    }
}

#[test]
fn a_watch_ends_by_its_condition_and_calls_for_every_view_before() {
    let cluster = Cluster::start("1", "0");
    let directory = tempfile::tempdir().unwrap();
    let calls = directory.path().join("calls");
    let script = format!("echo $GMS_VIEW >> {}", calls.display());
    let mut watch = gmctl()
        .args([
            "-e",
            &cluster.endpoints(),
            "watch",
            "jobs",
            "--until",
            "members>=3",
            "--for",
            "60s",
        ])
        .args(["--exec", "sh", "-c", &script])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for number in 1..=3 {
        let joined = cluster.run(&format!("join jobs w-{number} 127.0.0.1:{number} --hold 60s"));
        assert_eq!(joined.code, Some(0), "{joined:?}");
    }
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    let views: Vec<u64> = std::fs::read_to_string(&calls)
        .unwrap()
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(views.is_sorted() && views.windows(2).all(|two| two[0] < two[1]), "{views:?}");
    assert!(!views.is_empty());
    let late = cluster.run("watch jobs --until members>=9 --for 100ms");
    assert_eq!(late.code, Some(8), "{late:?}");
    assert_eq!(cluster.run("watch jobs --for 100ms").code, Some(0));
    let out = cluster.run("leave jobs -f id~^w- --dry-run -o name");
    assert_eq!((out.code, out.stdout.as_str()), (Some(0), "w-1\nw-2\nw-3\n"));
    let refused = cluster.run("leave jobs -f id~^w-");
    assert_eq!(refused.code, Some(10), "{refused:?}");
    assert!(refused.stderr.contains("  jobs/w-1\n"), "{refused:?}");
    let done = cluster.run("leave jobs -f id~^w- --yes --reason over -o jsonl");
    assert_eq!((done.code, done.stdout.lines().count()), (Some(0), 3), "{done:?}");
    assert!(cluster.run("events --limit 1 -o jsonl").stdout.contains("\"reason\":\"over\""));
}
