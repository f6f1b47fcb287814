//! One HTTP/1.1 exchange with one node, bounded in time and size.
//!
//! An exchange ends by its deadline; an answer is never longer than [`RESPONSE_MAX_BYTES`]; and an
//! [`RpcError`] says whether the node can have seen the request. Connections are kept for the next
//! exchange, at most [`IDLE_CONNECTIONS_MAX`] idle ones an endpoint. A kept connection that turns
//! out to be dead is replaced once by a new one, but only if no byte of the request had been sent.
//! At most [`EXCHANGES_MAX`] are under way with one endpoint, and more wait their turn: ten thousand
//! sessions of one process that ask at the same time are no ten thousand connections.
//!
//! Every connection is driven by a task that its holder owns: dropping the pool, the exchange or
//! the [`Streaming`] answer ends it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Uri,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::endpoint::Endpoint;

/// The longest answer that is read, in bytes; as long as the longest event of a stream.
pub const RESPONSE_MAX_BYTES: usize = 64 << 20;
/// Idle connections kept for one endpoint: enough for a busy program's usual concurrency. With fewer
/// it would close connections only to open others, until the system has no port left for them.
pub const IDLE_CONNECTIONS_MAX: usize = 64;
/// Exchanges under way with one endpoint at the same time: many, since a long poll is one too.
/// Streams are not counted.
pub const EXCHANGES_MAX: usize = 256;
/// A connection idle for longer is not used again: the node may have gone without a word.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(20);

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Headers besides `Host` and those of the body.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, or empty.
    pub body: Bytes,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer, and what became of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The request cannot be written down as HTTP. Nothing was sent.
    #[error("not a valid request: {why}")]
    Invalid {
        /// What is wrong with it.
        why: String,
    },
    /// No connection came about. Nothing was sent.
    #[error("cannot connect: {why}")]
    Connect {
        /// What the system said.
        why: String,
    },
    /// The connection ended before the answer did. The request may have been carried out.
    #[error("the connection broke: {why}")]
    Broken {
        /// What was seen.
        why: String,
    },
    /// The deadline came first. The request may have been carried out.
    #[error("no answer in time")]
    Late,
    /// What came back is no HTTP, or too long. The request may have been carried out.
    #[error("unreadable answer: {why}")]
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
}

impl RpcError {
    /// Whether the node can have seen the request.
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(self, Self::Invalid { .. } | Self::Connect { .. })
    }

    fn of(error: &hyper::Error) -> Self {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            why = format!("{why}: {inner}");
            cause = inner.source();
        }
        if error.is_parse() { Self::Unreadable { why } } else { Self::Broken { why } }
    }
}

/// Exchanges with any endpoint over kept connections. Cheap to clone; clones share the pool.
#[derive(Debug, Clone)]
pub struct Rpc {
    connect_timeout: Duration,
    lanes: Arc<Mutex<BTreeMap<Endpoint, Lane>>>,
}

/// What the pool has for one endpoint.
#[derive(Debug)]
struct Lane {
    idle: Vec<Idle>,
    room: Arc<Semaphore>,
}

impl Default for Lane {
    fn default() -> Self {
        Self { idle: Vec::new(), room: Arc::new(Semaphore::new(EXCHANGES_MAX)) }
    }
}

impl Rpc {
    /// An empty pool; a connection must come about within `connect_timeout`.
    pub fn new(connect_timeout: Duration) -> Self {
        Self { connect_timeout, lanes: Arc::default() }
    }

    /// The same pool with another limit on the time to connect.
    #[must_use]
    pub fn with_connect_timeout(&self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, lanes: Arc::clone(&self.lanes) }
    }

    /// Asks and reads the whole answer.
    pub async fn exchange(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        deadline: Instant,
    ) -> Result<Response, RpcError> {
        let _room = self.room(endpoint, deadline).await?;
        let answer = self.open(endpoint, request, deadline).await?;
        let (response, connection) = answer.collect(deadline).await?;
        self.put_back(endpoint, connection);
        Ok(response)
    }

    /// Waits for its turn.
    async fn room(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, RpcError> {
        let room = Arc::clone(&self.lanes().entry(endpoint.clone()).or_default().room);
        let turn = timeout_at(deadline, room.acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| RpcError::Connect {
            why: format!("{EXCHANGES_MAX} exchanges with it are under way already"),
        })
    }

    /// Asks and returns when the head of the answer is there; the body is read from the result.
    pub async fn open(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        deadline: Instant,
    ) -> Result<Streaming, RpcError> {
        let start = Instant::now();
        let answer = self.ask(endpoint, request, deadline).await;
        let Request { method, path, .. } = request;
        let took = start.elapsed();
        match &answer {
            Ok(Streaming { status, .. }) => {
                tracing::debug!("{method} {endpoint}{path}: {status} in {took:.1?}");
            }
            Err(why) => tracing::debug!("{method} {endpoint}{path}: {why}, after {took:.1?}"),
        }
        answer
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        deadline: Instant,
    ) -> Result<Streaming, RpcError> {
        let http = to_http(endpoint, request)?;
        if let Some(kept) = self.take_idle(endpoint).await {
            match send(kept, http.clone(), deadline).await {
                Err(SendError::NotSent) => {}
                Err(SendError::Failed(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
        let new = self.connect(endpoint, deadline).await?;
        send(new, http, deadline).await.map_err(|error| match error {
            SendError::NotSent => RpcError::Connect {
                why: "the connection was closed as soon as it was made".to_owned(),
            },
            SendError::Failed(error) => error,
        })
    }

    async fn connect(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<Connection, RpcError> {
        let refuse = |why: String| RpcError::Connect { why };
        let limit = deadline.min(Instant::now() + self.connect_timeout);
        let stream = timeout_at(limit, TcpStream::connect((endpoint.host(), endpoint.port())))
            .await
            .map_err(|_| refuse("no connection in time".to_owned()))?
            .map_err(|error| refuse(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| refuse(error.to_string()))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a node ended");
            }
        });
        Ok(Connection { sender, _driver: Driver(driver) })
    }

    /// The connection used last that is still open and ready.
    async fn take_idle(&self, endpoint: &Endpoint) -> Option<Connection> {
        loop {
            let mut kept = self.pop_idle(endpoint)?;
            if kept.since.elapsed() < IDLE_TIME_MAX && kept.connection.sender.ready().await.is_ok()
            {
                return Some(kept.connection);
            }
        }
    }

    fn pop_idle(&self, endpoint: &Endpoint) -> Option<Idle> {
        self.lanes().get_mut(endpoint)?.idle.pop()
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, endpoint: &Endpoint, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut lanes = self.lanes();
        let kept = &mut lanes.entry(endpoint.clone()).or_default().idle;
        kept.retain(|kept| {
            !kept.connection.sender.is_closed() && kept.since.elapsed() < IDLE_TIME_MAX
        });
        if kept.len() < IDLE_CONNECTIONS_MAX {
            kept.push(Idle { since: Instant::now(), connection });
        }
    }
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Streaming {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    connection: Connection,
}

impl Streaming {
    /// The next piece of the body; `None` at its end. Cancelling the wait loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RpcError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| RpcError::of(&error))?;
            // Trailers carry nothing for us.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The whole answer; the connection is not used again.
    pub async fn into_response(self, deadline: Instant) -> Result<Response, RpcError> {
        Ok(self.collect(deadline).await?.0)
    }

    async fn collect(mut self, deadline: Instant) -> Result<(Response, Connection), RpcError> {
        let mut body = BytesMut::new();
        loop {
            let chunk = timeout_at(deadline, self.chunk()).await.map_err(|_| RpcError::Late)??;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > RESPONSE_MAX_BYTES {
                return Err(RpcError::Unreadable {
                    why: format!("it is longer than {RESPONSE_MAX_BYTES} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let response = Response { status: self.status, headers: self.headers, body: body.freeze() };
        Ok((response, self.connection))
    }
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    connection: Connection,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: Driver,
}

/// The task that moves a connection's bytes; it ends with its holder.
#[derive(Debug)]
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum SendError {
    /// The connection was dead before it took the request.
    NotSent,
    Failed(RpcError),
}

async fn send(
    mut connection: Connection,
    request: hyper::Request<Full<Bytes>>,
    deadline: Instant,
) -> Result<Streaming, SendError> {
    let answer = timeout_at(deadline, connection.sender.try_send_request(request))
        .await
        .map_err(|_| SendError::Failed(RpcError::Late))?
        .map_err(|mut error| match error.take_message() {
            Some(_) => SendError::NotSent,
            None => SendError::Failed(RpcError::of(&error.into_error())),
        })?;
    let (head, body) = answer.into_parts();
    Ok(Streaming { status: head.status.as_u16(), headers: head.headers, body, connection })
}

fn to_http(
    endpoint: &Endpoint,
    request: &Request,
) -> Result<hyper::Request<Full<Bytes>>, RpcError> {
    let refuse = |why: String| RpcError::Invalid { why };
    if !request.path.starts_with('/') {
        return Err(refuse(format!("the path {:?} does not begin with /", request.path)));
    }
    let uri: Uri = request
        .path
        .parse()
        .map_err(|error| refuse(format!("the path {:?}: {error}", request.path)))?;
    let mut builder = hyper::Request::builder()
        .method(request.method.clone())
        .uri(uri)
        .header(hyper::header::HOST, endpoint.authority());
    if !request.body.is_empty() {
        builder = builder.header(hyper::header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value)
            .map_err(|_| refuse(format!("the header {name} has a character it must not have")))?;
        builder = builder.header(HeaderName::from_static(name), value);
    }
    builder.body(Full::new(request.body.clone())).map_err(|error| refuse(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_node::{Reply, TestNode, nobody};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn get(path: &str) -> Request {
        Request::new(Method::GET, path)
    }

    fn rpc() -> Rpc {
        Rpc::new(Duration::from_secs(1))
    }

    #[tokio::test]
    async fn a_kept_connection_that_died_is_replaced_without_a_word() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint: Endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                let mut request = [0; 1000];
                let _ = stream.read(&mut request).await.unwrap();
                stream.write_all(answer).await.unwrap();
            }
        });
        let rpc = rpc();
        rpc.exchange(&endpoint, &get("/"), soon()).await.unwrap();
        let is_dead = || {
            let lanes = rpc.lanes();
            let mut kept = lanes[&endpoint].idle.iter();
            kept.all(|kept| kept.connection.sender.is_closed())
        };
        while !is_dead() {
            tokio::task::yield_now().await;
        }
        let answer = rpc.exchange(&endpoint, &get("/"), soon()).await.unwrap();
        assert_eq!(answer.status, 200);
        server.await.unwrap();
    }

    #[tokio::test]
    async fn at_most_so_many_idle_connections_are_kept() {
        let all = std::sync::Arc::new(tokio::sync::Barrier::new(IDLE_CONNECTIONS_MAX + 3));
        let barrier = Arc::clone(&all);
        let node = TestNode::start(move |_| {
            let barrier = Arc::clone(&barrier);
            Reply::Later(Box::pin(async move {
                barrier.wait().await;
                Reply::json(200, &1)
            }))
        })
        .await;
        let rpc = rpc();
        let request = get("/");
        let calls =
            (0..IDLE_CONNECTIONS_MAX + 3).map(|_| rpc.exchange(&node.endpoint, &request, soon()));
        for result in futures_util::future::join_all(calls).await {
            result.unwrap();
        }
        assert_eq!(rpc.lanes()[&node.endpoint].idle.len(), IDLE_CONNECTIONS_MAX);
    }

    #[tokio::test]
    async fn a_crowd_of_exchanges_waits_its_turn() {
        let (arrived, _) = tokio::sync::watch::channel(0);
        let arrived = Arc::new(arrived);
        let peak = Arc::new(Mutex::new((0, 0)));
        let node = {
            let (arrived, peak) = (Arc::clone(&arrived), Arc::clone(&peak));
            TestNode::start(move |_| {
                let (arrived, peak) = (Arc::clone(&arrived), Arc::clone(&peak));
                Reply::Later(Box::pin(async move {
                    {
                        let (present, most) = &mut *peak.lock().unwrap();
                        *present += 1;
                        *most = (*most).max(*present);
                    }
                    arrived.send_modify(|count| *count += 1);
                    // Nobody is answered before as many as may be are here.
                    let all = |count: &usize| *count >= EXCHANGES_MAX;
                    arrived.subscribe().wait_for(all).await.unwrap();
                    peak.lock().unwrap().0 -= 1;
                    Reply::json(200, &1)
                }))
            })
            .await
        };
        let rpc = rpc();
        let request = get("/");
        let crowd = EXCHANGES_MAX + 40;
        let calls = (0..crowd).map(|_| rpc.exchange(&node.endpoint, &request, soon()));
        let late = rpc.exchange(&node.endpoint, &request, Instant::now());
        let (results, late) = tokio::join!(futures_util::future::join_all(calls), late);
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(peak.lock().unwrap().1, EXCHANGES_MAX);
        assert!(matches!(late, Err(RpcError::Connect { .. })), "{late:?}");
    }

    #[tokio::test]
    async fn each_failure_says_whether_the_request_may_have_arrived() {
        let node = TestNode::start(|seen| match seen.path.as_str() {
            "/close" => Reply::Close,
            _ => Reply::Hang,
        })
        .await;
        let rpc = rpc();
        let nobody = nobody().await;
        for (endpoint, path, sent) in [
            (&nobody, "/", false),
            (&node.endpoint, "no path", false),
            (&node.endpoint, "/close", true),
            (&node.endpoint, "/hang", true),
        ] {
            let deadline = Instant::now() + Duration::from_millis(300);
            let error = rpc.exchange(endpoint, &get(path), deadline).await;
            let error = error.unwrap_err();
            assert_eq!(error.may_have_been_sent(), sent, "{path} {error:?}");
        }
        let mut request = get("/");
        request.headers.push(("accept", "a\nb".into()));
        let refused = rpc.exchange(&node.endpoint, &request, soon()).await;
        assert!(matches!(refused, Err(RpcError::Invalid { .. })));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up() {
        let (writer, reply) = Reply::stream();
        let reply = Mutex::new(Some(reply));
        let node = TestNode::start(move |_| reply.lock().unwrap().take().unwrap()).await;
        let rpc = rpc();
        let feed = async {
            let chunk = " ".repeat(1 << 20);
            for _ in 0..=RESPONSE_MAX_BYTES >> 20 {
                writer.raw(chunk.clone());
            }
            writer.closed().await;
        };
        let request = get("/");
        let exchange = rpc.exchange(&node.endpoint, &request, soon());
        let (result, ()) = tokio::join!(exchange, feed);
        assert!(matches!(result, Err(RpcError::Unreadable { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn a_stream_is_read_as_it_comes_and_its_connection_ends_with_it() {
        let (writer, reply) = Reply::stream();
        let reply = Mutex::new(Some(reply));
        let node = TestNode::start(move |_| reply.lock().unwrap().take().unwrap()).await;
        let rpc = rpc();
        let mut answer = rpc.open(&node.endpoint, &get("/"), soon()).await.unwrap();
        for text in ["one", "two"] {
            writer.raw(text);
            assert_eq!(answer.chunk().await.unwrap().unwrap(), text);
        }
        drop(answer);
        writer.closed().await;
    }
}
