//! A client that sends what it is told to, byte for byte, and reads answers strictly.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use gms::problem::Problem;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::fake::Node;
use crate::host::{
    net::{Net as _, Stream},
    real_net::RealNet,
};

/// Nothing in these tests takes as long.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The problem in it, which must be whole and fit the status.
    pub(super) fn problem(&self) -> Problem {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        assert_eq!(problem.code.status(), self.status);
        assert!(!problem.detail.is_empty());
        problem
    }

    pub(super) fn code(&self) -> &'static str {
        self.problem().code.as_str()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) id: Option<u64>,
    pub(super) data: Value,
}

pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// Read and not used yet.
    buffer: Vec<u8>,
    chunked: bool,
    /// Of an event stream, with the chunks' frames taken away.
    text: String,
}

impl Wire {
    pub(super) async fn to(node: &Node) -> Self {
        Self {
            stream: RealNet.connect(&node.at).await.unwrap(),
            buffer: Vec::new(),
            chunked: false,
            text: String::new(),
        }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A peer that has answered and closed refuses the rest; the test reads what it said.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(super) async fn shut_write(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next bytes; none at the end.
    pub(super) async fn more(&mut self) -> bool {
        let mut chunk = vec![0; 16_384];
        let read = timeout(PATIENCE, self.stream.read(&mut chunk)).await;
        let read = read.expect("the node answers in time").unwrap_or(0);
        self.buffer.extend_from_slice(&chunk[..read]);
        read > 0
    }

    /// Everything until the node closes.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.buffer)
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    pub(super) async fn exactly(&mut self, len: usize) -> Vec<u8> {
        while self.buffer.len() < len {
            assert!(self.more().await, "the answer was cut off");
        }
        self.buffer.drain(..len).collect()
    }

    /// Status and headers of the next answer; none if the connection was closed instead.
    pub(super) async fn head(&mut self) -> Option<Answer> {
        let line = self.line().await?;
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        loop {
            let line = self.line().await.expect("headers end with an empty line");
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap();
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        self.chunked = headers.get("transfer-encoding").map(String::as_str) == Some("chunked");
        Some(Answer { status, headers, body: Vec::new() })
    }

    /// The next answer, which must come.
    pub(super) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("the node answers")
    }

    /// The next answer; none if the connection was closed instead.
    pub(super) async fn try_answer(&mut self) -> Option<Answer> {
        let mut answer = self.head().await?;
        if answer.status == 100 {
            answer = self.head().await?;
        }
        if let Some(length) = answer.headers.get("content-length") {
            let length = length.parse().unwrap();
            answer.body = self.exactly(length).await;
        } else if answer.status != 204 {
            answer.body = self.rest().await;
        }
        Some(answer)
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_with(method, path, &[], body).await
    }

    pub(super) async fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        self.request(method, path, headers, body).await;
        self.answer().await
    }

    pub(super) async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if let Some(body) = body {
            let body = body.to_string();
            let length = body.len();
            let _ = write!(
                text,
                "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            );
        } else {
            text += "\r\n";
        }
        self.send(text).await;
    }

    /// Opens an event stream.
    pub(super) async fn watch(node: &Node, path: &str) -> Self {
        Self::watch_after(node, path, None).await
    }

    pub(super) async fn watch_after(node: &Node, path: &str, last: Option<u64>) -> Self {
        let mut wire = Self::to(node).await;
        let last = last.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> =
            last.iter().map(|id| ("last-event-id", id.as_str())).collect();
        wire.request("GET", path, &headers, None).await;
        let head = wire.head().await.unwrap();
        if head.status != 200 {
            let length = head.headers["content-length"].parse().unwrap();
            let body = wire.exactly(length).await;
            panic!("{path}: {}", String::from_utf8_lossy(&body));
        }
        assert_eq!(head.headers["content-type"], "text/event-stream");
        wire
    }

    /// The next event of a stream, bookmarks included; none at its end.
    pub(super) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                if block.starts_with(':') {
                    continue;
                }
                return Some(parse_event(&block));
            }
            assert!(self.chunked);
            let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
            let chunk = self.exactly(size + 2).await;
            if size == 0 {
                assert_eq!(self.text, "");
                return None;
            }
            self.text += std::str::from_utf8(&chunk[..size]).unwrap();
        }
    }

    /// The next event that is no bookmark.
    pub(super) async fn news(&mut self) -> Event {
        loop {
            let event = self.event().await.expect("the stream goes on");
            if event.name != "bookmark" {
                return event;
            }
        }
    }
}

fn parse_event(block: &str) -> Event {
    let mut event = Event { name: "message".to_owned(), id: None, data: Value::Null };
    for line in block.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ").unwrap() {
            ("event", name) => event.name = name.to_owned(),
            ("id", id) => event.id = Some(id.parse().unwrap()),
            ("data", data) => event.data = serde_json::from_str(data).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    event
}

/// One request on a connection of its own.
pub(super) async fn ask(node: &Node, method: &str, path: &str, body: Option<&Value>) -> Answer {
    Wire::to(node).await.ask(method, path, body).await
}

pub(super) async fn get(node: &Node, path: &str) -> Answer {
    ask(node, "GET", path, None).await
}
