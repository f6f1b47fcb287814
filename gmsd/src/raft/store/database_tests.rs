//! What the log's file gives back after a crash, a cut and a flipped bit: all of it, or an error.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use openraft::{EntryPayload, entry::RaftEntry as _, impls::leader_id_adv::LeaderId};

use super::database::{Change, Contents, Database, OpenError};
use crate::{
    host::disk::DiskFile,
    raft::{
        record::{EntryRecord, PositionRecord, VoteRecord, seal},
        types::{Encoded, LogEntry, LogId, Vote},
    },
};

/// A file in memory that can be copied while it is open, which is what a crash leaves.
#[derive(Debug, Clone, Default)]
struct MemoryFile(Arc<Mutex<Vec<u8>>>);

impl MemoryFile {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(bytes)))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let bytes = self.0.lock().unwrap();
        let found = bytes.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let mut bytes = self.0.lock().unwrap();
        if bytes.len() < start + new.len() {
            bytes.resize(start + new.len(), 0);
        }
        bytes[start..start + new.len()].copy_from_slice(new);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn at(index: u64) -> LogId {
    let leader = LeaderId { term: 2, node_id: 1 };
    LogId::new(leader, index)
}

fn entry(index: u64) -> LogEntry {
    let carried = Bytes::from(format!("the content of entry {index}"));
    LogEntry::new(at(index), EntryPayload::Normal(Encoded(carried)))
}

fn append(indices: std::ops::Range<u64>) -> Change {
    Change::Append(indices.map(|index| (index, seal(&EntryRecord::from(&entry(index))))).collect())
}

fn position(index: u64) -> Vec<u8> {
    seal(&PositionRecord::from(&at(index)))
}

fn vote(term: u64) -> Vote {
    Vote::new_committed(term, 1)
}

fn create(file: &MemoryFile) -> Database {
    Database::create(Box::new(file.clone()), Box::new(MemoryFile::default())).unwrap()
}

/// A log as a working node has it, and what lies on the disk.
struct Written {
    contents: Contents,
    /// The file as a crash leaves it.
    crashed: Vec<u8>,
    /// The file when it was closed.
    closed: Vec<u8>,
    /// The file before the last commit.
    before: Vec<u8>,
    /// The count of commits.
    count: Vec<u8>,
}

fn written() -> Written {
    let (file, count) = (MemoryFile::default(), MemoryFile::default());
    let mut database = Database::create(Box::new(file.clone()), Box::new(count.clone())).unwrap();
    let sealed = |term| seal(&VoteRecord::from(&vote(term)));
    database.commit(&[Change::Vote(sealed(1)), append(0..40)]).unwrap();
    database.commit(&[Change::TruncateFrom(30), append(30..60)]).unwrap();
    database.commit(&[Change::Purge(9, position(9))]).unwrap();
    let before = file.bytes();
    let last = [append(60..64), Change::Vote(sealed(3)), Change::Committed(position(50))];
    database.commit(&last).unwrap();
    let crashed = file.bytes();
    drop(database);
    let contents = Contents {
        vote: Some(vote(3)),
        committed: Some(at(50)),
        purged: Some(at(9)),
        entries: (10..64).map(|index| (index, entry(index))).collect(),
    };
    Written { contents, crashed, closed: file.bytes(), before, count: count.bytes() }
}

fn open_with(bytes: Vec<u8>, count: &[u8]) -> Result<Contents, OpenError> {
    let (file, count) = (MemoryFile::of(bytes), MemoryFile::of(count.to_vec()));
    Database::open(Box::new(file), Box::new(count)).map(|(_, contents)| contents)
}

fn open(bytes: Vec<u8>) -> Result<Contents, OpenError> {
    open_with(bytes, &[])
}

#[test]
fn all_that_was_committed_is_there_after_a_crash_and_after_a_close() {
    let it = written();
    assert_eq!(open_with(it.crashed, &it.count).unwrap(), it.contents);
    assert_eq!(open_with(it.closed, &it.count).unwrap(), it.contents);
}

#[test]
fn a_log_made_and_never_used_is_empty() {
    let file = MemoryFile::default();
    drop(create(&file));
    assert_eq!(open(file.bytes()).unwrap(), Contents::default());
}

#[test]
fn a_cut_file_is_never_opened_as_a_shorter_log() {
    let Written { contents, crashed, closed, count, .. } = written();
    for whole in [crashed, closed] {
        let step = whole.len() / 61;
        for len in (0..whole.len()).step_by(step) {
            if let Ok(found) = open_with(whole[..len].to_vec(), &count) {
                assert_eq!(found, contents, "cut to {len} of {}", whole.len());
            }
        }
    }
}

/// Where `part` stands in `whole`, every time.
fn places(whole: &[u8], part: &[u8]) -> Vec<usize> {
    (0..whole.len() - part.len()).filter(|start| whole[*start..].starts_with(part)).collect()
}

#[test]
fn a_flipped_bit_in_an_entry_or_the_vote_is_never_believed() {
    let Written { contents, crashed, closed, count, .. } = written();
    let mut refused = 0;
    for whole in [crashed, closed] {
        let values = [
            seal(&EntryRecord::from(&entry(10))),
            seal(&EntryRecord::from(&entry(45))),
            seal(&EntryRecord::from(&entry(63))),
            seal(&VoteRecord::from(&vote(3))),
            position(9),
        ];
        for value in values {
            for place in places(&whole, &value) {
                for byte in 0..value.len() {
                    let mut bad = whole.clone();
                    bad[place + byte] ^= 0x10;
                    match open_with(bad, &count) {
                        // Pages that are no longer in use still hold old values.
                        Ok(found) => assert_eq!(found, contents),
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(refused > 100, "only {refused} flips were noticed");
}

#[test]
fn a_flipped_bit_anywhere_never_changes_what_is_read() {
    let Written { contents, crashed, closed, count, .. } = written();
    for whole in [crashed, closed] {
        // Everything up to the end of what is used, the header closely, the pages by samples.
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
        let pages = (320..used).step_by(211).map(|place| place * 8 + 2);
        for bit in (0..320 * 8).step_by(3).chain(72..80).chain(pages) {
            let mut bad = whole.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            if let Ok(found) = open_with(bad, &count) {
                assert_eq!(found, contents, "bit {} of byte {}", bit % 8, bit / 8);
            }
        }
    }
}

#[test]
fn a_log_that_lacks_its_last_commit_is_refused() {
    let it = written();
    let refused = open_with(it.before.clone(), &it.count).unwrap_err().to_string();
    assert!(refused.contains("it holds 4 commits of 5"), "{refused}");
    let mut unreadable = it.count.clone();
    unreadable[3] ^= 1;
    open_with(it.before, &unreadable).unwrap();
}

#[test]
fn a_hole_between_entries_is_refused() {
    let file = MemoryFile::default();
    let mut database = create(&file);
    database.commit(&[append(0..3), append(4..6)]).unwrap();
    drop(database);
    let refused = open(file.bytes()).unwrap_err().to_string();
    assert!(refused.contains("entry 3 is missing"), "{refused}");
}

#[test]
fn an_entry_under_another_index_is_refused() {
    let file = MemoryFile::default();
    let mut database = create(&file);
    let misplaced = seal(&EntryRecord::from(&entry(5)));
    database.commit(&[Change::Append(vec![(0, misplaced)])]).unwrap();
    drop(database);
    assert!(matches!(open(file.bytes()), Err(OpenError::Damaged(_))));
}

#[test]
fn another_kind_of_file_is_refused() {
    assert!(open(Vec::new()).is_err());
    assert!(open(b"not a log".repeat(1000)).is_err());
}
