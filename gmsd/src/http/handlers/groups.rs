//! `/v1/groups`: the list, and one group's view, at once or when it is newer than a given one; a
//! group's timing before it has members.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gms::{
    api::{GroupAnswer, GroupSummary, Groups},
    id::{GroupId, Revision},
    liveness::GroupTiming,
    problem::Code,
};
use tokio::{sync::watch, time::timeout};

use crate::{
    http::{
        answer::Answer,
        call::{Call, written},
        limits::{WAIT_DEFAULT, WAIT_MAX},
        present,
        refusal::Refusal,
        waist::Waist,
    },
    membership::state::State,
};

/// Answers with every group.
pub async fn list<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let read = call.read().await?;
    let counts = call.app.parts.feed.counts(None);
    let suspects: BTreeMap<_, _> = counts.iter().map(|of| (&of.group, of.suspect)).collect();
    let groups: Vec<GroupSummary> = read
        .state
        .groups()
        .map(|(name, group)| {
            present::summary(name, group, suspects.get(name).copied().unwrap_or_default())
        })
        .collect();
    let revision = read.state.revision();
    Ok(read.mark(Answer::json(&Groups { revision, groups })))
}

/// Creates a group: says how its members are watched that do not say so themselves.
pub async fn create<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let (timing, rest) = call.json::<GroupTiming>().await?;
    timing.check().map_err(Refusal::invalid)?;
    let terms = rest.terms()?;
    let create = rest.waist().create_group(terms.clone(), group.clone(), timing);
    let (fresh, revision) = written(terms.deadline, create).await?;
    let at = format!("/v1/groups/{group}");
    let answer = GroupAnswer { group, timing: Some(timing) };
    let answer = Answer::json(&answer);
    let answer = if fresh { answer.created(&at) } else { answer };
    Ok(answer.at(revision).rehearsed(terms.dry_run))
}

/// Keeps a group without members no longer. Where nobody created it, that is what was wanted.
pub async fn delete<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let (_, rest) = call.split();
    let terms = rest.terms()?;
    let delete = rest.waist().delete_group(terms.clone(), group.clone());
    let revision = written(terms.deadline, delete).await?;
    let answer = GroupAnswer { group, timing: None };
    Ok(Answer::json(&answer).at(revision).rehearsed(terms.dry_run))
}

/// Answers with a group's view. With `?after=` it answers as soon as there is a newer view, or with
/// the present one when the wait is over. A static member's going or coming is no new view: who
/// waits with the number it has would be answered with the same number again and again.
pub async fn get<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let mut read = call.read().await?;
    if let Some(after) = call.query.after
        && !is_newer(&read.state, &group, after)
    {
        let wait = call.query.wait.map_or(WAIT_DEFAULT, Duration::from);
        let states = call.waist().state();
        let newer = newer(&states, call.app.wakes.subscribe(&group), &group, after);
        // When the wait is over, or the node stops, the present view is the answer.
        tokio::select! {
            _ = timeout(wait.min(WAIT_MAX), newer) => {}
            () = call.app.stop.cancelled() => {}
        }
        let state = states.borrow().clone();
        if state.revision() > read.state.revision() {
            read.state = state;
        }
    }
    if read.state.group(&group).is_none() {
        return Err(Refusal::new(
            Code::NotFound,
            format!("there is no group {group}; a group is made by its first join"),
        ));
    }
    let view = call.app.frames.view(&read.state, &group);
    Ok(read.mark(Answer::encoded(view)))
}

async fn newer(
    states: &watch::Receiver<Arc<State>>,
    mut signal: watch::Receiver<Revision>,
    group: &GroupId,
    after: Revision,
) {
    loop {
        signal.borrow_and_update();
        if is_newer(&states.borrow(), group, after) || signal.changed().await.is_err() {
            return;
        }
    }
}

fn is_newer(state: &State, group: &GroupId, after: Revision) -> bool {
    state.group(group).is_some_and(|group| group.view > after)
}
