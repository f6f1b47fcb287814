//! What messages do to the state: a script in, facts out.

use std::time::Duration;

use gms::{
    api::{Band, Bookmark, Joined, WatchEvent},
    evidence::Cause,
    id::{Incarnation, NodeId, Revision},
    view::{Change, Left, Member, MemberState, Removed, View},
};

use super::{
    app::{App, Settings},
    demo::DemoCommand,
    dialog::form::Stage,
    fixture::{Play, group, id, member},
    message::{Effect, Message},
    place::{Pane, Place},
    request::{Acknowledged, Parting, Reply, Request, Ticket},
    theme::Theme,
    ui::Overlay,
};
use crate::{
    action::key::Key,
    model::{
        condition::Condition,
        group::MemberKey,
        happening::Happening,
        heard::Age,
        link::{Stream, StreamNews},
    },
};

fn key(name: &str, member: &str) -> MemberKey {
    MemberKey { group: group(name), id: id(member) }
}

fn healthy() -> Play {
    let mut play = Play::new();
    play.healthy();
    play
}

fn condition(app: &App, name: &str, member: &str) -> Option<Condition> {
    app.live.groups.get(&group(name))?.condition(app.now, &id(member))
}

fn asks(play: &Play) -> Vec<(Ticket, Request, bool)> {
    play.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask { ticket, request, dry_run } => {
                Some((*ticket, Request::clone(request), *dry_run))
            }
            _ => None,
        })
        .collect()
}

fn form_stage(app: &App) -> Option<&Stage> {
    match &app.ui.overlay {
        Some(Overlay::Form(form)) => Some(&form.stage),
        _ => None,
    }
}

fn change(from: u64, view: u64) -> Change {
    Change {
        group: group("payments"),
        from: Revision(from),
        view: Revision(view),
        revision: Revision(view),
        after: Revision(from),
        at_ms: 1,
        joined: Vec::new(),
        left: Vec::new(),
        removed: Vec::new(),
        updated: Vec::new(),
        away: Vec::new(),
    }
}

#[test]
fn the_selection_stays_with_its_member_when_the_rows_move() {
    let mut play = healthy();
    play.keys("3 j j");
    play.app.settle();
    let before = play.app.ui.selection.member.clone();
    assert_eq!(before, Some(key("payments", "m-0003")));
    play.later(10_000).heard().band("payments", 9, Band::Suspect, 2_000);
    play.app.settle();
    assert_eq!(play.app.rows.members.get(0), Some(&key("payments", "m-0009")));
    assert_eq!(play.app.ui.selection.member, before);
}

#[test]
fn rows_keep_their_places_for_a_moment_after_the_cursor_moved() {
    let mut play = healthy();
    play.keys("3 j");
    play.band("payments", 9, Band::Suspect, 2_000);
    play.app.settle();
    assert_eq!(play.app.rows.members.get(0), Some(&key("payments", "m-0001")));
    play.later(3_500);
    play.app.settle();
    assert_eq!(play.app.rows.members.get(0), Some(&key("payments", "m-0009")));
}

#[test]
fn when_the_selected_member_goes_its_neighbour_is_selected() {
    let mut play = healthy();
    play.keys("3 j");
    let mut gone = change(9_182_331, 9_182_332);
    gone.left = vec![Left { id: id("m-0002"), incarnation: Incarnation(102), reason: None }];
    play.tell(Message::Watch(WatchEvent::Change(gone))).later(5_000);
    play.app.settle();
    assert_eq!(play.app.ui.selection.member, Some(key("payments", "m-0003")));
}

#[test]
fn a_form_stays_with_the_life_it_was_opened_for() {
    let mut play = healthy();
    play.keys("3 X");
    // The same id comes back as another life while the form is open.
    let mut replaced = change(9_182_331, 9_182_340);
    replaced.left = vec![Left { id: id("m-0001"), incarnation: Incarnation(101), reason: None }];
    replaced.joined = vec![member(1, 500)];
    play.tell(Message::Watch(WatchEvent::Change(replaced))).keys("Enter");
    let asked = asks(&play);
    let Some((_, Request::Leave(targets, None, _), true)) = asked.last() else {
        panic!("{asked:?}")
    };
    assert_eq!(targets[0].incarnation, Incarnation(101), "not the new life");
    assert!(play.screen(80, 24).contains("0 of 1: the others are gone by now"));
}

#[test]
fn a_leave_of_many_needs_their_number() {
    let mut play = healthy();
    play.keys("3 v v X").types("dark").keys("Enter");
    let (ticket, request, dry_run) = asks(&play).pop().unwrap();
    assert!(
        dry_run && matches!(&request, Request::Leave(targets, Some(_), _) if targets.len() == 2)
    );
    let parting = Parting {
        left: vec![(id("m-0001"), Revision(1)), (id("m-0002"), Revision(1))],
        refused: Vec::new(),
    };
    play.tell(Message::Answered(ticket, Ok(Reply::Left(parting.clone()).into())));
    play.keys("y Enter");
    assert_eq!(asks(&play).len(), 1, "y is not enough");
    play.keys("2 Enter");
    let (ticket, _, dry_run) = asks(&play).pop().unwrap();
    assert!(!dry_run);
    play.keys("C-u q C-c");
    assert!(matches!(form_stage(&play.app), Some(Stage::Sending(_))), "it cannot be taken back");
    let reply = Reply::Left(parting);
    let took = Duration::from_millis(12);
    play.tell(Message::Answered(ticket, Ok(Acknowledged { reply, by: Some(NodeId(2)), took })));
    assert!(play.app.ui.overlay.is_none() && play.app.ui.marks.is_empty());
    let text = &play.app.ui.notice.as_ref().unwrap().text;
    assert!(text.contains("2 members left, acknowledged by node 2 in 12 ms   = "), "{text}");
    let last = play.app.live.timeline.entries().last().unwrap();
    assert!(matches!(&last.what, Happening::Command(_, true)));
}

#[test]
fn a_hold_needs_two_keys() {
    let mut play = healthy();
    play.keys("2 P Enter");
    let (_, request, dry_run) = asks(&play).pop().unwrap();
    assert!(!dry_run);
    let Request::SetHold(held, body) = request else { panic!("{request:?}") };
    assert_eq!((held, body.reason.as_str()), (group("payments"), "on call"));
}

#[test]
fn a_refusal_leaves_the_form_open_with_the_reason() {
    let mut play = healthy();
    play.keys("A").types("m-77").keys("Tab").types("10.0.0.1:9000").keys("Tab Tab");
    play.types("rack=r1").keys("Enter");
    let (ticket, request, _) = asks(&play).pop().unwrap();
    let Request::Join(_, join) = request else { panic!() };
    assert_eq!(join.tags.get("rack").map(String::as_str), Some("r1"));
    play.tell(Message::Answered(ticket, Err("conflict: another life answers".to_owned().into())));
    assert!(matches!(form_stage(&play.app), Some(Stage::Filling)));
    assert!(play.screen(80, 24).contains("refused: conflict: another life answers"));
    play.keys("Enter");
    let (again, ..) = asks(&play).pop().unwrap();
    play.tell(Message::Answered(ticket, Err("late".to_owned().into())));
    assert!(matches!(form_stage(&play.app), Some(Stage::Checking(t)) if *t == again));
    let joined = Joined { member: member(77, 300), view: Revision(300), key: "0".repeat(64) };
    play.tell(Message::Answered(again, Ok(Reply::Joined(Box::new(joined), true).into()))).keys("y");
    assert!(!asks(&play).pop().unwrap().2, "the next question is in earnest");
}

#[test]
fn nothing_is_written_when_reading_only_or_out_of_touch() {
    let mut play = Play::with(Settings {
        ascii: true,
        theme: Theme::Mono,
        read_only: true,
        ..Settings::new("prod")
    });
    play.healthy().keys("3 X");
    assert!(play.app.ui.overlay.is_none());
    assert!(play.app.ui.notice.as_ref().unwrap().text.contains("reading only"));

    let mut play = healthy();
    play.keys("3 X");
    let down = StreamNews::Down { error: "refused".to_owned() };
    play.tell(Message::Link(Stream::Watch, down)).keys("Enter");
    assert!(asks(&play).is_empty());
    assert!(play.screen(80, 24).contains("nothing was sent"));
    play.keys("Esc A");
    assert!(play.app.ui.overlay.is_none(), "no form opens either");
}

#[test]
fn ages_count_up_only_while_they_are_known() {
    let mut play = healthy();
    let age = |play: &Play, n: u64| {
        let group = play.app.live.groups.get(&group("payments")).unwrap();
        group.age(play.app.now, group.members.get(&id(&format!("m-{n:04}"))).unwrap())
    };
    let millis = std::time::Duration::from_millis;
    play.later(600);
    assert_eq!(age(&play, 1), Age::Known(millis(900)));
    play.later(400);
    assert_eq!(age(&play, 1), Age::Below(millis(1_000)), "longer silent it would be late");
    play.band("payments", 2, Band::Late, 700);
    play.later(60_000).heard();
    assert_eq!(age(&play, 1), Age::Below(millis(1_000)), "it answers; the exact age is unknown");
    assert_eq!(age(&play, 2), Age::Known(millis(60_700)), "silence is counted on");
    play.tell(Message::Link(
        Stream::Liveness,
        StreamNews::Up { endpoint: "http://b".to_owned(), node: None },
    ));
    assert_eq!(age(&play, 2), Age::Unknown, "a feed that opens tells of everything anew");
    assert_eq!(condition(&play.app, "payments", "m-0002"), Some(Condition::Unknown));
}

#[test]
fn the_member_under_the_cursor_is_pinned_and_no_other() {
    let mut play = healthy();
    let pins = |play: &Play| -> Vec<Option<MemberKey>> {
        play.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Pin(key) => Some(key.clone()),
                _ => None,
            })
            .collect()
    };
    play.keys("3 j 1");
    assert_eq!(
        pins(&play),
        [Some(key("payments", "m-0001")), Some(key("payments", "m-0002")), None]
    );
}

#[test]
fn a_gap_in_the_watch_is_never_papered_over() {
    let mut play = healthy();
    let mut ahead = change(9_182_350, 9_182_351);
    ahead.joined = vec![member(40, 400)];
    play.tell(Message::Watch(WatchEvent::Change(ahead)));
    assert!(play.effects.contains(&Effect::Reconnect));
    assert_eq!(condition(&play.app, "payments", "m-0040"), None);
}

#[test]
fn a_static_member_goes_away_and_comes_back_in_the_same_view() {
    let mut play = healthy();
    let at = |revision, after| Change {
        view: Revision(9_182_331),
        revision: Revision(revision),
        after: Revision(after),
        ..change(9_182_331, 9_182_331)
    };
    let gone = Removed {
        id: id("m-0003"),
        incarnation: Incarnation(103),
        cause: Cause::Fin,
        number: None,
    };
    let vacant = Member { state: MemberState::Away, ..member(3, 103) };
    let away = Change { away: vec![gone], updated: vec![vacant], ..at(9_182_340, 9_182_331) };
    play.tell(Message::Watch(WatchEvent::Change(away)));
    assert_eq!(condition(&play.app, "payments", "m-0003"), Some(Condition::Away));
    assert!(!play.effects.contains(&Effect::Reconnect));
    // What another one missed does not fit.
    let back = Change { updated: vec![member(3, 9_182_350)], ..at(9_182_350, 9_182_345) };
    play.tell(Message::Watch(WatchEvent::Change(back.clone())));
    assert!(play.effects.contains(&Effect::Reconnect), "something is missing");
    assert_eq!(condition(&play.app, "payments", "m-0003"), Some(Condition::Away));
    let back = Change { after: Revision(9_182_340), ..back };
    play.tell(Message::Watch(WatchEvent::Change(back)));
    play.band("payments", 3, Band::Ok, 100);
    let group = &play.app.live.groups[&group("payments")];
    assert_eq!((group.view, group.revision), (Revision(9_182_331), Revision(9_182_350)));
    let words: Vec<_> =
        play.app.live.timeline.entries().iter().rev().map(|entry| entry.what.word()).collect();
    assert_eq!(words[..2], ["returned", "away"], "{words:?}");
}

#[test]
fn what_a_reopened_watch_does_not_mention_is_gone() {
    let mut play = healthy();
    play.connected();
    let view = View {
        group: group("ledger"),
        view: Revision(60),
        revision: Revision(60),
        members: vec![member(1, 101)],
    };
    play.tell(Message::Watch(WatchEvent::Snapshot(view)));
    let bookmark = Bookmark { revision: Revision(9_182_400) };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
    let groups: Vec<_> = play.app.live.groups.keys().cloned().collect();
    assert_eq!(groups, [group("ledger")]);
    assert_eq!(play.app.live.groups[&group("ledger")].members.len(), 1);
}

#[test]
fn liveness_of_a_former_life_is_not_taken_for_the_present_one() {
    let mut play = healthy();
    let mut replaced = change(9_182_331, 9_182_340);
    replaced.left = vec![Left { id: id("m-0001"), incarnation: Incarnation(101), reason: None }];
    replaced.joined = vec![Member { ..member(1, 500) }];
    play.tell(Message::Watch(WatchEvent::Change(replaced)));
    assert_eq!(condition(&play.app, "payments", "m-0001"), Some(Condition::Unknown));
    play.band("payments", 1, Band::Condemned, 9_000);
    assert_eq!(condition(&play.app, "payments", "m-0001"), Some(Condition::Unknown));
    let restarted = play.app.live.timeline.entries().last().unwrap();
    assert!(matches!(&restarted.what, Happening::Replaced(_, who) if who.count == 1));
}

#[test]
fn a_mass_failure_is_one_line_of_the_timeline() {
    let mut play = healthy();
    let before = play.app.live.timeline.entries().len();
    for n in 1..=12 {
        play.band("payments", n, Band::Suspect, 1_600);
    }
    let entries = play.app.live.timeline.entries();
    assert_eq!(entries.len(), before + 1);
    assert!(
        matches!(&entries.last().unwrap().what, Happening::Suspected(_, who) if who.count == 12)
    );
}

#[test]
fn frozen_time_stands_still_and_the_present_goes_on_beneath() {
    let mut play = healthy();
    play.keys("2 Space").trouble();
    assert!(play.screen(120, 36).contains("FROZEN"));
    assert_eq!(play.app.rows.tally.suspect, 0);
    assert_eq!(play.app.live.tally().suspect, 4);
    play.keys("A");
    assert!(play.app.ui.overlay.is_none(), "the past cannot be written to");
    play.keys("Space");
    play.app.settle();
    assert_eq!(play.app.rows.tally.suspect, 4);
    play.keys("0");
    assert!(play.app.past.is_some());
    play.app.settle();
    assert_eq!(play.app.rows.tally.suspect, 0, "the oldest frame is from before");
    play.keys("] ] ] ] ] ]");
    assert!(play.app.past.is_none(), "after the last frame comes the present");
    play.keys("[");
    assert!(play.app.past.is_some());
}

#[test]
fn esc_goes_back_step_by_step() {
    let mut play = healthy();
    play.keys("2 Enter / m - 0 0 0 1 Enter Enter w");
    assert_eq!(play.app.ui.place, Place::Why(key("payments", "m-0001")));
    play.keys("Esc");
    assert_eq!(play.app.ui.place, Place::Member(key("payments", "m-0001")));
    play.keys("Esc");
    assert_eq!(play.app.ui.place, Place::Members(Some(group("payments"))));
    assert!(!play.app.filter().is_empty(), "the list is as it was left");
    play.keys("Esc");
    assert!(play.app.filter().is_empty(), "where it narrows, the filter goes first");
    play.keys("Esc Esc");
    assert_eq!(play.app.ui.place, Place::Overview);
    play.keys("2 4 < <");
    assert_eq!(play.app.ui.place, Place::Overview);
    play.keys(">");
    assert_eq!(play.app.ui.place, Place::Groups);
}

#[test]
fn a_wrong_filter_leaves_the_last_good_one_in_force() {
    let mut play = healthy();
    play.keys("3 /").types("m-0001");
    play.app.settle();
    assert_eq!(play.app.rows.members.len(), 1);
    play.types(" rack>");
    play.app.settle();
    assert_eq!(play.app.rows.members.len(), 1);
    assert!(matches!(&play.app.ui.overlay, Some(Overlay::Filter(_, Some(_)))));
}

#[test]
fn keys_combine_and_unknown_ones_are_said_to_be_unknown() {
    let mut play = healthy();
    play.keys("3 G");
    assert_eq!(play.app.ui.selection.member, Some(key("payments", "m-0012")));
    play.keys("gg");
    assert_eq!(play.app.ui.selection.member, Some(key("payments", "m-0001")));
    play.keys("gj");
    assert_eq!(play.app.ui.selection.member, Some(key("payments", "m-0002")), "g is given up");
    play.keys("~");
    assert!(play.app.ui.notice.as_ref().unwrap().text.contains("no such key: ~"));
    play.later(5_000);
    assert!(play.app.ui.notice.is_none(), "it goes by itself");
}

#[test]
fn the_demo_is_told_whom_to_kill() {
    let mut play = Play::with(Settings { demo: true, ..Settings::new("demo") });
    play.healthy().keys("6 j K 3 K B");
    let demanded: Vec<_> = play
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Demo(command) => Some(command.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        demanded,
        [
            DemoCommand::KillNode(NodeId(2)),
            DemoCommand::KillMember(group("batch"), id("m-0001")),
            DemoCommand::RestartMember(group("batch"), id("m-0001")),
        ]
    );
    let mut play = healthy();
    play.keys("6 K");
    assert!(play.app.ui.notice.as_ref().unwrap().text.contains("only in gmctl demo"));
}

#[test]
fn the_palette_does_what_a_key_does() {
    let mut play = healthy();
    play.keys(":").types("timel").keys("Enter");
    assert_eq!(play.app.ui.place, Place::Timeline);
    play.keys("6 :").types("leader").keys("Enter Enter");
    assert!(matches!(asks(&play).last(), Some((_, Request::Transfer(NodeId(1)), true))));
}

#[test]
fn the_same_line_is_copied_that_is_shown() {
    let mut play = healthy();
    play.keys("3 / r a c k : r 7 Enter y");
    let copied = play.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("gmctl members payments -f rack:r7"));
    assert!(play.screen(120, 36).contains("= gmctl members payments -f rack:r7"));
}

#[test]
fn panes_turn_round_and_small_screens_skip_what_they_have_not() {
    let mut play = healthy();
    play.screen(120, 36);
    play.keys("Tab Tab");
    assert_eq!(play.app.ui.pane, Pane::Silent);
    play.screen(80, 24);
    play.keys("Tab Tab Tab Tab");
    assert_eq!(play.app.ui.pane, Pane::Nodes);
    play.press(Key::BackTab);
    assert_eq!(play.app.ui.pane, Pane::Timeline);
}
