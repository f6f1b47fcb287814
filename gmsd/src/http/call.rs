//! [`Call`]: one request in a handler's hands, and the steps that handlers have in common.

use std::{future::Future, sync::Arc, time::Instant};

use gms::{
    api::{Consistency, header},
    id::Revision,
    problem::Code,
};
use hyper::{body::Incoming, header::HeaderMap};
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::{
    answer::Answer,
    app::App,
    body, checks,
    heartbeat::Next,
    limits::{DEADLINE_SLACK, READ_DEADLINE, WRITE_DEADLINE},
    pulse::Pulse,
    query::Query,
    refusal::Refusal,
    waist::Waist,
};
use crate::{
    membership::state::State,
    service::{
        error::ServiceError,
        terms::{Reading, Terms},
    },
};

/// One request.
pub struct Call<W> {
    /// What all handlers share.
    pub app: Arc<App<W>>,
    /// Its query.
    pub query: Query,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, not read yet.
    pub body: Incoming,
    /// Its connection's state.
    pub pulse: Arc<Pulse>,
    /// What its connection becomes after the answer.
    pub next: Arc<Next>,
    /// Only the headers of the answer are wanted.
    pub head: bool,
}

impl<W: Waist> Call<W> {
    /// The service.
    pub fn waist(&self) -> &W {
        &self.app.parts.waist
    }

    /// The body, which must be there.
    pub async fn json<T: DeserializeOwned>(self) -> Result<(T, Rest<W>), Refusal> {
        let (body, rest) = self.split();
        let at_most = rest.app.parts.bounds.body;
        let value = body::read_json(&rest.headers, body, at_most).await?;
        Ok((value, rest))
    }

    /// The body, or the default where it is empty.
    pub async fn json_or_default<T: DeserializeOwned + Default>(
        self,
    ) -> Result<(T, Rest<W>), Refusal> {
        let (body, rest) = self.split();
        let at_most = rest.app.parts.bounds.body;
        let value = body::read_optional_json(&rest.headers, body, at_most).await?;
        Ok((value.unwrap_or_default(), rest))
    }

    /// The body, not read yet, and the rest.
    pub fn split(self) -> (Incoming, Rest<W>) {
        let rest = Rest { app: self.app, query: self.query, headers: self.headers };
        (self.body, rest)
    }

    /// A state as fresh as the query asks; linearizable where it asks nothing.
    pub async fn read(&self) -> Result<Read, Refusal> {
        read(&self.app, self.query.consistency.unwrap_or_default()).await
    }
}

/// A state to answer from.
pub struct Read {
    /// The state.
    pub state: Arc<State>,
    /// How old it can be, if it was read locally.
    pub age_ms: Option<u64>,
}

impl Read {
    /// Marks the answer with where it is from.
    pub fn mark(&self, answer: Answer) -> Answer {
        answer.at(self.state.revision()).aged(self.age_ms)
    }
}

/// A state that fresh.
pub async fn read<W: Waist>(app: &App<W>, consistency: Consistency) -> Result<Read, Refusal> {
    let deadline = app.deadline(READ_DEADLINE);
    let reading = app.parts.waist.read(consistency, deadline);
    let Reading { state, age_ms } = match within(deadline, reading).await {
        Some(reading) => reading?,
        None => return Err(late_read()),
    };
    let age_ms = age_ms.filter(|_| consistency == Consistency::Local);
    Ok(Read { state, age_ms })
}

/// What is left of a call when its body has been read.
pub struct Rest<W> {
    /// What all handlers share.
    pub app: Arc<App<W>>,
    /// Its query.
    pub query: Query,
    headers: HeaderMap,
}

impl<W: Waist> Rest<W> {
    /// The service.
    pub fn waist(&self) -> &W {
        &self.app.parts.waist
    }

    /// The conditions of a write. Its deadline begins now.
    pub fn terms(&self) -> Result<Terms, Refusal> {
        let idempotency_key = self.idempotency_key()?;
        Ok(Terms {
            deadline: self.app.deadline(WRITE_DEADLINE),
            idempotency_key,
            if_view: self.query.if_view,
            dry_run: self.query.dry_run,
        })
    }

    /// The key by which a repetition is known. A change of the cluster's configuration is known by
    /// the node it names, and needs none; but what is no key is no key there either.
    pub fn idempotency_key(&self) -> Result<Option<String>, Refusal> {
        let mut keys = self.headers.get_all(header::IDEMPOTENCY_KEY).iter();
        let key = keys.next().map(|key| checks::idempotency_key(key.as_bytes())).transpose()?;
        if keys.next().is_some() {
            return Err(Refusal::invalid("header Idempotency-Key is given twice"));
        }
        Ok(key)
    }
}

/// Waits for a write of the waist, which keeps the deadline itself.
pub async fn written<T>(
    deadline: Instant,
    write: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, Refusal> {
    match within(deadline, write).await {
        Some(result) => Ok(result?),
        None => Err(Refusal::new(
            Code::OutcomeUnknown,
            "the service did not answer by its deadline; it may or may not take effect",
        )),
    }
}

/// None if the deadline and some slack pass before.
pub async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
    timeout_at((deadline + DEADLINE_SLACK).into(), work).await.ok()
}

/// The refusal of a read that was not confirmed in time.
pub fn late_read() -> Refusal {
    Refusal::new(
        Code::NoQuorum,
        "no quorum confirmed this read by its deadline; ask again, or with ?consistency=local",
    )
}

/// The revision that a stream shall go on after: the header that a reconnecting browser sends wins
/// over the query, which it repeats from its first request.
pub fn resume_after(headers: &HeaderMap, query: &Query) -> Result<Option<Revision>, Refusal> {
    let mut ids = headers.get_all(header::LAST_EVENT_ID).iter();
    let Some(id) = ids.next() else {
        return Ok(query.after);
    };
    let text = id.to_str().unwrap_or_default();
    if text.is_empty() && ids.next().is_none() {
        return Ok(query.after);
    }
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(revision) if digits && ids.next().is_none() => Ok(Some(Revision(revision))),
        _ => Err(Refusal::invalid(
            "header Last-Event-ID is no revision; send the id of the last event read",
        )),
    }
}
