//! From what the client says went wrong to what gmctl says: whom it asked, what became of the
//! act, what to do next.

use gms::{
    answer::{ClientError, Meta},
    endpoint::{Endpoint, EndpointError},
    problem::{Code, Problem},
    session::options::JoinError,
    stream::WatchEnd,
};

use crate::{error::Failure, exit::Exit};

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable { tried } => {
                Failure::new(Exit::Unreachable, "no node can be reached; nothing happened")
                    .asked(list(&tried))
                    .hint("is gmsd running there? gmctl doctor looks closer; -e names other nodes")
            }
            ClientError::Refused { problem, meta } => of_refusal(*problem, &meta),
            ClientError::Timeout { outcome_unknown, idempotency_key, tried } => {
                of_timeout(outcome_unknown, idempotency_key.is_some(), &tried)
            }
            ClientError::Protocol { endpoint, what } => {
                Failure::new(Exit::Refused, format!("the answer is not one of a gms node: {what}"))
                    .asked(endpoint.to_string())
                    .hint("is this the client port of gmsd, and not its peer port?")
            }
            ClientError::Invalid { why } => Failure::usage(why),
        }
    }
}

impl From<WatchEnd> for Failure {
    fn from(end: WatchEnd) -> Self {
        let exit = Exit::of_code(end.problem.code);
        let failure =
            Failure::new(exit, end.problem.detail.clone()).asked(end.endpoint.to_string());
        Failure { problem: Some(end.problem), ..failure }
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Client(why) => why.into(),
            JoinError::Lease(_) | JoinError::Timing(_) => Failure::usage(error.to_string()),
            JoinError::Hub(_) => Failure::new(Exit::Refused, error.to_string()),
        }
    }
}

impl From<EndpointError> for Failure {
    fn from(why: EndpointError) -> Self {
        Failure::usage(why.to_string())
    }
}

fn of_refusal(problem: Problem, meta: &Meta) -> Failure {
    let exit = match problem.status {
        401 | 403 => Exit::Denied,
        _ => Exit::of_code(problem.code),
    };
    let failure = Failure::new(exit, problem.detail.clone()).asked(who(meta));
    let failure = match hint(problem.code) {
        Some(hint) => failure.hint(hint),
        None => failure,
    };
    Failure { problem: Some(Box::new(problem)), ..failure }
}

fn of_timeout(outcome_unknown: bool, is_write: bool, tried: &[(Endpoint, String)]) -> Failure {
    if outcome_unknown {
        Failure::new(Exit::Timeout, "no answer in time; the act may have taken effect, or may yet")
            .hint(
                "look first (gmctl members, gmctl events), then repeat; --timeout gives more time",
            )
    } else {
        let outcome = if is_write { "; nothing was changed" } else { "" };
        Failure::new(Exit::Timeout, format!("no answer in time{outcome}"))
            .hint("--timeout gives more time; --consistency local reads without a quorum")
    }
    .asked(list(tried))
}

/// `http://127.0.0.1:22380 (node 2, revision 918)`.
pub fn who(meta: &Meta) -> String {
    let mut facts = Vec::new();
    if let Some(node) = meta.node {
        facts.push(format!("node {node}"));
    }
    if let Some(revision) = meta.revision {
        facts.push(format!("revision {revision}"));
    }
    if facts.is_empty() {
        meta.endpoint.to_string()
    } else {
        format!("{} ({})", meta.endpoint, facts.join(", "))
    }
}

fn list(tried: &[(Endpoint, String)]) -> String {
    tried.iter().map(|(endpoint, why)| format!("{endpoint} ({why})")).collect::<Vec<_>>().join(", ")
}

fn hint(code: Code) -> Option<&'static str> {
    match code {
        Code::NotFound => Some("gmctl groups, gmctl members and gmctl nodes list what there is"),
        Code::Conflict => Some("gmctl members shows who is there"),
        Code::Fenced => {
            Some("that life is over; gmctl why tells how it ended and who is there now")
        }
        Code::ViewChanged => Some("look again with gmctl members, then repeat with its view"),
        Code::NoQuorum => Some("nothing happened; gmctl nodes --consistency local shows who is up"),
        Code::OutcomeUnknown => Some("it may have taken effect: look first, then repeat"),
        Code::RateLimited => Some("try again later"),
        Code::Compacted => Some("read the whole, then go on from its revision"),
        Code::Internal => Some("the node's log says more"),
        Code::Invalid
        | Code::MethodNotAllowed
        | Code::TooLarge
        | Code::UnsupportedMedia
        | Code::HeadersTooLarge => None,
    }
}
