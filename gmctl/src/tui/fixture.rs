//! A cluster told by a script, and a person at the keys: what every test of the dashboard plays.

use std::time::{Duration, Instant};

use gms::{
    api::{
        Band, Bookmark, Counts, Event, Events, GroupLiveness, GroupSummary, Groups, Hold,
        MemberLiveness, NodeStatus, Nodes, Quorum, Status, WatchEvent, What,
    },
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    span::Span,
    view::{Change, Left, Member, Removed, View},
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    app::{App, Settings},
    message::{Effect, Message},
    update::turn::update,
    view::screen,
};
use crate::{
    action::key::Key,
    facts,
    model::{
        group::MemberKey,
        link::{Stream, StreamNews},
        moment::Moment,
    },
};

/// 12:03:11.204 UTC on some day.
const WALL_MS: u64 = 1_785_067_391_204;

pub(crate) fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

pub(crate) fn id(name: &str) -> MemberId {
    name.parse().unwrap()
}

/// A dashboard, its clock, and the effects it wanted.
pub(crate) struct Play {
    pub(crate) app: App,
    pub(crate) now: Moment,
    pub(crate) effects: Vec<Effect>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::with(Settings::new("demo"))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Moment { at: Instant::now() + Duration::from_hours(1), wall_ms: WALL_MS };
        Self { app: App::new(settings, now), now, effects: Vec::new() }
    }

    pub(crate) fn tell(&mut self, message: Message) -> &mut Self {
        let effects = update(&mut self.app, self.now, message);
        self.effects.extend(effects);
        self
    }

    pub(crate) fn later(&mut self, millis: u64) -> &mut Self {
        self.now = self.now.later(Duration::from_millis(millis));
        self.tell(Message::Tick)
    }

    pub(crate) fn press(&mut self, key: Key) -> &mut Self {
        self.tell(Message::Key(key))
    }

    /// Presses keys: single characters, or names between spaces.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for word in keys.split(' ').filter(|word| !word.is_empty()) {
            let key = match word {
                "Enter" => Key::Enter,
                "Esc" => Key::Esc,
                "Tab" => Key::Tab,
                "Space" => Key::Char(' '),
                "Down" => Key::Down,
                "Up" => Key::Up,
                "C-u" => Key::Ctrl('u'),
                "C-c" => Key::Ctrl('c'),
                "F1" => Key::Function(1),
                "F5" => Key::Function(5),
                word => {
                    word.chars().for_each(|c| {
                        self.press(Key::Char(c));
                    });
                    continue;
                }
            };
            self.press(key);
        }
        self
    }

    /// Types a text, spaces included.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        text.chars().for_each(|c| {
            self.press(Key::Char(c));
        });
        self
    }

    pub(crate) fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        self.tell(Message::Resized(width, height));
        self.app.settle();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        screen::draw(&self.app, &mut buffer);
        buffer
    }

    /// The screen as text, a `|` at both ends of every line.
    pub(crate) fn screen(&mut self, width: u16, height: u16) -> String {
        let buffer = self.buffer(width, height);
        let mut text = String::new();
        for y in 0..height {
            text.push('|');
            let mut skip = 0;
            for x in 0..width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    text.push_str(symbol);
                    skip = ratatui::text::Span::raw(symbol).width().saturating_sub(1);
                } else {
                    skip -= 1;
                }
            }
            text.push_str("|\n");
        }
        text
    }

    /// The screen as letters for the roles: `D` danger, `W` warn, `I` info, `G` good, `X` gone,
    /// `f` faint, `b` border, `F` focus, `T` title, `K` key, `i` input, `.` text.
    pub(crate) fn roles(&mut self, width: u16, height: u16) -> String {
        use super::theme::Role;
        let theme = self.app.ui.theme;
        let buffer = self.buffer(width, height);
        let letters = [
            (Role::Text, '.'),
            (Role::Faint, 'f'),
            (Role::Title, 'T'),
            (Role::Border, 'b'),
            (Role::Focus, 'F'),
            (Role::Good, 'G'),
            (Role::Info, 'I'),
            (Role::Warn, 'W'),
            (Role::Danger, 'D'),
            (Role::Gone, 'X'),
            (Role::Key, 'K'),
            (Role::Input, 'i'),
        ];
        let mut text = String::new();
        for y in 0..height {
            for x in 0..width {
                let cell = &buffer[(x, y)];
                let selected = cell.modifier.contains(theme.selected());
                let modifier = cell.modifier.difference(theme.selected());
                let letter = letters.iter().find(|(role, _)| {
                    let style = theme.style(*role);
                    style.add_modifier == modifier
                        && style.fg.unwrap_or(ratatui::style::Color::Reset) == cell.fg
                });
                text.push(match letter {
                    _ if selected => 'S',
                    _ if cell.symbol() == " " => ' ',
                    Some((_, letter)) => *letter,
                    None => '#',
                });
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn connected(&mut self) -> &mut Self {
        for stream in [Stream::Watch, Stream::Liveness, Stream::Poll] {
            let news = StreamNews::Up {
                endpoint: "http://127.0.0.1:22380".to_owned(),
                node: Some(NodeId(2)),
            };
            self.tell(Message::Link(stream, news));
        }
        self
    }

    /// Every stream just said that it stands.
    pub(crate) fn heard(&mut self) -> &mut Self {
        for stream in Stream::ALL {
            self.tell(Message::Heard(stream, self.now.at));
        }
        self
    }

    /// Three nodes, node 1 leads, node 2 answers.
    pub(crate) fn nodes(&mut self) -> &mut Self {
        self.tell(Message::Status(Box::new(status(Some(1)))));
        let nodes = (1..=3).map(node).collect();
        self.tell(Message::Nodes(Nodes { answered_by: NodeId(2), nodes }))
    }

    /// Four groups of members that all answer.
    pub(crate) fn groups(&mut self) -> &mut Self {
        for (name, size, view) in [
            ("payments", 12, 9_182_331),
            ("search", 8, 9_100_000),
            ("ledger", 3, 8),
            ("batch", 2, 7),
        ] {
            let members = (1..=size).map(|n| member(n, 100 + n)).collect();
            let at = Revision(view);
            let view = View { group: group(name), view: at, revision: at, members };
            self.tell(Message::Watch(WatchEvent::Snapshot(view)));
        }
        let bookmark = Bookmark { revision: Revision(9_182_331) };
        self.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
        for (name, size) in [("payments", 12), ("search", 8), ("ledger", 3), ("batch", 2)] {
            for n in 1..=size {
                self.band(name, n, Band::Ok, 300);
            }
            let counts = GroupLiveness {
                group: group(name),
                ok: usize::try_from(size).unwrap(),
                late: 0,
                suspect: 0,
                unknown: 0,
                age_p50_ms: Some(300),
                age_max_ms: Some(900),
                rtt_p50_us: Some(420),
                rtt_p99_us: Some(1_900),
            };
            self.tell(Message::Counts(counts));
        }
        self
    }

    /// What the cluster recorded before we came.
    pub(crate) fn past(&mut self) -> &mut Self {
        let event = |revision, ago_ms, what| Event {
            revision: Revision(revision),
            at_ms: WALL_MS - ago_ms,
            what,
        };
        let events = vec![
            event(2, 90_000, What::Election { leader: NodeId(1), term: 42 }),
            event(
                9,
                60_000,
                What::Joined {
                    group: group("search"),
                    member: id("m-0004"),
                    incarnation: Incarnation(9),
                    address: "10.7.3.4:9000".parse().unwrap(),
                },
            ),
            event(
                10,
                31_000,
                What::Removed {
                    group: group("payments"),
                    member: id("m-0917"),
                    incarnation: Incarnation(5),
                    evidence: evidence(),
                },
            ),
        ];
        let history = Events { revision: Revision(9_182_331), floor: Revision(0), events };
        self.tell(Message::History(history))
    }

    /// A cluster in good health, just connected to.
    pub(crate) fn healthy(&mut self) -> &mut Self {
        self.connected().nodes().groups().past()
    }

    /// One member's band and age.
    pub(crate) fn band(&mut self, name: &str, n: u64, band: Band, age_ms: u64) -> &mut Self {
        let member = member(n, 100 + n);
        let report = MemberLiveness {
            age_ms: Some(age_ms),
            rtt_us: Some(400 + n * 130),
            ..facts::looks(name, &member, band)
        };
        self.tell(Message::Member(report))
    }

    /// Some of payments fall silent, one is removed, one joins, batch is held.
    pub(crate) fn trouble(&mut self) -> &mut Self {
        self.later(20_000);
        self.nodes();
        let change = Change {
            group: group("payments"),
            from: Revision(9_182_331),
            view: Revision(9_182_340),
            revision: Revision(9_182_340),
            after: Revision(9_182_331),
            at_ms: self.now.wall_ms,
            joined: vec![member(31, 131)],
            left: vec![Left { id: id("m-0002"), incarnation: Incarnation(102), reason: None }],
            removed: vec![Removed {
                id: id("m-0001"),
                incarnation: Incarnation(101),
                cause: Cause::Silence,
                number: None,
            }],
            updated: Vec::new(),
            away: Vec::new(),
        };
        self.tell(Message::Watch(WatchEvent::Change(change)));
        self.band("payments", 31, Band::Ok, 200);
        self.band("payments", 3, Band::Condemned, 2_400);
        for n in [4, 7, 10] {
            self.band("payments", n, Band::Suspect, 1_500 + n * 10);
        }
        self.band("search", 5, Band::Late, 800);
        self.band("ledger", 2, Band::Unknown, 0);
        let summaries = vec![GroupSummary {
            name: group("batch"),
            view: Revision(7),
            members: 2,
            away: 0,
            suspects: 0,
            hold: Some(Hold {
                since: Revision(11),
                at_ms: WALL_MS,
                lasts: Span::from_millis(600_000),
                reason: "kernel upgrade".to_owned(),
            }),
            timing: None,
        }];
        self.tell(Message::Groups(Groups { revision: Revision(9_182_340), groups: summaries }))
    }
}

pub(crate) fn member(n: u64, incarnation: u64) -> Member {
    let tags = [
        ("rack", format!("r{}", if n.is_multiple_of(3) { 7 } else { n % 3 })),
        ("version", "1.9".to_owned()),
    ];
    Member {
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        ..facts::member(&format!("m-{n:04}"), &format!("10.7.3.{n}:9000"), incarnation, n % 3 + 1)
    }
}

pub(crate) fn status(leader: Option<u64>) -> Status {
    let usual = facts::status();
    Status {
        leader: leader.map(NodeId),
        term: 42,
        revision: Revision(9_182_331),
        quorum: Quorum {
            reachable: if leader.is_some() { 3 } else { 1 },
            ok: leader.is_some(),
            ..usual.quorum
        },
        counts: Counts { nodes: 3, groups: 4, members: 25, suspects: 0, watchers: 2 },
        ..usual
    }
}

pub(crate) fn node(n: u64) -> NodeStatus {
    NodeStatus {
        term: Some(42),
        matched: Some(Revision(9_182_331)),
        applied: Some(Revision(9_182_331)),
        rtt_p50_us: Some(400 * n),
        ..facts::node(n)
    }
}

pub(crate) fn evidence() -> Evidence {
    let observation = |node, verdict, age_ms, health, detail: &str| Observation {
        node: NodeId(node),
        verdict,
        age_ms,
        health,
        detail: detail.to_owned(),
    };
    Evidence {
        cause: Cause::Silence,
        number: None,
        last_round_trip_ms_ago: Some(2_130),
        observers: vec![
            observation(2, Verdict::Silent, Some(2_130), 0, "4 probes unanswered"),
            observation(3, Verdict::Silent, Some(2_400), 0, "3 probes unanswered"),
            observation(1, Verdict::Abstain, None, 2, "stalled 300 ms"),
        ],
        refuted: 1,
        context: vec!["an election 12 s before".to_owned()],
    }
}

pub(crate) fn healthy() -> Play {
    let mut play = Play::new();
    play.healthy();
    play
}

pub(crate) fn key(name: &str, member: &str) -> MemberKey {
    MemberKey { group: group(name), id: id(member) }
}

pub(crate) fn last<T>(play: &Play, pick: impl Fn(&Effect) -> Option<T>) -> Option<T> {
    play.effects.iter().rev().find_map(pick)
}

pub(crate) fn notice(play: &Play) -> &str {
    play.app.ui.notice.as_ref().map_or("", |notice| &notice.text)
}
