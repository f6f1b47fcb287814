//! `POST /v1/leader`: hand leadership over.

use gms::api::TransferRequest;

use crate::http::{
    answer::Answer,
    call::{Call, written},
    limits::CONFIGURATION_DEADLINE,
    refusal::Refusal,
    waist::Waist,
};

/// Hands leadership to the voter named, or to the one that is most up to date.
pub async fn transfer<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let (request, rest) = call.json_or_default::<TransferRequest>().await?;
    rest.idempotency_key()?;
    let deadline = rest.app.deadline(CONFIGURATION_DEADLINE);
    let dry_run = rest.query.dry_run;
    let answer = written(deadline, rest.waist().transfer(deadline, request.to, dry_run)).await?;
    Ok(Answer::json(&answer).rehearsed(dry_run))
}
