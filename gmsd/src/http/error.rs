//! From what the service says to what the client reads. Only this file knows both.
//!
//! The code says what became of the state, as in `gms::problem`; a fact that a program may want is
//! in a field of its own, not only in the sentence.

use gms::{
    id::Incarnation,
    problem::{Code, Problem},
};
use serde_json::json;

use super::{present, refusal::Refusal};
use crate::{
    membership::{
        life::{Departure, Ending, Life},
        outcome::Rejection,
    },
    service::error::ServiceError,
};

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Rejected(rejection) => (*rejection).into(),
            ServiceError::Invalid(why) => Refusal::invalid(why),
            ServiceError::TooLarge(why) => Refusal::new(Code::TooLarge, why),
            ServiceError::Conflict(why) => Refusal::new(Code::Conflict, why),
            ServiceError::Overloaded { what, limit } => Problem::new(
                Code::RateLimited,
                format!("{what}: {limit} wait already, which is the limit; try again"),
            )
            .with("limit", limit)
            .into(),
            ServiceError::NoNode(node) => {
                Refusal::new(Code::NotFound, format!("there is no node {node}"))
            }
            ServiceError::NoQuorum(why) => {
                Refusal::new(Code::NoQuorum, format!("{why}; nothing was changed"))
            }
            ServiceError::OutcomeUnknown(why) => Refusal::new(
                Code::OutcomeUnknown,
                format!(
                    "{why}; it may or may not take effect: read before repeating, \
                     or repeat with the same Idempotency-Key"
                ),
            ),
            ServiceError::Unsettled(why) => Refusal::new(
                Code::OutcomeUnknown,
                format!("{why}; look at GET /v1/nodes before asking again"),
            ),
            ServiceError::Failed(why) => Refusal::new(
                Code::Internal,
                format!(
                    "the node has failed and is about to stop: {why}; what was asked may or may not take effect"
                ),
            ),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::ViewChanged { present } => Problem::new(
                Code::ViewChanged,
                format!("the group has view {present}; read it and decide anew"),
            )
            .with("view", present.0)
            .into(),
            Rejection::NoGroup { group } => {
                Refusal::new(Code::NotFound, format!("there is no group {group}"))
            }
            Rejection::GroupInUse { members, timing } => Problem::new(
                Code::Conflict,
                format!(
                    "the group has {members} members, and is created or deleted only without any; \
                     its timing is {timing}"
                ),
            )
            .with("members", members)
            .into(),
            Rejection::NoMember { group, member } => {
                Refusal::new(Code::NotFound, format!("group {group} has no member {member}"))
            }
            Rejection::Occupied { present } => occupied(&present),
            Rejection::Fenced { incarnation, present, departure } => {
                fenced(incarnation, present, departure.as_deref())
            }
            Rejection::Full { what, limit } => Problem::new(
                Code::RateLimited,
                format!("there are {limit} {what} already, which is the limit"),
            )
            .with("limit", limit)
            .into(),
            Rejection::TooManyTags { limit } => Problem::new(
                Code::TooLarge,
                format!("the member would have more than {limit} tags, which is the limit"),
            )
            .with("limit", limit)
            .into(),
            Rejection::TokenReused => Refusal::new(
                Code::Conflict,
                "this Idempotency-Key was used for another request; take a new key",
            ),
            Rejection::Busy => Refusal::new(
                Code::Conflict,
                "another request changed the same member at the same time; ask again",
            ),
            Rejection::StaleEpoch { epoch } => Problem::new(
                Code::Conflict,
                format!("the monitors have changed; their epoch is {epoch} now"),
            )
            .with("epoch", epoch)
            .into(),
            Rejection::LineageLost { known } => Problem::new(
                Code::Conflict,
                "a node of this number is known by another data directory; \
                 remove that node and add this one under a new number",
            )
            .with("known", known)
            .into(),
        }
    }
}

fn occupied(present: &Life) -> Refusal {
    Problem::new(
        Code::Conflict,
        format!(
            "member {} lives already as incarnation {} at {} and answers; to replace it, join \
             with its key, or as an operator with \"replace\": true",
            present.member, present.incarnation, present.address
        ),
    )
    .with("incarnation", present.incarnation.0)
    .with("address", present.address.as_str())
    .into()
}

/// The refusal for a life that is not the living one. Of a life that nobody ever knew, where none
/// lives either, there is nothing to fence: that is `not_found`.
pub fn fenced(
    incarnation: Incarnation,
    present: Option<Incarnation>,
    departure: Option<&Departure>,
) -> Refusal {
    if present.is_none() && departure.is_none() {
        return Refusal::new(
            Code::NotFound,
            format!(
                "there is no such member, nor is any end of its incarnation {incarnation} known"
            ),
        );
    }
    let departure = departure.filter(|departure| departure.incarnation == incarnation);
    let ending = departure.map(ending).unwrap_or_default();
    let living = present.map(|present| format!("; incarnation {present} lives"));
    let detail = format!(
        "incarnation {incarnation} is not the living one{ending}{}",
        living.unwrap_or_default()
    );
    let mut problem = Problem::new(Code::Fenced, detail)
        .with("incarnation", incarnation.0)
        .with("present", present.map(|present| present.0));
    if let Some(departure) = departure {
        problem = match present::removal(departure) {
            Some(removal) => problem.with("removal", json!(removal)),
            None => problem.with("left", json!(present::leaving(departure))),
        };
    }
    problem.into()
}

/// How a life ended, in words that go on a sentence.
fn ending(departure: &Departure) -> String {
    match &departure.ending {
        Ending::Removed(evidence) => {
            format!(": it was ended by cause {}", evidence.cause.as_str())
        }
        Ending::Left { reason: Some(why) } => format!(": an operator took it out: {why}"),
        Ending::Left { reason: None } => ": it left".to_owned(),
    }
}
