//! `GET /v1/liveness`: how alive the members look, as they change.

use std::sync::Arc;

use crate::http::{
    answer::Answer,
    call::Call,
    feeding::{Feeding, Subject},
    refusal::Refusal,
    waist::Waist,
};

/// Opens a liveness feed.
pub fn get<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let subject = Subject { group: call.query.group, member: call.query.member };
    if subject.member.is_some() && subject.group.is_none() {
        return Err(Refusal::invalid("member needs group: ids are unique within a group"));
    }
    let watcher = call.app.watcher()?;
    if call.head {
        return Ok(Answer::no_events());
    }
    let feeding = Feeding::open(Arc::clone(&call.app), subject, watcher);
    Ok(Answer::events(feeding.into_stream()))
}
