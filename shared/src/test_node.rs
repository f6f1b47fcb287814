//! A node for tests: a real HTTP server on a port of its own that answers as its script says.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    Method,
    body::{Body, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::{
    api::{WatchEvent, header},
    client::{Client, Options},
    endpoint::Endpoint,
    problem::{Code, Problem},
    sse,
};

/// A request as a node saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Bytes,
    /// The number of the connection it came on, counted from 1.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a script answers.
pub(crate) enum Reply {
    Json {
        status: u16,
        body: Bytes,
    },
    Stream(mpsc::UnboundedReceiver<Bytes>),
    /// What somebody says who is no node of ours.
    Foreign {
        status: u16,
        body: &'static str,
    },
    /// Close the connection without a word.
    Close,
    /// Never answer.
    Hang,
    /// Decide later.
    Later(Pin<Box<dyn Future<Output = Reply> + Send>>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self::Json { status, body: serde_json::to_vec(body).unwrap().into() }
    }

    pub(crate) fn refuse(code: Code, detail: &str) -> Self {
        Self::problem(&Problem::new(code, detail))
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        Self::json(problem.status, problem)
    }

    /// A stream that the test writes.
    pub(crate) fn stream() -> (StreamWriter, Self) {
        let (writer, reader) = mpsc::unbounded_channel();
        (StreamWriter(writer), Self::Stream(reader))
    }
}

/// The test's end of a stream; dropping it ends the stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamWriter(mpsc::UnboundedSender<Bytes>);

impl StreamWriter {
    pub(crate) fn raw(&self, text: impl Into<String>) {
        let _ = self.0.send(text.into().into());
    }

    pub(crate) fn event(&self, id: u64, event: &WatchEvent) {
        let data = match event {
            WatchEvent::Snapshot(data) => serde_json::to_string(data),
            WatchEvent::Change(data) => serde_json::to_string(data),
            WatchEvent::Bookmark(data) => serde_json::to_string(data),
            WatchEvent::Compacted(data) => serde_json::to_string(data),
            WatchEvent::Event(data) => serde_json::to_string(data),
        };
        self.raw(sse::encode(Some(&id.to_string()), event.name(), &data.unwrap()));
    }

    /// Ready when the reader has gone.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

pub(crate) struct TestNode {
    pub(crate) endpoint: Endpoint,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl TestNode {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let task = tokio::spawn(accept(listener, script, Arc::clone(&seen)));
        Self { endpoint, seen, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Closes its port and every connection.
    pub(crate) async fn stop(self) {
        let Self { mut task, .. } = self;
        task.abort();
        let _ = (&mut task).await;
    }
}

impl TestNode {
    pub(crate) fn client(&self) -> Client {
        client(&[&self.endpoint])
    }
}

/// A client of these nodes with the usual options.
pub(crate) fn client(endpoints: &[&Endpoint]) -> Client {
    Client::new(endpoints.iter().copied().cloned(), Options::default()).unwrap()
}

/// An endpoint where nobody listens.
pub(crate) async fn nobody() -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string().parse().unwrap()
}

async fn accept(listener: TcpListener, script: Arc<Script>, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
        connections.spawn(async move {
            let service = service_fn(move |request| {
                answer(request, number, Arc::clone(&script), Arc::clone(&seen))
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    connection: usize,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<hyper::Response<Answered>, io::Error> {
    let (head, body) = request.into_parts();
    let request = Seen {
        method: head.method,
        path: head.uri.to_string(),
        headers: head.headers,
        body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
        connection,
    };
    seen.lock().unwrap().push(request.clone());
    let mut reply = script(&request);
    loop {
        let (status, kind, body) = match reply {
            Reply::Json { status, body } => (status, "application/json", Answered::Whole(body)),
            Reply::Stream(chunks) => (200, "text/event-stream", Answered::Chunks(chunks)),
            Reply::Foreign { status, body } => {
                let answer = hyper::Response::builder().status(status);
                let answer = answer.header(hyper::header::CONTENT_TYPE, "text/html");
                return Ok(answer.body(Answered::Whole(body.into())).unwrap());
            }
            Reply::Close => return Err(io::Error::other("the script closes")),
            Reply::Hang => std::future::pending().await,
            Reply::Later(later) => {
                reply = later.await;
                continue;
            }
        };
        return Ok(hyper::Response::builder()
            .status(status)
            .header(hyper::header::CONTENT_TYPE, kind)
            .header(header::NODE, "2")
            .header(header::LEADER, "3")
            .header(header::TERM, "4")
            .header(header::REVISION, "50")
            .body(body)
            .unwrap());
    }
}

enum Answered {
    Whole(Bytes),
    Chunks(mpsc::UnboundedReceiver<Bytes>),
}

impl Body for Answered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Answered::Whole(body) if body.is_empty() => Poll::Ready(None),
            Answered::Whole(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
            Answered::Chunks(chunks) => {
                chunks.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
            }
        }
    }
}
