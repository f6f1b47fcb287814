//! What is known of the cluster and what is said of it: looks, counts, causes, what was missed.

use std::time::Duration;

use gms::{
    api::{Band, MemberLiveness, WatchEvent},
    id::{Incarnation, NodeId, Revision},
    view::Change,
};

use super::{
    fixture::{Play, group, healthy, id, key, member, node, notice, status},
    message::Message,
};
use crate::{
    facts::looks,
    model::{
        condition::{Condition, Tally},
        heard::Left,
    },
};

#[test]
fn the_time_to_a_removal_counts_down_and_a_hold_stops_it() {
    let mut play = healthy();
    play.band("payments", 3, Band::Late, 600);
    let left = |play: &Play, name: &str| {
        let facts = play.app.live.groups.get(&group(name)).unwrap();
        facts.left(play.now, facts.members.get(&id("m-0003")).unwrap())
    };
    assert_eq!(left(&play, "payments"), Some(Left::AtLeast(Duration::from_millis(900))));
    play.later(1_000);
    assert_eq!(left(&play, "payments"), Some(Left::AtLeast(Duration::ZERO)));
    assert_eq!(left(&play, "search"), None, "it answers");
}

#[test]
fn the_seconds_of_the_member_looked_at_are_kept() {
    let mut play = healthy();
    play.keys("2 3");
    for n in 0..5 {
        let (band, age) = if n == 3 { (Band::Late, 900) } else { (Band::Ok, 100) };
        play.later(1_000).band("payments", 1, band, age);
    }
    play.keys("Enter");
    let screen = play.screen(120, 36);
    assert!(screen.contains("|||.|"), "{screen}");
}

/// The counts that are kept up to date are those that counting anew would give.
#[test]
fn the_counts_are_true() {
    let mut play = healthy();
    play.trouble().later(1_000);
    play.band("payments", 31, Band::Late, 700).band("payments", 31, Band::Ok, 100);
    play.band("nobody", 7, Band::Suspect, 100);
    for (name, facts) in &play.app.live.groups {
        let mut tally = Tally::default();
        for member in facts.members.keys() {
            let condition = facts.condition(play.now, member).unwrap();
            tally.add(condition);
            let well = matches!(condition, Condition::Ok | Condition::New);
            assert_eq!(facts.is_unwell(member), !well, "{name}/{member}");
        }
        assert_eq!(facts.tally(), tally, "{name}");
    }
}

#[test]
fn a_mass_removal_is_told_with_what_was_common_to_it() {
    use gms::{evidence::Cause, id::Incarnation, view::Removed};
    let mut play = healthy();
    let change = Change {
        group: group("payments"),
        from: Revision(9_182_331),
        view: Revision(9_182_335),
        revision: Revision(9_182_335),
        after: Revision(9_182_331),
        at_ms: 1,
        joined: Vec::new(),
        left: Vec::new(),
        removed: [3, 6, 9, 12, 1]
            .map(|n| Removed {
                id: id(&format!("m-{n:04}")),
                incarnation: Incarnation(100 + n),
                cause: Cause::Silence,
                number: None,
            })
            .to_vec(),
        updated: Vec::new(),
        away: Vec::new(),
    };
    play.tell(Message::Watch(WatchEvent::Change(change))).tell(Message::Tick);
    let sentence = play.screen(120, 36);
    assert!(
        sentence.contains("6 REMOVED in payments within the last minute: monitor=1"),
        "{sentence}"
    );
}

#[test]
fn nodes_that_differ_make_ours_the_minority() {
    let mut play = healthy();
    let nodes = (1..=3)
        .map(|n| {
            let mut node = node(n);
            if n != 2 {
                node.term = Some(43);
                node.leader = Some(NodeId(3));
            }
            node
        })
        .collect();
    play.tell(Message::Nodes(gms::api::Nodes { answered_by: NodeId(2), nodes }));
    assert!(play.screen(120, 36).contains("NODE 2 IS IN A MINORITY"));
}

#[test]
fn what_was_missed_is_told_once_the_watch_is_back() {
    use crate::model::link::{Stream, StreamNews};
    let mut play = healthy();
    let down = StreamNews::Down { error: "refused".to_owned() };
    let up = StreamNews::Up { endpoint: "http://h:2".to_owned(), node: Some(NodeId(2)) };
    play.tell(Message::Link(Stream::Watch, down.clone())).later(3_000);
    play.tell(Message::Link(Stream::Watch, up.clone()));
    assert!(!notice(&play).contains("back"), "not before the watch has told all of it");
    let payments = &play.app.live.groups[&group("payments")];
    let mut members: Vec<_> =
        payments.members.values().map(|member| member.as_ref().clone()).collect();
    members.remove(0);
    let mut again = members[0].clone();
    again.id = id("newcomer");
    members.push(again);
    let at = Revision(99_999_999);
    let view = gms::view::View { group: group("payments"), view: at, revision: at, members };
    let known = play.app.live.groups.iter();
    let others: Vec<_> = known
        .filter(|(name, _)| **name != view.group)
        .map(|(name, held)| gms::view::View {
            group: name.clone(),
            view: held.view,
            revision: held.revision,
            members: held.members.values().map(|member| member.as_ref().clone()).collect(),
        })
        .collect();
    for view in others.into_iter().chain([view]) {
        play.tell(Message::Watch(WatchEvent::Snapshot(view)));
    }
    let bookmark = gms::api::Bookmark { revision: Revision(99_999_999) };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
    let told = notice(&play);
    assert!(told.starts_with("back by node 2 after 3.0s: +1 joined  -1 gone"), "{told:?}");
    play.tell(Message::Link(Stream::Watch, down)).later(1_000);
    play.tell(Message::Link(Stream::Watch, up));
    let bookmark = gms::api::Bookmark { revision: Revision(99_999_999) };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
    assert!(notice(&play).ends_with("nobody came or went meanwhile"), "{}", notice(&play));
}

#[test]
fn a_member_looks_worse_at_once_and_better_after_two_clean_beats() {
    let mut play = healthy();
    let looks = |play: &Play| {
        let payments = &play.app.live.groups[&group("payments")];
        payments.condition(play.now, &id("m-0001")).unwrap()
    };
    let calm = looks(&play);
    let report = |state, misses| gms::api::MemberLiveness {
        group: group("payments"),
        id: id("m-0001"),
        incarnation: play.app.live.groups[&group("payments")].members[&id("m-0001")].incarnation,
        state,
        age_ms: Some(100),
        rtt_us: Some(400),
        misses,
        monitor: NodeId(1),
        period_ms: 2_000,
    };
    let (late, ok) = (report(Band::Late, 1), report(Band::Ok, 0));
    play.tell(Message::Member(late.clone()));
    assert_eq!(looks(&play), Condition::Late);
    play.tell(Message::Member(ok.clone())).later(1_000);
    assert_eq!(looks(&play), Condition::Late, "one clean beat");
    play.tell(Message::Member(late)).tell(Message::Member(ok)).later(1_500);
    assert_eq!(looks(&play), Condition::Late, "it begins anew");
    play.later(1_000);
    assert_eq!(looks(&play), calm, "two clean beats");
}

/// Which members take no new work is seen where one looks for how they are; which of them may soon
/// be removed is seen before that.
#[test]
fn the_state_of_a_member_tells_that_it_drains() {
    let mut play = healthy();
    let members = (1..=3).map(|n| gms::view::Member {
        state: gms::view::MemberState::Draining,
        ..member(n, 100 + n)
    });
    let at = Revision(9_182_340);
    let members = members.collect();
    let view = gms::view::View { group: group("payments"), view: at, revision: at, members };
    play.tell(Message::Watch(WatchEvent::Snapshot(view)));
    let bookmark = gms::api::Bookmark { revision: at };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
    play.band("payments", 2, Band::Late, 700).band("payments", 3, Band::Suspect, 1_500);
    play.keys("2 3");
    let screen = play.screen(80, 24);
    for (member, state) in
        [("m-0001", ". draining"), ("m-0002", "- draining"), ("m-0003", "s suspect")]
    {
        let row = screen.lines().find(|line| line.contains(&format!(" {member} "))).unwrap();
        assert!(row.contains(&format!(" {state} ")), "{row}");
    }
}

#[test]
fn a_poll_that_fails_hides_no_member_and_a_watch_that_breaks_hides_all() {
    use crate::model::link::{Stream, StreamNews};
    let mut play = healthy();
    let down = || StreamNews::Down { error: "refused".to_owned() };
    let known = play.app.live.tally();
    play.tell(Message::Link(Stream::Poll, down())).tell(Message::Tick);
    assert!(play.screen(120, 36).contains("RECONNECTING"), "the header tells of the worst");
    assert_eq!(play.app.live.tally(), known);
    play.tell(Message::Link(Stream::Watch, down())).tell(Message::Tick);
    assert_eq!(play.app.live.tally().unknown, known.total());
}

#[test]
fn whoever_cannot_be_seen_any_more_is_not_told_to_be_better() {
    use crate::model::difference;
    let mut play = healthy();
    play.trouble();
    let then = play.app.live.clone();
    assert!(then.tally().suspect > 0);
    // The monitors of the suspects go out of reach.
    let nodes = (1..=3).map(|n| gms::api::NodeStatus { reachable: n == 3, ..node(n) }).collect();
    let answered_by = gms::id::NodeId(3);
    play.tell(Message::Nodes(gms::api::Nodes { answered_by, nodes })).tell(Message::Tick);
    let now = &play.app.live;
    assert!(now.tally().suspect < then.tally().suspect);
    assert_eq!(difference::sums(&then, now).suspects, (0, 0));
}

/// A cluster without a quorum serves no watch: what matters is why, not that the stream broke.
#[test]
fn a_lost_quorum_is_what_is_said_though_the_watch_is_lost_too() {
    use crate::model::link::{Stream, StreamNews};
    let mut play = healthy();
    let refused = StreamNews::Down { error: "no_quorum".to_owned() };
    play.tell(Message::Link(Stream::Watch, refused));
    let mut lost = status(Some(1));
    lost.quorum.ok = false;
    lost.quorum.reachable = 1;
    play.tell(Message::Status(Box::new(lost)));
    let screen = play.screen(120, 36);
    assert!(screen.contains(" !!  NO QUORUM: node "), "{screen}");
    assert!(screen.contains("RECONNECTING"), "the header still tells that nothing follows");
    play.later(3_000);
    let old = play.screen(120, 36);
    assert!(old.contains(" !!  RECONNECTING"), "an old word is no word: {old}");
}

/// When a node dies others watch its members; no view changes by that, so only their reports tell.
#[test]
fn who_watches_a_member_is_told_by_whoever_reports_of_it() {
    let mut play = healthy();
    let moved = key("payments", "m-0003");
    let monitor = |play: &Play| play.app.live.groups[&moved.group].members[&moved.id].monitor;
    assert_eq!(monitor(&play), Some(NodeId(1)));
    let before = member(3, 103);
    for (incarnation, node, now) in [(102, 2, 1), (103, 2, 2), (103, 2, 2)] {
        let report = MemberLiveness {
            incarnation: Incarnation(incarnation),
            monitor: NodeId(node),
            ..looks("payments", &before, Band::Ok)
        };
        play.tell(Message::Member(report));
        assert_eq!(monitor(&play), Some(NodeId(now)), "{incarnation}, {node}");
    }
    play.keys("2 3 /").types("monitor:2").keys("Enter");
    assert!(play.app.rows.members.iter().any(|key| *key == moved), "filters go by it too");
}

/// A node that stands still keeps its streams open; the status comes from another.
#[test]
fn a_silent_watch_is_said_although_the_status_is_young() {
    let mut play = healthy();
    for _ in 0..7 {
        assert!(play.screen(120, 36).contains("LIVE <2s"));
        play.later(1_000).nodes();
    }
    assert!(play.screen(120, 36).contains("LATE 7.0s"), "{}", play.screen(120, 36));
    play.heard();
    assert!(play.screen(120, 36).contains("LIVE <2s"), "a word that says nothing else will do");
    let mut ahead = status(Some(1));
    ahead.revision = Revision(9_182_332);
    play.tell(Message::Status(Box::new(ahead.clone()))).later(2_000);
    play.tell(Message::Status(Box::new(ahead)));
    assert!(play.screen(120, 36).contains("LATE 2.0s"), "what the status knows is not told");
}

/// The member that is looked at is told of by a stream of its own, maybe by another node.
#[test]
fn the_pinned_member_says_nothing_of_the_feed() {
    let mut play = healthy();
    play.later(9_000).nodes();
    play.tell(Message::Heard(crate::model::link::Stream::Watch, play.now.at));
    play.tell(Message::Pinned(looks("payments", &member(1, 101), Band::Late)));
    assert!(play.screen(120, 36).contains("LATE 9.0s"));
    let payments = &play.app.live.groups[&group("payments")];
    assert_eq!(payments.tally().late, 1, "and yet it is taken in");
}

fn looks_like(play: &Play, name: &str, n: u64) -> Condition {
    play.app.live.groups[&group(name)].condition(play.now, &id(&format!("m-{n:04}"))).unwrap()
}

/// Nodes of which the given ones are out of reach.
fn nodes_without(play: &mut Play, lost: &[u64]) {
    let nodes = (1..=3).map(|n| {
        let mut node = node(n);
        node.reachable = !lost.contains(&n);
        node
    });
    let nodes = nodes.collect();
    play.tell(Message::Nodes(gms::api::Nodes { answered_by: NodeId(2), nodes }));
}

/// What a dead node last said of a member says nothing of it now.
#[test]
fn a_member_whose_monitor_is_lost_is_unknown() {
    let mut play = healthy();
    play.band("payments", 3, Band::Suspect, 2_000);
    assert_eq!(looks_like(&play, "payments", 3), Condition::Suspect);
    nodes_without(&mut play, &[1, 3]);
    let payments = &play.app.live.groups[&group("payments")];
    // The feed says that node 1 watches every third, and so on.
    let tally = payments.tally();
    assert_eq!((tally.unknown, tally.suspect), (12 - tally.ok, 0), "{tally:?}");
    assert!(tally.unknown > 0 && tally.ok > 0, "{tally:?}");
    assert_eq!(looks_like(&play, "payments", 3), Condition::Unknown);
    assert_eq!(
        payments.left(play.now, payments.members.get(&id("m-0003")).unwrap()),
        Some(Left::Unknown)
    );
    let screen = play.keys("2 3").screen(120, 36);
    let row = screen.lines().find(|line| line.contains("m-0003")).unwrap();
    assert!(row.contains("? unknown") && !row.contains("due"), "{row}");
    nodes_without(&mut play, &[]);
    assert_eq!(looks_like(&play, "payments", 3), Condition::Suspect, "it is heard again");
    assert_eq!(play.app.live.tally().unknown, 0);
}

/// A picture that is not current counts nobody as well, on no screen.
#[test]
fn nobody_is_well_while_nothing_comes_in() {
    use crate::model::link::{Stream, StreamNews};
    let mut play = healthy();
    let heat = play.screen(120, 36);
    assert!(heat.contains("nobody: every member answers"));
    let down = StreamNews::Down { error: "refused".to_owned() };
    play.tell(Message::Link(Stream::Liveness, down));
    let lost = play.screen(120, 36);
    assert!(!lost.contains("every member answers") && lost.contains("25 unknown"), "{lost}");
    let tally = play.app.live.tally();
    assert_eq!((tally.ok, tally.unknown), (0, 25));
    let cells = play.app.rows.heat.shown().iter().flat_map(|row| &row.cells);
    let mut members = cells.filter(|cell| !cell.is_gone());
    assert!(members.all(|cell| *cell == Condition::Unknown));
    play.connected().groups();
    assert_eq!(play.app.live.tally().ok, 25);
    play.later(10_000);
    assert_eq!(play.app.live.tally().unknown, 25, "STALE");
}

#[test]
fn nothing_is_due_without_a_quorum() {
    let mut play = healthy();
    play.band("payments", 3, Band::Late, 9_000).keys("2 3");
    let row = |play: &mut Play| {
        let screen = play.screen(120, 36);
        screen.lines().find(|line| line.contains("m-0003")).unwrap().to_owned()
    };
    assert!(row(&mut play).contains(" due "));
    play.tell(Message::Status(Box::new(status(None))));
    let without = row(&mut play);
    assert!(without.contains("- late") && !without.contains("due"), "{without}");
}

#[test]
fn only_nodes_that_answer_agree() {
    let mut play = healthy();
    for (lost, title) in [
        (&[][..], "[7] all views agree"),
        (&[3], "[7] 2 of 3 views agree"),
        (&[1, 3], "[7] 1 of 3 views \u{2500}"),
    ] {
        nodes_without(&mut play, lost);
        let screen = play.screen(120, 36);
        assert!(screen.contains(title), "{title}: {screen}");
    }
}

#[test]
fn what_is_left_of_a_hold_is_one_figure_everywhere() {
    let mut play = healthy();
    play.trouble();
    // It has 580 s left, which is between two minutes.
    for n in [3, 4, 7, 10] {
        play.band("payments", n, Band::Ok, 100);
    }
    play.band("search", 5, Band::Ok, 100).later(2_000).nodes();
    let overview = play.screen(120, 36);
    assert!(overview.contains("no removal by silence for 10m more"), "{overview}");
    let groups = play.keys("2").screen(200, 60);
    let row = groups.lines().find(|line| line.contains("batch [P]")).unwrap();
    assert!(row.contains("10m: kernel"), "{row}");
    let member = play.keys("j j j 3 Enter").screen(120, 36);
    assert!(member.contains("in batch for 10m more"), "{member}");
}

#[test]
fn one_of_a_kind_is_said_in_the_singular() {
    use gms::api::{Event, What};
    let mut play = healthy();
    play.keys("Space");
    let now = play.now.wall_ms;
    let what = What::Election { leader: NodeId(1), term: 42 };
    let event = Event { revision: Revision(9_182_332), at_ms: now, what };
    play.tell(Message::Watch(WatchEvent::Event(event)));
    let frozen = play.screen(120, 36);
    assert!(frozen.contains("+1 event behind"), "{frozen}");
    play.keys("$ d");
    let screen = play.screen(120, 36);
    assert!(screen.contains("1 election ") && !screen.contains("elections"), "{screen}");
    assert!(screen.contains(", elected less than 10s ago"), "{screen}");
    assert!(screen.contains("term 42 for <10s"), "{screen}");
    play.later(40_000).heard().nodes();
    assert!(play.screen(120, 36).contains("no election for 40s"));
}

/// Who came or went just before the dashboard opened is marked as for one that saw it.
#[test]
fn what_happened_just_before_is_marked_whichever_is_told_first() {
    let gone =
        |play: &Play| play.app.live.groups[&group("payments")].condition(play.now, &id("m-0917"));
    for history_first in [true, false] {
        let mut play = Play::new();
        play.connected().nodes();
        if history_first {
            play.past().groups();
        } else {
            play.groups().past();
        }
        assert_eq!(gone(&play), Some(Condition::Removed), "31 s ago");
        assert_eq!(looks_like(&play, "search", 4), Condition::Ok, "a minute ago is long ago");
        play.later(30_000).tell(Message::Tick);
        assert_eq!(gone(&play), None);
    }
}
