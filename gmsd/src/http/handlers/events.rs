//! `GET /v1/events`: what happened, oldest first.
//!
//! Asking again `?after=` the answer's `revision` misses nothing and repeats nothing: all events of
//! one revision are in the same answer, even where that exceeds the limit.

use std::collections::VecDeque;

use gms::{
    api::{Consistency, Event, Events, What},
    id::{GroupId, MemberId, Revision},
    problem::{Code, Problem},
};

use crate::{
    http::{
        answer::Answer, call::Call, limits::EVENTS_DEFAULT, present, query::Query,
        refusal::Refusal, waist::Waist,
    },
    membership::{
        journal::{Happening, Record},
        state::State,
    },
};

/// Answers with the events asked for.
pub async fn list<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let read = call.read().await?;
    let linearizable = call.query.consistency.unwrap_or_default() == Consistency::Linearizable;
    let events = select(&read.state, &call.query, linearizable)?;
    Ok(read.mark(Answer::json(&events)))
}

fn select(state: &State, query: &Query, linearizable: bool) -> Result<Events, Refusal> {
    let limit = query.limit.unwrap_or(EVENTS_DEFAULT);
    let journal = state.journal();
    let answer = |revision, events| Events { revision, floor: journal.floor(), events };
    let Some(after) = query.after else {
        let events = latest(state, query, limit);
        return Ok(answer(state.revision(), events));
    };
    // A revision that the whole cluster has not reached is another cluster's, or from before a
    // restore.
    let foreign = linearizable && after > state.revision();
    let records = journal.after(after).filter(|_| !foreign);
    let Some(records) = records else {
        return Err(compacted(after, journal.floor(), state.revision()));
    };
    let mut events: Vec<Event> = Vec::new();
    for record in records {
        if events.len() >= limit
            && events.last().is_some_and(|last| last.revision < record.revision)
        {
            let revision = events.last().map_or(after, |last| last.revision);
            return Ok(answer(revision, events));
        }
        events.extend(wanted(record, query));
    }
    Ok(answer(state.revision().max(after), events))
}

/// The last events, as many as the limit says.
fn latest(state: &State, query: &Query, limit: usize) -> Vec<Event> {
    let records: Vec<_> = state.journal().kept_after(Revision(0)).collect();
    let mut events = VecDeque::new();
    for record in records.into_iter().rev() {
        let newest_first: Vec<Event> = wanted(record, query).rev().collect();
        for event in newest_first {
            if events.len() == limit {
                return events.into();
            }
            events.push_front(event);
        }
    }
    events.into()
}

fn wanted<'a>(
    record: &Record,
    query: &'a Query,
) -> impl DoubleEndedIterator<Item = Event> + use<'a> {
    let is_elsewhere = match &record.what {
        Happening::View(delta) => query.group.as_ref().is_some_and(|of| *of != delta.group),
        _ => false,
    };
    let events = if is_elsewhere { Vec::new() } else { present::events(record) };
    events.into_iter().filter(|event| {
        let (group, member) = subject(&event.what);
        let is_wanted_group = query.group.is_none() || query.group.as_ref() == group;
        let is_wanted_member = query.member.is_none() || query.member.as_ref() == member;
        is_wanted_group && is_wanted_member
    })
}

/// The group and the member that an event is about.
fn subject(what: &What) -> (Option<&GroupId>, Option<&MemberId>) {
    match what {
        What::Joined { group, member, .. }
        | What::Left { group, member, .. }
        | What::Removed { group, member, .. }
        | What::Away { group, member, .. }
        | What::Returned { group, member, .. }
        | What::Updated { group, member, .. } => (Some(group), Some(member)),
        What::HoldSet { group, .. }
        | What::HoldCleared { group, .. }
        | What::GroupCreated { group, .. }
        | What::GroupDeleted { group } => (Some(group), None),
        What::Election { .. }
        | What::NodeStarted { .. }
        | What::Configuration { .. }
        | What::Monitors { .. }
        | What::Restored { .. } => (None, None),
    }
}

fn compacted(after: Revision, floor: Revision, revision: Revision) -> Refusal {
    let detail = if after < floor {
        format!(
            "history before revision {floor} has been dropped; read the present and go on after it"
        )
    } else {
        format!(
            "revision {after} is none of this cluster, which is at {revision}; read the present"
        )
    };
    Problem::new(Code::Compacted, detail).with("after", after.0).with("floor", floor.0).into()
}
