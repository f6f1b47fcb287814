//! [`Answer`]: what a handler gives; here it becomes a response, with the headers every one has.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use gms::{
    api::header,
    id::{NodeId, Revision},
    problem::{self, Problem},
};
use hyper::{
    Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE,
        HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, UPGRADE, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde::Serialize;

use super::{body::Body, refusal::Refusal};
use crate::service::terms::Standing;

/// Says that nothing was done, only rehearsed.
pub const DRY_RUN: HeaderName = HeaderName::from_static("gms-dry-run");
/// Tells proxies to pass a stream on as it comes.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static(problem::MEDIA_TYPE);
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static(gms::sse::MEDIA_TYPE);

/// What the client gets.
pub enum Payload {
    /// No body.
    Nothing,
    /// A whole body.
    Whole(Bytes),
    /// A body that goes on.
    Stream(BoxStream<'static, Bytes>),
}

/// An answer that is no refusal.
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    payload: Payload,
    revision: Option<Revision>,
}

impl Answer {
    fn new(status: StatusCode, content_type: HeaderValue, payload: Payload) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type);
        Self { status, headers, payload, revision: None }
    }

    /// 200 with this as JSON.
    pub fn json(value: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(value).expect("the contract's types have text keys only");
        Self::encoded(bytes.into())
    }

    /// 200 with JSON that is encoded already.
    pub fn encoded(bytes: Bytes) -> Self {
        Self::new(StatusCode::OK, JSON, Payload::Whole(bytes))
    }

    /// 200 with a text.
    pub fn text(content_type: &'static str, text: impl Into<Bytes>) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        Self::new(StatusCode::OK, content_type, Payload::Whole(text.into()))
    }

    /// 200 with an event stream.
    pub fn events(stream: BoxStream<'static, Bytes>) -> Self {
        let mut answer = Self::new(StatusCode::OK, EVENT_STREAM, Payload::Stream(stream));
        answer.headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        answer
    }

    /// 200 with a file of this name and length.
    pub fn file(name: &str, length: usize, pieces: BoxStream<'static, Bytes>) -> Self {
        let mut answer = Self::new(StatusCode::OK, OCTETS, Payload::Stream(pieces));
        answer.headers.insert(CONTENT_LENGTH, length.into());
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
        if let Ok(disposition) = disposition {
            answer.headers.insert(CONTENT_DISPOSITION, disposition);
        }
        answer
    }

    /// The headers of [`Answer::events`] alone, for HEAD.
    pub fn no_events() -> Self {
        Self::new(StatusCode::OK, EVENT_STREAM, Payload::Nothing)
    }

    /// 101: the connection becomes this.
    pub fn upgrade(to: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static(to));
        let status = StatusCode::SWITCHING_PROTOCOLS;
        Self { status, headers, payload: Payload::Nothing, revision: None }
    }

    /// The answer to `OPTIONS`.
    pub fn options(allow: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ALLOW, HeaderValue::from_static(allow));
        Self { status: StatusCode::NO_CONTENT, headers, payload: Payload::Nothing, revision: None }
    }

    /// The revision it is from, where that is not simply what the node has applied.
    #[must_use]
    pub fn at(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// How old it can be, where it was read locally.
    #[must_use]
    pub fn aged(mut self, age_ms: Option<u64>) -> Self {
        if let Some(age_ms) = age_ms {
            self.headers.insert(HeaderName::from_static(header::AGE_MS), age_ms.into());
        }
        self
    }

    /// 201, and where the new thing is.
    #[must_use]
    pub fn created(mut self, location: &str) -> Self {
        self.status = StatusCode::CREATED;
        if let Ok(location) = HeaderValue::from_str(location) {
            self.headers.insert(LOCATION, location);
        }
        self
    }

    /// 200 and the mark that nothing was done, if so: nothing was created, at no revision.
    #[must_use]
    pub fn rehearsed(mut self, dry_run: bool) -> Self {
        if dry_run {
            self.status = StatusCode::OK;
            self.revision = None;
            self.headers.remove(LOCATION);
            self.headers.insert(DRY_RUN, HeaderValue::from_static("true"));
        }
        self
    }

    /// The response.
    pub fn into_response(self, standing: &Standing) -> Response<Body> {
        let body = match self.payload {
            Payload::Nothing => Body::empty(),
            Payload::Whole(bytes) => Body::whole(bytes),
            Payload::Stream(stream) => Body::stream(stream),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        sign(response.headers_mut(), standing, self.revision);
        response
    }
}

impl Refusal {
    /// The response.
    pub fn into_response(self, standing: &Standing) -> Response<Body> {
        let mut response = Response::new(Body::whole(encode(&self.problem)));
        *response.status_mut() = status(&self.problem);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if matches!(self.problem.status, 429 | 503) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        sign(headers, standing, None);
        response
    }
}

/// A whole answer with this problem, as it goes over the wire, that ends the connection: for peers
/// whose request hyper never shows us.
pub fn last_words(problem: &Problem, standing: &Standing) -> Bytes {
    let body = encode(problem);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, PROBLEM);
    if problem.status == 429 {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    sign(&mut headers, standing, None);
    let reason = status(problem).canonical_reason().unwrap_or("");
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", problem.status).into_bytes();
    for (name, value) in &headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = body.len();
    bytes.extend_from_slice(
        format!("connection: close\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
    );
    bytes.extend_from_slice(&body);
    bytes.into()
}

fn encode(problem: &Problem) -> Bytes {
    serde_json::to_vec(problem).expect("a problem has text keys only").into()
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The headers of every answer.
fn sign(headers: &mut HeaderMap, standing: &Standing, revision: Option<Revision>) {
    let mut set = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), value.into());
    };
    set(header::NODE, standing.node.0);
    if let Some(NodeId(leader)) = standing.leader {
        set(header::LEADER, leader);
    }
    set(header::TERM, standing.term);
    set(header::REVISION, revision.unwrap_or(standing.revision).0);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
