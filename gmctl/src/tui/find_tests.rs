//! What one finds one's way by: matches, the order of columns, keys of one's own.

use super::{
    app::Settings,
    fixture::{Play, group, id},
    place::Place,
    view::listing,
};
use crate::{action::keymap::Keymap, model::group::MemberKey};

fn healthy() -> Play {
    let mut play = Play::new();
    play.healthy();
    play
}

fn notice(play: &Play) -> &str {
    play.app.ui.notice.as_ref().map_or("", |notice| &notice.text)
}

fn selected(play: &Play) -> String {
    play.app.ui.selection.member.as_ref().map_or(String::new(), |key| key.id.to_string())
}

#[test]
fn matches_are_gone_through_among_the_others_once_the_filter_is_cleared() {
    let mut play = healthy();
    play.keys("2 3 n");
    assert!(notice(&play).contains("nothing was looked for yet; / does"));
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
