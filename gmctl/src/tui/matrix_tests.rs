//! Every screen in every size, state and set of glyphs, as text to look at.
//!
//! One snapshot a screen and state, with all sizes in it: a change of a screen is one file to
//! review. In ASCII every one of them is the same screen, cell by cell, but for its glyphs: the table of
//! which stands for which is a snapshot of its own, and so is one state as it then looks.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    api::{Band, Bookmark, WatchEvent},
    id::{NodeId, Revision},
    view::View,
};

use super::{
    app::Settings,
    fixture::{Play, group, member, node, status},
    message::Message,
    screen_tests::answer_why,
    theme::Theme,
};
use crate::model::link::{Stream, StreamNews};

const SIZES: [(u16, u16); 5] = [(200, 60), (120, 36), (80, 24), (60, 16), (40, 8)];

/// The screens, by the keys that lead to them from the overview.
pub(super) const SCREENS: [(&str, &str); 7] = [
    ("overview", ""),
    ("groups", "2"),
    ("members", "2 3"),
    ("heat", "4"),
    ("timeline", "5"),
    ("nodes", "6"),
    ("views", "7"),
];

pub(super) type State = fn(&mut Play);

/// The states that a dashboard can be in.
pub(super) const STATES: [(&str, State); 8] = [
    ("live", |play| {
        play.healthy().trouble();
    }),
    ("reconnecting", |play| {
        play.healthy().trouble();
        let down = StreamNews::Down { error: "127.0.0.1:22380: connection refused".to_owned() };
        play.tell(Message::Link(Stream::Watch, down)).later(3_400);
    }),
    ("minority", |play| {
        play.healthy();
        let nodes = [1, 3].map(|n| {
            let mut node = node(n);
            node.term = Some(43);
            node.leader = Some(NodeId(3));
            node
        });
        let nodes = [nodes.to_vec(), vec![node(2)]].concat();
        play.tell(Message::Nodes(gms::api::Nodes { answered_by: NodeId(2), nodes }));
    }),
    ("no_leader", |play| {
        play.healthy();
        play.tell(Message::Status(Box::new(status(None))));
    }),
    ("ten_thousand", |play| {
        play.connected().nodes();
        many(play, 10_000);
    }),
    ("empty", |play| {
        play.connected().nodes();
        let bookmark = Bookmark { revision: Revision(7) };
        play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
    }),
    ("frozen", |play| {
        play.healthy().keys("Space").trouble();
    }),
    ("replay", |play| {
        play.healthy().trouble();
    }),
];

/// Five groups of members that all answer but for a few of the first.
fn tell_views(play: &mut Play, count: u64) {
    for (place, name) in ["ads", "batch", "ledger", "payments", "search"].into_iter().enumerate() {
        let first = place as u64 * (count / 5) + 1;
        let members = (first..first + count / 5).map(|n| member(n, 100 + n)).collect();
        let at = Revision(9_000_000);
        let view = View { group: group(name), view: at, revision: at, members };
        play.tell(Message::Watch(WatchEvent::Snapshot(view)));
        for n in first..first + count / 5 {
            let band = if place == 0 && n % 100 == 3 { Band::Suspect } else { Band::Ok };
            play.band(name, n, band, 300);
        }
    }
    let bookmark = Bookmark { revision: Revision(9_182_331) };
    play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
}

/// The same, and a while later.
fn many(play: &mut Play, count: u64) {
    tell_views(play, count);
    play.later(1_500);
}

fn screens(settings: &Settings, state: State, keys: &str, sizes: &[(u16, u16)]) -> String {
    let mut play = Play::with(settings.clone());
    state(&mut play);
    play.keys(keys);
    let screens: Vec<String> = sizes
        .iter()
        .map(|(width, height)| format!("{width}x{height}\n{}", play.screen(*width, *height)))
        .collect();
    screens.join("\n")
}

#[test]
fn every_screen_in_every_state() {
    for (state_name, state) in STATES {
        let replay = state_name == "replay";
        let tape = "incident.jsonl".to_owned();
        let settings = Settings { replay, tape, ..Settings::new("prod-eu") };
        for (screen, keys) in SCREENS {
            let text = screens(&settings, state, keys, &SIZES);
            insta::assert_snapshot!(format!("{screen}_{state_name}"), text);
        }
    }
}

#[test]
fn every_screen_in_ascii_and_without_colours() {
    let settings =
        Settings { ascii: true, theme: Theme::Mono, demo: true, ..Settings::new("prod-eu") };
    for (screen, keys) in SCREENS {
        let text = screens(&settings, STATES[0].1, keys, &SIZES);
        assert!(text.is_ascii(), "{screen} is not ASCII");
        insta::assert_snapshot!(format!("{screen}_ascii"), text);
    }
}

/// Every cell of the screen, at each size.
fn cells(settings: &Settings, state: State, keys: &str) -> Vec<String> {
    let mut play = Play::with(settings.clone());
    state(&mut play);
    play.keys(keys);
    let of = |(width, height): (u16, u16)| {
        let buffer = play.buffer(width, height);
        buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<Vec<_>>()
    };
    SIZES.into_iter().flat_map(of).collect()
}

#[test]
fn every_screen_in_every_state_is_the_same_in_ascii_but_for_its_glyphs() {
    let mut table: BTreeMap<String, String> = BTreeMap::new();
    for (state_name, state) in STATES {
        let replay = state_name == "replay";
        let tape = "incident.jsonl".to_owned();
        let settings = Settings { replay, tape, ..Settings::new("prod-eu") };
        let ascii = Settings { ascii: true, theme: Theme::Mono, ..settings.clone() };
        for (screen, keys) in SCREENS {
            let (rich, plain) = (cells(&settings, state, keys), cells(&ascii, state, keys));
            for (rich, plain) in rich.into_iter().zip(plain) {
                assert!(plain.is_ascii(), "{plain:?} in {screen}, {state_name}");
                let known = table.entry(rich.clone()).or_insert_with(|| plain.clone());
                assert_eq!(*known, plain, "{rich:?} stands for two in {screen}, {state_name}");
            }
        }
    }
    table.retain(|rich, plain| rich != plain);
    assert!(table.keys().all(|rich| !rich.is_ascii()), "{table:?}");
    let lines: Vec<String> = table.iter().map(|(rich, plain)| format!("{rich}  {plain}")).collect();
    insta::assert_snapshot!("glyphs", lines.join("\n"));
}

#[test]
fn roles_show_where_the_eye_is_led() {
    for theme in [Theme::Palette, Theme::SafeDark] {
        let mut play = Play::with(Settings { theme, ..Settings::new("prod-eu") });
        play.healthy().trouble();
        insta::assert_snapshot!(format!("roles_{}", theme.as_str()), play.roles(120, 36));
    }
}

/// A screen as the README shows it: without the marks of its edges.
fn capture(play: &mut Play, width: u16, height: u16) -> String {
    let lines = play.screen(width, height);
    let bare =
        |line: &str| line.trim_start_matches('|').trim_end_matches('|').trim_end().to_owned();
    lines.lines().map(|line| bare(line) + "\n").collect()
}

/// The blocks in the README that show the dashboard are these screens and no others.
#[test]
fn the_readme_shows_the_real_screens() {
    let mut play = Play::with(Settings::new("prod-eu"));
    play.healthy();
    for _ in 0..12 {
        play.later(1_000).nodes();
    }
    play.trouble();
    let overview = capture(&mut play, 120, 36);
    play.keys("2 3 w");
    answer_why(&mut play);
    let why = capture(&mut play, 100, 30);
    let readme = include_str!("../../../README.md");
    let mut blocks =
        readme.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    for screen in [overview, why] {
        assert_eq!(
            blocks.next().unwrap_or_default(),
            screen,
            "the README shows another screen; put this one into its text block:\n{screen}"
        );
    }
}

/// A large cluster's lists follow once a second, but what is pressed counts at once.
#[test]
fn a_large_cluster_is_listed_once_a_second_and_at_every_key() {
    let mut play = Play::new();
    play.connected().nodes();
    many(&mut play, 10_000);
    play.keys("7 3").screen(120, 36);
    assert_eq!(play.app.rows.members.len(), 10_000);
    let worst = |play: &Play| play.app.rows.members.get(0).map(|key| key.id.to_string());
    assert_eq!(worst(&play).as_deref(), Some("m-0003"));
    play.band("search", 9_000, Band::Condemned, 9_000);
    play.app.settle();
    assert_eq!(worst(&play).as_deref(), Some("m-0003"), "news waits for its second");
    play.now = play.now.later(Duration::from_secs(1));
    play.tell(Message::Tick);
    play.app.settle();
    assert_eq!(worst(&play).as_deref(), Some("m-9000"));
    play.keys("/").types("search").keys("Enter");
    assert_eq!(play.app.rows.members_in_all, 10_000);
    assert!(play.app.rows.members.len() < 10_000, "a filter does not wait");
}

/// The first views of a large cluster are no news that has to wait: there is nothing else to show.
#[test]
fn a_large_cluster_is_shown_as_soon_as_it_is_known() {
    let mut play = Play::new();
    play.connected().nodes().screen(120, 36);
    for count in [2_000, 10_000] {
        // A moment later, and not a second.
        play.now = play.now.later(Duration::from_millis(20));
        tell_views(&mut play, count);
        play.app.settle();
        let cells: usize = play.app.rows.heat.shown().iter().map(|row| row.keys.len()).sum();
        assert_eq!(cells, usize::try_from(count).unwrap());
    }
}
