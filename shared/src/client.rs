//! The typed client: any node will do.
//!
//! A call is answered once, refused once, or ends by its deadline with an error that says what
//! became of it. It asks the node that answered last, and goes on to the others when that one
//! cannot be reached, has no quorum, or does not answer; a node's refusal is final. Every write
//! carries an idempotency key, so trying it at another node cannot do it twice.
//!
//! This file is the client itself; its calls, one for each row of the contract, are in
//! [`calls`](crate::calls).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper::Method;
use tokio::time::Instant;

use crate::{
    answer::{Answer, ClientError, Meta},
    api::{Consistency, header},
    endpoint::{Endpoint, EndpointError},
    failover::{Failover, Failure, Step},
    problem::{Code, Problem},
    random,
    rpc::{Request, Response, Rpc, RpcError},
};

/// How a client behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The time for a whole call, every attempt included. A long poll has its wait in addition.
    pub timeout: Duration,
    /// The time for one connection to come about.
    pub connect_timeout: Duration,
    /// How fresh reads must be.
    pub consistency: Consistency,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(1),
            consistency: Consistency::Linearizable,
        }
    }
}

/// A client of the service. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) rpc: Rpc,
    nodes: Arc<Nodes>,
    options: Options,
}

#[derive(Debug)]
struct Nodes {
    endpoints: Vec<Endpoint>,
    /// The place of the endpoint that answered last.
    last_good: AtomicUsize,
}

/// One call, whatever it asks.
pub(crate) struct Call {
    pub(crate) request: Request,
    /// How long a sound node may take on purpose.
    pub(crate) patience: Duration,
    /// Only where something is changed: then a lost answer leaves the outcome unknown.
    pub(crate) idempotency_key: Option<String>,
    /// The service does not know it again by its key, and doing it twice is not doing it once: it is
    /// not sent again once a node may have carried it out.
    pub(crate) once: bool,
    pub(crate) wanted: Wanted,
}

/// What is taken for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// A status of success, and a body for which this finds nothing to say against it.
    Value(fn(&[u8]) -> Result<(), String>),
    /// A status of success.
    Success,
    /// Every status: the call asks one node how it is.
    AnyStatus,
}

impl Call {
    pub(crate) fn read(path: impl Into<String>) -> Self {
        Self {
            request: Request::new(Method::GET, path),
            patience: Duration::ZERO,
            idempotency_key: None,
            once: false,
            wanted: Wanted::Success,
        }
    }

    /// A write, with this key or a random one.
    pub(crate) fn write(
        method: Method,
        path: impl Into<String>,
        body: Bytes,
        key: Option<&str>,
    ) -> Self {
        let key = key.map_or_else(random::name, str::to_owned);
        let mut request = Request::new(method, path);
        request.body = body;
        request.headers.push((header::IDEMPOTENCY_KEY, key.clone()));
        let idempotency_key = Some(key);
        let patience = Duration::ZERO;
        Self { request, patience, idempotency_key, once: false, wanted: Wanted::Success }
    }
}

impl Client {
    /// A client of the nodes at these endpoints, which are asked in this order at first. Nothing
    /// is connected to yet.
    pub fn new(
        endpoints: impl IntoIterator<Item = Endpoint>,
        options: Options,
    ) -> Result<Self, EndpointError> {
        let endpoints: Vec<Endpoint> = endpoints.into_iter().collect();
        if endpoints.is_empty() {
            return Err(EndpointError::NoneGiven);
        }
        Ok(Self {
            rpc: Rpc::new(options.connect_timeout),
            nodes: Arc::new(Nodes { endpoints, last_good: AtomicUsize::new(0) }),
            options,
        })
    }

    /// The endpoints, in the order in which they were given.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.nodes.endpoints
    }

    /// How this client behaves.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same client, over the same connections, that behaves otherwise.
    #[must_use]
    pub fn with_options(&self, options: Options) -> Self {
        Self {
            rpc: self.rpc.with_connect_timeout(options.connect_timeout),
            nodes: Arc::clone(&self.nodes),
            options,
        }
    }

    /// A client, over the same connections, that asks this one node only.
    #[must_use]
    pub fn only(&self, endpoint: &Endpoint) -> Self {
        Self {
            rpc: self.rpc.clone(),
            nodes: Arc::new(Nodes {
                endpoints: vec![endpoint.clone()],
                last_good: AtomicUsize::new(0),
            }),
            options: self.options.clone(),
        }
    }

    /// The same client over connections of its own, for a runtime of its own: a connection is
    /// driven by the runtime that made it.
    pub(crate) fn with_own_connections(&self) -> Self {
        Self { rpc: Rpc::new(self.options.connect_timeout), ..self.clone() }
    }

    /// The place of the endpoint to ask first.
    pub(crate) fn first(&self) -> usize {
        self.nodes.last_good.load(Ordering::Relaxed)
    }

    /// Carries a call out.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer<Bytes>, ClientError> {
        let start = Instant::now();
        let mut failover = Failover::new(
            call.idempotency_key.is_some(),
            self.endpoints().len(),
            self.first(),
            start.into_std(),
            self.options.timeout,
            call.patience,
        );
        let mut course = Course { alone: self.endpoints().len() == 1, ..Course::default() };
        loop {
            let now = Instant::now().into_std();
            let (place, until) = match failover.next_step(now, random::number()) {
                Step::Try { endpoint, until } => (endpoint, until),
                Step::Wait { until } => {
                    tokio::time::sleep_until(until.into()).await;
                    continue;
                }
                Step::GiveUp => return Err(course.give_up(&failover, call.idempotency_key)),
            };
            let Some(endpoint) = self.endpoints().get(place) else {
                return Err(course.give_up(&failover, call.idempotency_key));
            };
            let result = self.rpc.exchange(endpoint, &call.request, until.into()).await;
            let failure = match result {
                Ok(response) => match judge(endpoint, response, start.elapsed(), call.wanted) {
                    Judged::Final(result) => {
                        self.nodes.last_good.store(place, Ordering::Relaxed);
                        return result;
                    }
                    Judged::Again(failure, problem, meta) => {
                        course.refuse(endpoint, problem, meta);
                        failure
                    }
                    Judged::Nonsense(what) => course.read_nonsense(endpoint, what, &call)?,
                },
                Err(RpcError::Invalid { why }) => return Err(ClientError::Invalid { why }),
                Err(RpcError::Unreadable { why }) => course.read_nonsense(endpoint, why, &call)?,
                Err(error) => {
                    course.fail(endpoint, &error);
                    match error {
                        RpcError::Connect { .. } => Failure::NotConnected,
                        _ => Failure::Unanswered,
                    }
                }
            };
            failover.handle_failure(failure);
            if call.once && failover.outcome_unknown() {
                return Err(course.leave_open());
            }
        }
    }
}

/// What a call has met so far.
#[derive(Default)]
pub(crate) struct Course {
    tried: Vec<(Endpoint, String)>,
    refusal: Option<(Problem, Meta)>,
    /// Who answered what no node of ours answers, and what.
    nonsense: Option<(Endpoint, String)>,
    /// There is nobody else to ask.
    alone: bool,
}

impl Course {
    /// Only the last fault of each endpoint is kept.
    pub(crate) fn note(&mut self, endpoint: &Endpoint, why: String) {
        match self.tried.iter_mut().find(|(of, _)| of == endpoint) {
            Some((_, last)) => *last = why,
            None => self.tried.push((endpoint.clone(), why)),
        }
    }

    /// An attempt had no answer. That its time was over says less than what the node itself said
    /// before, and the last attempt of a call is often cut short.
    fn fail(&mut self, endpoint: &Endpoint, error: &RpcError) {
        let has_spoken = self.refusal.as_ref().is_some_and(|(_, meta)| meta.endpoint == *endpoint);
        if !(matches!(error, RpcError::Late) && has_spoken) {
            self.note(endpoint, error.to_string());
        }
    }

    /// Somebody could not just now.
    pub(crate) fn refuse(&mut self, endpoint: &Endpoint, problem: Problem, meta: Meta) {
        self.note(endpoint, problem.to_string());
        self.refusal = Some((problem, meta));
    }

    /// Somebody is there who is no node of ours, or something between that speaks for it: another
    /// endpoint may do better, if there is one.
    fn read_nonsense(
        &mut self,
        endpoint: &Endpoint,
        what: String,
        call: &Call,
    ) -> Result<Failure, ClientError> {
        if self.alone {
            return Err(ClientError::Protocol { endpoint: endpoint.clone(), what });
        }
        self.note(endpoint, format!("no answer of a gms node: {what}"));
        self.nonsense = Some((endpoint.clone(), what));
        // A node may have carried the write out behind whatever spoiled its answer.
        let is_write = call.idempotency_key.is_some();
        Ok(if is_write { Failure::Unanswered } else { Failure::NotConnected })
    }

    /// Nobody could do what has no effect.
    pub(crate) fn nobody(self) -> ClientError {
        match self.refusal {
            Some((problem, meta)) => {
                ClientError::Refused { problem: Box::new(problem), meta: Box::new(meta) }
            }
            None => ClientError::Unreachable { tried: self.tried },
        }
    }

    /// Nobody says what became of it, and it is not to be asked for again.
    fn leave_open(self) -> ClientError {
        let tried = self.tried;
        match self.refusal.filter(|(problem, _)| problem.code == Code::OutcomeUnknown) {
            Some((problem, meta)) => {
                ClientError::Refused { problem: Box::new(problem), meta: Box::new(meta) }
            }
            None => ClientError::Timeout { outcome_unknown: true, idempotency_key: None, tried },
        }
    }

    fn give_up(self, failover: &Failover, idempotency_key: Option<String>) -> ClientError {
        let Self { tried, refusal, nonsense, .. } = self;
        if failover.outcome_unknown() {
            return ClientError::Timeout { outcome_unknown: true, idempotency_key, tried };
        }
        match (refusal, nonsense) {
            (Some((problem, meta)), _) => {
                ClientError::Refused { problem: Box::new(problem), meta: Box::new(meta) }
            }
            (None, Some((endpoint, what))) => ClientError::Protocol { endpoint, what },
            (None, None) if failover.found_nobody() => ClientError::Unreachable { tried },
            (None, None) => ClientError::Timeout { outcome_unknown: false, idempotency_key, tried },
        }
    }
}

pub(crate) enum Judged {
    Final(Result<Answer<Bytes>, ClientError>),
    /// Another attempt may do better.
    Again(Failure, Problem, Meta),
    /// It is no answer of a node of ours: the beginning of what it is.
    Nonsense(String),
}

pub(crate) fn judge(
    endpoint: &Endpoint,
    response: Response,
    elapsed: Duration,
    wanted: Wanted,
) -> Judged {
    let meta = Meta::read(endpoint, response.status, &response.headers, elapsed);
    let success = (200..300).contains(&response.status);
    // A node signs what it says. An answer that is not signed is believed if it fits the question.
    if let Wanted::Value(check) = wanted
        && success
        && meta.node.is_none()
        && let Err(why) = check(&response.body)
    {
        let what = format!("status {}, {why}: {}", response.status, start(&response));
        return Judged::Nonsense(what);
    }
    if success || matches!(wanted, Wanted::AnyStatus) {
        return Judged::Final(Ok(Answer { value: response.body, meta }));
    }
    match read_problem(&response) {
        Err(what) => Judged::Nonsense(what),
        Ok(problem) => match problem.code {
            Code::NoQuorum => Judged::Again(Failure::NoQuorum, problem, meta),
            Code::OutcomeUnknown => Judged::Again(Failure::Unanswered, problem, meta),
            _ => Judged::Final(Err(ClientError::Refused {
                problem: Box::new(problem),
                meta: Box::new(meta),
            })),
        },
    }
}

/// The beginning of a body, as text.
fn start(response: &Response) -> String {
    let start: String = String::from_utf8_lossy(&response.body).chars().take(120).collect();
    format!("{start:?}")
}

/// The problem in a refusal's body.
pub(crate) fn read_problem(response: &Response) -> Result<Problem, String> {
    serde_json::from_slice(&response.body).map_err(|error| {
        let start = start(response);
        format!(
            "status {} with no problem that this client knows ({error}): {start}",
            response.status
        )
    })
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
