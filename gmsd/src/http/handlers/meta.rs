//! What tools ask: metrics, health, readiness, the contract.

use bytes::Bytes;
use gms::problem::Code;

use crate::http::{answer::Answer, call::Call, metrics, openapi, refusal::Refusal, waist::Waist};

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /metrics`.
pub fn metrics<W: Waist>(call: &Call<W>) -> Answer {
    let parts = &call.app.parts;
    let state = parts.waist.state().borrow().clone();
    let counts = parts.feed.counts(None);
    let page = parts.metrics.render(&state, &parts.waist.standing(), &counts);
    Answer::text(metrics::MEDIA_TYPE, page).at(state.revision())
}

/// `GET /healthz`: the process answers, so it is alive.
pub fn healthz() -> Answer {
    Answer::text(TEXT, Bytes::from_static(b"alive\n"))
}

/// `GET /readyz`: 200 once this node has caught up and knows a leader, and until it stops.
pub fn readyz<W: Waist>(call: &Call<W>) -> Result<Answer, Refusal> {
    let standing = call.waist().standing();
    if standing.ready && !call.app.stop.is_cancelled() {
        return Ok(Answer::text(TEXT, Bytes::from_static(b"ready\n")));
    }
    let why = if call.app.stop.is_cancelled() {
        "it is about to stop"
    } else if standing.leader.is_none() {
        "it knows no leader"
    } else {
        "it has no contact with a quorum, or has not caught up yet"
    };
    Err(Refusal::new(Code::NoQuorum, format!("node {} is not ready: {why}", standing.node)))
}

/// `GET /v1/openapi.json`.
pub fn contract() -> Answer {
    Answer::encoded(Bytes::from_static(openapi::DOCUMENT.as_bytes()))
}
