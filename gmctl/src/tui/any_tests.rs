//! Whatever the size, the keys and the news: no panic, nothing outside the screen, the selection
//! exists or is none.

use gms::{
    api::{Band, Bookmark, WatchEvent},
    id::{Incarnation, NodeId, Revision},
    view::{Change, Left, View},
};
use proptest::prelude::*;
use ratatui::layout::Rect;

use super::{
    app::Settings,
    fixture::{Play, group, id, member, node, status},
    message::Message,
    selection::List,
    theme::Theme,
    view::screen,
};
use crate::{
    action::{key::Key, table::ROWS},
    model::link::{Stream, StreamNews},
};

/// One step of a story.
#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    Paste(String),
    Command(String),
    Click(u16, u16),
    Wheel(isize),
    Size(u16, u16),
    Later(u64),
    Join(u8, u64),
    Leave(u8, u64),
    Band(u8, u64, u8, u64),
    Snapshot(u8, u64),
    Leader(Option<u64>),
    Nodes(u64),
    Down(u8),
    Up(u8),
    Draw,
}

fn name(n: u8) -> &'static str {
    ["payments", "search", "x"][usize::from(n % 3)]
}

fn keys() -> impl Strategy<Value = Key> {
    let known: Vec<Key> = ROWS.iter().flat_map(|row| row.keys.concat()).collect();
    prop_oneof![
        4 => proptest::sample::select(known),
        1 => any::<char>().prop_map(Key::Char),
        1 => proptest::sample::select(vec![Key::Enter, Key::Esc, Key::Backspace, Key::Delete,
            Key::Left, Key::Right, Key::Up, Key::Down, Key::Tab, Key::Ctrl('u'), Key::Ctrl('w')]),
    ]
}

/// An action by its name with anything behind it.
fn commands() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = ROWS.iter().map(|row| row.name).collect();
    let anything = prop_oneof![
        Just("12:03:20".to_owned()),
        Just("10m".to_owned()),
        Just("3".to_owned()),
        Just("rack".to_owned()),
        ".{0,12}",
    ];
    (proptest::sample::select(names), anything).prop_map(|(name, more)| format!("{name} {more}"))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => keys().prop_map(Step::Key),
        1 => ".{0,20}".prop_map(Step::Paste),
        1 => commands().prop_map(Step::Command),
        1 => (0_u16..200, 0_u16..60).prop_map(|(x, y)| Step::Click(x, y)),
        1 => (-5_isize..5).prop_map(Step::Wheel),
        2 => (0_u16..=200, 0_u16..=60).prop_map(|(w, h)| Step::Size(w, h)),
        2 => (0_u64..70_000).prop_map(Step::Later),
        2 => (any::<u8>(), 0_u64..30).prop_map(|(g, n)| Step::Join(g, n)),
        2 => (any::<u8>(), 0_u64..30).prop_map(|(g, n)| Step::Leave(g, n)),
        3 => (any::<u8>(), 0_u64..30, any::<u8>(), 0_u64..100_000)
            .prop_map(|(g, n, b, age)| Step::Band(g, n, b, age)),
        1 => (any::<u8>(), 0_u64..40).prop_map(|(g, n)| Step::Snapshot(g, n)),
        1 => proptest::option::of(1_u64..5).prop_map(Step::Leader),
        1 => (0_u64..12).prop_map(Step::Nodes),
        1 => any::<u8>().prop_map(Step::Down),
        1 => any::<u8>().prop_map(Step::Up),
        2 => Just(Step::Draw),
    ]
}

fn take(play: &mut Play, size: &mut (u16, u16), revision: &mut u64, step: Step) {
    let stream = |n: u8| [Stream::Watch, Stream::Liveness, Stream::Poll][usize::from(n % 3)];
    let view_of = |play: &Play, g: u8| {
        play.app.live.groups.get(&group(name(g))).map_or(Revision(0), |group| group.view)
    };
    *revision += 1;
    match step {
        Step::Key(key) => {
            play.press(key);
        }
        Step::Paste(text) => {
            play.tell(Message::Paste(text));
        }
        Step::Command(text) => {
            play.keys("Esc Esc :").tell(Message::Paste(text)).keys("Enter");
        }
        Step::Click(x, y) => {
            play.tell(Message::Resized(size.0, size.1));
            play.app.settle();
            let mut buffer = ratatui::buffer::Buffer::empty(Rect::new(0, 0, size.0, size.1));
            let drawn = screen::draw(&play.app, &mut buffer);
            for (area, _) in &drawn.spots {
                assert!(buffer.area.contains((area.x, area.y).into()), "{area:?}");
            }
            if let Some(cursor) = drawn.cursor {
                assert!(buffer.area.contains(cursor), "{cursor:?}");
            }
            if let Some(spot) = drawn.spot_at(x, y).cloned() {
                play.tell(Message::Clicked(spot, x % 2 == 0));
            }
        }
        Step::Wheel(by) => {
            play.tell(Message::Wheeled(by));
        }
        Step::Size(width, height) => *size = (width, height),
        Step::Later(millis) => {
            play.later(millis);
        }
        Step::Join(g, n) | Step::Leave(g, n) => {
            let joins = matches!(step, Step::Join(..));
            let left = Left {
                id: id(&format!("m-{n:04}")),
                incarnation: Incarnation(100 + n),
                reason: None,
            };
            let change = Change {
                group: group(name(g)),
                from: view_of(play, g),
                view: Revision(*revision),
                revision: Revision(*revision),
                after: view_of(play, g),
                at_ms: 0,
                joined: if joins { vec![member(n, *revision)] } else { Vec::new() },
                left: if joins { Vec::new() } else { vec![left] },
                removed: Vec::new(),
                updated: Vec::new(),
                away: Vec::new(),
            };
            play.tell(Message::Watch(WatchEvent::Change(change)));
        }
        Step::Band(g, n, band, age) => {
            let band = [Band::Unknown, Band::Ok, Band::Late, Band::Suspect, Band::Condemned]
                [usize::from(band % 5)];
            play.band(name(g), n, band, age);
        }
        Step::Snapshot(g, n) => {
            let view = View {
                group: group(name(g)),
                view: Revision(*revision),
                revision: Revision(*revision),
                members: (0..n).map(|n| member(n, 100 + n)).collect(),
            };
            play.tell(Message::Watch(WatchEvent::Snapshot(view)));
            let bookmark = Bookmark { revision: Revision(*revision) };
            play.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
        }
        Step::Leader(leader) => {
            play.tell(Message::Status(Box::new(status(leader))));
        }
        Step::Nodes(n) => {
            let nodes = (1..=n).map(node).collect();
            play.tell(Message::Nodes(gms::api::Nodes { answered_by: NodeId(1), nodes }));
        }
        Step::Down(n) => {
            let news = StreamNews::Down { error: "broken".to_owned() };
            play.tell(Message::Link(stream(n), news));
        }
        Step::Up(n) => {
            let news = StreamNews::Up { endpoint: "http://a".to_owned(), node: None };
            play.tell(Message::Link(stream(n), news));
        }
        Step::Draw => {
            play.buffer(size.0, size.1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_story_breaks_the_dashboard(
        steps in proptest::collection::vec(step(), 1..80),
        ascii in any::<bool>(),
        width in 0_u16..=200,
        height in 0_u16..=60,
    ) {
        let mut play = Play::with(Settings {
            ascii,
            theme: if ascii { Theme::Mono } else { Theme::Palette },
            demo: true,
            ..Settings::new("any")
        });
        play.healthy();
        let (mut size, mut revision) = ((width, height), 10_000_000);
        for step in steps {
            take(&mut play, &mut size, &mut revision, step);
        }
        let buffer = play.buffer(size.0, size.1);
        prop_assert_eq!(buffer.area.as_size(), (size.0, size.1).into());
        for list in [List::Groups, List::Members, List::Silent, List::Nodes, List::Entries] {
            let rows = play.app.rows.len_of(list);
            if let Some(place) = play.app.position(list) {
                prop_assert!(place < rows, "{list:?}");
            } else {
                prop_assert_eq!(rows, 0, "{:?} has rows and none selected", list);
            }
        }
        if ascii {
            for cell in &buffer.content {
                prop_assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            }
        }
    }
}
