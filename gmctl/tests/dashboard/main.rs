//! The dashboard in a real terminal, against a node that is played by a script.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod fake_node;
#[cfg(feature = "demo")]
mod real;
mod terminal;

use std::{path::Path, time::Duration};

use gmctl::tui::{
    dashboard::{ColorChoice, Options, run},
    outcome::{Outcome, RunError},
};
use gms::{client::Client, endpoint::Endpoint};

use fake_node::FakeNode;
use terminal::Terminal;

/// Tells the child where the node is, and that it is a child.
pub(crate) const ENDPOINTS: &str = "GMCTL_TEST_ENDPOINTS";
/// A second of a processor has a hundred ticks; whoever spins until it is killed has more than this.
pub(crate) const SPINNING: u64 = 50;
/// Tells the child to panic once this file is there.
pub(crate) const PANIC_ONCE: &str = "GMCTL_TEST_PANIC_ONCE";

/// The dashboard itself, when this program is started again within a terminal; else nothing.
#[test]
fn child() {
    let Ok(endpoints) = std::env::var(ENDPOINTS) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let panic_once = std::env::var(PANIC_ONCE).ok();
    let outcome = runtime.block_on(async {
        let endpoints = Endpoint::parse_list(&endpoints).unwrap();
        let client = Client::new(endpoints, gms::client::Options::default()).unwrap();
        let mut options = Options::new(client);
        options.color = ColorChoice::Auto;
        options.context = "test".to_owned();
        if let Some(file) = panic_once {
            tokio::spawn(async move {
                while !Path::new(&file).exists() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                panic!("injected");
            });
        }
        run(options).await
    });
    match outcome {
        Ok(Outcome::Quit) => std::process::exit(0),
        Ok(Outcome::Signal(number)) => std::process::exit(128 + number),
        Err(RunError::TerminalGone) => std::process::exit(129),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1)
        }
    }
}

#[test]
fn the_cluster_is_shown_and_q_gives_the_terminal_back() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(120, 36, &node.endpoint());
    terminal.wait_for("LIVE");
    terminal.wait_for("all 12 members answer");
    assert!(terminal.modes().alternate, "{}", terminal.text());
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_suspicion_a_removal_and_why_are_shown_as_they_happen() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(120, 36, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    node.suspect("m-0003");
    terminal.wait_for("1 SUSPECT in payments");
    node.remove("m-0003");
    terminal.wait_for("m-0003: silence");
    terminal.wait_for("11 members");
    // The newest event of the timeline is the removal.
    terminal.type_in("5w");
    terminal.wait_for("it answered nobody for its whole window");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn a_leave_is_tried_confirmed_and_sent_for_that_life() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    terminal.type_in("3");
    terminal.wait_for("m-0001");
    terminal.type_in("X");
    terminal.wait_for("LEAVE m-0001 from payments");
    terminal.type_in("old\r");
    terminal.wait_for("1 would leave");
    terminal.type_in("y");
    terminal.wait_for("m-0001 left");
    let writes = node.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(writes[0].contains("dry_run=true") && !writes[1].contains("dry_run"), "{writes:?}");
    assert!(writes.iter().all(|w| w.contains("incarnation=101") && w.contains("reason=old")));
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn the_death_of_the_node_is_told_and_its_return_too() {
    let mut node = FakeNode::start();
    let mut terminal = Terminal::open(120, 36, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    node.stop();
    terminal.wait_for("RECONNECTING");
    node.start_again();
    terminal.wait_for("LIVE");
    terminal.wait_for("all 12 members answer");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn with_no_node_at_all_it_waits_and_q_still_works() {
    let mut node = FakeNode::start();
    node.stop();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("NO NODE ANSWERS");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn a_resize_is_followed_down_to_a_sentence() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(120, 36, &node.endpoint());
    terminal.wait_for("HEARTBEATS");
    terminal.resize(40, 8);
    terminal.wait_for("need 60x16");
    terminal.resize(80, 24);
    terminal.wait_for("[1 over]");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn a_panic_restores_the_terminal_before_it_speaks() {
    let node = FakeNode::start();
    let folder = tempfile::tempdir().unwrap();
    let now = folder.path().join("now");
    let environment = [(PANIC_ONCE, now.to_str().unwrap())];
    let mut terminal = Terminal::open_with(80, 24, &node.endpoint(), &environment);
    terminal.wait_for("LIVE");
    std::fs::write(&now, "").unwrap();
    terminal.wait_for("injected");
    assert_eq!(terminal.wait_for_exit(), 1, "a part of it that panicked ends all of it");
    terminal.assert_given_back();
}

#[test]
fn sigterm_ends_it_and_gives_the_terminal_back() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("LIVE");
    terminal.signal("TERM");
    assert_eq!(terminal.wait_for_exit(), 143);
    terminal.assert_given_back();
}

#[test]
fn a_stop_gives_the_terminal_to_the_shell_and_a_continue_takes_it_back() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("LIVE");
    terminal.type_in("\x1a");
    terminal.wait_until("the terminal is given back", |terminal| !terminal.modes().alternate);
    terminal.signal("CONT");
    terminal.wait_until("the terminal is taken again", |terminal| terminal.modes().alternate);
    terminal.wait_for("LIVE");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|seen| seen == part)
}

/// crossterm, left to itself, answers `NO_COLOR` with empty attributes, which undo reverse.
#[test]
fn without_colours_the_selected_row_is_still_reversed() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open_with(80, 24, &node.endpoint(), &[("NO_COLOR", "1")]);
    terminal.wait_for("all 12 members answer");
    let raw = terminal.raw();
    assert!(contains(&raw, b"\x1b[7m"), "nothing is reversed");
    assert!(!contains(&raw, b"\x1b[;m") && !contains(&raw, b"\x1b[m"), "an attribute was undone");
    for colour in [b"\x1b[38;".as_slice(), b"\x1b[48;", b"\x1b[31m", b"\x1b[34m"] {
        assert!(!contains(&raw, colour), "{colour:?}");
    }
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

/// Answers to questions get lost or late on slow links, and some terminals print them.
#[test]
fn nothing_is_asked_of_the_terminal_and_nothing_rare_is_sent() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    let raw = terminal.raw();
    for (what, bytes) in [
        ("device attributes", b"\x1b[c".as_slice()),
        ("the cursor's position", b"\x1b[6n"),
        ("the keyboard protocol", b"\x1b[?u"),
        ("a keyboard mode", b"\x1b[>"),
        ("the background", b"\x1b]11;"),
        ("an underline colour", b"\x1b[59m"),
        ("an underline colour", b"\x1b[58"),
        ("the mouse", b"\x1b[?1000h"),
        ("focus", b"\x1b[?1004h"),
    ] {
        assert!(!contains(&raw, bytes), "{what}");
    }
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
}

#[test]
fn the_mouse_is_taken_on_demand_and_given_back() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    terminal.type_in("M");
    // A click is about what the last frame shows.
    terminal.wait_for("the mouse is used here");
    assert!(terminal.modes().mouse);
    // A click on the tab of the members.
    terminal.type_in("\x1b[<0;22;3M\x1b[<0;22;3m");
    terminal.wait_for("[3 members]");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

#[test]
fn the_plain_text_is_printed_outside_and_any_key_returns() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("all 12 members answer");
    terminal.type_in("3p");
    terminal.wait_for("any key returns to the dashboard");
    assert!(!terminal.modes().alternate && terminal.text().contains("m-0012"));
    terminal.type_in("q");
    terminal.wait_until("the dashboard is back", |terminal| terminal.modes().alternate);
    terminal.wait_for("[3 members]");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_exit(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_hang_up_ends_it_at_once() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("LIVE");
    terminal.signal("HUP");
    assert_eq!(terminal.wait_for_exit(), 129);
}

/// Whoever goes on reading a terminal that is gone is answered at once, for ever.
#[test]
fn a_closed_terminal_ends_it_and_nothing_spins() {
    let node = FakeNode::start();
    let mut terminal = Terminal::open(80, 24, &node.endpoint());
    terminal.wait_for("LIVE");
    let (code, ticks) = terminal.hang_up();
    assert_eq!(code, 129);
    assert!(ticks < SPINNING, "it ran {ticks} ticks after its terminal was gone");
}
