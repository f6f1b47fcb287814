//! What the keys beyond the first screens do: moments, marks, columns, cells, contexts.

use gms::{
    api::{Bookmark, WatchEvent},
    id::{NodeId, Revision},
    view::{Change, View},
};

use super::{
    app::Settings,
    fixture::{Play, group, healthy, id, key, last, notice, status},
    message::{Effect, Message},
    place::{Place, Spot},
    request::{Parting, Reply, Request},
    rows::{order::MemberOrder, wish::Grouping},
    theme::Theme,
    ui::Overlay,
};
use crate::{
    action::key::Key,
    model::opinion::{Opinion, Said},
};

#[test]
fn a_protected_context_is_unlocked_for_a_while_and_asks_for_more() {
    let mut play = Play::with(Settings { protected: true, ..Settings::new("prod") });
    play.healthy().keys("3 X");
    assert!(play.app.ui.overlay.is_none() && notice(&play).contains(":write 10m"));
    play.keys(":").types("write 2m").keys("Enter X");
    assert!(matches!(play.app.ui.overlay, Some(Overlay::Form(_))));
    assert!(play.screen(120, 36).contains("WRITE 2m00s"));
    play.keys("Enter");
    let ticket = last(&play, |effect| match effect {
        Effect::Ask { ticket, dry_run: true, .. } => Some(*ticket),
        _ => None,
    });
    let parting = Parting { left: vec![(id("m-0001"), Revision(1))], refused: Vec::new() };
    play.tell(Message::Answered(ticket.unwrap(), Ok(Reply::Left(parting).into())));
    play.keys("y Enter");
    let sent = |play: &Play| {
        last(play, |effect| match effect {
            Effect::Ask { dry_run: false, .. } => Some(()),
            _ => None,
        })
    };
    assert_eq!(sent(&play), None, "one member of a protected context needs its number too");
    play.later(121_000).keys("1 Enter");
    assert_eq!(sent(&play), None, "it was locked again meanwhile");
    assert!(play.screen(120, 36).contains("this context is protected"));
}

#[test]
fn a_leave_carries_the_views_it_was_decided_by() {
    let mut play = healthy();
    play.keys("2 3 v v X");
    let change = Change {
        group: group("payments"),
        from: Revision(9_182_331),
        view: Revision(9_182_335),
        revision: Revision(9_182_335),
        after: Revision(9_182_331),
        at_ms: 1,
        joined: Vec::new(),
        left: Vec::new(),
        removed: Vec::new(),
        updated: Vec::new(),
        away: Vec::new(),
    };
    play.tell(Message::Watch(WatchEvent::Change(change))).keys("Enter");
    let request = last(&play, |effect| match effect {
        Effect::Ask { request, .. } => Some(Request::clone(request)),
        _ => None,
    });
    let Some(Request::Leave(_, _, fence)) = request else { panic!("{request:?}") };
    assert_eq!(fence.get(&group("payments")), Some(&Revision(9_182_335)), "as of the dry run");
    assert!(play.screen(120, 36).contains("payments 12 -> 10 members"));
}

#[test]
fn the_command_line_of_a_form_can_be_copied_and_names_every_life() {
    let mut play = healthy();
    play.keys("2 3 v v X").types("it's dark").press(Key::Ctrl('y'));
    let copied = last(&play, |effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    let lines: Vec<&str> = copied.lines().collect();
    assert_eq!(lines.first(), Some(&"gmctl leave - --yes <<'END'"));
    assert_eq!(lines.last(), Some(&"END"));
    for line in &lines[1..3] {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["incarnation"].is_u64() && line["reason"] == "it's dark", "{line}");
    }
}

#[test]
fn a_moment_is_gone_to_by_time_by_entry_and_compared_with() {
    let mut play = healthy();
    play.trouble().later(30_000).nodes();
    play.keys("D").keys(":").types("at 30s").keys("Enter");
    assert!(play.app.past.is_some(), "{}", notice(&play));
    let screen = play.screen(120, 36);
    assert!(screen.contains("FROZEN 12:03:") && screen.contains('^'), "{screen}");
    play.keys("d");
    let screen = play.screen(120, 36);
    assert!(
        screen.contains("12:03:31 .. 12:04:01") || screen.contains("12:03:11 .. 12:04:01"),
        "{screen}"
    );
    play.keys("$ 5 Enter");
    assert!(play.app.past.is_some(), "the newest entry is of a moment that is kept");
    play.keys("$ G Enter");
    assert!(play.app.past.is_none() && notice(&play).contains("before this dashboard opened"));
    play.keys(":").types("at noon").keys("Enter");
    assert!(notice(&play).contains("12:02:50"));
}

#[test]
fn a_bookmark_brings_one_back() {
    let mut play = healthy();
    play.keys("2 Enter m a 5 ' a");
    assert_eq!(play.app.ui.place, Place::Members(Some(group("payments"))));
    play.keys("' z");
    assert!(notice(&play).contains("no screen is remembered under z"));
    play.keys("m Esc q");
    assert!(play.effects.contains(&Effect::Quit), "Esc gives the letter up");
}

#[test]
fn columns_are_hidden_and_what_says_who_stays() {
    let mut play = healthy();
    play.keys("2 3 c j j Enter");
    assert!(play.app.ui.hidden.is_empty(), "STATE never gives way");
    play.keys("j j j Enter Esc");
    assert!(!play.screen(120, 36).contains(" RTT "));
    play.keys("c j j j j j Space Esc");
    assert!(play.screen(120, 36).contains(" RTT "));
    play.keys("s j j j Enter");
    assert_eq!(play.app.ui.orders.members.by, MemberOrder::Age);
}

#[test]
fn a_cell_of_the_heat_grid_is_reached_made_coarser_and_opened() {
    let mut play = healthy();
    play.screen(120, 36);
    play.keys("4 l");
    assert_eq!(play.app.ui.selection.cell, Some(key("batch", "m-0002")));
    play.keys("l");
    assert_eq!(play.app.ui.selection.cell, Some(key("batch", "m-0002")), "the row ends there");
    play.keys("j j l Enter");
    assert_eq!(play.app.ui.place, Place::Member(key("payments", "m-0003")));
    play.keys("Esc + + Enter");
    let Place::Cell(keys) = &play.app.ui.place else { panic!("{:?}", play.app.ui.place) };
    assert_eq!(keys.len(), 4);
    assert_eq!(play.app.rows.members.len(), 4);
    play.keys("Esc - - b b");
    assert_eq!(play.app.ui.grouping, Grouping::Tag("rack".to_owned()));
    play.keys(":").types("group by version").keys("Enter");
    assert_eq!(play.app.ui.grouping, Grouping::Tag("version".to_owned()));
    play.keys(":").types("group by colour").keys("Enter");
    assert!(notice(&play).contains("no member carries the tag colour"));
}

#[test]
fn what_is_clicked_is_selected_and_opened_when_clicked_twice() {
    let mut play = healthy();
    play.keys("M");
    assert!(play.effects.contains(&Effect::Mouse(true)));
    play.screen(120, 36);
    let spot = Spot::Group(group("ledger"));
    play.tell(Message::Clicked(spot.clone(), false));
    assert_eq!(play.app.ui.selection.group, Some(group("ledger")));
    play.tell(Message::Clicked(spot, true));
    assert_eq!(play.app.ui.place, Place::Members(Some(group("ledger"))));
    play.tell(Message::Wheeled(3));
    assert_eq!(play.app.ui.selection.member, Some(key("ledger", "m-0003")));
}

#[test]
fn the_spots_lie_where_the_rows_are() {
    let mut play = healthy();
    play.keys("M 2");
    play.tell(Message::Resized(120, 36));
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 120, 36));
    let drawn = super::view::screen::draw(&play.app, &mut buffer);
    let line: String = (0..120).map(|x| buffer[(x, 6)].symbol().to_owned()).collect();
    assert!(line.contains("search"), "{line}");
    assert_eq!(drawn.spot_at(5, 6), Some(&Spot::Group(group("search"))));
    assert_eq!(drawn.spot_at(5, 0), None);
}

#[test]
fn the_nodes_are_asked_while_they_are_looked_at_and_a_better_one_is_named() {
    let mut play = healthy();
    play.keys("7");
    let asked = |play: &Play| {
        play.effects.iter().filter(|effect| matches!(effect, Effect::AskOpinions(_))).count()
    };
    assert_eq!(asked(&play), 1);
    play.later(1_000);
    assert_eq!(asked(&play), 1, "not more often than every two seconds");
    play.later(1_500);
    assert_eq!(asked(&play), 2);
    play.tell(Message::Status(Box::new(status(None))));
    for n in [1, 2, 3] {
        let mut said = status(if n == 2 { None } else { Some(1) });
        said.node = NodeId(n);
        let groups = [(group("payments"), (Revision(40 + n % 2), 11))].into();
        let said = Ok(Said { status: said, groups });
        let opinion = Opinion { node: NodeId(n), at: play.now.at, took_us: 900, said };
        play.tell(Message::Opinion(Box::new(opinion)));
    }
    let screen = play.screen(120, 36);
    assert!(screen.contains("NODE 2 IS CUT OFF: node 1 has a leader and a quorum"), "{screen}");
    assert!(screen.contains("NO 1/3 !") && screen.contains("40: 11 !"), "{screen}");
    insta::assert_snapshot!("views_asked_120x36", screen);
    // What the others said before ours lost its quorum says nothing of now.
    play.tell(Message::Status(Box::new(status(Some(1))))).later(500);
    play.tell(Message::Status(Box::new(status(None))));
    let screen = play.screen(120, 36);
    assert!(!screen.contains("CUT OFF") && screen.contains("NO QUORUM"), "{screen}");
}

#[test]
fn a_node_is_removed_only_by_its_number_with_the_quorum_in_sight() {
    let mut play = healthy();
    play.keys(":").types("node remove 3").keys("Enter");
    let screen = play.screen(120, 36);
    assert!(screen.contains("3 voters, 2 needed -> 2 voters, 2 needed"), "{screen}");
    assert!(screen.contains("no further node may fail"), "{screen}");
    play.keys("Esc :").types("node remove 9").keys("Enter");
    assert!(play.app.ui.overlay.is_none(), "there is no such node");
    play.keys(":").types("node add http://10.0.0.4:12379").keys("Enter Enter");
    let request = last(&play, |effect| match effect {
        Effect::Ask { request, dry_run: true, .. } => Some(Request::clone(request)),
        _ => None,
    });
    assert!(matches!(request, Some(Request::AddNode(add)) if add.peer_url.ends_with(":12379")));
}

#[test]
fn members_are_asked_to_drain_each_by_its_life() {
    let mut play = healthy();
    play.keys("2 3 :").types("drain").keys("Enter Enter");
    let request = last(&play, |effect| match effect {
        Effect::Ask { request, dry_run: true, .. } => Some(Request::clone(request)),
        _ => None,
    });
    let Some(Request::Drain(targets, true)) = request else { panic!("{request:?}") };
    assert_eq!(targets[0].key, key("payments", "m-0001"));
    assert!(play.screen(120, 36).contains("= gmctl drain payments m-0001 --incarnation"));
}

#[test]
fn any_key_returns_from_the_plain_text() {
    let mut play = healthy();
    play.keys("p");
    assert_eq!(play.effects.last(), Some(&Effect::Print));
    play.keys("q");
    assert_eq!(play.effects.last(), Some(&Effect::EndPrint), "and does nothing else");
}

#[test]
fn the_theme_turns_round_and_is_chosen_by_name() {
    let mut play = healthy();
    play.keys("T");
    assert_eq!(play.app.ui.theme, Theme::SafeDark);
    play.keys(":").types("theme mono").keys("Enter");
    assert_eq!(play.app.ui.theme, Theme::Mono);
    play.keys(":").types("theme pink").keys("Enter");
    assert!(notice(&play).contains("safe-light"));
}

/// What a screen without room for a layout says, in one line.
fn sentence(play: &mut Play) -> String {
    let screen = play.screen(59, 15).replace('|', " ");
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_is_done_where_nothing_can_be_seen() {
    let mut play = healthy();
    play.keys("2 3").tell(Message::Resized(59, 15));
    for keys in ["X Enter y", "/", ":", "A", "P", "s", "c", "C", "r", "E", "m a", "g g"] {
        play.keys(keys);
        assert!(play.app.ui.overlay.is_none() && play.app.ui.awaited.is_none(), "{keys}");
        assert!(notice(&play).contains("nothing is done unseen below 60x16"), "{keys}");
    }
    play.tell(Message::Wheeled(3)).tell(Message::Clicked(Spot::Screen(Place::Heat), true));
    assert_eq!(play.app.ui.place, Place::Members(Some(group("payments"))));
    assert_eq!(play.app.ui.selection.member, Some(key("payments", "m-0001")));
    assert!(last(&play, |effect| matches!(effect, Effect::Ask { .. }).then_some(())).is_none());
    assert!(sentence(&mut play).contains("nothing is done unseen below 60x16; q quits."));
    play.keys("?");
    assert!(play.screen(59, 15).contains("HELP"));
    play.keys("Esc q");
    assert!(play.effects.contains(&Effect::Quit));
}

#[test]
fn a_form_waits_until_there_is_room_again() {
    let mut play = healthy();
    play.keys("2 3 X").types("dark").tell(Message::Resized(59, 15));
    play.types(" rack").keys("Enter y Esc ?").tell(Message::Paste("7".to_owned()));
    assert!(last(&play, |effect| matches!(effect, Effect::Ask { .. }).then_some(())).is_none());
    assert!(sentence(&mut play).contains("A form is open, it waits for room."));
    play.screen(60, 16);
    let Some(Overlay::Form(form)) = &play.app.ui.overlay else { panic!("the form is gone") };
    assert_eq!(form.fields[0].line.value(), "dark");
    play.keys("Enter");
    let dry_run =
        |effect: &Effect| matches!(effect, Effect::Ask { dry_run: true, .. }).then_some(());
    assert_eq!(last(&play, dry_run), Some(()));
}

/// Reasons, notes and tags are others' words, in whatever script; ASCII is what was promised.
#[test]
fn what_others_wrote_is_spelled_in_ascii_too() {
    let mut play = Play::with(Settings { ascii: true, ..Settings::new("prod") });
    play.healthy().keys("C").types("Müller: 停 電¡").keys("Enter 5");
    let screen = play.screen(120, 36);
    assert!(screen.is_ascii(), "{screen}");
    assert!(screen.contains("M?ller: ?  ? ?"), "as wide as it was: {screen}");
    let mut play = Play::with(Settings::new("prod"));
    play.healthy().keys("C").types("Müller: 停 電¡").keys("Enter 5");
    assert!(play.screen(120, 36).contains("Müller: 停 電¡"));
}

/// A group may be created before its first member; its view is 0 then.
#[test]
fn a_group_that_is_empty_is_a_group() {
    let (name, view) = (group("batch"), Revision(0));
    let empty = View { group: name, view, revision: view, members: Vec::new() };
    let mut play = Play::new();
    play.tell(Message::Watch(WatchEvent::Snapshot(empty)));
    let bookmark = Bookmark { revision: Revision(7) };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark))).keys("2");
    let screen = play.screen(120, 36);
    assert!(screen.contains("batch") && !screen.contains("no group yet"), "{screen}");
    assert!(screen.contains("1 group "), "{screen}");
}
