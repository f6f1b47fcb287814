//! The Procfile at the top of the repository starts the cluster it says: its lines are read and
//! run as goreman would run them, on other ports.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::collections::BTreeMap;

use support::free_port;

/// The lines of the Procfile: name, command.
fn lines() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../Procfile");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, command) = line.split_once(':').expect("name: command");
            (name.trim().to_owned(), command.trim().to_owned())
        })
        .collect()
}

#[test]
fn it_has_the_predecessors_names_and_ports() {
    let lines = lines();
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["node1", "node2", "node3"]);
    for (n, (_, command)) in lines.iter().enumerate() {
        let id = n + 1;
        assert!(command.contains(&format!("--id {id} ")), "{command}");
        assert!(command.contains(&format!("--port {id}2380")), "{command}");
        for peer in ["12379", "22379", "32379"] {
            assert!(command.contains(&format!("http://127.0.0.1:{peer}")), "{command}");
        }
    }
}

#[tokio::test]
async fn its_lines_start_a_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let mut ports = BTreeMap::new();
    for port in ["12379", "22379", "32379", "12380", "22380", "32380"] {
        ports.insert(port, free_port().to_string());
    }
    let mut children = Vec::new();
    for (_, command) in lines() {
        let mut command = command;
        for (fixed, free) in &ports {
            command = command.replace(fixed, free);
        }
        let mut words = command.split_whitespace();
        // However the Procfile finds the program, the test runs the one that was just built.
        let program = words.by_ref().find(|word| word.ends_with("gmsd")).expect("it runs gmsd");
        assert!(program.ends_with("gmsd"));
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_gmsd"))
            .args(words.filter(|word| *word != "--"))
            .env("XDG_DATA_HOME", dir.path())
            .env("HOME", dir.path())
            .current_dir(dir.path())
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        children.push(child);
    }
    let endpoints = ["12380", "22380", "32380"]
        .map(|port| format!("http://127.0.0.1:{}", ports[port]).parse().unwrap());
    let client = gms::client::Client::new(endpoints, gms::client::Options::default()).unwrap();
    let joined = support::eventually("an acknowledged join", async || {
        support::join(&client, "a", "m", "127.0.0.1:9021").await.ok()
    })
    .await;
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(joined.value.member.id, support::member("m"));
}
