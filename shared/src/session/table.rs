//! Which life a datagram is for, when many share one socket.
//!
//! Every authentic ping finds its life; what no life's key made is dropped. A frame names an
//! incarnation but neither group nor member, and several lives that one log entry let in share
//! their incarnation. So the table first tries the life whose recent pong the ping echoes, then
//! every life of that incarnation: the first ping of a life may cost many tries, the later ones
//! cost one.
//!
//! A node may ping a new life before that life's own process has read the answer to its join. Such
//! pings wait, a few of them, and are answered when the life is added.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use crate::{
    heartbeat::{FRAME_LEN, Unverified},
    id::{Incarnation, NodeId},
    session::{
        life::LifeState,
        responder::{Pong, Responder},
    },
};

/// Pings kept for lives that are joining. Two nodes ping a new life at once, and each again after
/// half a second; a join is answered before that, so this is enough for dozens of joins at a time.
const EARLY_MAX: usize = 64;
/// Recent pongs by which a life is found; two for each of the nodes that usually ping it.
const HINTS_MAX: usize = 6;

/// The place of a life in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u64);

/// The lives of one socket.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lives: BTreeMap<Slot, Life>,
    by_incarnation: BTreeMap<Incarnation, BTreeSet<Slot>>,
    /// By the node and nonce of a recent pong.
    by_pong: BTreeMap<(NodeId, u64), Slot>,
    next: u64,
    /// Joins under way.
    joining: usize,
    early: VecDeque<(SocketAddr, [u8; FRAME_LEN])>,
}

#[derive(Debug)]
struct Life {
    responder: Responder,
    state: Arc<LifeState>,
    /// Its keys in `by_pong`, oldest first.
    hints: VecDeque<(NodeId, u64)>,
}

impl Table {
    /// How many lives there are.
    pub(crate) fn len(&self) -> usize {
        self.lives.len()
    }

    /// A join is about to be sent: keep pings that nobody knows.
    pub(crate) fn begin_join(&mut self) {
        self.joining += 1;
    }

    /// A join has been answered, or given up.
    pub(crate) fn end_join(&mut self) {
        self.joining = self.joining.saturating_sub(1);
        if self.joining == 0 {
            self.early.clear();
        }
    }

    /// Adds a life, and answers the pings that came before it.
    pub(crate) fn add(
        &mut self,
        now: Instant,
        responder: Responder,
        state: Arc<LifeState>,
    ) -> (Slot, Vec<Pong>) {
        let slot = Slot(self.next);
        self.next += 1;
        state.extend(responder.lease().valid_until());
        let incarnation = responder.incarnation();
        self.by_incarnation.entry(incarnation).or_default().insert(slot);
        let life = Life { responder, state, hints: VecDeque::new() };
        self.lives.insert(slot, life);
        let mut pongs = Vec::new();
        for (from, bytes) in std::mem::take(&mut self.early) {
            match self.find(now, from, &bytes) {
                Some(pong) => pongs.extend(pong),
                None => self.early.push_back((from, bytes)),
            }
        }
        (slot, pongs)
    }

    /// Takes a life out; its pings are no longer answered.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(life) = self.lives.remove(&slot) else {
            return;
        };
        let incarnation = life.responder.incarnation();
        if let Some(lives) = self.by_incarnation.get_mut(&incarnation) {
            lives.remove(&slot);
            if lives.is_empty() {
                self.by_incarnation.remove(&incarnation);
            }
        }
        for hint in life.hints {
            self.by_pong.remove(&hint);
        }
    }

    /// What to send in answer to a datagram, if anything.
    pub(crate) fn handle_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Option<Pong> {
        let bytes: &[u8; FRAME_LEN] = datagram.try_into().ok()?;
        if let Some(pong) = self.find(now, from, bytes) {
            return pong;
        }
        if self.joining > 0 {
            if self.early.len() == EARLY_MAX {
                self.early.pop_front();
            }
            self.early.push_back((from, *bytes));
        }
        None
    }

    /// Outer none: no life's key made it. Inner none: one did, and it is not answered.
    #[expect(clippy::option_option, reason = "the two are different answers")]
    fn find(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8; FRAME_LEN],
    ) -> Option<Option<Pong>> {
        let read = Unverified::read(bytes).ok()?;
        let hinted = read.echoed().and_then(|echoed| self.by_pong.get(&echoed).copied());
        let same = self.by_incarnation.get(&read.incarnation());
        let slot = hinted.into_iter().chain(same.into_iter().flatten().copied()).find(|slot| {
            let life = self.lives.get(slot);
            life.is_some_and(|life| life.responder.recognises(&read))
        })?;
        Some(self.answer(slot, now, from, &read))
    }

    fn answer(
        &mut self,
        slot: Slot,
        now: Instant,
        from: SocketAddr,
        read: &Unverified<'_>,
    ) -> Option<Pong> {
        let life = self.lives.get_mut(&slot)?;
        let statement = life.state.statement()?;
        let pong = life.responder.handle_ping(now, from, read, statement).ok()?;
        life.state.extend(life.responder.lease().valid_until());
        let hint = (pong.node, pong.nonce);
        if life.hints.len() == HINTS_MAX
            && let Some(oldest) = life.hints.pop_front()
        {
            self.by_pong.remove(&oldest);
        }
        life.hints.push_back(hint);
        self.by_pong.insert(hint, slot);
        Some(pong)
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
