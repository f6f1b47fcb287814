//! Linearizable reads: one round of the leader answers all that wait for it.
//!
//! A read that asks while a round is under way waits for the next one, since the round may have
//! begun before something was acknowledged that the read must see. (Ongaro, "Consensus: bridging
//! theory and practice", section 6.4.)

use std::time::{Duration, Instant};

use gms::id::Revision;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    error::ServiceError,
    leader::Leader,
    wire::{Reply, Request},
};
use crate::host::world::Host;

/// Reads that may wait for the next round. Each is a request of a client that waits anyway.
const WAITING_MAX: usize = 65_536;
/// How long one round may take.
const ROUND_MAX: Duration = Duration::from_secs(2);

type Answer = Result<Revision, ServiceError>;

/// Where reads wait for their revision. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReadGate {
    waiting: mpsc::Sender<oneshot::Sender<Answer>>,
}

impl ReadGate {
    /// The gate, and the task that makes the rounds until it is cancelled.
    pub fn new(
        host: Host,
        leader: Leader,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (waiting, reads) = mpsc::channel(WAITING_MAX);
        (Self { waiting }, run(host, leader, reads, stop))
    }

    /// The revision from which on a state answers this read, by the deadline.
    pub async fn pass(&self, deadline: Instant) -> Answer {
        let (reply, answer) = oneshot::channel();
        let full = || ServiceError::Overloaded { what: "reads", limit: WAITING_MAX };
        self.waiting.try_send(reply).map_err(|_| full())?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(ServiceError::NoQuorum("the node is stopping".to_owned())),
            Err(_) => Err(ServiceError::NoQuorum("no leader confirmed in time".to_owned())),
        }
    }
}

async fn run(
    host: Host,
    leader: Leader,
    mut reads: mpsc::Receiver<oneshot::Sender<Answer>>,
    stop: CancellationToken,
) {
    loop {
        let mut round = Vec::new();
        tokio::select! {
            () = stop.cancelled() => return,
            count = reads.recv_many(&mut round, WAITING_MAX) => if count == 0 { return },
        }
        let deadline = host.clock.now() + ROUND_MAX;
        let answer = match leader.ask(Request::ReadIndex, deadline).await {
            Ok(Reply::ReadFrom(revision)) => Ok(revision),
            Ok(other) => Err(ServiceError::Failed(format!("a strange reply: {other:?}"))),
            Err(error) => Err(error),
        };
        for read in round {
            let _ = read.send(answer.clone());
        }
    }
}
