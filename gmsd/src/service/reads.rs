//! [`Reads`]: what only looks at the groups, at any node.
//!
//! A linearizable read sees everything acknowledged before it began, at whichever node it is made.
//! A local one may be behind, says by how much, and is never behind what this node showed before.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gms::{
    api::{Consistency, Suspicion},
    id::{GroupId, Incarnation, MemberId},
    snapshot::Header,
};
use tokio::sync::watch;

use super::{
    error::ServiceError,
    terms::{Archive, Reading},
    waist::Service,
    wire::{Reply, Request},
};
use crate::{liveness::message::Subject, membership::state::State, raft::archive};

/// How long another node may take to say whether it doubts a member.
const DOUBT_WAIT: Duration = Duration::from_millis(500);

/// What only looks at the groups.
pub trait Reads {
    /// A state to read.
    fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> impl Future<Output = Result<Reading, ServiceError>> + Send;

    /// The whole state as a file.
    fn archive(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> impl Future<Output = Result<Archive, ServiceError>> + Send;

    /// Every applied state, the latest first seen.
    fn state(&self) -> watch::Receiver<Arc<State>>;

    /// The present suspicion of a member, from whichever node has one.
    fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> impl Future<Output = Option<Suspicion>> + Send;
}

impl Reads for Service {
    async fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> Result<Reading, ServiceError> {
        match consistency {
            Consistency::Local => {
                let state = self.recovered(deadline).await?;
                Ok(Reading { state, age_ms: self.age_ms() })
            }
            Consistency::Linearizable => {
                Ok(Reading { state: self.latest(deadline).await?, age_ms: Some(0) })
            }
        }
    }

    async fn archive(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> Result<Archive, ServiceError> {
        let state = self.read(consistency, deadline).await?.state;
        let standing = self.parts.consensus.standing().borrow().clone();
        let header = Header {
            cluster: self.parts.cluster.to_string(),
            node: standing.node,
            revision: state.revision(),
            term: standing.term,
            at_ms: self.parts.host.clock.wall_ms(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            groups: state.group_count() as u64,
            members: state.member_count(),
        };
        let writing = move || archive::write(&header, &state).map(|pieces| (header, pieces));
        match self.parts.host.run_blocking(writing).await {
            Ok((header, pieces)) => Ok(Archive { header, pieces }),
            Err(error) => Err(ServiceError::Failed(format!("the snapshot: {error}"))),
        }
    }

    fn state(&self) -> watch::Receiver<Arc<State>> {
        self.parts.consensus.state()
    }

    async fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> Option<Suspicion> {
        let subject = Subject { group: group.clone(), member: member.clone(), incarnation };
        if let Some(own) = self.parts.liveness.suspicion(subject.clone()).await {
            return Some(own);
        }
        let asking = self.others().into_iter().map(|node| {
            let request = Request::Suspicion(subject.clone());
            async move { self.exchange(node, request, DOUBT_WAIT).await }
        });
        join_all(asking).await.into_iter().flatten().find_map(|reply| match reply {
            Reply::Doubt(doubt) => doubt,
            _ => None,
        })
    }
}
