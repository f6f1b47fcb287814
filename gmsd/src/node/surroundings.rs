//! What the liveness task sees of the node around it.

use std::{net::SocketAddr, time::Duration, time::Instant};

use futures_util::future::BoxFuture;
use gms::id::NodeId;

use crate::{
    host::world::Host,
    liveness::message::Message,
    raft::consensus::Consensus,
    service::{
        door,
        leader::{Leader, exchange},
        wire::Request,
    },
    udp::shell::Surroundings,
};

/// A word between the liveness of two nodes that takes longer than this is of no use any more.
const WORD_WAIT: Duration = Duration::from_millis(500);

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

    fn may_reach(&self, target: SocketAddr) -> bool {
        door::may_reach(target, &self.consensus.standing().borrow().peer_urls)
    }
}
