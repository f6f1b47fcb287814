//! What was seen, and what was done: the two histories that the checker holds against each other.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gms::{
    api::WatchEvent,
    id::{Incarnation, MemberId},
};

/// Something a watcher saw.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    /// The node it watches.
    pub(crate) node: u64,
    /// When it came.
    pub(crate) at: Instant,
    /// What came.
    pub(crate) what: Sight,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) enum Sight {
    /// The stream was opened; whether it resumed one before it.
    Opened { resumed: bool },
    /// The stream was lost, or could not be opened.
    Lost,
    /// An event.
    Event(WatchEvent),
    /// Something that no node may say.
    Nonsense(String),
}

/// A life that was ended by the test.
#[derive(Debug, Clone)]
pub(crate) struct Death {
    /// Who. All scenarios have one group.
    pub(crate) id: MemberId,
    /// Which life, if it had been seen.
    pub(crate) incarnation: Incarnation,
    /// Just before it was ended.
    pub(crate) at: Instant,
    /// By when it must be gone from the views of these nodes, counted from then.
    pub(crate) bound: Duration,
    /// Nodes that must show it in time: those that run and can be in touch with a quorum.
    pub(crate) shown_by: Vec<u64>,
}

/// The two histories, shared by the scenario and its watchers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    inner: Arc<Mutex<Histories>>,
}

/// The two histories.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histories {
    /// By all watchers, in order of arrival.
    pub(crate) sightings: Vec<Sighting>,
    /// In order.
    pub(crate) deaths: Vec<Death>,
    /// Members cut off from every node, of which it is right to think that they are dead, and when
    /// that began.
    pub(crate) given_up: Vec<(MemberId, Instant)>,
}

impl Record {
    /// Notes what a watcher saw, now.
    pub(crate) fn see(&self, node: u64, what: Sight) {
        let at = Instant::now();
        self.lock().sightings.push(Sighting { node, at, what });
    }

    /// Notes a death, before it is brought about.
    pub(crate) fn die(&self, death: Death) {
        self.lock().deaths.push(death);
    }

    /// Notes that whoever thinks this member dead, from now on, is right.
    pub(crate) fn give_up(&self, id: &MemberId) {
        self.lock().given_up.push((id.clone(), Instant::now()));
    }

    /// A copy of both.
    pub(crate) fn histories(&self) -> Histories {
        self.lock().clone()
    }

    /// Looks at both, briefly.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Histories) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Histories> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
