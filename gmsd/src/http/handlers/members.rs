//! `/v1/groups/{g}/members`: join, look at one, change it, leave.

use gms::{
    api::{self, JoinRequest, LeftAnswer, MemberAnswer, PatchRequest},
    id::{GroupId, MemberId, Revision},
    problem::Code,
};

use crate::{
    http::{
        answer::Answer,
        call::{Call, Rest, written},
        checks, present,
        refusal::Refusal,
        waist::Waist,
    },
    service::terms::{Exit, Joined},
};

/// Lets a member in: 201 for a new life, 200 for a retry.
pub async fn join<W: Waist>(call: Call<W>, group: GroupId) -> Result<Answer, Refusal> {
    let (request, rest) = call.json::<JoinRequest>().await?;
    checks::join(&request)?;
    let terms = rest.terms()?;
    let join = rest.waist().join(terms.clone(), group.clone(), request);
    let Joined { life, view, fresh, key } = written(terms.deadline, join).await?;
    let state = rest.waist().state().borrow().clone();
    let joined = api::Joined {
        member: present::member(&state, &group, &life),
        view,
        key: key.map(|key| key.to_hex()).unwrap_or_default(),
    };
    // A static member that took its place again is newer than the view it stands in.
    let mut answer = Answer::json(&joined).at(view.max(Revision(life.incarnation.0)));
    if fresh {
        answer = answer.created(&location(&group, &life.member));
    }
    Ok(answer.rehearsed(terms.dry_run))
}

/// Answers with one member.
pub async fn get<W: Waist>(
    call: Call<W>,
    group: GroupId,
    member: MemberId,
) -> Result<Answer, Refusal> {
    let read = call.read().await?;
    let Some(life) = read.state.life(&group, &member) else {
        return Err(no_member(&group, &member));
    };
    let answer = MemberAnswer {
        member: present::member(&read.state, &group, life),
        view: present::view_number(&read.state, &group),
    };
    Ok(read.mark(Answer::json(&answer)))
}

/// Changes a member's tags or state.
pub async fn change<W: Waist>(
    call: Call<W>,
    group: GroupId,
    member: MemberId,
) -> Result<Answer, Refusal> {
    let (request, rest) = call.json::<PatchRequest>().await?;
    checks::patch(&request)?;
    let terms = rest.terms()?;
    let change = rest.waist().change(terms.clone(), group.clone(), member, request);
    let (life, view) = written(terms.deadline, change).await?;
    let state = rest.waist().state().borrow().clone();
    let answer = MemberAnswer { member: present::member(&state, &group, &life), view };
    Ok(Answer::json(&answer).at(view).rehearsed(terms.dry_run))
}

/// Takes a member out.
pub async fn leave<W: Waist>(
    call: Call<W>,
    group: GroupId,
    member: MemberId,
) -> Result<Answer, Refusal> {
    let (_, rest) = call.split();
    let terms = rest.terms()?;
    let incarnation = rest.query.incarnation;
    let leave =
        rest.waist().leave(terms.clone(), group.clone(), member.clone(), incarnation, exit(&rest));
    let gone = written(terms.deadline, leave).await?;
    let answer = LeftAnswer { group, id: member, incarnation: gone.incarnation, view: gone.view };
    Ok(Answer::json(&answer).at(gone.revision).rehearsed(terms.dry_run))
}

fn exit<W>(rest: &Rest<W>) -> Exit {
    match (rest.query.cause, rest.query.number) {
        (Some(cause), Some(number)) => Exit::Ended { cause, number },
        _ => Exit::Leave { reason: rest.query.reason.clone() },
    }
}

/// The refusal for a member nobody knows.
pub fn no_member(group: &GroupId, member: &MemberId) -> Refusal {
    Refusal::new(Code::NotFound, format!("group {group} has no member {member}"))
}

/// Ids need no escaping in a URL.
fn location(group: &GroupId, member: &MemberId) -> String {
    format!("/v1/groups/{group}/members/{member}")
}
