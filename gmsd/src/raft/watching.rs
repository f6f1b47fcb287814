//! Watches openraft's metrics, and tells the rest of the node what they mean.
//!
//! It is the one place that decides that consensus has failed for ever (openraft's pitfall 24):
//! its core has stopped, the disk has failed, or the cluster disowns this data directory.

use openraft::{Raft, async_runtime::watch::WatchReceiver as _};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    change::Changes,
    error::ChangeError,
    peer::directory::{Directory, Disowned},
    standing::Standing,
    state_machine::Machine,
    store::log::LogStore,
    types::Types,
};
use crate::host::world::Host;

/// Turns openraft's metrics into standing, failure and the peers there are.
pub struct Watching {
    /// Consensus.
    pub raft: Raft<Types, Machine>,
    /// The log, for the failure of its disk.
    pub log: LogStore,
    /// The peers there are.
    pub directory: Directory,
    /// To finish a change left half done.
    pub changes: Changes,
    /// The machine.
    pub host: Host,
    /// The last index in the log when this node was started.
    pub tail: Option<u64>,
    /// Where the standing is told.
    pub standing: watch::Sender<Standing>,
    /// Where a failure for ever is told.
    pub failure: watch::Sender<Option<String>>,
}

impl Watching {
    /// Watches until told to stop or until the core has ended.
    pub async fn run(self, stop: CancellationToken, tasks: TaskTracker) {
        let mut metrics = self.raft.metrics();
        let mut disk = self.log.writer().progress();
        let mut disowned = self.directory.disowned();
        let mut recovered = false;
        loop {
            // Pitfall 17: nothing of the channel is held while waiting.
            let seen = metrics.borrow_and_update().clone();
            let standing = Standing::read(&seen, recovered, self.tail, self.host.clock);
            recovered = standing.recovered;
            if !standing.peer_urls.is_empty() {
                self.directory.replace(&standing.peer_urls);
            }
            if standing.joint && standing.leader_ready {
                self.finish_joint(&stop, &tasks);
            }
            self.standing.send_replace(standing);
            if let Err(error) = &seen.running_state {
                self.fail(error.to_string());
            }
            let disk_failure = disk.borrow().failure.clone();
            let is_disk_failed = disk_failure.is_some();
            if let Some(why) = disk_failure {
                self.fail(why);
            }
            let told = *disowned.borrow_and_update();
            let node = self.directory.local().node;
            match told {
                Some(Disowned::LineageLost) => self.fail(format!(
                    "the cluster knows node {node} by another data directory: this one has lost \
                     what the node promised. Empty it and let this machine join as a new node"
                )),
                Some(Disowned::Removed) => self.fail(format!(
                    "node {node} was removed from the cluster for good. To let this machine in \
                     again, empty its data directory and start it with --join"
                )),
                None => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = metrics.changed() => if changed.is_err() {
                    self.fail("its core has ended".to_owned());
                    return;
                },
                Ok(_) = disk.wait_for(|disk| disk.failure.is_some()), if !is_disk_failed => {}
                Ok(()) = disowned.changed() => {}
            }
        }
    }

    fn fail(&self, why: String) {
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            if first {
                tracing::error!("consensus on this node has failed: {why}");
                *failure = Some(why);
            }
            first
        });
    }

    /// Beside this task: the change waits for what this task publishes.
    fn finish_joint(&self, stop: &CancellationToken, tasks: &TaskTracker) {
        let (changes, stop) = (self.changes.clone(), stop.clone());
        tasks.spawn(async move {
            let finish = stop.run_until_cancelled(changes.finish_joint());
            if let Some(Err(error)) = finish.await
                && error != ChangeError::Busy
            {
                tracing::warn!("a change of voters is still half done: {error}");
            }
        });
    }
}
