//! The log's file: a redb database whose every value carries its own version and checksum.
//!
//! [`Database::commit`] makes any number of changes durable at once, all or none. Opening reads
//! everything and verifies it: the checksums of the whole file ([`Summed`]), redb's over its
//! pages, ours over each value, no hole between entries. What is not as written is an error
//! naming the file.
//!
//! Commits are two-phase (content is on disk before the pointer to it is moved). redb's
//! single-phase commit is faster by one fsync, but after a crash it takes a damaged last commit
//! for one that never happened and silently goes back to the one before: an acknowledged entry or
//! vote would be forgotten.

use std::{collections::BTreeMap, io};

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{
    super::{
        record::{EntryRecord, PositionRecord, VoteRecord, unseal},
        types::{LogEntry, LogId, Vote},
    },
    summed::{OpenError, Summed},
};
use crate::host::disk::DiskFile as _;

const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");
const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");

const FORMAT: &str = "format";
const VOTE: &str = "vote";
const COMMITTED: &str = "committed";
const PURGED: &str = "purged";

/// The version of the tables' layout.
const LAYOUT: &[u8] = b"gms log 4";

/// Pages redb keeps in memory, in bytes. Entries are served from our own memory, so this only has
/// to hold the pages that the next commit rewrites.
const CACHE_LEN: usize = 8 << 20;

/// One change of the log's file. Values are sealed records.
#[derive(Debug)]
pub enum Change {
    /// Adds entries, by index.
    Append(Vec<(u64, Vec<u8>)>),
    /// Takes out the entries from this index on.
    TruncateFrom(u64),
    /// Takes out the entries up to this index and notes the position of the last of them.
    Purge(u64, Vec<u8>),
    /// Sets the vote.
    Vote(Vec<u8>),
    /// Sets the position up to which entries are known to be committed.
    Committed(Vec<u8>),
}

/// All that a log's file holds.
#[derive(Debug, Default, PartialEq)]
pub struct Contents {
    /// The vote last given.
    pub vote: Option<Vote>,
    /// The position up to which entries were known to be committed; it may be stale.
    pub committed: Option<LogId>,
    /// The position of the last entry taken out from the front.
    pub purged: Option<LogId>,
    /// The entries, without a hole.
    pub entries: BTreeMap<u64, LogEntry>,
}

/// An open log's file.
#[derive(Debug)]
pub struct Database {
    redb: redb::Database,
}

impl Database {
    /// Makes the database in an empty file. Durable when it returns, but for the file's name.
    pub fn create(file: Summed) -> Result<Self, OpenError> {
        let database = Self { redb: open(file)? };
        database
            .transact(|write| {
                write.open_table(ENTRIES)?;
                write.open_table(FACTS)?.insert(FORMAT, LAYOUT)?;
                Ok(())
            })
            .map_err(OpenError::Disk)?;
        Ok(database)
    }

    /// Opens and verifies a database made by [`Database::create`].
    pub fn open(file: Summed) -> Result<(Self, Contents), OpenError> {
        if file.is_empty().map_err(OpenError::Disk)? {
            return Err(OpenError::Damaged("it is empty".to_owned()));
        }
        let database = Self { redb: open(file)? };
        let contents = database.load()?;
        Ok((database, contents))
    }

    /// Makes the changes, in order, durable: all of them or, on an error, perhaps none. After an
    /// error nothing more must be written: what the disk holds is not known.
    pub fn commit<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> io::Result<()> {
        self.transact(|write| {
            let mut entries = write.open_table(ENTRIES)?;
            let mut facts = write.open_table(FACTS)?;
            for change in changes {
                match change {
                    Change::Append(new) => {
                        for (index, sealed) in new {
                            entries.insert(index, &sealed[..])?;
                        }
                    }
                    Change::TruncateFrom(index) => entries.retain_in(*index.., |_, _| false)?,
                    Change::Purge(through, sealed) => {
                        entries.retain_in(..=*through, |_, _| false)?;
                        facts.insert(PURGED, &sealed[..])?;
                    }
                    Change::Vote(sealed) => {
                        facts.insert(VOTE, &sealed[..])?;
                    }
                    Change::Committed(sealed) => {
                        facts.insert(COMMITTED, &sealed[..])?;
                    }
                }
            }
            Ok(())
        })
    }

    fn transact(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> io::Result<()> {
        let attempt = || {
            let mut write = self.redb.begin_write()?;
            write.set_two_phase_commit(true);
            work(&write)?;
            write.commit()?;
            Ok::<_, redb::Error>(())
        };
        attempt().map_err(io::Error::other)
    }

    fn load(&self) -> Result<Contents, OpenError> {
        let read = self.redb.begin_read().map_err(redb::Error::from)?;
        let facts = read.open_table(FACTS).map_err(redb::Error::from)?;
        let fact =
            |name| Ok::<_, redb::Error>(facts.get(name)?.map(|sealed| sealed.value().to_vec()));
        if fact(FORMAT)?.as_deref() != Some(LAYOUT) {
            return Err(OpenError::Damaged("it is no log that this gmsd can read".to_owned()));
        }
        let position = |name| {
            fact(name)?
                .map(|sealed| unseal::<PositionRecord>(&sealed).map(LogId::from))
                .transpose()
                .map_err(|error| OpenError::Damaged(format!("{name}: {error}")))
        };
        let vote = fact(VOTE)?
            .map(|sealed| unseal::<VoteRecord>(&sealed).map(Vote::from))
            .transpose()
            .map_err(|error| OpenError::Damaged(format!("the vote: {error}")))?;
        let mut contents = Contents {
            vote,
            committed: position(COMMITTED)?,
            purged: position(PURGED)?,
            entries: BTreeMap::new(),
        };
        let first = contents.purged.map_or(0, |purged| purged.index + 1);
        let table = read.open_table(ENTRIES).map_err(redb::Error::from)?;
        for (expected, row) in (first..).zip(table.iter().map_err(redb::Error::from)?) {
            let (index, sealed) = row.map_err(redb::Error::from)?;
            let index = index.value();
            if index != expected {
                return Err(OpenError::Damaged(format!(
                    "entry {expected} is missing; the next one is {index}"
                )));
            }
            let entry = unseal::<EntryRecord>(sealed.value())
                .and_then(LogEntry::try_from)
                .map_err(|error| OpenError::Damaged(format!("entry {index}: {error}")))?;
            if entry.log_id.index != index {
                return Err(OpenError::Damaged(format!(
                    "entry {index} says it is entry {}",
                    entry.log_id.index
                )));
            }
            contents.entries.insert(index, entry);
        }
        Ok(contents)
    }
}

impl From<redb::Error> for OpenError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                OpenError::Disk(error)
            }
            error => OpenError::Damaged(error.to_string()),
        }
    }
}

fn open(file: Summed) -> Result<redb::Database, OpenError> {
    let redb = redb::Database::builder()
        .set_cache_size(CACHE_LEN)
        .set_check_integrity_on_open(true)
        .create_with_backend(Backing(file))
        .map_err(redb::Error::from)?;
    Ok(redb)
}

/// Lets redb work on a [`Summed`]. The data directory is locked already, so it locks nothing.
#[derive(Debug)]
struct Backing(Summed);

impl redb::StorageBackend for Backing {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
