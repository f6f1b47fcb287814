//! `/v1/groups/{g}/hold`: pause removals by silence, or let them go on.

use gms::{
    api::{HoldAnswer, HoldRequest},
    id::GroupId,
};

use crate::http::{
    answer::Answer,
    call::{Call, written},
    checks,
    refusal::Refusal,
    waist::Waist,
};

/// Sets the pause, in place of the present one if there is one.
pub async fn set<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let (request, rest) = call.json::<HoldRequest>().await?;
    checks::hold(&request)?;
    let terms = rest.terms()?;
    let set = rest.waist().set_hold(terms.clone(), group.clone(), request);
    let hold = written(terms.deadline, set).await?;
    let since = hold.since;
    let answer = HoldAnswer { group, hold: Some(hold) };
    Ok(Answer::json(&answer).at(since).rehearsed(terms.dry_run))
}

/// Ends the pause. Where there is none, that is what was wanted.
pub async fn clear<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let (_, rest) = call.split();
    let terms = rest.terms()?;
    let clear = rest.waist().clear_hold(terms.clone(), group.clone());
    let revision = written(terms.deadline, clear).await?;
    let answer = HoldAnswer { group, hold: None };
    Ok(Answer::json(&answer).at(revision).rehearsed(terms.dry_run))
}
