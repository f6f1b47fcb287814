//! What the log's file gives back after a crash, a cut and a flipped bit: all of it, or an error.

use bytes::Bytes;
use openraft::{EntryPayload, entry::RaftEntry as _, impls::leader_id_adv::LeaderId};

use super::{
    database::{Change, Contents, Database},
    summed::{OpenError, Summed},
    summed_tests::{BOOT, MemoryFile},
};
use crate::raft::{
    record::{EntryRecord, PositionRecord, VoteRecord, seal},
    types::{Encoded, LogEntry, LogId, Vote},
};

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

fn summed(file: &MemoryFile, sums: &MemoryFile) -> Summed {
    Summed::open(Box::new(file.clone()), Box::new(sums.clone()), Some(BOOT)).unwrap()
}

fn create(file: &MemoryFile) -> Database {
    Database::create(summed(file, &MemoryFile::default())).unwrap()
}

/// A log as a working node has it, and what lies on the disk.
struct Written {
    contents: Contents,
    /// The file as a crash leaves it, and its checksums.
    crashed: [Vec<u8>; 2],
    /// The same when it was closed.
    closed: [Vec<u8>; 2],
    /// The file before the last commit.
    before: Vec<u8>,
}

fn written() -> Written {
    let (file, sums) = (MemoryFile::default(), MemoryFile::default());
    let database = Database::create(summed(&file, &sums)).unwrap();
    let sealed = |term| seal(&VoteRecord::from(&vote(term)));
    database.commit(&[Change::Vote(sealed(1)), append(0..40)]).unwrap();
    database.commit(&[Change::TruncateFrom(30), append(30..60)]).unwrap();
    database.commit(&[Change::Purge(9, position(9))]).unwrap();
    let before = file.bytes();
    let last = [append(60..64), Change::Vote(sealed(3)), Change::Committed(position(50))];
    database.commit(&last).unwrap();
    let crashed = [file.bytes(), sums.bytes()];
    drop(database);
    let contents = Contents {
        vote: Some(vote(3)),
        committed: Some(at(50)),
        purged: Some(at(9)),
        entries: (10..64).map(|index| (index, entry(index))).collect(),
    };
    Written { contents, crashed, closed: [file.bytes(), sums.bytes()], before }
}

fn open_with(bytes: Vec<u8>, sums: &[u8]) -> Result<Contents, OpenError> {
    let (file, sums) = (MemoryFile::of(bytes), MemoryFile::of(sums.to_vec()));
    let summed = Summed::open(Box::new(file), Box::new(sums), Some(BOOT))?;
    Database::open(summed).map(|(_, contents)| contents)
}

/// Without checksums beside it, as after a power failure.
fn open(bytes: Vec<u8>) -> Result<Contents, OpenError> {
    open_with(bytes, &[])
}

#[test]
fn all_that_was_committed_is_there_after_a_crash_and_after_a_close() {
    let it = written();
    for [file, sums] in [it.crashed, it.closed] {
        assert_eq!(open_with(file.clone(), &sums).unwrap(), it.contents);
        assert_eq!(open(file).unwrap(), it.contents);
    }
}

#[test]
fn a_log_made_and_never_used_is_empty() {
    let file = MemoryFile::default();
    drop(create(&file));
    assert_eq!(open(file.bytes()).unwrap(), Contents::default());
}

#[test]
fn a_cut_file_is_never_opened_as_a_shorter_log() {
    let Written { contents, crashed, closed, .. } = written();
    for [whole, sums] in [crashed, closed] {
        let step = whole.len() / 61;
        for len in (0..whole.len()).step_by(step) {
            open_with(whole[..len].to_vec(), &sums).unwrap_err();
            if let Ok(found) = open(whole[..len].to_vec()) {
                assert_eq!(found, contents, "cut to {len} of {}", whole.len());
            }
        }
    }
}

/// Bits of the header closely, and of the rest by samples.
fn samples(len: usize) -> impl Iterator<Item = usize> {
    (0..320 * 8).step_by(3).chain(72..80).chain((320..len).step_by(211).map(|byte| byte * 8 + 2))
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let Written { crashed, closed, .. } = written();
    for [whole, sums] in [crashed, closed] {
        for bit in samples(whole.len()) {
            let mut bad = whole.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let refused = open_with(bad, &sums).unwrap_err();
            assert!(matches!(refused, OpenError::Damaged(_)), "bit {bit}: {refused}");
        }
    }
}

#[test]
fn without_checksums_beside_it_a_flipped_bit_changes_at_most_which_commit_is_the_last() {
    let Written { contents, crashed, closed, before, .. } = written();
    let former = open(before).unwrap();
    assert_ne!(former, contents);
    for [whole, _] in [crashed, closed] {
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
        let mut refused = 0;
        for bit in samples(used) {
            let mut bad = whole.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            match open(bad) {
                // Pages that are no longer in use still hold old values; and one bit of redb's
                // header chooses the commit before the last.
                Ok(found) => assert!(found == contents || found == former, "bit {bit}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 100, "only {refused} flips were noticed");
    }
}

#[test]
fn a_log_that_lacks_its_last_commit_is_refused() {
    let it = written();
    let refused = open_with(it.before, &it.crashed[1]).unwrap_err().to_string();
    assert!(refused.contains("are not as they were written"), "{refused}");
}

#[test]
fn a_hole_between_entries_is_refused() {
    let file = MemoryFile::default();
    let database = create(&file);
    database.commit(&[append(0..3), append(4..6)]).unwrap();
    drop(database);
    let refused = open(file.bytes()).unwrap_err().to_string();
    assert!(refused.contains("entry 3 is missing"), "{refused}");
}

#[test]
fn an_entry_under_another_index_is_refused() {
    let file = MemoryFile::default();
    let database = create(&file);
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
