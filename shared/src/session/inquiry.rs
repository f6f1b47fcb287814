//! Asks the service what became of a life.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    api::{Consistency, WhyState},
    client::{Client, Options},
    evidence::{Cause, Evidence},
    failover::backoff,
    id::{GroupId, Incarnation, MemberId},
    problem::Code,
    random,
    session::fate::{self, Fate, Sign},
};

/// The first pause between two questions about a life whose lease is over.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// The longest pause; with it, thousands of sessions that are cut off burden nobody.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long the record of a removal is waited for: the owner wants to know that the life is over
/// more than why.
const EVIDENCE_TIMEOUT: Duration = Duration::from_secs(1);

/// Which life.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) group: GroupId,
    pub(crate) id: MemberId,
    pub(crate) incarnation: Incarnation,
}

/// Asks again and again, and is ready when the life is known to be over.
pub(crate) async fn until_over(client: Client, subject: Subject) -> Fate {
    let client = client.with_options(Options {
        consistency: Consistency::Linearizable,
        ..client.options().clone()
    });
    let mut asked = 0;
    loop {
        sleep(backoff(PAUSE_MIN, PAUSE_MAX, asked, random::number())).await;
        asked = asked.saturating_add(1);
        match client.member(&subject.group, &subject.id).await {
            Ok(answer) => {
                if let Sign::Over(fate) = fate::of_member(&answer.value.member, subject.incarnation)
                {
                    return fate;
                }
            }
            Err(error) if matches!(error.code(), Some(Code::NotFound | Code::Fenced)) => {
                let cause = error.evidence().map(|evidence| evidence.cause);
                return Fate::Removed { cause };
            }
            // Nobody can say; the lease is over all the same.
            Err(_) => {}
        }
    }
}

/// The record of a life's end and what it makes of the fate, if the service tells in time.
pub(crate) async fn evidence(
    client: &Client,
    subject: &Subject,
    fate: Fate,
) -> (Fate, Option<Evidence>) {
    if let Fate::Left { reason } = &fate {
        let context = reason.iter().cloned().collect();
        let stated = Evidence::stated(Cause::Operator, None, context);
        return (fate, Some(stated));
    }
    let client =
        client.with_options(Options { timeout: EVIDENCE_TIMEOUT, ..client.options().clone() });
    let Ok(answer) = client.why(&subject.group, &subject.id).await else {
        return (fate, None);
    };
    let why = answer.value;
    if why.incarnation > subject.incarnation
        && matches!(why.state, WhyState::Member | WhyState::Suspect)
    {
        // Whatever ended this life, another one has its name by now.
        return (Fate::Replaced { by: why.incarnation }, None);
    }
    if why.incarnation != subject.incarnation {
        return (fate, None);
    }
    let evidence = why.removal.map(|removal| removal.evidence);
    let fate = match (fate, &evidence, why.state) {
        (Fate::Removed { cause: None }, Some(evidence), _) => {
            Fate::Removed { cause: Some(evidence.cause) }
        }
        (Fate::Away { cause: None }, Some(evidence), _) => {
            Fate::Away { cause: Some(evidence.cause) }
        }
        (Fate::Removed { cause: None }, None, WhyState::Left) => Fate::Left { reason: None },
        (fate, _, _) => fate,
    };
    (fate, evidence)
}
