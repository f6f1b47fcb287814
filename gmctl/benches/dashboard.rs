//! What the dashboard costs: frames, bytes, and the way from a key to the screen.
//!
//! Figures to read, no bounds that a loaded machine could break:
//! `cargo bench -p gmctl --bench dashboard`.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::print_stdout, reason = "its figures are its output")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use gmctl::{
    action::key::Key,
    model::{
        link::{Stream, StreamNews},
        moment::Moment,
    },
    tui::{
        app::{App, Settings},
        message::{Cost, Message},
        place::Place,
        term::surface::Surface,
        update::turn::update,
        view::screen,
    },
};
use gms::{
    api::{Band, Bookmark, NodeStatus, Nodes, Status, WatchEvent},
    id::{NodeId, Revision},
    view::{Change, Left, Member, View},
};
use rustix::time::{ClockId, clock_gettime};

#[path = "../tests/support/facts.rs"]
mod facts;

const GROUPS: u64 = 20;

/// How the bench is told news of a member of that number.
type Tell = fn(&mut Bench, u64);

/// A dashboard with a terminal that takes everything and counts it.
struct Bench {
    app: App,
    now: Moment,
    surface: Surface,
    out: Vec<u8>,
    /// Of the last group's view.
    revision: Revision,
}

impl Bench {
    fn with(members: u64) -> Self {
        let now = Moment { at: Instant::now(), wall_ms: 1_785_067_391_204 };
        let app = App::new(Settings::new("bench"), now);
        let mut bench = Self {
            app,
            now,
            surface: Surface::default(),
            out: Vec::new(),
            revision: Revision(100),
        };
        bench.tell(Message::Resized(120, 36));
        for stream in [Stream::Watch, Stream::Liveness, Stream::Poll] {
            let news = StreamNews::Up { endpoint: "http://a".to_owned(), node: Some(NodeId(2)) };
            bench.tell(Message::Link(stream, news));
        }
        bench.poll(0);
        for group in 0..GROUPS {
            let ids = group * (members / GROUPS)..(group + 1) * (members / GROUPS);
            let view = View {
                group: name(group),
                view: Revision(100),
                revision: Revision(100),
                members: ids.clone().map(member).collect(),
            };
            bench.tell(Message::Watch(WatchEvent::Snapshot(view)));
            for id in ids {
                bench.band(group, id, Band::Ok);
            }
        }
        let bookmark = Bookmark { revision: Revision(100) };
        bench.tell(Message::Watch(WatchEvent::Bookmark(bookmark)));
        bench
    }

    fn tell(&mut self, message: Message) {
        black_box(update(&mut self.app, self.now, message));
    }

    fn later(&mut self, time: Duration) {
        self.now = self.now.later(time);
    }

    fn band(&mut self, group: u64, id: u64, state: Band) {
        let report = facts::looks(name(group).as_str(), &member(id), state);
        self.tell(Message::Member(report));
    }

    /// One more in the last group.
    fn join(&mut self, id: u64) {
        self.change(|change| change.joined.push(member(id)));
    }

    /// One less in the last group.
    fn leave(&mut self, id: u64) {
        let Member { id, incarnation, .. } = member(id);
        self.change(|change| change.left.push(Left { id, incarnation, reason: None }));
    }

    /// What the last group's next view is.
    fn change(&mut self, fill: impl FnOnce(&mut Change)) {
        let before = self.revision;
        self.revision = Revision(before.0 + 1);
        let mut change = Change {
            group: name(GROUPS - 1),
            from: before,
            view: self.revision,
            revision: self.revision,
            after: before,
            at_ms: self.now.wall_ms,
            joined: Vec::new(),
            left: Vec::new(),
            removed: Vec::new(),
            updated: Vec::new(),
            away: Vec::new(),
        };
        fill(&mut change);
        self.tell(Message::Watch(WatchEvent::Change(change)));
    }

    /// Status and nodes, as they are asked for each second.
    fn poll(&mut self, step: u64) {
        let age_ms = Some(step * 37 % 200);
        self.tell(Message::Status(Box::new(Status { age_ms, ..facts::status() })));
        let nodes = (1..=3).map(|id| node(id, step)).collect();
        self.tell(Message::Nodes(Nodes { answered_by: NodeId(2), nodes }));
    }

    /// Settles and draws; the time it took.
    fn frame(&mut self) -> Duration {
        let start = busy();
        self.app.settle();
        let app = &self.app;
        self.surface
            .draw(&mut self.out, app.ui.size, |buffer| screen::draw(app, buffer).cursor)
            .unwrap();
        busy().saturating_sub(start)
    }

    /// What a second without news costs: polls, a tick, at most four frames.
    fn idle_second(&mut self, step: u64) {
        let before = self.surface.bytes();
        self.later(Duration::from_millis(700));
        self.poll(step);
        self.frame();
        self.later(Duration::from_millis(300));
        let bytes_per_s = self.surface.bytes() - before;
        self.tell(Message::Cost(Cost { bytes_per_s, fps: 4, slowed: false }));
        self.tell(Message::Tick);
        self.frame();
    }
}

fn name(group: u64) -> gms::id::GroupId {
    format!("group-{group:02}").parse().unwrap()
}

fn member(n: u64) -> Member {
    let tags = [("rack", format!("r{}", n % 40)), ("version", format!("1.{}", n % 3))];
    let address = format!("10.{}.{}.{}:9000", n / 65_536, n / 256 % 256, n % 256);
    Member {
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        ..facts::member(&format!("m-{n:06}"), &address, 1, n % 3 + 1)
    }
}

fn node(id: u64, step: u64) -> NodeStatus {
    // A lively link: the sparkline changes every second.
    NodeStatus { rtt_p50_us: Some(400 + (step * 7 + id) % 5 * 3_000), ..facts::node(id) }
}

/// The time that this thread has had of a processor: what else runs on the machine does not count.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// The median and the worst of many, in microseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let micros = |time: &Duration| time.as_secs_f64() * 1e6;
    let median = times.get(times.len() / 2).map_or(0.0, micros);
    let worst = times.last().map_or(0.0, micros);
    format!("median {median:8.0} us   worst {worst:8.0} us")
}

fn places() -> [(&'static str, Place); 3] {
    [("overview", Place::Overview), ("members", Place::Members(None)), ("heat", Place::Heat)]
}

fn frames(members: u64) {
    println!("\n{members} members, 120x36");
    for (title, place) in places() {
        let mut bench = Bench::with(members);
        bench.app.ui.place = place;
        bench.app.unsettle();
        bench.frame();
        let mut moving = Vec::new();
        for n in 0..200 {
            bench.later(Duration::from_millis(20));
            let key = if n % 2 == 0 { Key::Down } else { Key::PageDown };
            let start = busy();
            bench.tell(Message::Key(key));
            bench.frame();
            moving.push(busy().saturating_sub(start));
        }
        println!("  {title:9} key to bytes    {}", spread(moving));
        let mut news = Vec::new();
        for n in 0..80 {
            bench.later(Duration::from_millis(250));
            for m in 0..20 {
                let id = (n * 20 + m) % (members / GROUPS);
                bench.band(0, id, if n % 2 == 0 { Band::Late } else { Band::Ok });
            }
            news.push(bench.frame());
        }
        println!("  {title:9} frame with news {}", spread(news));
        let kinds: [(&str, Tell); 4] = [
            ("a join", |bench, id| bench.join(id)),
            ("a state", |bench, id| bench.band(GROUPS - 1, id, Band::Suspect)),
            ("a leave", |bench, id| bench.leave(id)),
            ("20 joins", |bench, id| (0..20).for_each(|n| bench.join(id + 50 * n + 100))),
        ];
        for (what, tell) in kinds {
            let (mut told, mut drawn) = (Vec::new(), Vec::new());
            for n in 0..20 {
                // So long that the lists of a large cluster follow in each.
                bench.later(Duration::from_secs(1));
                let start = busy();
                tell(&mut bench, members + n);
                told.push(busy().saturating_sub(start));
                drawn.push(bench.frame());
            }
            println!("  {title:9} frame of {what:8} {}", spread(drawn));
            println!("  {title:9} taking in {what:7} {}", spread(told));
        }
    }
}

fn bytes(members: u64) {
    const SECONDS: u64 = 30;
    println!("\nbytes a second, {members} members, 120x36");
    for (title, place) in places() {
        let mut bench = Bench::with(members);
        bench.app.ui.place = place;
        bench.app.unsettle();
        bench.frame();
        // The first seconds fill sparklines and settle the figure of the cost itself.
        (0..15).for_each(|step| bench.idle_second(step));
        let before = bench.surface.bytes();
        let start = busy();
        (15..15 + SECONDS).for_each(|step| bench.idle_second(step));
        let share = (busy().saturating_sub(start)).as_secs_f64() / SECONDS as f64 * 100.0;
        let idle = (bench.surface.bytes() - before) / SECONDS;
        let before = bench.surface.bytes();
        for second in 0..SECONDS {
            for quarter in 0..4 {
                bench.later(Duration::from_millis(250));
                for m in 0..5 {
                    let id = (second * 20 + quarter * 5 + m) % (members / GROUPS);
                    let band = if second % 2 == 0 { Band::Suspect } else { Band::Ok };
                    bench.band(1, members / GROUPS + id, band);
                }
                bench.frame();
            }
            bench.idle_second(second);
        }
        let lively = (bench.surface.bytes() - before) / SECONDS;
        println!(
            "  {title:9} idle {idle:6} B/s ({share:.2} % of a core)   20 changes/s {lively:6} B/s"
        );
    }
}

fn first_paint() {
    let mut bench = Bench::with(20);
    bench.surface.forget();
    let before = bench.surface.bytes();
    let time = bench.frame();
    let bytes = bench.surface.bytes() - before;
    println!("\nfirst paint 120x36: {:.0} us, {bytes} bytes", time.as_secs_f64() * 1e6);
}

fn main() {
    // `cargo test --benches` only has to see it build.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for members in [1_000, 10_000, 100_000] {
        frames(members);
    }
    bytes(10_000);
    first_paint();
}
