//! The one writer of the log's file: everything queued becomes one durable commit, then those who
//! wait are told, in order.
//!
//! Votes, entries and truncations share the queue, so the disk sees them in the order openraft
//! asked for (its pitfall 4: a vote that overtakes an append loses committed entries). The
//! committed position rides with the next commit and never causes one (pitfall 2).
//!
//! After an error nothing is written any more and everybody is told so: what the disk holds is
//! not known then (pitfall 24: openraft stops, the process exits).

use std::io;

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    super::types::Types,
    data_dir::DataDir,
    database::{Change, Database},
    pace::Pace,
};
use crate::host::{clock::Clock, world::Blocking};

/// How many changes may wait for the disk. More is a disk that does not keep up, and openraft
/// shall wait.
const QUEUE_MAX: usize = 4096;

/// Who waits for a change to be durable.
pub enum Waiter {
    /// openraft's callback.
    Flushed(openraft::storage::IOFlushed<Types>),
    /// A task.
    Task(oneshot::Sender<io::Result<()>>),
    /// Nobody.
    Nobody,
}

enum Job {
    Change(Change, Waiter),
    Close(oneshot::Sender<()>),
}

/// How far the disk is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The greatest index up to which the log's entries are durable.
    pub durable: Option<u64>,
    /// Why the disk failed. Nothing becomes durable any more then.
    pub failure: Option<String>,
}

/// Gives changes to the writer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    progress: watch::Receiver<Progress>,
    pace: Pace,
}

impl Writer {
    /// Starts the writer of an open log whose entries up to `durable` are on disk; it keeps hold
    /// of the data directory until it is closed.
    pub fn start(database: Database, durable: Option<u64>, held: DataDir) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (told, progress) = watch::channel(Progress { durable, failure: None });
        let pace = Pace::default();
        let (blocking, clock) = (held.host().blocking, held.host().clock);
        let bench = Bench {
            database,
            committed: None,
            progress: told,
            pace: pace.clone(),
            clock,
            _held: held,
        };
        match blocking {
            Blocking::Threads => {
                let name = "gmsd-log".to_owned();
                let thread = std::thread::Builder::new().name(name);
                // Without its thread the queue is closed, and the first append says so.
                if let Err(error) = thread.spawn(move || bench.work_on_thread(queue)) {
                    tracing::error!(%error, "the log's writer has no thread");
                }
            }
            Blocking::Inline => drop(tokio::spawn(bench.work_inline(queue))),
        }
        Self { jobs, progress, pace }
    }

    /// Queues a change. The waiter is told when it is durable or never will be.
    pub async fn queue(&self, change: Change, waiter: Waiter) -> io::Result<()> {
        self.jobs.send(Job::Change(change, waiter)).await.map_err(|_| stopped())
    }

    /// Queues a change and waits until it is durable.
    pub async fn write(&self, change: Change) -> io::Result<()> {
        let (waiter, done) = oneshot::channel();
        self.queue(change, Waiter::Task(waiter)).await?;
        done.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Writes what waits, closes the file and lets go of the data directory.
    pub async fn close(&self) {
        let (told, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(told)).await.is_ok() {
            let _ = closed.await;
        }
    }

    /// How long the disk takes.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// How far the disk is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }
}

fn stopped() -> io::Error {
    io::Error::other("the log's writer has stopped")
}

struct Bench {
    database: Database,
    /// The committed position that waits for the next commit.
    committed: Option<Change>,
    progress: watch::Sender<Progress>,
    pace: Pace,
    clock: Clock,
    _held: DataDir,
}

impl Bench {
    fn work_on_thread(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        let told = loop {
            match queue.blocking_recv() {
                Some(job) => batch.push(job),
                None => break None,
            }
            if let Some(told) = self.step(&mut batch, &mut queue) {
                break Some(told);
            }
        };
        self.finish(told);
    }

    async fn work_inline(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        let told = loop {
            match queue.recv().await {
                Some(job) => batch.push(job),
                None => break None,
            }
            if let Some(told) = self.step(&mut batch, &mut queue) {
                break Some(told);
            }
        };
        self.finish(told);
    }

    /// Takes all that waits, commits it at once, tells those who wait. Some = it is to close.
    fn step(
        &mut self,
        batch: &mut Vec<Job>,
        queue: &mut mpsc::Receiver<Job>,
    ) -> Option<oneshot::Sender<()>> {
        while batch.len() < QUEUE_MAX
            && let Ok(job) = queue.try_recv()
        {
            batch.push(job);
        }
        let mut changes = Vec::with_capacity(batch.len());
        let mut waiters = Vec::new();
        let mut closing = None;
        for job in batch.drain(..) {
            match job {
                Job::Change(change @ Change::Committed(_), _) => self.committed = Some(change),
                Job::Change(change, waiter) => {
                    changes.push(change);
                    waiters.push(waiter);
                }
                Job::Close(told) => closing = Some(told),
            }
        }
        if !changes.is_empty() {
            changes.extend(self.committed.take());
            let outcome = self.commit(&changes);
            for waiter in waiters {
                waiter.tell(outcome.as_ref().map_err(|why| io::Error::other(why.clone())));
            }
        }
        closing
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), String> {
        if let Some(why) = &self.progress.borrow().failure {
            return Err(why.clone());
        }
        let start = self.clock.now();
        let committed = self.database.commit(changes).map_err(|error| {
            let why = format!("the log cannot be written: {error}");
            tracing::error!("{why}");
            why
        });
        self.pace.note(self.clock.now().saturating_duration_since(start));
        self.progress.send_modify(|progress| match &committed {
            Ok(()) => progress.durable = durable_after(progress.durable, changes),
            Err(why) => progress.failure = Some(why.clone()),
        });
        committed
    }

    fn finish(mut self, told: Option<oneshot::Sender<()>>) {
        if let Some(committed) = self.committed.take() {
            // Losing it costs a little work after the restart, nothing else.
            let _ = self.commit(&[committed]);
        }
        drop(self);
        if let Some(told) = told {
            let _ = told.send(());
        }
    }
}

/// The greatest durable index after these changes are.
fn durable_after(durable: Option<u64>, changes: &[Change]) -> Option<u64> {
    changes.iter().fold(durable, |durable, change| match change {
        Change::Append(entries) => entries.last().map(|(index, _)| *index).or(durable),
        Change::TruncateFrom(index) => durable.min(index.checked_sub(1)),
        Change::Purge(through, _) => durable.max(Some(*through)),
        Change::Vote(_) | Change::Committed(_) => durable,
    })
}

impl Waiter {
    fn tell(self, outcome: Result<&(), io::Error>) {
        let outcome = outcome.copied();
        match self {
            Waiter::Flushed(callback) => callback.io_completed(outcome),
            Waiter::Task(task) => drop(task.send(outcome)),
            Waiter::Nobody => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_durable_index_follows_the_changes() {
        let append = |indices: std::ops::Range<u64>| {
            Change::Append(indices.map(|index| (index, Vec::new())).collect())
        };
        let table = [
            (None, vec![append(0..3)], Some(2)),
            (Some(9), vec![Change::TruncateFrom(5)], Some(4)),
            (Some(9), vec![Change::TruncateFrom(0)], None),
            (Some(9), vec![Change::TruncateFrom(5), append(5..7)], Some(6)),
            (Some(9), vec![Change::Purge(20, Vec::new())], Some(20)),
            (Some(9), vec![Change::Purge(3, Vec::new())], Some(9)),
            (Some(9), vec![Change::Vote(Vec::new())], Some(9)),
        ];
        for (before, changes, after) in table {
            assert_eq!(durable_after(before, &changes), after, "{changes:?}");
        }
    }
}
