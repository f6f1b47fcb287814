//! [`App`]: what all handlers share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gms::problem::{Code, Problem};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    feed::Feed,
    frames::Frames,
    hosts::Hosts,
    limits::{Bounds, SNAPSHOTS_MAX},
    metrics::Metrics,
    refusal::Refusal,
    sessions::Sessions,
    wakes::Wakes,
};
use crate::{host::clock::Clock, udp::handle::Liveness};

/// What the server is made of. All of it is given by whoever wires the node.
#[derive(Debug)]
pub struct Parts<W> {
    /// The door to the log and the state.
    pub waist: W,
    /// How alive the members look.
    pub feed: Arc<dyn Feed>,
    /// Where session streams are noted, for the layer that judges their ends.
    pub sessions: Arc<Sessions>,
    /// Where heartbeat streams lead.
    pub liveness: Liveness,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The names by which this node may be addressed.
    pub hosts: Hosts,
    /// The time.
    pub clock: Clock,
    /// How much and how long one client may ask for.
    pub bounds: Bounds,
}

/// What all handlers share.
pub struct App<W> {
    /// What the server is made of.
    pub parts: Parts<W>,
    /// What several readers want, encoded once.
    pub frames: Frames,
    /// Wakes who waits for a group.
    pub wakes: Wakes,
    /// Places for snapshots being sent.
    pub snapshots: Arc<Semaphore>,
    /// Cancelled when the node stops: streams end, long polls answer.
    pub stop: CancellationToken,
}

impl<W> App<W> {
    /// A server of these parts.
    pub fn new(parts: Parts<W>, stop: CancellationToken) -> Self {
        let snapshots = Arc::new(Semaphore::new(SNAPSHOTS_MAX));
        Self { parts, frames: Frames::default(), wakes: Wakes::default(), snapshots, stop }
    }

    /// The instant that far from now.
    pub fn deadline(&self, after: Duration) -> Instant {
        self.parts.clock.now() + after
    }

    /// Room for one more stream, if there is.
    pub fn watcher(&self) -> Result<Watcher, Refusal> {
        let limit = self.parts.bounds.watchers;
        let count = &self.parts.metrics.watchers;
        let more = |open: usize| (open < limit).then_some(open + 1);
        if count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            let detail =
                format!("{limit} streams are open here, which is the limit; ask another node");
            return Err(Problem::new(Code::RateLimited, detail).with("limit", limit).into());
        }
        Ok(Watcher(Arc::clone(count)))
    }
}

/// The room of one stream, given back when it ends.
#[derive(Debug)]
pub struct Watcher(Arc<AtomicUsize>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
