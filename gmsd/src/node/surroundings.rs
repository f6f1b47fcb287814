//! What the liveness task sees of the node around it.

use std::{net::SocketAddr, time::Duration, time::Instant};

use futures_util::future::BoxFuture;
use gms::id::{NodeId, Revision};

use crate::{
    host::world::Host,
    liveness::message::Message,
    membership::command::{Command, Place, Proposal},
    raft::consensus::Consensus,
    service::{
        door,
        leader::{Leader, exchange},
        wire::{Reply, Request},
    },
    udp::shell::Surroundings,
};

/// A word between the liveness of two nodes that takes longer than this is of no use any more.
const WORD_WAIT: Duration = Duration::from_millis(500);
/// The log is waited for this long to note that members were heard; then it is asked again.
const PLEA_WAIT: Duration = Duration::from_secs(5);

/// The node around its liveness.
pub(super) struct Around {
    pub(super) host: Host,
    pub(super) consensus: Consensus,
    pub(super) leader: Leader,
}

impl Surroundings for Around {
    fn quorum_contact(&self) -> Option<Instant> {
        self.consensus.quorum_contact()
    }

    fn send(&self, to: NodeId, message: Message) -> BoxFuture<'static, ()> {
        let peers = self.consensus.peers();
        Box::pin(async move {
            if let Err(error) = exchange(&peers, to, &Request::Liveness(message), WORD_WAIT).await {
                tracing::debug!(%to, %error, "a word between the liveness of two nodes was lost");
            }
        })
    }

    fn condemn(&self, message: Message) -> BoxFuture<'static, ()> {
        let leader = self.leader.clone();
        let deadline = self.host.clock.now() + WORD_WAIT;
        Box::pin(async move {
            if let Err(error) = leader.ask(Request::Liveness(message), deadline).await {
                tracing::debug!(%error, "a verdict did not reach the leader; it will be told again");
            }
        })
    }

    fn plead(&self, lives: Vec<Place>) -> BoxFuture<'static, Option<Revision>> {
        let leader = self.leader.clone();
        let deadline = self.host.clock.now() + PLEA_WAIT;
        let command = Command::Heard { lives };
        let proposal = Box::new(Proposal { token: None, if_view: None, command });
        Box::pin(async move {
            match leader.ask(Request::Propose(proposal), deadline).await {
                Ok(Reply::Applied { revision, .. }) => Some(revision),
                Ok(_) => None,
                Err(error) => {
                    tracing::debug!(%error, "the log may not know that members were heard again");
                    None
                }
            }
        })
    }

    fn may_reach(&self, target: SocketAddr) -> bool {
        door::may_reach(target, &self.consensus.standing().borrow().peer_urls)
    }
}
