//! What a join is asked for before it is proposed: an address where somebody can be pinged, a
//! former life that is over also in its own belief, and a place that nobody who lives has.
//!
//! Nothing here decides: the log does, by the life that the join names as the one it replaces.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gms::{api::JoinRequest, id::NodeId, liveness::Kind, view::MemberState};

use super::{door, error::ServiceError, inquiry::Presence, terms::Terms, waist::Service};
use crate::{
    liveness::message::Subject,
    membership::{
        apply::is_same_life,
        command::{Former, Join},
        outcome::Rejection,
    },
};

/// How long a join waits for the resolver.
const RESOLVE_WAIT: Duration = Duration::from_millis(500);

impl Service {
    /// Refuses a name that nobody knows, or that leads only where no member can be: nobody would
    /// ever ping it, and so nobody miss it. A resolver that takes its time is no reason to keep a
    /// member out; the nodes ask again until they know.
    pub(super) async fn check_names(
        &self,
        request: &JoinRequest,
        peers: &BTreeMap<NodeId, String>,
    ) -> Result<(), ServiceError> {
        let liveness = request.liveness.as_ref();
        let address = liveness.and_then(|it| it.ping_to.as_ref()).unwrap_or(&request.address);
        let is_pinged = liveness.is_none_or(|it| it.kind != Kind::Stream);
        if address.ip().is_some() || !is_pinged {
            return Ok(());
        }
        let refuse = |why: String| {
            let why = format!("address {address}: {why}; give the member's own address");
            Err(ServiceError::Invalid(why))
        };
        let net = &self.parts.host.net;
        let resolving = net.resolve(address.host(), address.port());
        match tokio::time::timeout(RESOLVE_WAIT, resolving).await {
            Ok(Err(error)) => refuse(format!("this node knows no such name ({error})")),
            Ok(Ok(found)) if found.is_empty() => refuse("its name has no address".to_owned()),
            Ok(Ok(found)) if !found.iter().any(|target| door::may_reach(*target, peers)) => {
                let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                refuse(format!("its name leads only where no member can be ({found})"))
            }
            _ => Ok(()),
        }
    }

    /// Waits until the former life cannot believe in its lease any more.
    pub(super) async fn outwait_lease(
        &self,
        join: &Join,
        terms: &Terms,
    ) -> Result<(), ServiceError> {
        let state = self.parts.consensus.state().borrow().clone();
        let unproven = state.unproven_end(&join.group, &join.member);
        let present = state.life(&join.group, &join.member);
        let is_free = present.is_none_or(|life| life.state == MemberState::Away);
        let Some(former) = unproven.filter(|_| is_free && !terms.dry_run) else {
            return Ok(());
        };
        let now = self.parts.host.clock.now();
        let timing = state.group(&join.group).and_then(|group| group.timing).unwrap_or_default();
        let liveness = join.liveness.clone().within(&timing);
        let left = self.applied().lease_left(now, former, &liveness);
        if now + left >= terms.deadline {
            return Err(ServiceError::Conflict(format!(
                "the former life of {} lost its connection at revision {former}, and nothing shows \
                 that its process is gone: it may believe in its lease for {} ms yet; try again then",
                join.member,
                left.as_millis()
            )));
        }
        tokio::time::sleep(left).await;
        Ok(())
    }

    /// The present life, if it is another one and may be replaced.
    pub(super) async fn replaceable(
        &self,
        join: &Join,
        request: &JoinRequest,
    ) -> Result<Option<Former>, ServiceError> {
        let state = self.parts.consensus.state().borrow().clone();
        let Some(present) = state.life(&join.group, &join.member) else {
            return Ok(None);
        };
        // A place that is kept wants no proof of who takes it: its former life is fenced.
        if present.is_away() || is_same_life(join, present) {
            return Ok(None);
        }
        let key = self.key(&join.group, present, false).map(|key| key.to_hex());
        if request.replace || (request.key.is_some() && request.key == key) {
            return Ok(Some(Former { incarnation: present.incarnation, since: None }));
        }
        let subject = Subject {
            group: join.group.clone(),
            member: join.member.clone(),
            incarnation: present.incarnation,
        };
        match self.presence(&subject, &present.liveness, state.configuration()).await {
            Presence::Silent => {
                Ok(Some(Former { incarnation: present.incarnation, since: Some(state.revision()) }))
            }
            Presence::Heard => Err(ServiceError::Rejected(Box::new(Rejection::Occupied {
                present: Arc::clone(present),
            }))),
            Presence::Unknown => Err(ServiceError::NoQuorum(format!(
                "too few nodes could tell whether the present life of {} (incarnation {}) answers; \
                 try again, or join with its key",
                join.member, present.incarnation
            ))),
        }
    }
}
