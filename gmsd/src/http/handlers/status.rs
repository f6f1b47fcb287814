//! `GET /v1/status`: the node that answers, and the cluster as it knows it.
//!
//! It answers without a quorum too, because that is when it is asked; `?consistency=linearizable`
//! makes it ask the quorum first.

use gms::{
    api::{Consistency, Counts, Status},
    id::Revision,
};

use crate::{
    http::{
        answer::Answer,
        call::{Call, read},
        refusal::Refusal,
        waist::Waist,
    },
    service::terms::Standing,
};

/// Answers with the status.
pub async fn get<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let consistency = call.query.consistency.unwrap_or(Consistency::Local);
    let state = match consistency {
        Consistency::Linearizable => read(&call.app, consistency).await?.state,
        Consistency::Local => call.waist().state().borrow().clone(),
    };
    let parts = &call.app.parts;
    let configuration = state.configuration();
    let counts = Counts {
        nodes: configuration.voters.len() + configuration.learners.len(),
        groups: state.group_count(),
        members: usize::try_from(state.member_count()).unwrap_or(usize::MAX),
        suspects: parts.feed.counts(None).iter().map(|of| of.suspect).sum(),
        watchers: parts.metrics.watchers(),
    };
    let standing = parts.waist.standing();
    let age_ms = (consistency == Consistency::Local).then_some(standing.age_ms);
    let answer = Answer::json(&status(standing, state.revision(), counts));
    Ok(answer.at(state.revision()).aged(age_ms.flatten()))
}

fn status(standing: Standing, revision: Revision, counts: Counts) -> Status {
    let Standing {
        node,
        cluster,
        role,
        term,
        leader,
        revision: _,
        quorum,
        age_ms,
        uptime_ms,
        ready: _,
    } = standing;
    Status {
        cluster,
        node,
        leader,
        term,
        role,
        revision,
        quorum,
        counts,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms,
        age_ms,
    }
}
