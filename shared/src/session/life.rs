//! What one life shares between the thread that answers its pings and the session that owns it.
//!
//! All of it is atomic, so asking whether a life is valid waits for nobody.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{
    id::{Incarnation, Revision},
    session::{clock::LeaseClock, responder::Statement},
};

/// One life, as its session sees it.
#[derive(Debug)]
pub(crate) struct LifeState {
    incarnation: Incarnation,
    clock: LeaseClock,
    /// End of the lease, in nanoseconds since the clock's beginning.
    valid_until: AtomicU64,
    ended: AtomicBool,
    leaving: AtomicBool,
    acked_view: AtomicU64,
    extended: Notify,
}

impl LifeState {
    /// A life that has not answered yet.
    pub(crate) fn new(incarnation: Incarnation, clock: LeaseClock) -> Self {
        Self {
            incarnation,
            clock,
            valid_until: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            acked_view: AtomicU64::new(0),
            extended: Notify::new(),
        }
    }

    pub(crate) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// How long the lease lasts yet; zero when it is over or the life has ended.
    pub(crate) fn valid_for(&self) -> Duration {
        if self.ended.load(Ordering::SeqCst) {
            return Duration::ZERO;
        }
        let until = Duration::from_nanos(self.valid_until.load(Ordering::SeqCst));
        until.saturating_sub(self.clock.now().duration_since(self.clock.origin()))
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.valid_for() > Duration::ZERO
    }

    /// The lease now ends at `until`, if it did not end later.
    pub(crate) fn extend(&self, until: Instant) {
        let nanos = until.duration_since(self.clock.origin()).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        if self.valid_until.fetch_max(nanos, Ordering::SeqCst) < nanos {
            self.extended.notify_one();
        }
    }

    /// Ready when the lease was extended since this was last awaited.
    pub(crate) async fn extended(&self) {
        self.extended.notified().await;
    }

    /// Nothing makes this life valid again, and its pings are no longer answered.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    /// From now on its pongs say that it is about to leave.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// From now on its pongs acknowledge this view.
    pub(crate) fn acknowledge_view(&self, view: Revision) {
        self.acked_view.fetch_max(view.0, Ordering::SeqCst);
    }

    /// What its next pong says; none if it sends no more.
    pub(crate) fn statement(&self) -> Option<Statement> {
        (!self.ended.load(Ordering::SeqCst)).then(|| Statement {
            acked_view: Revision(self.acked_view.load(Ordering::SeqCst)),
            leaving: self.leaving.load(Ordering::SeqCst),
        })
    }
}
