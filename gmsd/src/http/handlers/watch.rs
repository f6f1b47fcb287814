//! `GET /v1/groups/{g}/watch` and `GET /v1/watch`: how a watch opens.
//!
//! Everything that can be refused is refused before the stream begins; from then on the stream
//! itself says what there is to say.

use std::sync::Arc;

use gms::{
    api::Consistency,
    id::{GroupId, Incarnation, MemberId, Revision},
};
use tokio::time::timeout;

use super::members::no_member;
use crate::{
    http::{
        answer::Answer,
        call::{Call, Read, read, resume_after},
        error,
        follow::Scope,
        refusal::Refusal,
        sessions::SessionOf,
        waist::Waist,
        watching::{Begin, Watching},
    },
    membership::{life::Life, state::State},
};

/// Watches one group, which need not exist yet.
pub async fn group<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    call.query.check_session()?;
    let scope = Scope { group: Some(group), events: call.query.events };
    open(call, scope).await
}

/// Watches all groups.
pub async fn all<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let scope = Scope { group: None, events: call.query.events };
    open(call, scope).await
}

async fn open<W: Waist>(call: Call<W>, scope: Scope) -> Result<Answer, Refusal> {
    let watcher = call.app.watcher()?;
    let after = resume_after(&call.headers, &call.query)?;
    let (mut at, begin) = beginning(&call, after).await?;
    let session_of = session_of(&call, &scope, &mut at).await?;
    if call.head {
        return Ok(at.mark(Answer::no_events()));
    }
    let session = session_of.map(|of| call.app.parts.sessions.open(of));
    let watching = Watching::open(
        Arc::clone(&call.app),
        &at.state,
        scope,
        begin,
        session,
        call.pulse,
        watcher,
    );
    Ok(at.mark(Answer::events(watching.into_stream())))
}

/// The state to begin from, and how. Who has seen more than this node has applied waits for it; who
/// has seen more than the whole cluster comes from another one, or from before a restore.
async fn beginning<W: Waist>(
    call: &Call<W>,
    after: Option<Revision>,
) -> Result<(Read, Begin), Refusal> {
    let mut at = call.read().await?;
    let Some(after) = after else {
        return Ok((at, Begin::Present));
    };
    let is_local = call.query.consistency == Some(Consistency::Local);
    if is_local && at.state.revision() < after {
        let mut states = call.waist().state();
        let caught_up = states.wait_for(|state| state.revision() >= after);
        if let Ok(Ok(state)) = timeout(call.app.parts.bounds.catch_up, caught_up).await {
            at.state = Arc::clone(&state);
        } else {
            at = read(&call.app, Consistency::Linearizable).await?;
        }
    }
    if at.state.revision() < after {
        return Ok((at, Begin::Foreign(after)));
    }
    Ok((at, Begin::After(after)))
}

/// Whose session the stream shall be, if that life lives.
async fn session_of<W: Waist>(
    call: &Call<W>,
    scope: &Scope,
    at: &mut Read,
) -> Result<Option<SessionOf>, Refusal> {
    let (Some(group), Some(member), Some(incarnation)) =
        (scope.group.clone(), call.query.session_of.clone(), call.query.incarnation)
    else {
        return Ok(None);
    };
    if find_life(&at.state, &group, &member, incarnation).is_err()
        && call.query.consistency == Some(Consistency::Local)
    {
        // This node may only be behind the join.
        *at = read(&call.app, Consistency::Linearizable).await?;
    }
    find_life(&at.state, &group, &member, incarnation)?;
    Ok(Some(SessionOf { group, member, incarnation }))
}

/// That life, if it lives; fenced otherwise.
pub(super) fn find_life<'a>(
    state: &'a State,
    group: &GroupId,
    member: &MemberId,
    incarnation: Incarnation,
) -> Result<&'a Life, Refusal> {
    let Some(known) = state.group(group) else {
        return Err(no_member(group, member));
    };
    if let Some(life) = known.life(member, incarnation) {
        return Ok(life);
    }
    let present = known.present(member).map(|life| life.incarnation);
    let departure = known.end_of(member, incarnation).or_else(|| known.departure(member));
    let departure = departure.map(Arc::as_ref);
    Err(error::fenced(incarnation, present, departure))
}
