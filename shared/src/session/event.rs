//! What a session tells its owner, and the queue by which it does.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    endpoint::Endpoint,
    evidence::{Cause, Evidence},
    id::{Incarnation, NodeId, Revision},
};

/// Events kept for an owner who does not read them; the oldest make room.
pub const EVENTS_MAX: usize = 256;

/// What happened to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// The first life was let in.
    Joined {
        /// Which life.
        incarnation: Incarnation,
        /// The view that it is in.
        view: Revision,
    },
    /// No node in touch with a quorum has acknowledged a pong for the length of the lease: stop
    /// acting as a member. The service may or may not have removed this life.
    LeaseLost {
        /// Which life.
        incarnation: Incarnation,
    },
    /// The lease is valid again, for the same life.
    LeaseRegained {
        /// Which life.
        incarnation: Incarnation,
    },
    /// This life is over.
    Removed {
        /// Which life.
        incarnation: Incarnation,
        /// What ended it, if the service said so.
        cause: Option<Cause>,
        /// The record of it, if it could be read within a second.
        evidence: Option<Evidence>,
    },
    /// A new life was let in.
    Rejoined {
        /// Which life.
        incarnation: Incarnation,
        /// The view that it is in.
        view: Revision,
    },
    /// The group has this view now, or others sit in the places of its static members. Several in a row that nobody read become one.
    View(Revision),
    /// An operator asks this member to take no new work, or to take work again.
    Draining(bool),
    /// The session's stream is served by this node.
    Connected {
        /// Where.
        endpoint: Endpoint,
        /// Which node, if it said.
        node: Option<NodeId>,
    },
    /// The session's stream was lost; it is being opened elsewhere.
    Disconnected {
        /// What happened, and with whom.
        why: String,
    },
    /// The session is over; nothing follows.
    Ended(SessionEnd),
}

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEnd {
    /// It left.
    Left,
    /// Its life is over, and it was not to come back, or was sent away.
    Removed,
    /// Another process has taken its name.
    Replaced,
    /// It wanted to come back and was refused.
    Refused {
        /// By whom, and why.
        why: String,
    },
}

/// The events of a session. Clones share them: each event goes to one reader.
#[derive(Debug, Clone)]
pub struct SessionEvents {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<SessionEvent>,
    closed: bool,
}

impl SessionEvents {
    pub(crate) fn new() -> Self {
        Self { queue: Arc::default() }
    }

    /// The next event; none when the session is over and everything was read. Cancelling the wait
    /// loses nothing.
    pub async fn next(&self) -> Option<SessionEvent> {
        loop {
            let changed = self.queue.changed.notified();
            {
                let mut waiting = self.lock();
                if let Some(event) = waiting.events.pop_front() {
                    if !waiting.events.is_empty() {
                        self.queue.changed.notify_one();
                    }
                    return Some(event);
                }
                if waiting.closed {
                    self.queue.changed.notify_one();
                    return None;
                }
            }
            changed.await;
        }
    }

    pub(crate) fn push(&self, event: SessionEvent) {
        let mut waiting = self.lock();
        if matches!(event, SessionEvent::View(_))
            && let Some(last @ SessionEvent::View(_)) = waiting.events.back_mut()
        {
            *last = event;
            return;
        }
        if waiting.events.len() == EVENTS_MAX {
            waiting.events.pop_front();
        }
        waiting.events.push_back(event);
        drop(waiting);
        self.queue.changed.notify_one();
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.queue.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draining(on: bool) -> SessionEvent {
        SessionEvent::Draining(on)
    }

    #[tokio::test]
    async fn events_come_in_order_and_views_in_a_row_become_one() {
        let events = SessionEvents::new();
        events.push(SessionEvent::View(Revision(1)));
        events.push(SessionEvent::View(Revision(2)));
        events.push(draining(true));
        events.push(SessionEvent::View(Revision(3)));
        events.close();
        for expected in
            [SessionEvent::View(Revision(2)), draining(true), SessionEvent::View(Revision(3))]
        {
            assert_eq!(events.next().await, Some(expected));
        }
        assert_eq!(events.next().await, None);
        assert_eq!(events.next().await, None);
    }

    #[tokio::test]
    async fn an_owner_who_does_not_read_keeps_the_newest() {
        let events = SessionEvents::new();
        for n in 0..=EVENTS_MAX {
            events.push(draining(n % 2 == 0));
        }
        assert_eq!(events.next().await, Some(draining(false)));
        assert_eq!(events.lock().events.len(), EVENTS_MAX - 1);
    }

    #[tokio::test]
    async fn readers_share_the_events_and_all_learn_of_the_end() {
        let events = SessionEvents::new();
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let events = events.clone();
                tokio::spawn(async move {
                    let mut read = 0;
                    while events.next().await.is_some() {
                        read += 1;
                    }
                    read
                })
            })
            .collect();
        for n in 0..10 {
            events.push(draining(n % 2 == 0));
            tokio::task::yield_now().await;
        }
        events.close();
        let mut read = 0;
        for reader in readers {
            read += reader.await.unwrap();
        }
        assert_eq!(read, 10);
    }
}
