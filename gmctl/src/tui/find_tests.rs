//! What one finds one's way by: matches, the order of columns, keys of one's own.

use gms::{
    api::{Removal, Why, WhyState},
    id::{Incarnation, Revision},
};

use super::{
    app::Settings,
    fixture::{Play, evidence, group, healthy, id, key, notice},
    message::Message,
    place::Place,
    request::Reply,
    view::listing,
};
use crate::{action::keymap::Keymap, model::group::MemberKey};

fn selected(play: &Play) -> String {
    play.app.ui.selection.member.as_ref().map_or(String::new(), |key| key.id.to_string())
}

#[test]
fn matches_are_gone_through_among_the_others_once_the_filter_is_cleared() {
    let mut play = healthy();
    play.keys("2 3 n");
    assert!(notice(&play).contains("nothing was looked for here yet; / does"));
    // Two of the members, and not the first ones.
    play.keys("s j j Enter /").types("id:m-0003 | id:m-0005").keys("Enter");
    assert_eq!(play.app.rows.members.len(), 2);
    play.keys("Esc");
    let in_all = play.app.rows.members.len();
    assert!(in_all > 2, "every row is shown again");
    let mut seen = Vec::new();
    for _ in 0..3 {
        play.keys("n");
        seen.push(selected(&play));
    }
    assert_eq!(seen, ["m-0005", "m-0003", "m-0005"], "round and round");
    play.keys("N");
    assert_eq!(selected(&play), "m-0003");
    play.keys("/").types("id:nobody").keys("Enter Esc n");
    assert!(notice(&play).contains("nothing here passes id:nobody"));
}

#[test]
fn each_list_is_filtered_in_the_words_that_its_command_line_takes() {
    let mut play = healthy();
    play.trouble().keys("2 /").types("state:suspect").keys("Enter");
    assert_eq!(play.app.rows.groups.len(), 1);
    assert!(play.screen(120, 36).contains("= gmctl groups -f state:suspect"));
    play.keys("n");
    assert!(play.app.ui.notice.is_none(), "what is shown is a match");
    play.keys("Esc /").types("state:late").keys("Enter");
    assert!(
        play.screen(120, 36).contains("one of ok suspect away held empty"),
        "no words of members here"
    );
    play.keys("Esc /").types("suspects:0 members>=3").keys("Enter");
    let left: Vec<_> = play.app.rows.groups.iter().map(|row| row.id.to_string()).collect();
    assert_eq!(left, ["search", "ledger"]);

    // The others are as they were, and so is this one when one comes back.
    play.keys("3");
    assert_eq!(play.app.rows.members.len(), play.app.rows.members_in_all);
    play.keys("5 /").types("kind:removed cause:silence").keys("Enter");
    assert_eq!(play.app.rows.entries.len(), 2);
    assert!(play.screen(120, 36).contains("= gmctl events -f 'kind:removed cause:silence'"));
    play.keys("Esc /").types("kind:election node:1 term>=42").keys("Enter");
    assert_eq!(play.app.rows.entries.len(), 1);
    play.keys("Esc /").types("kind:suspect").keys("Enter");
    assert_eq!(play.app.rows.entries.len(), 1, "what only a dashboard sees");
    play.keys("2");
    assert_eq!(play.app.rows.groups.len(), 2);
}

#[test]
fn the_next_match_of_the_heat_grid_is_a_cell() {
    let mut play = healthy();
    // The cursor has gone to the first match; the next is in another group.
    play.keys("4 /").types("id:m-0005").keys("Esc n");
    let cell = |play: &Play| play.app.ui.selection.cell.clone();
    let of = |name| Some(MemberKey { group: group(name), id: id("m-0005") });
    assert_eq!(cell(&play), of("search"));
    play.keys("N");
    assert_eq!(cell(&play), of("payments"));
}

#[test]
fn columns_are_moved_and_stay_where_they_were_put() {
    let mut play = healthy();
    let head = |play: &mut Play| {
        let screen = play.screen(120, 36);
        screen.lines().find(|line| line.contains("MEMBER ")).unwrap_or_default().to_owned()
    };
    play.keys("2 3");
    let before = head(&mut play);
    assert!(before.find("STATE") < before.find("RTT"), "{before}");
    // RTT is the sixth; it goes to the front of STATE.
    play.keys("c j j j j j K K K Esc");
    let after = head(&mut play);
    assert!(after.find("RTT") < after.find("STATE"), "{after}");
    assert!(after.find("MEMBER") < after.find("RTT"), "{after}");
    // Hiding is about the column under the cursor, wherever it stands.
    play.keys("c j j Enter Esc");
    assert!(!head(&mut play).contains("RTT"));
    play.keys("c j j Enter J J J Esc");
    assert_eq!(head(&mut play), before);
}

#[test]
fn keys_of_ones_own_are_pressed_and_shown() {
    let keys =
        Keymap::parse("\"F5\" = \"why\"\n\"w\" = \"\"\n\"x\" = \"zoom\"\n\"?\" = \"\"").unwrap();
    let mut play = Play::with(Settings { keys, ..Settings::new("lab") });
    play.healthy().keys("2 3 w");
    assert!(notice(&play).contains("no such key: w   F1 for help"));
    let screen = play.screen(120, 36);
    assert!(screen.contains("F5 why"), "the footer names it: {screen}");
    play.keys("F5");
    assert!(matches!(play.app.ui.place, Place::Why(_)));
    play.keys("F1").types("evidence");
    assert!(play.screen(120, 36).contains("  F5 "), "and so does the help");
    play.keys("Esc : ").types("why");
    assert!(play.screen(120, 36).contains("F5 "), "and the palette");
}

#[test]
fn the_palette_recalls_what_was_said() {
    let mut play = healthy();
    play.keys(":").types("at 12:02:50").keys("Enter :").types("theme mono").keys("Enter");
    play.keys(": Up");
    assert!(play.screen(120, 36).contains(": theme mono"));
    play.keys("Up");
    assert!(play.screen(120, 36).contains(": at 12:02:50"));
    play.keys("Up Enter");
    assert!(play.app.past.is_some(), "nothing was said before the first");
}

/// A filter narrows what is listed; what the header tells of the cluster stays true.
#[test]
fn the_header_counts_the_cluster_and_not_what_passes_the_filter() {
    let mut play = healthy();
    play.keys("2 /").types("web");
    assert!(play.app.rows.groups.len() < 4);
    let screen = play.screen(120, 36);
    assert!(screen.contains(" 4 groups  25 members "), "{screen}");
}

/// What is exported is read by programs: figures, and not the texts that people read.
#[test]
fn an_export_holds_values() {
    let mut play = healthy();
    play.trouble().keys("2 3");
    let of = |play: &Play, path| listing::for_file(&play.app, path).unwrap();
    let (rows, text) = of(&play, "x.json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((rows, json.as_array().unwrap().len()), (11, 11));
    let third = &json[0];
    assert_eq!(third["id"], "m-0003");
    assert_eq!(third["condition"], "condemned");
    assert_eq!((&third["age_ms"], &third["rtt_us"]), (&2_400.into(), &790.into()));
    assert_eq!(third["tags"]["rack"], "r7");
    let (_, csv) = of(&play, "x.csv");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "group,id,condition,state,age_ms,left_ms,rtt_us,misses,monitor,witness,kind,address,\
             incarnation,tags"
        )
    );
    assert_eq!(
        lines.next(),
        Some(
            "payments,m-0003,condemned,active,2400,0,790,4,1,2,udp,10.7.3.3:9000,103,\
             rack=r7 version=1.9"
        )
    );
    assert!(of(&play, "x.txt").1.contains("! condemned"), "that is for people");
    assert!(listing::for_file(&play.app, "x.exe").is_none());
    play.keys("2");
    assert!(of(&play, "x.csv").1.contains("\npayments,11,7,0,4,0,0,"));
    play.keys("5");
    assert!(of(&play, "x.csv").1.starts_with("at_ms,revision,what,group,member,text"));
    play.keys("6");
    assert!(of(&play, "x.csv").1.contains("\n1,leader,42,9182331,0,"));
}

/// One language on every list: a group is in the states that its members are in.
#[test]
fn groups_are_found_by_the_state_of_their_members() {
    let mut play = healthy();
    play.trouble().keys("2 /").types("state:suspect").keys("Enter");
    let screen = play.screen(120, 36);
    assert!(screen.contains("/ state:suspect   1 of 4"), "{screen}");
    play.keys("Esc 3 /").types("left<5s").keys("Enter");
    play.app.settle();
    assert_eq!(play.app.rows.members.len(), 4, "those of whom a removal is in sight");
}

#[test]
fn every_list_is_sorted_by_what_was_chosen_for_it() {
    let mut play = healthy();
    play.keys("2");
    play.app.settle();
    let groups =
        |play: &Play| play.app.rows.groups.iter().map(|row| row.id.to_string()).collect::<Vec<_>>();
    assert_eq!(groups(&play), ["payments", "search", "ledger", "batch"], "the largest first");
    play.keys("s j Enter");
    play.app.settle();
    assert_eq!(groups(&play), ["batch", "ledger", "payments", "search"]);
    assert!(play.screen(120, 36).contains("= gmctl groups --sort name"));
    play.keys("S");
    assert!(play.screen(120, 36).contains("= gmctl groups --sort -name"));
    assert_eq!(groups(&play), ["search", "payments", "ledger", "batch"]);
    play.keys("1");
    play.app.settle();
    assert_eq!(groups(&play)[0], "payments", "the overview shows the worst first");
    play.keys("6 s j Enter");
    assert!(play.screen(120, 36).contains("sorted by lag"));
    play.keys("3");
    assert!(play.screen(120, 36).contains("worst first"), "each list has its own order");
}

#[test]
fn the_events_around_a_removal_are_a_key_away() {
    let mut play = healthy();
    let ask = key("payments", "m-0917");
    play.keys(":").types("why payments m-0917").keys("Enter e");
    assert!(notice(&play).contains("not told why yet"), "{}", notice(&play));
    let ticket = play.app.ui.why_ticket.unwrap();
    let why = Why {
        group: ask.group.clone(),
        id: ask.id.clone(),
        incarnation: Incarnation(5),
        state: WhyState::Removed,
        removal: Some(Removal {
            revision: Revision(10),
            term: 42,
            at_ms: play.app.now.wall_ms - 31_000,
            evidence: evidence(),
        }),
        left: None,
        hold: None,
        suspicion: None,
    };
    play.tell(Message::Answered(ticket, Ok(Reply::Why(Box::new(why)).into())));
    let (lines, text) = listing::for_file(&play.app, "x.txt").unwrap();
    assert!(lines > 5 && text.contains(" verdict  "), "{text}");
    let (_, json) = listing::for_file(&play.app, "x.json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["removal"]["revision"], 10);
    assert!(listing::for_file(&play.app, "x.csv").unwrap().1.contains(",removed,silence,10,42,"));
    play.keys("e");
    assert_eq!(play.app.ui.place, Place::Timeline);
    assert_eq!(play.app.entry().unwrap().revision, Some(Revision(10)));
}

#[test]
fn what_keeps_a_silent_member_is_told_with_why_it_is_doubted() {
    let mut play = healthy();
    let ask = key("payments", "m-0003");
    play.keys(":").types("why payments m-0003").keys("Enter");
    let ticket = play.app.ui.why_ticket.unwrap();
    let hold = gms::api::Hold {
        since: Revision(9),
        at_ms: play.app.now.wall_ms - 60_000,
        lasts: gms::span::Span::from_millis(600_000),
        reason: "switch work".to_owned(),
    };
    let why = Why {
        group: ask.group,
        id: ask.id,
        incarnation: Incarnation(103),
        state: WhyState::Member,
        removal: None,
        left: None,
        hold: Some(hold),
        suspicion: None,
    };
    play.tell(Message::Answered(ticket, Ok(Reply::Why(Box::new(why)).into())));
    let screen = play.screen(120, 36);
    assert!(screen.contains("removals by silence are paused for 9m more: switch work"), "{screen}");
}
