//! `GET /v1/groups/{g}/members/{id}/heartbeat`: a member opens the connection on which this node
//! asks it whether it lives.

use gms::{
    api::Consistency,
    heartbeat_stream::UPGRADE,
    id::{GroupId, MemberId},
    liveness::Kind,
    problem::Code,
};
use hyper::{
    body::Body as _,
    header::{self, HeaderMap, HeaderName},
};

use super::watch::find_life;
use crate::{
    http::{
        answer::Answer,
        call::{Call, read},
        heartbeat::Heartbeat,
        refusal::Refusal,
        waist::Waist,
    },
    liveness::message::Subject,
};

/// Opens a heartbeat stream, if that life lives and is asked by streams.
pub async fn open<W: Waist>(
    call: Call<W>,
    group: GroupId,
    member: MemberId,
) -> Result<Answer, Refusal> {
    let Some(incarnation) = call.query.incarnation else {
        return Err(Refusal::invalid("query parameter incarnation is missing: the life to ask"));
    };
    if call.head || !call.body.is_end_stream() || !asks_for_upgrade(&call.headers) {
        return Err(Refusal::invalid(format!(
            "this opens a stream of heartbeat frames: send a GET without a body, with the headers \
             Connection: Upgrade and Upgrade: {UPGRADE}"
        )));
    }
    let room = call.app.watcher()?;
    let mut at = read(&call.app, Consistency::Local).await?;
    if find_life(&at.state, &group, &member, incarnation).is_err() {
        // This node may only be behind the join.
        at = read(&call.app, Consistency::Linearizable).await?;
    }
    let kind = find_life(&at.state, &group, &member, incarnation)?.liveness.kind;
    if kind != Kind::Stream {
        let detail = format!(
            "member {member} is asked by {}; only one that joined with \"liveness\": \"stream\" \
             opens heartbeat streams",
            kind.as_str()
        );
        return Err(Refusal::new(Code::Conflict, detail));
    }
    // No next request comes on this connection, so none can be late.
    call.pulse.begin();
    call.next.set(Heartbeat { subject: Subject { group, member, incarnation }, room });
    Ok(at.mark(Answer::upgrade(UPGRADE)))
}

fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, wanted: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    says(header::CONNECTION, "upgrade") && says(header::UPGRADE, UPGRADE)
}
