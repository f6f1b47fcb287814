//! How the rest of the node talks to its liveness: by messages to the one task that owns it.

use gms::{
    api::Suspicion,
    heartbeat::FRAME_LEN,
    id::{GroupId, MemberId, NodeId, Revision},
};
use tokio::sync::{mpsc, oneshot};

use crate::liveness::{
    bands::{Bands, BandsAt},
    detector::OUTSTANDING_MAX,
    histogram::Histogram,
    message::{Message, Subject},
    output::Tally,
};

/// Messages that may wait for the liveness task. It takes them all before it judges, each in
/// microseconds, so only a stalled task fills this.
pub const INBOX_MAX: usize = 16_384;
/// Pings that wait for one heartbeat stream: as many as may be unanswered. What comes on top is
/// lost, as a datagram would be.
pub const STREAM_QUEUE_MAX: usize = OUTSTANDING_MAX;

/// What the liveness task is asked.
#[derive(Debug)]
pub enum Input {
    /// A message of another node.
    Message(NodeId, Message),
    /// Does this life answer right now?
    Inquire(Subject, oneshot::Sender<Option<bool>>),
    /// What does this node doubt about this life?
    Suspicion(Subject, oneshot::Sender<Option<Suspicion>>),
    /// What changed in the looks of the members?
    Bands(BandsQuery, oneshot::Sender<Bands>),
    /// How is the liveness of this node?
    Figures(oneshot::Sender<Figures>),
    /// The log knows by this entry that this node has started.
    Started(Revision),
    /// A session stream of this life was opened at this node.
    SessionOpened(Subject),
    /// A session stream of this life has ended.
    SessionClosed {
        /// Whose.
        subject: Subject,
        /// True if the member's kernel closed it, false if this node did.
        by_member: bool,
    },
    /// A heartbeat stream of this life was opened at this node; its pings go there. When the other
    /// end of the queue is dropped, the stream must end.
    StreamOpened(Subject, mpsc::Sender<[u8; FRAME_LEN]>),
    /// A frame came on a heartbeat stream of this life.
    StreamFrame(Subject, [u8; FRAME_LEN]),
    /// A heartbeat stream of this life has ended; its queue was dropped before.
    StreamClosed {
        /// Whose.
        subject: Subject,
        /// True if the member's kernel closed it, false if this node or the network did.
        by_member: bool,
    },
}

/// What a follower of bands wants.
#[derive(Debug, Clone, Default)]
pub struct BandsQuery {
    /// Where it is.
    pub after: Option<BandsAt>,
    /// Members whose looks it wants right now, changed or not.
    pub pinned: Vec<(GroupId, MemberId)>,
    /// Whether it wants the figures of the groups.
    pub tally: bool,
}

/// Figures of the liveness of one node.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Members it is the monitor of.
    pub monitored: usize,
    /// Members it suspects, being their monitor.
    pub suspects: usize,
    /// Pings it sent during the last second.
    pub pings_per_s: u64,
    /// Round trips of the members it is the monitor of.
    pub rtts: Histogram,
    /// Its local health: 0 is sound.
    pub health: u32,
    /// What it has counted since it started.
    pub tally: Tally,
}

/// The way to the liveness of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Liveness {
    inbox: mpsc::Sender<Input>,
}

impl Liveness {
    /// A handle and the inbox it fills.
    pub fn channel() -> (Self, mpsc::Receiver<Input>) {
        let (inbox, inputs) = mpsc::channel(INBOX_MAX);
        (Self { inbox }, inputs)
    }

    /// Tells it something. Lost if the inbox is full: whoever tells, tells again.
    pub fn tell(&self, input: Input) {
        let _ = self.inbox.try_send(input);
    }

    /// Tells it that a stream has opened or closed, which nobody would tell again.
    pub async fn tell_surely(&self, input: Input) {
        let _ = self.inbox.send(input).await;
    }

    /// Whether this life answers this node right now, by a ping within the time that affirmed
    /// evidence is given. None if this node cannot tell, or is stopping.
    pub async fn inquire(&self, subject: Subject) -> Option<bool> {
        self.ask(|reply| Input::Inquire(subject, reply)).await.flatten()
    }

    /// What this node doubts about this life.
    pub async fn suspicion(&self, subject: Subject) -> Option<Suspicion> {
        self.ask(|reply| Input::Suspicion(subject, reply)).await.flatten()
    }

    /// What changed in the looks of the members; none if the node is stopping.
    pub async fn bands(&self, query: BandsQuery) -> Option<Bands> {
        self.ask(|reply| Input::Bands(query, reply)).await
    }

    /// The figures; none if the node is stopping.
    pub async fn figures(&self) -> Option<Figures> {
        self.ask(Input::Figures).await
    }

    async fn ask<T>(&self, input: impl FnOnce(oneshot::Sender<T>) -> Input) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(input(reply)).await.ok()?;
        answer.await.ok()
    }
}
