//! What lies over the screens and the screens about one thing, in every size, as text to look at.
//! The screens themselves, in every state, are in `matrix_tests`.

use gms::{
    api::{Removal, Suspicion, Why, WhyState},
    id::{Incarnation, NodeId, Revision},
};

use super::{
    fixture::{Play, evidence, group, id, node},
    message::{Effect, Message},
    request::{Parting, Reply},
};
use crate::model::link::{Stream, StreamNews};

const SIZES: [(u16, u16); 4] = [(120, 36), (80, 24), (60, 16), (40, 8)];

/// Looks at the screen in every size.
fn look(name: &str, play: &mut Play) {
    let screens: Vec<String> = SIZES
        .into_iter()
        .map(|(width, height)| format!("{width}x{height}\n{}", play.screen(width, height)))
        .collect();
    // What is pressed next is pressed where it can be seen.
    play.screen(120, 36);
    insta::assert_snapshot!(name, screens.join("\n"));
}

pub(super) fn answer_why(play: &mut Play) {
    let ticket = play
        .effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::AskWhy { ticket, .. } => Some(*ticket),
            _ => None,
        })
        .unwrap();
    let why = Why {
        group: group("payments"),
        id: id("m-0003"),
        incarnation: Incarnation(103),
        state: WhyState::Suspect,
        removal: Some(Removal {
            revision: Revision(9_182_204),
            term: 42,
            at_ms: 43_378_031,
            evidence: evidence(),
        }),
        left: None,
        hold: None,
        suspicion: Some(Suspicion {
            by: NodeId(1),
            for_ms: 420,
            last_round_trip_ms_ago: Some(2_380),
            observers: evidence().observers,
            refuted: 0,
        }),
    };
    play.tell(Message::Answered(ticket, Ok(Reply::Why(Box::new(why)).into())));
}

fn last_ticket(play: &Play) -> super::request::Ticket {
    play.effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Ask { ticket, .. } => Some(*ticket),
            _ => None,
        })
        .unwrap()
}

#[test]
fn overview_while_reconnecting_and_stale() {
    let mut play = Play::new();
    play.healthy().trouble();
    let down = StreamNews::Down { error: "127.0.0.1:22380: connection refused".to_owned() };
    play.tell(Message::Link(Stream::Watch, down)).later(3_400);
    play.later(10_000);
    insta::assert_snapshot!("overview_stale_120x36", play.screen(120, 36));
}

#[test]
fn overview_with_a_node_out_of_reach() {
    let mut play = Play::new();
    play.healthy();
    let mut lost = node(3);
    lost.reachable = false;
    lost.error = Some("connection refused".to_owned());
    lost.term = None;
    lost.leader = None;
    lost.lag = None;
    lost.rtt_p50_us = None;
    lost.health = None;
    let nodes = gms::api::Nodes { answered_by: NodeId(2), nodes: vec![node(1), node(2), lost] };
    play.tell(Message::Nodes(nodes));
    insta::assert_snapshot!("overview_node_lost_120x36", play.screen(120, 36));
    play.keys("7");
    look("views", &mut play);
}

#[test]
fn a_node_of_which_nothing_is_known_has_an_empty_lane() {
    let mut play = Play::new();
    play.healthy();
    let never = gms::api::NodeStatus { reachable: false, ..node(4) };
    let nodes = vec![node(1), node(2), node(3), never];
    play.tell(Message::Nodes(gms::api::Nodes { answered_by: NodeId(2), nodes })).keys("6");
    let screen = play.screen(120, 36);
    let (_, lanes) = screen.split_once("WHO LED").unwrap();
    let lane = |node: u64| {
        let name = format!("node {node} ");
        lanes.lines().find(|line| line.contains(&name)).unwrap().to_owned()
    };
    assert!(lane(3).contains(" ...."), "it answers, and was there before: {}", lane(3));
    assert!(!lane(4).contains('.'), "nobody ever reached it: {}", lane(4));
}

#[test]
fn filtering() {
    let mut play = Play::new();
    play.healthy().trouble().keys("2 3 /").types("state:suspect age>1s");
    look("filter", &mut play);
    play.types(" rack>3");
    insta::assert_snapshot!("filter_mistake_80x24", play.screen(80, 24));
}

#[test]
fn one_member_and_why() {
    let mut play = Play::new();
    play.healthy().trouble().keys("2 3 Enter");
    look("member", &mut play);
    play.keys("w");
    insta::assert_snapshot!("why_asked_80x24", play.screen(80, 24));
    answer_why(&mut play);
    look("why", &mut play);
}

#[test]
fn joining() {
    let mut play = Play::new();
    play.healthy().keys("2 A").types("m 1").keys("Tab").types("localhost").keys("Enter");
    look("join_mistakes", &mut play);
}

#[test]
fn leaving() {
    let mut play = Play::new();
    play.healthy().trouble().keys("2 3 / s t a t e : s u s p e c t Enter V X");
    look("leave", &mut play);
    play.types("rack r7 is dark").keys("Enter");
    insta::assert_snapshot!("leave_checking_80x24", play.screen(80, 24));
    let parting = Parting {
        left: vec![(id("m-0004"), Revision(1)), (id("m-0007"), Revision(1))],
        refused: vec![(id("m-0010"), "fenced: another life".to_owned().into())],
    };
    let ticket = last_ticket(&play);
    play.tell(Message::Answered(ticket, Ok(Reply::Left(parting).into())));
    play.types("3");
    look("leave_confirm", &mut play);
}

#[test]
fn holding() {
    look("hold", Play::new().healthy().trouble().keys("2 P"));
}

#[test]
fn help_and_palette() {
    let mut play = Play::new();
    play.healthy().keys("?");
    look("help", &mut play);
    play.keys("Esc :").types("ho");
    look("palette", &mut play);
}

#[test]
fn nothing_known_yet() {
    look("overview_blank", &mut Play::new());
}

#[test]
fn one_pane_alone_and_the_menus() {
    let mut play = Play::new();
    play.healthy().trouble();
    play.screen(120, 36);
    play.keys("Tab Tab z");
    look("zoomed", &mut play);
    play.keys("z 3 s");
    look("sort_menu", &mut play);
    play.keys("Esc c");
    look("columns_menu", &mut play);
    play.keys("Esc 4 + l l");
    look("heat_with_a_cursor", &mut play);
}

#[test]
fn compared() {
    let mut play = Play::new();
    play.healthy().keys("j Space").trouble();
    play.keys("$").later(90_000).nodes().heard().keys("d");
    look("difference", &mut play);
}
