//! Lets one life in.
//!
//! Its lease begins when the request is sent, before the service can have let it in, and pings that
//! come before the answer wait for it.

use std::time::Instant;

use crate::{
    answer::{ClientError, Write},
    client::Client,
    heartbeat::Key,
    id::Revision,
    problem::Code,
    random,
    session::{
        hub::{Life, SessionHub},
        options::{JoinError, SessionOptions},
    },
};

/// A life just let in.
pub(crate) struct NewLife {
    pub(crate) life: Life,
    pub(crate) view: Revision,
    /// What let it in: the view, or, in the place of a static member, a later revision.
    pub(crate) revision: Revision,
}

/// Joins once.
pub(crate) async fn join(
    client: &Client,
    hub: &SessionHub,
    options: &SessionOptions,
) -> Result<NewLife, JoinError> {
    options.check_lease()?;
    let request = options.request(hub, random::name());
    if let Some(liveness) = &request.liveness {
        liveness.check().map_err(JoinError::Timing)?;
    }
    let joining = hub.begin_join();
    let sent: Instant = hub.clock().now();
    let answer = client.join(&options.group, &request, &Write::default()).await?;
    let joined = answer.value;
    let Some(key) = Key::from_hex(&joined.key) else {
        return Err(JoinError::Client(ClientError::Protocol {
            endpoint: answer.meta.endpoint,
            what: "the key of the new life is not 64 hex digits".to_owned(),
        }));
    };
    let lease = options.lease_length(&joined.member.liveness);
    let mut life = joining.joined(joined.member.incarnation, key, sent, lease);
    life.open_streams(client, &options.group, &options.id);
    life.state.acknowledge_view(joined.view);
    let revision = joined.view.max(Revision(joined.member.incarnation.0));
    Ok(NewLife { life, view: joined.view, revision })
}

/// Whether a later join may succeed.
pub(crate) fn is_passing(error: &JoinError) -> bool {
    match error {
        JoinError::Lease(_) | JoinError::Timing(_) | JoinError::Hub(_) => false,
        JoinError::Client(error) => match error {
            ClientError::Unreachable { .. }
            | ClientError::Timeout { .. }
            | ClientError::Protocol { .. } => true,
            ClientError::Invalid { .. } => false,
            ClientError::Refused { problem, .. } => matches!(
                problem.code,
                Code::NoQuorum | Code::OutcomeUnknown | Code::RateLimited | Code::Internal
            ),
        },
    }
}
