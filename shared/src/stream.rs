//! An event stream that any node may serve: it opens, reads, notices when it is broken or silent,
//! and opens again at the next node.
//!
//! Between two attempts it waits, at first at most 50 ms and at most 2 s, and it takes a stream
//! for broken that was silent for [`STREAM_IDLE_TIMEOUT`], or for as long as its reader wishes. It
//! ends only when a node refuses it for good. Reading it can be cancelled at any time without
//! losing an event: all its state is in the value.

use std::{collections::VecDeque, future::Future, pin::Pin, time::Duration};

use hyper::header::CONTENT_TYPE;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    api::STREAM_IDLE_TIMEOUT,
    client::{Client, read_problem},
    endpoint::Endpoint,
    failover::backoff,
    id::NodeId,
    problem::{Code, Problem},
    random,
    rpc::{Request, Rpc, RpcError, Streaming},
    sse::{self, Decoder, SseEvent},
};

/// The longest wait before the first attempt to open a broken stream again: the service waits a
/// little longer than this before it believes a member's broken session stream.
pub const RECONNECT_MIN: Duration = Duration::from_millis(50);
/// The longest wait between two attempts, when no node serves the stream.
pub const RECONNECT_MAX: Duration = Duration::from_secs(2);

/// Why a stream has ended for good: a node refused it, and asking again would not help.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{endpoint} refused the stream: {problem}")]
pub struct WatchEnd {
    /// Who refused.
    pub endpoint: Endpoint,
    /// What was refused, and why.
    pub problem: Box<Problem>,
}

/// What an event stream gives.
#[derive(Debug)]
pub(crate) enum StreamItem {
    Connected {
        endpoint: Endpoint,
        node: Option<NodeId>,
    },
    Disconnected {
        why: String,
        /// The node's history does not reach back to where the stream wanted to go on.
        compacted: bool,
    },
    Sse(SseEvent),
}

type Opening = Pin<Box<dyn Future<Output = Result<Streaming, Fault>> + Send>>;

enum State {
    Waiting { until: Instant },
    Opening(Opening),
    Reading { body: Box<Reading>, quiet_until: Instant },
    Ended(WatchEnd),
}

struct Reading {
    body: Streaming,
    decoder: Decoder,
}

/// Why a stream did not come about.
enum Fault {
    Failed(String),
    Refused(Problem),
}

/// The stream.
pub(crate) struct EventStream {
    client: Client,
    request: Request,
    /// The endpoint of the present or next attempt.
    place: usize,
    /// Attempts since a stream last lasted.
    attempts: u32,
    /// When the present stream was opened.
    opened_at: Option<Instant>,
    /// So long a silence breaks the stream.
    idle_limit: Duration,
    /// When the last byte came.
    heard_at: Option<Instant>,
    state: State,
    ready: VecDeque<StreamItem>,
}

impl EventStream {
    /// A stream that will be opened by this request.
    pub(crate) fn new(client: &Client, request: Request) -> Self {
        Self {
            place: client.first(),
            client: client.clone(),
            request,
            attempts: 0,
            opened_at: None,
            idle_limit: STREAM_IDLE_TIMEOUT,
            heard_at: None,
            state: State::Waiting { until: Instant::now() },
            ready: VecDeque::new(),
        }
    }

    /// What to send when the stream is opened the next time.
    pub(crate) fn set_request(&mut self, request: Request) {
        self.request = request;
    }

    /// Takes a stream for broken after another silence than [`STREAM_IDLE_TIMEOUT`].
    pub(crate) fn set_idle_limit(&mut self, limit: Duration) {
        self.idle_limit = limit;
    }

    /// When the last byte came, be it of an event or of a comment.
    pub(crate) fn heard_at(&self) -> Option<std::time::Instant> {
        self.heard_at.map(Instant::into_std)
    }

    /// Gives the present connection up, and what was read from it and not yet taken.
    pub(crate) fn reopen(&mut self, why: String) {
        self.ready.clear();
        self.ready.push_back(StreamItem::Disconnected { why, compacted: false });
        self.place = self.place.wrapping_add(1);
        self.wait();
    }

    /// The next item. Cancelling the wait loses nothing.
    pub(crate) async fn next(&mut self) -> Result<StreamItem, WatchEnd> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            match &mut self.state {
                State::Waiting { until } => {
                    sleep_until(*until).await;
                    self.state = State::Opening(self.opening());
                }
                State::Opening(opening) => {
                    let result = opening.as_mut().await;
                    self.opened(result);
                }
                State::Reading { body, quiet_until } => {
                    match timeout_at(*quiet_until, body.body.chunk()).await {
                        Ok(Ok(Some(bytes))) => {
                            let now = Instant::now();
                            *quiet_until = now + self.idle_limit;
                            self.heard_at = Some(now);
                            let mut events = Vec::new();
                            let result = body.decoder.push(&bytes, &mut events);
                            self.ready.extend(events.into_iter().map(StreamItem::Sse));
                            if let Err(error) = result {
                                self.lost(&error.to_string());
                            }
                        }
                        Ok(Ok(None)) => self.lost("the node ended the stream"),
                        Ok(Err(error)) => self.lost(&error.to_string()),
                        Err(_) => {
                            let why = format!("nothing came for {} s", self.idle_limit.as_secs());
                            self.lost(&why);
                        }
                    }
                }
                State::Ended(end) => return Err(end.clone()),
            }
        }
    }

    fn endpoint(&self) -> Endpoint {
        let endpoints = self.client.endpoints();
        let place = self.place % endpoints.len().max(1);
        endpoints.get(place).cloned().expect("a client has at least one endpoint")
    }

    fn opening(&self) -> Opening {
        let rpc = self.client.rpc.clone();
        let endpoint = self.endpoint();
        let request = self.request.clone();
        let deadline = Instant::now() + self.client.options().timeout;
        Box::pin(async move { open(&rpc, &endpoint, &request, deadline).await })
    }

    fn opened(&mut self, result: Result<Streaming, Fault>) {
        match result {
            Ok(body) => {
                let node = body
                    .headers
                    .get(crate::api::header::NODE)
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                self.ready.push_back(StreamItem::Connected { endpoint: self.endpoint(), node });
                let now = Instant::now();
                self.opened_at = Some(now);
                self.heard_at = Some(now);
                self.state = State::Reading {
                    body: Box::new(Reading { body, decoder: Decoder::default() }),
                    quiet_until: now + self.idle_limit,
                };
            }
            Err(Fault::Refused(problem)) if is_final(problem.code) => {
                self.state = State::Ended(WatchEnd {
                    endpoint: self.endpoint(),
                    problem: Box::new(problem),
                });
            }
            Err(Fault::Refused(problem)) => {
                self.lost_to(&problem.to_string(), problem.code == Code::Compacted);
            }
            Err(Fault::Failed(why)) => self.lost(&why),
        }
    }

    /// The connection is lost; items read from it before stay.
    fn lost(&mut self, why: &str) {
        self.lost_to(why, false);
    }

    fn lost_to(&mut self, why: &str, compacted: bool) {
        let why = format!("{}: {why}", self.endpoint());
        self.ready.push_back(StreamItem::Disconnected { why, compacted });
        self.place = self.place.wrapping_add(1);
        self.wait();
    }

    /// The wait is doubled when every endpoint was tried once more, and is short again after a
    /// stream that lasted longer than the longest wait.
    fn wait(&mut self) {
        let opened_at = self.opened_at.take();
        if opened_at.is_some_and(|at| at.elapsed() > RECONNECT_MAX) {
            self.attempts = 0;
        }
        let endpoints = u32::try_from(self.client.endpoints().len()).unwrap_or(u32::MAX);
        let rounds = self.attempts / endpoints.max(1);
        self.attempts = self.attempts.saturating_add(1);
        let wait = backoff(RECONNECT_MIN, RECONNECT_MAX, rounds, random::number());
        self.state = State::Waiting { until: Instant::now() + wait };
    }
}

/// Whether every later attempt would be refused alike.
fn is_final(code: Code) -> bool {
    !matches!(
        code,
        Code::NoQuorum
            | Code::OutcomeUnknown
            | Code::RateLimited
            | Code::Internal
            | Code::Compacted
    )
}

async fn open(
    rpc: &Rpc,
    endpoint: &Endpoint,
    request: &Request,
    deadline: Instant,
) -> Result<Streaming, Fault> {
    let failed = |error: RpcError| Fault::Failed(error.to_string());
    let answer = rpc.open(endpoint, request, deadline).await.map_err(failed)?;
    if answer.status == 200 {
        let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        return match kind.unwrap_or_default() {
            kind if kind.starts_with(sse::MEDIA_TYPE) => Ok(answer),
            kind => Err(Fault::Failed(format!("no answer of a gms node: a stream of {kind:?}"))),
        };
    }
    let response = answer.into_response(deadline).await.map_err(failed)?;
    Err(match read_problem(&response) {
        Ok(problem) => Fault::Refused(problem),
        Err(why) => Fault::Failed(why),
    })
}
