//! `/v1/nodes`: look at the cluster's nodes, add one, remove one for good.

use gms::{
    api::{AddNodeRequest, Consistency},
    id::NodeId,
};

use crate::http::{
    answer::Answer,
    call::{Call, read, within, written},
    checks,
    limits::{CONFIGURATION_DEADLINE, READ_DEADLINE},
    refusal::Refusal,
    waist::Waist,
};

/// Answers with every node as this one sees it. It answers without a quorum too;
/// `?consistency=linearizable` makes it ask the quorum first.
pub async fn list<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let consistency = call.query.consistency.unwrap_or(Consistency::Local);
    if consistency == Consistency::Linearizable {
        read(&call.app, consistency).await?;
    }
    let deadline = call.app.deadline(READ_DEADLINE);
    let Some(nodes) = within(deadline, call.waist().nodes(deadline)).await else {
        return Err(Refusal::new(
            gms::problem::Code::Internal,
            "the nodes were not asked by the deadline; nothing was changed",
        ));
    };
    let age_ms = call.waist().standing().age_ms;
    let answer = Answer::json(&nodes);
    Ok(answer.aged(age_ms.filter(|_| consistency == Consistency::Local)))
}

/// Adds a node: first as a learner, and when it has caught up as a voter.
pub async fn add<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let (request, rest) = call.json::<AddNodeRequest>().await?;
    checks::add_node(&request)?;
    rest.idempotency_key()?;
    let deadline = rest.app.deadline(CONFIGURATION_DEADLINE);
    let dry_run = rest.query.dry_run;
    let added = written(deadline, rest.waist().add_node(deadline, request, dry_run)).await?;
    Ok(Answer::json(&added).rehearsed(dry_run))
}

/// Removes a node for good.
pub async fn remove<W: Waist>(call: Call<W>, node: NodeId) -> Result<Answer, Refusal> {
    let (_, rest) = call.split();
    rest.idempotency_key()?;
    let deadline = rest.app.deadline(CONFIGURATION_DEADLINE);
    let dry_run = rest.query.dry_run;
    let left = written(deadline, rest.waist().remove_node(deadline, node, dry_run)).await?;
    Ok(Answer::json(&left).rehearsed(dry_run))
}
