//! A node played by a script: just enough HTTP to feed a dashboard, and a list of what was asked.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gms::{
    api::{
        Band, Bookmark, Counts, Events, GroupSummary, Groups, LeftAnswer, MemberLiveness,
        NodeStatus, Nodes, Removal, Status, Why, WhyState,
    },
    evidence::{Cause, Evidence},
    id::{Incarnation, MemberId, NodeId, Revision},
    view::{Change, Member, Removed, View},
};
use serde::Serialize;

#[path = "../support/facts.rs"]
mod facts;

/// How often an open stream looks for more to tell.
const PAUSE: Duration = Duration::from_millis(10);
const MEMBERS: u64 = 12;

pub(crate) struct FakeNode {
    address: SocketAddr,
    script: Arc<Script>,
}

#[derive(Default)]
struct Script {
    stopped: AtomicBool,
    /// Lines that open streams tell: of the watch, of the liveness feed.
    watch: Mutex<Vec<String>>,
    liveness: Mutex<Vec<String>>,
    writes: Mutex<Vec<String>>,
}

impl FakeNode {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        script.begin();
        serve(listener, Arc::clone(&script));
        Self { address, script }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every stream breaks and nobody listens any more.
    pub(crate) fn stop(&mut self) {
        self.script.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then closes.
        let _ = TcpStream::connect(self.address);
    }

    pub(crate) fn start_again(&mut self) {
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(_) => std::thread::sleep(PAUSE),
            }
        };
        self.script = Arc::new(Script::default());
        self.script.begin();
        serve(listener, Arc::clone(&self.script));
    }

    pub(crate) fn suspect(&self, id: &str) {
        let line = event("member", &liveness(number(id), Band::Suspect, 1_600));
        self.script.liveness.lock().unwrap().push(line);
    }

    pub(crate) fn remove(&self, id: &str) {
        let change = Change {
            group: "payments".parse().unwrap(),
            from: Revision(40),
            view: Revision(41),
            revision: Revision(41),
            after: Revision(40),
            at_ms: 1_785_067_391_204,
            joined: Vec::new(),
            left: Vec::new(),
            removed: vec![Removed {
                id: id.parse().unwrap(),
                incarnation: Incarnation(100 + number(id)),
                cause: Cause::Silence,
                number: None,
            }],
            updated: Vec::new(),
            away: Vec::new(),
        };
        self.script.watch.lock().unwrap().push(event("change", &change));
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        self.script.writes.lock().unwrap().clone()
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Script {
    fn begin(&self) {
        let view = View {
            group: "payments".parse().unwrap(),
            view: Revision(40),
            revision: Revision(40),
            members: (1..=MEMBERS).map(member).collect(),
        };
        let bookmark = Bookmark { revision: Revision(40) };
        *self.watch.lock().unwrap() = vec![event("snapshot", &view), event("bookmark", &bookmark)];
        *self.liveness.lock().unwrap() =
            (1..=MEMBERS).map(|n| event("member", &liveness(n, Band::Ok, 200))).collect();
    }
}

fn number(id: &str) -> u64 {
    id.trim_start_matches("m-").parse().unwrap()
}

fn event(name: &str, data: &impl Serialize) -> String {
    format!("event: {name}\ndata: {}\n\n", serde_json::to_string(data).unwrap())
}

fn serve(listener: TcpListener, script: Arc<Script>) {
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            if script.stopped.load(Ordering::SeqCst) {
                return;
            }
            let script = Arc::clone(&script);
            if let Ok(connection) = connection {
                std::thread::spawn(move || {
                    // A dashboard that went away is no failure of the node.
                    let _ = converse(connection, &script);
                });
            }
        }
    });
}

fn converse(connection: TcpStream, script: &Script) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut connection = connection;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || script.stopped.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut parts = line.split_whitespace();
        let (method, path) = (
            parts.next().unwrap_or_default().to_owned(),
            parts.next().unwrap_or_default().to_owned(),
        );
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if path.starts_with("/v1/watch") {
            return stream(&mut connection, script, &script.watch);
        }
        if path.starts_with("/v1/liveness") {
            return stream(&mut connection, script, &script.liveness);
        }
        if method != "GET" {
            script.writes.lock().unwrap().push(format!("{method} {path}"));
        }
        let body = answer(&method, &path);
        write!(
            connection,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ngms-node: 2\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

fn stream(
    connection: &mut TcpStream,
    script: &Script,
    lines: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ngms-node: 2\r\nconnection: close\r\n\r\n"
    )?;
    let mut told = 0;
    while !script.stopped.load(Ordering::SeqCst) {
        let news: Vec<String> = lines.lock().unwrap()[told..].to_vec();
        told += news.len();
        connection.write_all(news.concat().as_bytes())?;
        std::thread::sleep(PAUSE);
    }
    connection.shutdown(std::net::Shutdown::Both)
}

fn answer(method: &str, path: &str) -> String {
    match (method, path.split('?').next().unwrap_or_default()) {
        ("GET", "/v1/status") => json(&status()),
        ("GET", "/v1/nodes") => {
            json(&Nodes { answered_by: NodeId(2), nodes: (1..=3).map(node).collect() })
        }
        ("GET", "/v1/groups") => json(&Groups {
            revision: Revision(40),
            groups: vec![GroupSummary {
                name: "payments".parse().unwrap(),
                view: Revision(40),
                members: 12,
                away: 0,
                suspects: 0,
                hold: None,
                timing: None,
            }],
        }),
        ("GET", "/v1/events") => {
            json(&Events { revision: Revision(40), floor: Revision(0), events: Vec::new() })
        }
        ("GET", path) if path.ends_with("/why") => json(&why(path)),
        (_, path) => json(&LeftAnswer {
            group: "payments".parse().unwrap(),
            id: path.rsplit('/').next().unwrap_or_default().parse().unwrap(),
            incarnation: Incarnation(101),
            view: Revision(42),
        }),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn why(path: &str) -> Why {
    let id: MemberId = path.rsplit('/').nth(1).unwrap_or_default().parse().unwrap();
    Why {
        group: "payments".parse().unwrap(),
        id,
        incarnation: Incarnation(103),
        state: WhyState::Removed,
        removal: Some(Removal {
            revision: Revision(41),
            term: 5,
            at_ms: 1_785_067_391_204,
            evidence: Evidence::stated(Cause::Silence, None, vec!["nothing else".to_owned()]),
        }),
        left: None,
        hold: None,
        suspicion: None,
    }
}

fn member(n: u64) -> Member {
    let address = format!("127.0.0.1:{}", 9_000 + n);
    facts::member(&format!("m-{n:04}"), &address, 100 + n, n % 3 + 1)
}

fn liveness(n: u64, state: Band, age_ms: u64) -> MemberLiveness {
    MemberLiveness { age_ms: Some(age_ms), ..facts::looks("payments", &member(n), state) }
}

fn status() -> Status {
    Status {
        revision: Revision(40),
        counts: Counts { nodes: 3, groups: 1, members: 12, suspects: 0, watchers: 1 },
        ..facts::status()
    }
}

fn node(n: u64) -> NodeStatus {
    NodeStatus {
        api_url: None,
        matched: Some(Revision(40)),
        applied: Some(Revision(40)),
        ..facts::node(n)
    }
}
