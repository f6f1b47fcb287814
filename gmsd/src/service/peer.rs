//! What this node answers to the other nodes.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gms::{api::Role, id::NodeId};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    executor::Executor,
    wire::{Refusal, Reply, Report, Request},
};
use crate::{
    raft::{consensus::Consensus, peer::call::PeerHandler, standing::Role as RaftRole},
    udp::handle::{BandsQuery, Input, Liveness},
};

/// Everything an answer may need; it exists once the node is wired.
#[derive(Debug, Clone)]
struct Parts {
    consensus: Consensus,
    executor: Executor,
    liveness: Liveness,
}

/// Answers the other nodes. It is given to the transport before the rest of the node exists, and
/// refuses until [`PeerDesk::open`].
#[derive(Debug, Clone, Default)]
pub struct PeerDesk {
    parts: Arc<OnceLock<Parts>>,
}

impl PeerDesk {
    /// Begins to answer.
    pub fn open(&self, consensus: Consensus, executor: Executor, liveness: Liveness) {
        // A second call would find the same node wired twice, which the caller never does.
        let _ = self.parts.set(Parts { consensus, executor, liveness });
    }

    async fn reply(self, from: NodeId, body: Bytes) -> Reply {
        let Some(parts) = self.parts.get() else {
            return Reply::Refused(Refusal::NotLeader(None));
        };
        let Ok(request) = postcard::from_bytes::<Request>(&body) else {
            let why = format!("node {from} sent what this version does not understand");
            return Reply::Refused(Refusal::Failed(why));
        };
        match request {
            Request::Liveness(message) if !message.is_for_leader() => {
                parts.liveness.tell(Input::Message(from, message));
                Reply::Noted
            }
            Request::Inquire(subject) => Reply::Answers(parts.liveness.inquire(subject).await),
            Request::Suspicion(subject) => Reply::Doubt(parts.liveness.suspicion(subject).await),
            Request::Report => Reply::Report(Box::new(parts.report().await)),
            Request::Bands { after, pinned, tally } => {
                let query = BandsQuery { after, pinned, tally };
                match parts.liveness.bands(query).await {
                    Some(bands) => Reply::Bands(bands),
                    None => Reply::Refused(Refusal::Failed("the node is stopping".to_owned())),
                }
            }
            for_the_leader => parts.executor.execute(for_the_leader).await,
        }
    }
}

impl PeerHandler for PeerDesk {
    fn handle(&self, from: NodeId, body: Bytes) -> BoxFuture<'_, Bytes> {
        let desk = self.clone();
        Box::pin(async move {
            let reply = desk.reply(from, body).await;
            // A reply that cannot be encoded is answered by nothing, which the asker cannot read.
            Bytes::from(postcard::to_stdvec(&reply).unwrap_or_default())
        })
    }
}

impl Parts {
    async fn report(&self) -> Report {
        report(&self.consensus, &self.liveness).await
    }
}

/// How this node is.
pub async fn report(consensus: &Consensus, liveness: &Liveness) -> Report {
    let figures = liveness.figures().await.unwrap_or_default();
    let standing = consensus.standing().borrow().clone();
    let micros = |time: Option<Duration>| u64::try_from(time?.as_micros()).ok();
    Report {
        role: role(standing.role),
        term: standing.term,
        leader: standing.leader,
        applied: consensus.state().borrow().revision(),
        monitored: figures.monitored,
        pings_per_s: figures.pings_per_s,
        rtt_p50_us: micros(figures.rtts.percentile(50)),
        rtt_p99_us: micros(figures.rtts.percentile(99)),
        fsync_p99_us: micros(consensus.fsync_p99()),
        snapshot: standing.snapshot,
        log_entries: standing.log_entries(),
        matched: standing.matched(),
        wall_ms: consensus.wall_ms(),
        health: figures.health,
        suspects: figures.suspects,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A part in Raft, in the words of the contract.
pub fn role(role: RaftRole) -> Role {
    match role {
        RaftRole::Leader => Role::Leader,
        RaftRole::Follower => Role::Follower,
        RaftRole::Candidate => Role::Candidate,
        RaftRole::Learner => Role::Learner,
        RaftRole::Stopped => Role::Shutdown,
    }
}
