//! What the keys beyond the first screens do: recordings, moments, marks, columns, cells, contexts.

use std::time::Duration;

use gms::{
    api::{Band, WatchEvent},
    id::{NodeId, Revision},
    view::Change,
};

use super::{
    app::Settings,
    fixture::{Play, group, id, node, status},
    message::{Effect, Message},
    opening,
    place::{Place, Spot},
    request::{Parting, Reply, Request},
    rows::wish::{Grouping, SortColumn},
    theme::Theme,
    ui::Overlay,
};
use crate::{
    action::key::Key,
    model::{
        cluster::Model,
        condition::Tally,
        group::{Left, MemberKey},
        happening::Happening,
        opinion::{Opinion, Said},
    },
    tape::{format::Fact, play::apply, read::Tape},
};

fn healthy() -> Play {
    let mut play = Play::new();
    play.healthy();
    play
}

fn key(name: &str, member: &str) -> MemberKey {
    MemberKey { group: group(name), id: id(member) }
}

fn last<T>(play: &Play, pick: impl Fn(&Effect) -> Option<T>) -> Option<T> {
    play.effects.iter().rev().find_map(pick)
}

fn notice(play: &Play) -> &str {
    play.app.ui.notice.as_ref().map_or("", |notice| &notice.text)
}

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
    play.tell(Message::Answered(ticket.unwrap(), Ok(Reply::Left(parting))));
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
    assert_eq!(play.app.ui.sort, SortColumn::Age);
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
fn a_note_is_kept_and_recorded() {
    let mut play = healthy();
    play.keys("C").types("switch rebooted").keys("Enter");
    assert!(play.effects.contains(&Effect::Note("switch rebooted".to_owned())));
    let entry = play.app.live.timeline.entries().last().unwrap();
    assert_eq!(entry.what, Happening::Note("switch rebooted".to_owned()));
}

#[test]
fn recording_is_asked_for_shown_and_ended() {
    let mut play = healthy();
    play.keys("r").press(Key::Ctrl('u')).types("night.jsonl").keys("Enter");
    assert!(play.effects.contains(&Effect::Record(Some("night.jsonl".to_owned()))));
    assert!(play.later(20_000).screen(120, 36).contains("REC 20s"));
    play.keys("r");
    assert!(play.effects.contains(&Effect::Record(None)) && play.app.ui.recording.is_none());
}

#[test]
fn a_recording_begins_with_what_is_known() {
    let mut play = healthy();
    play.trouble();
    let (live, now) = (&play.app.live, play.now);
    let mut copy = Model::default();
    for fact in opening::facts(live, now) {
        apply(&mut copy, now, &fact);
    }
    assert_eq!(copy.tally(), live.tally());
    for (name, group) in &live.groups {
        let other = copy.groups.get(name).unwrap();
        assert_eq!(
            (other.view, &other.members, &other.hold),
            (group.view, &group.members, &group.hold)
        );
        assert_eq!(other.heard.len(), group.heard.len(), "{name}");
    }
    assert_eq!(copy.leader(), live.leader());
}

#[test]
fn a_recording_is_shown_and_asks_nobody() {
    let mut play = Play::with(Settings { replay: true, ..Settings::new("night.jsonl") });
    play.healthy().trouble();
    assert!(play.screen(120, 36).contains("REPLAY 12:03:31 x1"));
    play.keys("Space");
    assert_eq!(play.effects.last(), Some(&Effect::Play(None)));
    assert!(play.screen(120, 36).contains("paused"));
    play.keys(":").types("speed 8").keys("Enter");
    assert_eq!(play.effects.last(), Some(&Effect::Play(Some(8.0))));
    play.keys(":").types("at 12:03:40").keys("Enter");
    assert!(play.app.past.is_some(), "yesterday's 12:03:40 is before the recording");
    play.keys("$ $");
    assert_eq!(play.effects.last(), Some(&Effect::Seek(u64::MAX)));
    for keys in ["A", "2 3 X", "r", "R"] {
        play.keys(keys);
        assert!(play.app.ui.overlay.is_none(), "{keys}");
        assert!(notice(&play).contains("recording"), "{keys}: {}", notice(&play));
    }
    assert!(!play.effects.iter().any(|e| matches!(e, Effect::Ask { .. } | Effect::AskOpinions(_))));
}

#[test]
fn what_was_seen_is_taken_in_at_its_own_moment() {
    let mut play = healthy();
    let then = play.now.later(Duration::from_secs(5));
    play.tell(Message::Seen(then, Box::new(Message::Note("then".to_owned()))));
    let entry = play.app.live.timeline.entries().last().unwrap();
    assert_eq!(entry.wall_ms, then.wall_ms);
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
            let well = matches!(
                condition,
                crate::model::condition::Condition::Ok | crate::model::condition::Condition::New
            );
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
        sentence.contains("5 REMOVED in payments within the last minute: monitor=1"),
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

/// A tape that this dashboard writes is one that it can read.
#[test]
fn the_opening_is_a_tape() {
    let mut play = healthy();
    let facts = opening::facts(&play.app.live, play.now);
    let mut bytes = Vec::new();
    let header = crate::tape::format::Header {
        version: crate::tape::format::VERSION,
        gmctl: "test".to_owned(),
        endpoints: Vec::new(),
        group: None,
    };
    let mut writer =
        crate::tape::write::Writer::begin(&mut bytes, &header, play.now.wall_ms).unwrap();
    for fact in &facts {
        let record = crate::tape::format::Record { at_ms: play.now.wall_ms, fact: fact.clone() };
        writer.write(&record).unwrap();
    }
    let tape = Tape::read(bytes.as_slice()).unwrap();
    let read: Vec<_> = tape.records.into_iter().map(|record| record.fact).collect();
    assert_eq!(read, facts);
    for fact in facts {
        let message = opening::message_of(fact.clone()).unwrap();
        assert_eq!(opening::fact_of(&message), Some(fact));
    }
    play.screen(80, 24);
}

fn removal(member: &str) -> gms::api::Why {
    gms::api::Why {
        group: group("payments"),
        id: id(member),
        incarnation: gms::id::Incarnation(1),
        state: gms::api::WhyState::Removed,
        removal: Some(gms::api::Removal {
            revision: Revision(70),
            term: 5,
            at_ms: 1_785_067_391_204,
            evidence: gms::evidence::Evidence::stated(
                gms::evidence::Cause::Silence,
                None,
                vec!["the switch of rack r7 was off".to_owned()],
            ),
        }),
        suspicion: None,
    }
}

#[test]
fn a_recording_says_why_as_it_was_told() {
    let mut play = Play::with(Settings { replay: true, ..Settings::new("night.jsonl") });
    play.healthy().keys("2 3 w");
    assert!(play.screen(120, 36).contains("by this moment nobody had told why"));
    let then = play.now.later(Duration::from_secs(5));
    play.tell(Message::Seen(then, Box::new(Message::Why(Box::new(removal("m-0001"))))));
    let screen = play.screen(120, 36);
    assert!(screen.contains("as the service told it at"), "{screen}");
    assert!(screen.contains("the switch of rack r7 was off"), "{screen}");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::AskWhy { .. })));
    let copy = opening::facts(&play.app.live, play.now);
    let is_it = |fact: &&Fact| matches!(fact, Fact::Why(why) if why.id == id("m-0001"));
    assert_eq!(copy.iter().filter(is_it).count(), 1, "a recording of a recording has it too");
}

#[test]
fn while_recording_the_service_is_asked_why_of_whom_something_happens() {
    let mut play = healthy();
    let asked = |play: &Play| {
        last(play, |effect| match effect {
            Effect::AskEvidence(keys) => Some(keys.clone()),
            _ => None,
        })
    };
    play.trouble();
    assert_eq!(asked(&play), None, "nobody records");
    play.keys("r Enter").later(2_000);
    play.tell(Message::Watch(WatchEvent::Change(Change {
        group: group("payments"),
        from: play.app.live.groups[&group("payments")].view,
        view: Revision(99_999_999),
        at_ms: 0,
        joined: Vec::new(),
        left: Vec::new(),
        removed: (1..=40)
            .map(|n| gms::view::Removed {
                id: id(&format!("m-{n:04}")),
                incarnation: gms::id::Incarnation(1),
                cause: gms::evidence::Cause::Silence,
                number: None,
            })
            .collect(),
        updated: Vec::new(),
        revision: Revision(99_999_999),
        after: play.app.live.groups[&group("payments")].revision,
        away: Vec::new(),
    })));
    assert_eq!(asked(&play).map(|keys| keys.len()), Some(16), "of a mass failure the first");
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
    assert!(notice(&play).ends_with("nothing changed meanwhile"), "{}", notice(&play));
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
    assert_eq!(looks(&play), crate::model::condition::Condition::Late);
    play.tell(Message::Member(ok.clone())).later(1_000);
    assert_eq!(looks(&play), crate::model::condition::Condition::Late, "one clean beat");
    play.tell(Message::Member(late)).tell(Message::Member(ok)).later(1_500);
    assert_eq!(looks(&play), crate::model::condition::Condition::Late, "it begins anew");
    play.later(1_000);
    assert_eq!(looks(&play), calm, "two clean beats");
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
