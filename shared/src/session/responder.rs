//! One life's answers to pings.
//!
//! A pong goes out only for a ping that the life's key authenticates, that names this incarnation,
//! and whose nonce is new from that node; so every pong is one node's round trip. The lease is
//! extended only by a ping of a node in touch with a quorum whose `echo` names one of the last
//! pongs sent to that node: it proves that the pong arrived. Nothing else extends it.
//!
//! Pure: bytes in, bytes out.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    heartbeat::{Direction, FRAME_LEN, Key, Unverified},
    id::{Incarnation, NodeId, Revision},
    session::lease::Lease,
};

/// Pongs remembered for each node: 8 s of pings at the usual period, many times the lease. A
/// repeated datagram is not older than that; a recorded one that is older acknowledges nothing
/// unless all that came since is repeated with it.
const PONGS_MAX: usize = 16;
/// Nodes remembered: more than any cluster has that is still a sensible one to run Raft on.
const NODES_MAX: usize = 16;

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pong {
    /// The datagram.
    pub frame: [u8; FRAME_LEN],
    /// Where to: the node that asked, and after a `suspected` ping every node that ever asked.
    pub to: Vec<SocketAddr>,
    /// The node that asked.
    pub node: NodeId,
    /// The nonce that the pong repeats.
    pub nonce: u64,
}

/// Why a datagram is not answered. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It names another incarnation.
    AnotherLife,
    /// It is not authenticated by this life's key.
    NotAuthentic,
    /// It is no ping.
    NoPing,
    /// A ping with this nonce was answered before.
    Repeated,
}

/// What the member says of itself in a pong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statement {
    /// The greatest view of its group it has taken note of.
    pub acked_view: Revision,
    /// It is about to leave.
    pub leaving: bool,
}

/// One life's answers.
#[derive(Debug, Clone)]
pub struct Responder {
    incarnation: Incarnation,
    key: Key,
    lease: Lease,
    nodes: BTreeMap<NodeId, Node>,
}

#[derive(Debug, Clone)]
struct Node {
    address: SocketAddr,
    heard: Instant,
    /// Nonces of the pongs sent to it, oldest first, with the time.
    pongs: VecDeque<(u64, Instant)>,
}

impl Responder {
    /// A life that was let in by a join sent at `sent`.
    pub fn new(incarnation: Incarnation, key: Key, sent: Instant, lease: Duration) -> Self {
        Self { incarnation, key, lease: Lease::begin(sent, lease), nodes: BTreeMap::new() }
    }

    /// Which life.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Its lease.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether its key made this datagram.
    pub fn recognises(&self, datagram: &Unverified<'_>) -> bool {
        datagram.incarnation() == self.incarnation && datagram.verify(&self.key).is_ok()
    }

    /// Answers a ping. The pong counts as sent at `now`, so send it at once.
    pub fn handle_ping(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &Unverified<'_>,
        statement: Statement,
    ) -> Result<Pong, Ignored> {
        if datagram.incarnation() != self.incarnation {
            return Err(Ignored::AnotherLife);
        }
        let ping = datagram.verify(&self.key).map_err(|_| Ignored::NotAuthentic)?;
        if ping.direction != Direction::Ping {
            return Err(Ignored::NoPing);
        }
        let node = self.node(ping.node, from, now);
        if node.pongs.iter().any(|(nonce, _)| *nonce == ping.nonce) {
            return Err(Ignored::Repeated);
        }
        node.address = from;
        node.heard = now;
        let echoed = node.pongs.iter().find(|(nonce, _)| *nonce == ping.echo);
        let acknowledged = echoed.map(|(_, sent)| *sent);
        if node.pongs.len() == PONGS_MAX {
            node.pongs.pop_front();
        }
        node.pongs.push_back((ping.nonce, now));
        if ping.flags.quorum_fresh
            && let Some(sent) = acknowledged
        {
            self.lease.acknowledge(sent);
        }
        let mut to = vec![from];
        if ping.flags.suspected {
            let others = self.nodes.values().map(|node| node.address);
            to.extend(others.filter(|address| *address != from));
        }
        let answer = ping.pong(statement.acked_view, statement.leaving);
        Ok(Pong { frame: answer.encode(&self.key), to, node: ping.node, nonce: ping.nonce })
    }

    /// What is known of a node; the one not heard for longest makes room.
    fn node(&mut self, id: NodeId, address: SocketAddr, now: Instant) -> &mut Node {
        if !self.nodes.contains_key(&id)
            && self.nodes.len() >= NODES_MAX
            && let Some(oldest) =
                self.nodes.iter().min_by_key(|(_, node)| node.heard).map(|(id, _)| *id)
        {
            self.nodes.remove(&oldest);
        }
        self.nodes.entry(id).or_insert_with(|| Node {
            address,
            heard: now,
            pongs: VecDeque::with_capacity(PONGS_MAX),
        })
    }
}

#[cfg(test)]
#[path = "responder_tests.rs"]
mod tests;
