//! `GET /v1/snapshot`: the whole state as a file, from which a new cluster can be founded.
//!
//! It is encoded as a whole before it is sent, so that its length is known and a cut noticed; its
//! pieces are let go of as they are taken.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gms::problem::{Code, Problem};

use crate::{
    http::{
        answer::Answer,
        call::{Call, late_read, within},
        limits::{READ_DEADLINE, SNAPSHOTS_MAX},
        refusal::Refusal,
        waist::Waist,
    },
    service::terms::Archive,
};

/// Answers with the file.
pub async fn get<W: Waist>(call: Call<W>) -> Result<Answer, Refusal> {
    let Ok(place) = Arc::clone(&call.app.snapshots).try_acquire_owned() else {
        let detail = format!("{SNAPSHOTS_MAX} snapshots are being sent, which is the limit; wait");
        return Err(Problem::new(Code::RateLimited, detail).with("limit", SNAPSHOTS_MAX).into());
    };
    let consistency = call.query.consistency.unwrap_or_default();
    let deadline = call.app.deadline(READ_DEADLINE);
    let Some(archive) = within(deadline, call.waist().archive(consistency, deadline)).await else {
        return Err(late_read());
    };
    let Archive { header, pieces } = archive?;
    let length = pieces.iter().map(Bytes::len).sum::<usize>();
    let name = format!("gms-{:.8}-{}.snapshot", header.cluster, header.revision);
    let pieces = if call.head { Vec::new() } else { pieces };
    let body = stream::iter(pieces).map(move |piece| {
        let _ = &place;
        piece
    });
    Ok(Answer::file(&name, length, body.boxed()).at(header.revision))
}
