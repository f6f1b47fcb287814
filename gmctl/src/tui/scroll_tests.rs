//! What does not fit on a screen can be reached, and that there is more is told.

use gms::id::{NodeId, Revision};

use super::{
    fixture::{Play, group, node, status},
    message::Message,
};
use crate::model::opinion::{Opinion, Said};

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
