//! When a snapshot is due, and how much of the log is kept behind it: both by bytes.
//!
//! Every node decides for itself. A node that was away for a short while finds its entries still
//! in the logs of the others and needs no snapshot.

use std::{sync::atomic::Ordering, time::Duration};

use openraft::{Raft, async_runtime::watch::WatchReceiver as _};
use tokio_util::sync::CancellationToken;

use super::{
    state_machine::{Growth, Machine},
    store::log::LogStore,
    types::Types,
};

/// The default of [`Compaction::snapshot_after_len`]: 64 MiB.
pub const SNAPSHOT_AFTER_LEN: u64 = 64 << 20;
/// The default of [`Compaction::keep_len`]: 16 MiB.
pub const KEEP_LEN: usize = 16 << 20;
/// How often it is looked whether a snapshot is due.
const LOOK_PERIOD: Duration = Duration::from_millis(200);

/// When the log is shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// A snapshot is due when so many bytes of entries were applied since the last one. The log
    /// is in memory: this and `keep_len` bound it.
    pub snapshot_after_len: u64,
    /// How many bytes of entries that the snapshot covers are kept for peers that lag.
    pub keep_len: usize,
}

impl Default for Compaction {
    fn default() -> Self {
        Self { snapshot_after_len: SNAPSHOT_AFTER_LEN, keep_len: KEEP_LEN }
    }
}

/// Has snapshots taken and the log purged, until told to stop or consensus ends.
pub async fn compact(
    raft: Raft<Types, Machine>,
    log: LogStore,
    growth: Growth,
    compaction: Compaction,
    stop: CancellationToken,
) {
    let mut metrics = raft.metrics();
    let mut purged_for = metrics.borrow_watched().snapshot;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_PERIOD) => {}
        }
        if growth.load(Ordering::Relaxed) >= compaction.snapshot_after_len {
            // Asked again while one is being built, openraft does nothing.
            if raft.trigger().snapshot().await.is_err() {
                return;
            }
        }
        let snapshot = metrics.borrow_and_update().snapshot;
        if snapshot == purged_for {
            continue;
        }
        purged_for = snapshot;
        let purgeable =
            snapshot.and_then(|at| log.memory().purgeable(at.index, compaction.keep_len));
        if let Some(through) = purgeable
            && raft.trigger().purge_log(through).await.is_err()
        {
            return;
        }
    }
}
