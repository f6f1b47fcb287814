//! [`LogStore`]: openraft's log storage, on memory for reading and one writer for the disk.
//!
//! Every reader shares the one log in memory, so none lags behind an append (openraft's pitfall
//! 5). An entry can be read as soon as `append` returns, and its callback fires when it is durable. A
//! vote is durable when `save_vote` returns. Truncations and purges are ordered before whatever
//! follows them; if a crash forgets one, nobody was told anything that depended on it.

use std::{
    fmt::Debug,
    io,
    ops::RangeBounds,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openraft::{
    LogState, RaftLogReader,
    storage::{IOFlushed, RaftLogStorage},
};

use super::{
    super::{
        error::StartError,
        record::{EntryRecord, PositionRecord, VoteRecord, seal},
        types::{LogEntry, LogId, Types, Vote},
    },
    data_dir::{DataDir, disk_error},
    database::{Change, Contents, Database},
    memory::Memory,
    summed::{OpenError, Summed},
    writer::{Waiter, Writer},
};

/// How many bytes of entries go into one message to a peer. One entry goes whatever its length
/// (pitfall 22: openraft's own limit counts entries, and an empty answer confuses it).
pub const BATCH_LEN_MAX: usize = 1 << 20;

/// The log of a node.
#[derive(Debug, Clone)]
pub struct LogStore {
    memory: Arc<Mutex<Memory>>,
    writer: Writer,
}

impl LogStore {
    /// Opens the log of a data directory, making it where the directory was never founded.
    /// `covered` is how far its newest snapshot goes: the log must follow on it. Blocks on the
    /// disk.
    pub fn open(mut held: DataDir, covered: Option<LogId>) -> Result<Self, StartError> {
        let disk = Arc::clone(&held.host().disk);
        let path = held.log_path();
        let refuse = |held: &DataDir, error| match error {
            OpenError::Disk(source) => disk_error("open", &path, source),
            OpenError::Damaged(why) => held.damaged(&path, why),
        };
        let sums_path = held.log_sums_path();
        let open = |path: &Path, anew: bool| {
            let there = disk.exists(path);
            let opened = match there {
                Ok(true) if !anew => disk.open(path),
                Ok(_) => disk.create(path),
                Err(error) => Err(error),
            };
            opened.map_err(|source| disk_error("open", path, source))
        };
        let summed = |anew: bool| {
            let (file, sums) = (open(&path, anew)?, open(&sums_path, anew)?);
            Summed::open(file, sums, disk.boot()).map_err(|error| refuse(&held, error))
        };
        let (database, contents) = if held.identity().founded {
            if !disk.exists(&path).map_err(|source| disk_error("find", &path, source))? {
                return Err(held.damaged(&path, "it is missing"));
            }
            Database::open(summed(false)?).map_err(|error| refuse(&held, error))?
        } else {
            let database = Database::create(summed(true)?).map_err(|error| refuse(&held, error))?;
            disk.sync_dir(held.path()).map_err(|source| disk_error("sync", held.path(), source))?;
            held.set_founded()?;
            (database, Contents::default())
        };
        if contents.purged > covered {
            let why = "a snapshot is missing: the log begins after the newest one there is";
            return Err(held.damaged(held.path(), why));
        }
        let memory = Memory::from(contents);
        let durable = memory.last().map(|last| last.index);
        Ok(Self {
            memory: Arc::new(Mutex::new(memory)),
            writer: Writer::start(database, durable, held),
        })
    }

    /// Its writer, to close it and to learn of its failure.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The log in memory. Never held across an await.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in there panics half way through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + Send>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<LogEntry>> {
        Ok(self.memory().range(range))
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.memory().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<LogEntry>> {
        Ok(self.memory().range_limited(start, end, BATCH_LEN_MAX))
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let memory = self.memory();
        Ok(LogState { last_purged_log_id: memory.purged, last_log_id: memory.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let sealed = seal(&VoteRecord::from(vote));
        self.writer.write(Change::Vote(sealed)).await?;
        self.memory().vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let Some(committed) = committed else {
            return Ok(());
        };
        self.memory().committed = Some(committed);
        let sealed = seal(&PositionRecord::from(&committed));
        self.writer.queue(Change::Committed(sealed), Waiter::Nobody).await
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.memory().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = LogEntry> + Send,
        I::IntoIter: Send,
    {
        let entries: Vec<LogEntry> = entries.into_iter().collect();
        let sealed = entries
            .iter()
            .map(|entry| (entry.log_id.index, seal(&EntryRecord::from(entry))))
            .collect();
        self.memory().append(entries);
        self.writer.queue(Change::Append(sealed), Waiter::Flushed(callback)).await
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let first_gone = last.map_or(0, |last| last.index + 1);
        self.memory().truncate_from(first_gone);
        self.writer.queue(Change::TruncateFrom(first_gone), Waiter::Nobody).await
    }

    async fn purge(&mut self, through: LogId) -> io::Result<()> {
        self.memory().purge(through);
        let sealed = seal(&PositionRecord::from(&through));
        self.writer.queue(Change::Purge(through.index, sealed), Waiter::Nobody).await
    }
}
