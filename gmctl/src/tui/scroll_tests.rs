//! What does not fit on a screen can be reached, and that there is more is told.

use gms::{
    api::{Band, WatchEvent},
    id::{NodeId, Revision},
    view::View,
};

use super::{
    fixture::{Play, group, id, member, node, status},
    message::Message,
    screen_tests::answer_why,
};
use crate::{
    action::key::Key,
    model::opinion::{Opinion, Said},
};

/// Every line of the screens that are scrolled to line by line, without the marks of the edges.
fn scrolled_through(play: &mut Play, width: u16, height: u16) -> String {
    play.screen(width, height);
    play.keys("g g");
    let mut seen = play.screen(width, height);
    for _ in 0..60 {
        play.keys("j");
        seen.push_str(&play.screen(width, height));
    }
    seen
}

/// Three nodes, of which one is out of reach and the others were asked of so many groups.
fn asked(groups: usize) -> Play {
    let mut play = Play::new();
    play.healthy();
    let mut lost = node(3);
    lost.reachable = false;
    lost.error = Some("connection refused".to_owned());
    let nodes = gms::api::Nodes { answered_by: NodeId(2), nodes: vec![node(1), node(2), lost] };
    play.tell(Message::Nodes(nodes)).keys("7");
    for n in [1, 2] {
        let mut said = status(Some(1));
        said.node = NodeId(n);
        let groups =
            (1..=groups).map(|at| (group(&format!("g-{at:03}")), (Revision(40), at))).collect();
        let said = Ok(Said { status: said, groups });
        let opinion = Opinion { node: NodeId(n), at: play.now.at, took_us: 900, said };
        play.tell(Message::Opinion(Box::new(opinion)));
    }
    play
}

#[test]
fn whom_not_to_trust_comes_first_and_every_group_can_be_reached() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut play = asked(40);
        let screen = play.screen(width, height);
        assert!(screen.contains(" node 3 is out of reach: connection refused"), "{screen}");
        assert!(screen.contains(" more below") && !screen.contains(" more above"), "{screen}");
        let all = scrolled_through(&mut play, width, height);
        for at in 1..=40 {
            assert!(all.contains(&format!(" g-{at:03} ")), "{at} at {width}x{height}");
        }
        let screen = play.screen(width, height);
        assert!(screen.contains(" more above") && !screen.contains(" more below"), "{screen}");
        assert!(screen.contains("node 1 "), "whose column is which stays: {screen}");
        let end = play.screen(width, height);
        play.keys("k G");
        assert_eq!(play.screen(width, height), end, "the end is the end");
        play.keys("1 7");
        assert!(play.screen(width, height).contains(" node 3 is out of reach"), "it begins anew");
    }
}

/// So many groups of three members each, of which one in the last is suspected.
fn groups(count: u64) -> Play {
    let mut play = Play::new();
    play.connected().nodes();
    let name = |at: u64| format!("g-{at:03}");
    for at in 1..=count {
        let members = (1..=3).map(|n| member(n, 100 + n)).collect();
        let view =
            View { group: group(&name(at)), view: Revision(at), revision: Revision(at), members };
        play.tell(Message::Watch(WatchEvent::Snapshot(view)));
        for n in 1..=3 {
            play.band(&name(at), n, Band::Ok, 300);
        }
    }
    play.band(&name(count), 2, Band::Suspect, 1_500).later(1_500);
    play
}

#[test]
fn the_heat_grid_follows_the_cursor_and_names_the_worst_out_of_sight() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut play = groups(50);
        play.screen(width, height);
        play.keys("4");
        let screen = play.screen(width, height);
        assert!(screen.contains(" more rows, the worst s suspect"), "{screen}");
        for at in 1..=50 {
            let selected = play.app.ui.selection.cell.as_ref().unwrap();
            assert_eq!(selected.group, group(&format!("g-{at:03}")));
            let label = format!(" g-{at:03} ");
            let screen = play.screen(width, height);
            assert!(screen.contains(&label), "{label} at {width}x{height}: {screen}");
            play.keys("j");
        }
        let screen = play.screen(width, height);
        assert!(screen.contains(" more rows, the worst . ok"), "{screen}");
        play.keys("g g");
        assert!(play.screen(width, height).contains(" g-001 "));
        play.keys("G l");
        assert_eq!(play.app.ui.selection.cell.as_ref().unwrap().id, id("m-0002"));
        assert!(play.screen(width, height).contains(" g-050 "));
    }
}

#[test]
fn the_sums_of_the_heat_grid_are_never_overwritten() {
    let mut play = Play::new();
    play.healthy().trouble().keys("4");
    let sums = " ok 18  late 1  suspect 4  unknown 1  away 0";
    for width in 60..=130 {
        for keys in ["g g", "G", "+"] {
            play.screen(width, 24);
            play.keys(keys);
            let screen = play.screen(width, 24);
            assert!(screen.contains(&format!("{sums}  ")), "{width}: {screen}");
        }
    }
    let screen = play.screen(120, 36);
    assert!(screen.contains("  Enter "), "where there is room: {screen}");
}

#[test]
fn what_happened_to_a_member_can_be_reached() {
    for (width, height) in [(80, 24), (60, 16)] {
        let mut play = Play::new();
        play.healthy().keys("2 3 j j Enter");
        for at in 0..9 {
            let band = if at % 2 == 0 { Band::Suspect } else { Band::Ok };
            play.later(5_000).nodes().band("payments", 3, band, 1_500);
        }
        let screen = play.screen(width, height);
        assert!(screen.contains("] ") && screen.contains(" more below"), "{screen}");
        let all = scrolled_through(&mut play, width, height);
        assert!(all.lines().any(|line| line.contains("12:03:") && line.contains(" suspect ")));
        play.keys("g g").press(Key::Ctrl('d'));
        assert!(play.screen(width, height).contains(" more above"));
        play.press(Key::Ctrl('u'));
        assert!(!play.screen(width, height).contains(" more above"));
    }
}

#[test]
fn the_whole_evidence_can_be_reached() {
    let mut play = Play::new();
    play.healthy().trouble().keys("2 3 w");
    answer_why(&mut play);
    let whole = play.screen(120, 60);
    assert!(whole.contains(" verdict ") && !whole.contains(" more below"), "{whole}");
    for (width, height) in [(80, 24), (60, 16)] {
        assert!(!play.screen(width, height).contains(" verdict "));
        assert!(scrolled_through(&mut play, width, height).contains(" verdict "));
    }
}

#[test]
fn every_change_can_be_reached() {
    let mut play = Play::new();
    play.healthy().keys("D");
    for at in 0..40 {
        play.keys("C").types(&format!("note-{at:02}")).keys("Enter");
    }
    play.later(90_000).nodes().keys("d");
    let all = scrolled_through(&mut play, 80, 24);
    for at in 0..40 {
        assert!(all.contains(&format!("note-{at:02}")), "{at}");
    }
    let end = play.screen(80, 24);
    assert!(end.contains(" .. 12:0"), "what is compared stays: {end}");
}

#[test]
fn the_overview_tells_of_the_groups_that_it_has_no_room_for() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut play = groups(50);
        let screen = play.screen(width, height);
        let more = screen.lines().find_map(|line| line.split("  +").nth(1)).unwrap();
        assert!(more.contains(" more, all ok "), "the worst is first: {screen}");
        let listed = screen.lines().filter(|line| line.contains("g-0") && line.contains(" 3 "));
        let number: usize = more.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(number + listed.count(), 50, "{screen}");
        play.keys("G");
        let screen = play.screen(width, height);
        assert!(screen.contains(" more, 1 suspect "), "now it is out of sight: {screen}");
    }
}

/// On a small screen one list is all there is; what else is wrong must not be out of mind.
#[test]
fn the_heat_and_the_news_stay_in_sight_below_a_list() {
    for (keys, news) in [("2", true), ("2 3", true), ("5", false)] {
        let mut play = Play::new();
        play.healthy().trouble().keys(keys);
        let screen = play.screen(80, 24);
        let strip = screen.lines().find(|line| line.contains(" ledger .?. "));
        assert!(strip.is_some_and(|line| line.contains("payments ")), "{screen}");
        let told = |line: &str| line.contains(" suspect ") && line.contains(" | 12:03:31 joined ");
        let line = screen.lines().any(told);
        assert_eq!(line, news, "{screen}");
        play.keys("/").types("nobody").keys("Enter");
        assert!(play.screen(80, 24).contains("ledger .?."), "a filter hides nothing there");
        assert!(!play.screen(60, 16).contains("ledger .?."), "there is no room");
    }
}

#[test]
fn the_strip_of_heat_tells_of_the_worst_that_it_has_no_room_for() {
    for (width, height) in [(80, 24), (100, 24)] {
        let mut play = groups(50);
        for keys in ["1", "2"] {
            play.keys(keys);
            let screen = play.screen(width, height);
            let is_strip = |line: &&str| line.contains(" g-001 ") && line.contains(" g-002 ");
            let strip = screen.lines().find(is_strip).unwrap();
            let listed = strip.matches(" g-0").count();
            assert!(strip.contains(&format!("  +{} s ", 50 - listed)), "{listed}: {strip}");
        }
    }
}
