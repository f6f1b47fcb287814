//! `GET /v1/groups/{g}/members/{id}/why`: why a member is gone, or doubted.

use gms::{
    api::{Why, WhyState},
    id::{GroupId, MemberId},
};

use super::members::no_member;
use crate::{
    http::{
        answer::Answer,
        call::{Call, within},
        limits::READ_DEADLINE,
        present,
        refusal::Refusal,
        waist::Waist,
    },
    membership::life::Ending,
};

/// Answers with the evidence of the last removal, and of the present suspicion.
pub async fn get<W: Waist>(
    call: Call<W>,
    group: GroupId,
    member: MemberId,
) -> Result<Answer, Refusal> {
    let read = call.read().await?;
    let known = read.state.group(&group);
    let life = known.and_then(|known| known.members.get(&member));
    let departure = known.and_then(|known| known.departure(&member));
    let removal = departure.and_then(|departure| present::removal(departure));
    let left = departure.filter(|_| life.is_none()).and_then(|it| present::leaving(it));
    let (incarnation, state, suspicion) = match (life, departure) {
        (Some(life), _) if life.is_away() => (life.incarnation, WhyState::Away, None),
        (Some(life), _) => {
            let deadline = call.app.deadline(READ_DEADLINE);
            let asked = call.waist().suspicion(&group, &member, life.incarnation);
            // Who cannot be asked in time suspects nobody.
            let suspicion = within(deadline, asked).await.flatten();
            let state = if suspicion.is_some() { WhyState::Suspect } else { WhyState::Member };
            (life.incarnation, state, suspicion)
        }
        (None, Some(departure)) => {
            let state = match departure.ending {
                Ending::Left { .. } => WhyState::Left,
                Ending::Removed(_) => WhyState::Removed,
            };
            (departure.incarnation, state, None)
        }
        (None, None) => return Err(no_member(&group, &member)),
    };
    let is_member = matches!(state, WhyState::Member | WhyState::Suspect);
    let hold = known.filter(|_| is_member).and_then(|known| known.hold.as_ref());
    let hold = hold.map(present::hold);
    let why = Why { group, id: member, incarnation, state, removal, left, suspicion, hold };
    Ok(read.mark(Answer::json(&why)))
}
