//! The way to the leader: here if this node leads, else one hop to the node that does.
//!
//! A request is repeated only while it certainly had no effect, or when repeating it cannot have a
//! second one. When the deadline comes the answer says which of the two it is: nothing happened,
//! or the outcome is unknown.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gms::id::NodeId;

use super::{
    error::ServiceError,
    executor::Executor,
    wire::{Refusal, Reply, Request},
};
use crate::{
    host::world::Host,
    raft::{
        consensus::Consensus,
        peer::call::{CallError, Peers},
    },
};

/// How long a request waits for a leader to be found: longer than an election takes, and short
/// enough that a lone node says so within a second.
pub const LEADER_WAIT: Duration = Duration::from_millis(900);
/// Between two attempts that failed at once.
const PAUSE: Duration = Duration::from_millis(20);

/// The way to the leader. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Leader {
    host: Host,
    consensus: Consensus,
    executor: Executor,
}

/// What one attempt came to.
enum Attempt {
    /// An answer, whatever it says.
    Answered(Reply),
    /// Certainly without effect; worth another attempt.
    NotDone(String),
    /// Perhaps with effect.
    Unknown(String),
}

impl Leader {
    /// The way to the leader from this node.
    pub fn new(host: Host, consensus: Consensus, executor: Executor) -> Self {
        Self { host, consensus, executor }
    }

    /// Has the leader do it. The reply is never a refusal.
    pub async fn ask(&self, request: Request, deadline: Instant) -> Result<Reply, ServiceError> {
        let repeatable = is_repeatable(&request);
        let writes = matches!(request, Request::Propose(_));
        let give_up = (self.host.clock.now() + LEADER_WAIT).min(deadline);
        // Whether one of the attempts may have taken effect after all.
        let mut perhaps_done = false;
        loop {
            let why = match self.attempt(&request, deadline).await {
                Attempt::Answered(Reply::Refused(refusal)) => match refusal {
                    Refusal::NotLeader(_) => "no node leads".to_owned(),
                    Refusal::NoQuorum(why) => why,
                    Refusal::Unknown(why) if repeatable => {
                        perhaps_done = true;
                        why
                    }
                    Refusal::Unknown(why) if !writes => return Err(ServiceError::Unsettled(why)),
                    refusal => return Err(error(refusal)),
                },
                Attempt::Answered(reply) => return Ok(reply),
                Attempt::NotDone(why) => why,
                Attempt::Unknown(why) if repeatable => {
                    perhaps_done = true;
                    why
                }
                Attempt::Unknown(why) if writes => return Err(ServiceError::OutcomeUnknown(why)),
                Attempt::Unknown(why) => return Err(ServiceError::Unsettled(why)),
            };
            if self.host.clock.now() + PAUSE >= give_up {
                return Err(if perhaps_done && writes {
                    ServiceError::OutcomeUnknown(why)
                } else {
                    ServiceError::NoQuorum(why)
                });
            }
            self.pause(give_up).await;
        }
    }

    /// Waits for news of the leader, at least a little and at most until the given moment.
    async fn pause(&self, until: Instant) {
        let mut standing = self.consensus.standing();
        standing.mark_unchanged();
        tokio::time::sleep(PAUSE).await;
        if standing.borrow().leader.is_none() {
            let _ = tokio::time::timeout_at(until.into(), standing.changed()).await;
        }
    }

    async fn attempt(&self, request: &Request, deadline: Instant) -> Attempt {
        let (node, leader) = {
            let standing = self.consensus.standing();
            let standing = standing.borrow();
            (standing.node, standing.leader)
        };
        match leader {
            None => Attempt::NotDone("no leader is known".to_owned()),
            Some(leader) if leader == node => {
                let work = self.executor.execute(request.clone());
                match tokio::time::timeout_at(deadline.into(), work).await {
                    Ok(reply) => Attempt::Answered(reply),
                    Err(_) => {
                        Attempt::Unknown("the deadline passed before it was committed".into())
                    }
                }
            }
            Some(leader) => {
                call(&self.consensus.peers(), leader, request, deadline, &self.host).await
            }
        }
    }
}

/// Sends a request to one node and waits for its reply.
async fn call(
    peers: &Peers,
    to: NodeId,
    request: &Request,
    deadline: Instant,
    host: &Host,
) -> Attempt {
    let within = deadline.saturating_duration_since(host.clock.now());
    match exchange(peers, to, request, within).await {
        Ok(reply) => Attempt::Answered(reply),
        Err(CallError::NotDelivered(why)) => {
            Attempt::NotDone(format!("the leader, node {to}, is out of reach: {why}"))
        }
        Err(CallError::PerhapsDelivered(why)) => {
            Attempt::Unknown(format!("the leader, node {to}, did not answer: {why}"))
        }
    }
}

/// One request to one node and its reply; a reply that cannot be read counts as lost.
pub async fn exchange(
    peers: &Peers,
    to: NodeId,
    request: &Request,
    within: Duration,
) -> Result<Reply, CallError> {
    let body =
        postcard::to_stdvec(request).map_err(|error| CallError::NotDelivered(error.to_string()))?;
    let reply = peers.call(to, Bytes::from(body), within).await?;
    postcard::from_bytes(&reply).map_err(|error| CallError::PerhapsDelivered(error.to_string()))
}

/// Whether doing it twice is doing it once.
fn is_repeatable(request: &Request) -> bool {
    match request {
        Request::Propose(proposal) => proposal.token.is_some(),
        Request::ReadIndex
        | Request::Liveness(_)
        | Request::Inquire(_)
        | Request::Suspicion(_)
        | Request::Report
        | Request::Bands { .. } => true,
        Request::AddNode { dry_run, .. }
        | Request::RemoveNode { dry_run, .. }
        | Request::Transfer { dry_run, .. } => *dry_run,
    }
}

fn error(refusal: Refusal) -> ServiceError {
    match refusal {
        Refusal::NotLeader(_) => ServiceError::NoQuorum("no node leads".to_owned()),
        Refusal::NoQuorum(why) => ServiceError::NoQuorum(why),
        Refusal::Unknown(why) => ServiceError::OutcomeUnknown(why),
        Refusal::Overloaded => {
            ServiceError::Overloaded { what: "proposals", limit: super::batch::QUEUE_MAX }
        }
        Refusal::Invalid(why) => ServiceError::Invalid(why),
        Refusal::Conflict(why) => ServiceError::Conflict(why),
        Refusal::NoNode(node) => ServiceError::NoNode(node),
        Refusal::Failed(why) => ServiceError::Failed(why),
    }
}
