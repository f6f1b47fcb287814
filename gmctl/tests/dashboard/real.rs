//! The program itself in a terminal, at a real cluster of real nodes: what a person does in the
//! first minutes, and what must not happen when a node dies.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{PANIC_ONCE, SPINNING, terminal::Terminal};

/// How many nodes there are.
const NODES: usize = 3;

/// Three nodes and six members, each a process of its own. They end with this.
struct Cluster {
    demo: Child,
    nodes: Vec<Value>,
}

impl Cluster {
    fn start() -> Self {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_gmctl"))
            .args(["demo", "--headless", "--nodes", "3", "--members", "6", "-o", "jsonl"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let nodes = lines.take(NODES).map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        Self { nodes: nodes.collect(), demo }
    }

    fn endpoints(&self) -> String {
        let urls: Vec<&str> =
            self.nodes.iter().map(|node| node["api_url"].as_str().unwrap()).collect();
        urls.join(",")
    }

    /// `kill -9` of a node.
    fn kill_node(&self, id: u64) {
        let node = self.nodes.iter().find(|node| node["id"] == id).unwrap();
        let status = Command::new("kill").args(["-9", &node["pid"].to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// `kill -9` of a member: the demo's child whose orders name it.
    fn kill_member(&self, id: &str) {
        let of_demo = |process: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()?;
            let orders = std::fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
            let named = orders.contains(&format!("\"{id}\""));
            Some(parent == self.demo.id() && named)
        };
        let all = std::fs::read_dir("/proc").unwrap();
        let mut numbers = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        let found = numbers.find(|process| of_demo(process).unwrap_or_default());
        let process: u32 = found.expect("the member's process");
        let status = Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn dashboard(&self, arguments: &[&str]) -> Terminal {
        let endpoints = self.endpoints();
        let all: Vec<&str> = ["-e", endpoints.as_str(), "tui"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        Terminal::run(120, 36, env!("CARGO_BIN_EXE_gmctl"), &all, &[])
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // With it all its processes end: they hold a line to it.
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

/// The node that the header says answers.
fn via(terminal: &Terminal) -> Option<u64> {
    let text = terminal.text();
    text.split_once("via node ")?.1.split_whitespace().next()?.parse().ok()
}

/// Waits until the overview lists the node as out of reach. What the alarm says depends on what else
/// has happened.
fn wait_for_loss(terminal: &mut Terminal, node: u64) {
    let is_row = |line: &str| {
        let row = line.trim_start_matches('│').trim_start_matches(['>', ' ']);
        row.starts_with(&format!("{node} ")) && row.contains("OUT OF REACH")
    };
    terminal.wait_until("a node out of reach", |terminal| terminal.text().lines().any(is_row));
}

#[test]
fn the_first_minutes_of_a_person_at_a_real_cluster() {
    let cluster = Cluster::start();
    let mut terminal = cluster.dashboard(&[]);
    terminal.wait_for("all 6 members answer");
    terminal.wait_for("QUORUM 3/3");

    // Filter, drill down, come back.
    terminal.type_in("7");
    terminal.wait_for("3 of 3 asked side by side");
    terminal.type_in("3");
    terminal.wait_for("6 of 6, worst first");
    terminal.type_in("/group:orders\r");
    terminal.wait_for("2 of 6, worst first");
    terminal.type_in("\r");
    terminal.wait_for("MEMBER worker-1 of orders");
    terminal.wait_for("|||");
    terminal.type_in("\x1b");
    terminal.wait_for("2 of 6, worst first");
    terminal.type_in("\x1b");
    terminal.wait_for("6 of 6, worst first");

    // Let one in: a member that is as alive as the port of a node.
    let address = cluster.nodes[0]["api_url"].as_str().unwrap().to_owned();
    terminal.type_in("A");
    terminal.wait_for("JOIN a group");
    terminal.type_in("visitor\t");
    terminal.type_in(&address);
    terminal.wait_for("= gmctl join orders visitor");
    terminal.type_in("\r");
    terminal.wait_for("dry run: would let visitor in");
    terminal.type_in("y");
    terminal.wait_for("visitor joined as a new life");
    terminal.wait_for("7 of 7, worst first");

    // And take it out again.
    terminal.type_in("/id:visitor\r");
    terminal.wait_for("1 of 7, worst first");
    terminal.type_in("X");
    terminal.wait_for("LEAVE visitor from orders");
    terminal.type_in("it was a test\r");
    terminal.wait_for("1 would leave");
    terminal.type_in("y");
    terminal.wait_for("visitor left");
    terminal.type_in("5");
    terminal.wait_for("visitor: it was a test");

    terminal.resize(40, 8);
    terminal.wait_for("need 60x16");
    terminal.resize(80, 24);
    terminal.wait_for("[5 time]");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

#[test]
fn the_death_of_the_node_we_talk_to_is_survived() {
    let cluster = Cluster::start();
    let mut terminal = cluster.dashboard(&[]);
    terminal.wait_for("all 6 members answer");
    terminal.wait_until("the node that answers", |terminal| via(terminal).is_some());
    let first = via(&terminal).unwrap();
    cluster.kill_node(first);
    terminal.wait_until("another node that answers", |terminal| {
        via(terminal).is_some_and(|now| now != first) && terminal.text().contains("LIVE")
    });
    wait_for_loss(&mut terminal, first);
    terminal.wait_for("QUORUM 2/3");
    terminal.type_in("\x1a");
    terminal.wait_until("the terminal is given back", |terminal| !terminal.modes().alternate);
    terminal.signal("CONT");
    terminal.wait_until("the terminal is taken again", |terminal| terminal.modes().alternate);
    terminal.wait_for("LIVE");
    terminal.signal("TERM");
    assert_eq!(terminal.wait_for_exit(), 143);
    terminal.assert_given_back();
}

#[test]
fn what_is_recorded_is_replayed_with_the_same_screens() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("night.jsonl");
    let tape = tape.to_str().unwrap();
    let mut terminal = cluster.dashboard(&[]);
    terminal.wait_for("all 6 members answer");
    terminal.type_in("r\x15");
    terminal.type_in(tape);
    terminal.type_in("\r");
    terminal.wait_for("REC ");
    terminal.type_in("Csomebody pulled a plug\r");
    terminal.wait_for("noted");
    cluster.kill_member("worker-1");
    terminal.wait_for("removed");
    terminal.wait_for("all 5 members answer");
    cluster.kill_node(3);
    wait_for_loss(&mut terminal, 3);
    terminal.type_in("r");
    terminal.wait_for("= gmctl replay");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    drop(cluster);

    let program = env!("CARGO_BIN_EXE_gmctl");
    let report = std::process::Command::new(program).args(["report", tape]).output().unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    let removals = report.split_once("## Removals").unwrap().1;
    assert!(removals.contains("orders/worker-1") && removals.contains("node "), "{report}");

    let mut terminal = Terminal::run(120, 36, program, &["replay", tape], &[]);
    terminal.wait_for("REPLAY");
    terminal.type_in("$");
    wait_for_loss(&mut terminal, 3);
    terminal.wait_for("somebody pulled a plug");
    // What happened before the recording began, and why, though nobody can be asked any more.
    terminal.type_in("5");
    terminal.wait_for("node start");
    terminal.type_in("/worker-1 kind:removed\r");
    terminal.wait_for("1 entries");
    terminal.type_in("w");
    terminal.wait_for("as the service told it at");
    terminal.wait_for("observers");
    terminal.type_in("1[");
    terminal.wait_for("FROZEN");
    terminal.type_in("A");
    terminal.wait_for("this is a recording");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_recording_may_begin_with_the_dashboard_and_replaces_none() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("watch.jsonl");
    let tape = tape.to_str().unwrap();
    let record = ["--record", tape, "--history", "1h"];
    let mut terminal = cluster.dashboard(&record);
    terminal.wait_for("all 6 members answer");
    terminal.wait_for("REC ");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    let kept = std::fs::read(tape).unwrap();

    let mut terminal = cluster.dashboard(&record);
    terminal.wait_for("cannot be recorded into");
    assert_eq!(terminal.wait_for_exit(), 1);
    assert_eq!(std::fs::read(tape).unwrap(), kept, "what is there stays");
    drop(cluster);

    let program = env!("CARGO_BIN_EXE_gmctl");
    let mut terminal = Terminal::run(120, 36, program, &["replay", tape], &[]);
    terminal.wait_for("all 6 members answer");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn a_closed_window_ends_it_and_nothing_spins() {
    let cluster = Cluster::start();
    let mut terminal = cluster.dashboard(&[]);
    terminal.wait_for("all 6 members answer");
    let (code, ticks) = terminal.hang_up();
    assert_eq!(code, 129);
    assert!(ticks < SPINNING, "it ran {ticks} ticks after its terminal was gone");
}

#[test]
fn a_panic_in_the_middle_of_it_gives_the_terminal_back() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let now = folder.path().join("now");
    let environment = [(PANIC_ONCE, now.to_str().unwrap())];
    let mut terminal = Terminal::open_with(120, 36, &cluster.endpoints(), &environment);
    terminal.wait_for("all 6 members answer");
    std::fs::write(&now, "").unwrap();
    terminal.wait_for("injected");
    assert_eq!(terminal.wait_for_exit(), 1, "a part of it that panicked ends all of it");
    terminal.assert_given_back();
}
