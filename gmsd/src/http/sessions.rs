//! [`Sessions`]: which lives hold a session stream open here, and how those streams ended.
//!
//! The layer above decides what an end means; here it is only told apart: the peer's kernel closed
//! the connection, it was lost in silence, or this node ended it. What has happened is kept until
//! it is taken, up to [`SESSION_ENDS_MAX`].

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gms::id::{GroupId, Incarnation, MemberId};
use tokio::sync::Notify;

use super::{limits::SESSION_ENDS_MAX, pulse::Ending};

/// Whose session a stream is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionOf {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub member: MemberId,
    /// Which life.
    pub incarnation: Incarnation,
}

/// What happened to a life's streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// It opened its first stream here.
    Opened(SessionOf),
    /// Its last stream here has ended.
    Ended {
        /// Whose it was.
        of: SessionOf,
        /// How.
        how: Ending,
    },
}

#[derive(Debug, Default)]
struct Inner {
    /// How many streams each life has open.
    open: BTreeMap<SessionOf, usize>,
    events: VecDeque<SessionEvent>,
    forgotten: u64,
}

/// The sessions at this node.
#[derive(Debug, Default)]
pub struct Sessions {
    inner: Mutex<Inner>,
    happened: Notify,
}

impl Sessions {
    /// Notes a stream that opens; it ends with the guard.
    pub fn open(self: &Arc<Self>, of: SessionOf) -> Session {
        let mut inner = self.lock();
        let streams = inner.open.entry(of.clone()).or_default();
        *streams += 1;
        if *streams == 1 {
            inner.note(SessionEvent::Opened(of.clone()));
        }
        drop(inner);
        self.happened.notify_one();
        Session { sessions: Arc::clone(self), of, how: Ending::ByUs }
    }

    /// The lives that have a stream open now.
    pub fn open_now(&self) -> Vec<SessionOf> {
        self.lock().open.keys().cloned().collect()
    }

    /// Waits until something has happened and takes all of it, oldest first. For one reader.
    pub async fn events(&self) -> Vec<SessionEvent> {
        loop {
            let happened = self.happened.notified();
            let events = std::mem::take(&mut self.lock().events);
            if !events.is_empty() {
                return events.into();
            }
            happened.await;
        }
    }

    /// How many events were forgotten because nobody took them in time.
    pub fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    fn close(&self, of: &SessionOf, how: Ending) {
        let mut inner = self.lock();
        let left = inner.open.get_mut(of).map(|streams| {
            *streams = streams.saturating_sub(1);
            *streams
        });
        if left == Some(0) {
            inner.open.remove(of);
            inner.note(SessionEvent::Ended { of: of.clone(), how });
        }
        drop(inner);
        self.happened.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No step under the lock can panic half way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn note(&mut self, event: SessionEvent) {
        if self.events.len() >= SESSION_ENDS_MAX {
            self.events.pop_front();
            self.forgotten += 1;
        }
        self.events.push_back(event);
    }
}

/// An open session stream.
#[derive(Debug)]
pub struct Session {
    sessions: Arc<Sessions>,
    of: SessionOf,
    how: Ending,
}

impl Session {
    /// Whose it is.
    pub fn of(&self) -> &SessionOf {
        &self.of
    }

    /// Says how it ends, before it is dropped; by us where nothing is said.
    pub fn ends(&mut self, how: Ending) {
        self.how = how;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.sessions.close(&self.of, self.how);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(incarnation: u64) -> SessionOf {
        SessionOf {
            group: "g".parse().unwrap(),
            member: "m".parse().unwrap(),
            incarnation: Incarnation(incarnation),
        }
    }

    #[tokio::test]
    async fn the_first_stream_opens_a_session_and_the_last_ends_it() {
        let sessions = Arc::new(Sessions::default());
        let one = sessions.open(of(1));
        let mut two = sessions.open(of(1));
        assert_eq!(sessions.open_now(), [of(1)]);
        drop(one);
        assert_eq!(sessions.events().await, [SessionEvent::Opened(of(1))]);
        two.ends(Ending::ByPeer);
        drop(two);
        let ended = SessionEvent::Ended { of: of(1), how: Ending::ByPeer };
        assert_eq!(sessions.events().await, [ended]);
        assert_eq!(sessions.open_now(), []);
    }

    #[tokio::test]
    async fn events_that_nobody_takes_are_bounded() {
        let sessions = Arc::new(Sessions::default());
        for n in 0..SESSION_ENDS_MAX as u64 {
            drop(sessions.open(of(n)));
        }
        assert_eq!(sessions.forgotten(), SESSION_ENDS_MAX as u64);
        assert_eq!(sessions.events().await.len(), SESSION_ENDS_MAX);
    }
}
