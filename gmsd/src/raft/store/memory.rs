//! The log in memory: every entry after the last purge, readable from the moment it is appended.
//!
//! Replication and apply read here and never touch the disk. The bound on it is the bound of the
//! log itself: snapshots purge it.

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeBounds},
};

use super::{
    super::types::{LogEntry, LogId, Payload, Vote},
    database::Contents,
};

/// What an entry costs in memory and on disk besides the bytes it carries.
const ENTRY_OVERHEAD: usize = 64;

/// The log as openraft sees it.
#[derive(Debug, Default)]
pub struct Memory {
    entries: BTreeMap<u64, LogEntry>,
    /// The vote last made durable.
    pub vote: Option<Vote>,
    /// The position up to which entries are known to be committed.
    pub committed: Option<LogId>,
    /// The position of the last entry taken out from the front.
    pub purged: Option<LogId>,
}

impl Memory {
    /// The position of the last entry, also when it was purged.
    pub fn last(&self) -> Option<LogId> {
        let last = self.entries.last_key_value().map(|(_, entry)| entry.log_id);
        last.or(self.purged)
    }

    /// Adds entries.
    pub fn append(&mut self, entries: impl IntoIterator<Item = LogEntry>) {
        for entry in entries {
            self.entries.insert(entry.log_id.index, entry);
        }
    }

    /// Takes out the entries from this index on.
    pub fn truncate_from(&mut self, index: u64) {
        drop(self.entries.split_off(&index));
    }

    /// Takes out the entries up to this position.
    pub fn purge(&mut self, through: LogId) {
        self.purged = self.purged.max(Some(through));
        // An index of u64::MAX is never reached; nothing is left then.
        self.entries = match through.index.checked_add(1) {
            Some(next) => self.entries.split_off(&next),
            None => BTreeMap::new(),
        };
    }

    /// The entries in a range; those it has, in order.
    pub fn range(&self, range: impl RangeBounds<u64>) -> Vec<LogEntry> {
        if is_reversed(&range) {
            return Vec::new();
        }
        let found = self.entries.range(range);
        found.map(|(_, entry)| entry.clone()).collect()
    }

    /// The first entries of `start..end` that are together not longer than `limit` bytes, but one
    /// at least where there is one.
    pub fn range_limited(&self, start: u64, end: u64, limit: usize) -> Vec<LogEntry> {
        if start >= end {
            return Vec::new();
        }
        let mut room = limit;
        let mut found = Vec::new();
        for (_, entry) in self.entries.range(start..end) {
            let cost = cost(entry);
            if cost > room && !found.is_empty() {
                break;
            }
            room = room.saturating_sub(cost);
            found.push(entry.clone());
        }
        found
    }

    /// The greatest index up to which entries can go so that those after it up to `end` cost
    /// `keep` bytes or little more; absent if nothing can go.
    pub fn purgeable(&self, end: u64, keep: usize) -> Option<u64> {
        let mut kept: usize = 0;
        for (index, entry) in self.entries.range(..=end).rev() {
            kept = kept.saturating_add(cost(entry));
            if kept > keep {
                return Some(*index);
            }
        }
        None
    }
}

impl From<Contents> for Memory {
    fn from(contents: Contents) -> Self {
        Self {
            entries: contents.entries,
            vote: contents.vote,
            committed: contents.committed,
            purged: contents.purged,
        }
    }
}

/// What an entry costs, in bytes.
pub fn cost(entry: &LogEntry) -> usize {
    let carried = match &entry.payload {
        Payload::Blank => 0,
        Payload::Normal(proposed) => proposed.0.len(),
        Payload::Membership(membership) => {
            membership.nodes().map(|(_, node)| node.addr.len() + 16).sum()
        }
    };
    carried.saturating_add(ENTRY_OVERHEAD)
}

/// `BTreeMap::range` panics on a range whose start lies behind its end.
fn is_reversed(range: &impl RangeBounds<u64>) -> bool {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(end) | Bound::Excluded(end),
        ) => start >= end,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use openraft::entry::RaftEntry as _;

    use super::*;
    use crate::raft::types::Encoded;

    fn at(index: u64) -> LogId {
        LogId::new(openraft::impls::leader_id_adv::LeaderId { term: 1, node_id: 1 }, index)
    }

    fn memory(count: u64, len: usize) -> Memory {
        let mut memory = Memory::default();
        let payload = || Payload::Normal(Encoded(Bytes::from(vec![0; len])));
        memory.append((0..count).map(|index| LogEntry::new(at(index), payload())));
        memory
    }

    fn indices(entries: &[LogEntry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.log_id.index).collect()
    }

    #[test]
    fn a_limited_read_gives_one_entry_at_least_and_stops_at_the_limit() {
        let memory = memory(10, 36);
        assert_eq!(indices(&memory.range_limited(2, 9, 0)), [2]);
        assert_eq!(indices(&memory.range_limited(2, 9, 299)), [2, 3]);
        assert_eq!(indices(&memory.range_limited(2, 9, 300)), [2, 3, 4]);
        assert_eq!(indices(&memory.range_limited(8, 99, 10_000)), [8, 9]);
        assert_eq!(indices(&memory.range_limited(5, 5, 10_000)), [0; 0]);
    }

    #[test]
    fn what_exceeds_the_bytes_to_keep_can_go() {
        let memory = memory(10, 36);
        assert_eq!(memory.purgeable(9, 300), Some(6));
        assert_eq!(memory.purgeable(9, 1_000), None);
        assert_eq!(memory.purgeable(5, 0), Some(5));
    }

    #[test]
    fn the_last_position_survives_the_purge_of_its_entry() {
        let mut memory = memory(3, 0);
        memory.purge(at(2));
        assert_eq!(memory.last(), Some(at(2)));
        memory.purge(at(1));
        assert_eq!(memory.purged, Some(at(2)));
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    fn a_reversed_range_is_empty() {
        let memory = memory(3, 0);
        assert!(memory.range(2..1).is_empty());
        assert!(memory.range(2..=1).is_empty());
        assert_eq!(indices(&memory.range(1..)), [1, 2]);
    }
}
