//! Votes, log positions, entries and cluster configurations as they are written: to disk, into
//! snapshots and to peers.
//!
//! These are gms's own structures, in postcard; openraft's never reach a byte. The order of
//! fields and variants is the format: add variants at the end, and raise [`VERSION`] for anything
//! else. A value on disk is wrapped ([`seal`], [`unseal`]) with that version and a checksum of
//! its content, so no flipped bit is ever believed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use openraft::{BasicNode, entry::RaftEntry as _, impls::leader_id_adv};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::types::{
    Encoded, LogEntry, LogId, Membership, Payload, SnapshotMeta, StoredMembership, Vote,
};

/// The version of every structure in this file.
pub const VERSION: u8 = 2;

/// Version and checksum in front of a sealed value.
const SEAL_LEN: usize = 5;

/// Why bytes are no record. Nothing was taken from them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than a version and a checksum.
    #[error("{0} bytes are too few to be a record")]
    Short(usize),
    /// A newer gmsd wrote it, or none did.
    #[error("format version {found}, but this gmsd reads version {VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The content is not what was written.
    #[error("the checksum does not match the content")]
    Checksum,
    /// The checksum holds but the content is no such record.
    #[error("the content cannot be read: {0}")]
    Content(String),
}

/// A log position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    term: u64,
    node: u64,
    index: u64,
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteRecord {
    term: u64,
    node: u64,
    committed: bool,
}

/// A cluster configuration: one voter set, or two while it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationRecord {
    voters: Vec<BTreeSet<u64>>,
    peer_urls: BTreeMap<u64, String>,
}

/// What an entry carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum PayloadRecord {
    Blank,
    Proposed(Bytes),
    Configuration(ConfigurationRecord),
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    at: PositionRecord,
    payload: PayloadRecord,
}

/// What a snapshot covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverRecord {
    last: Option<PositionRecord>,
    configured_at: Option<PositionRecord>,
    configuration: ConfigurationRecord,
}

/// Encodes a value with the version and a checksum.
pub fn seal<T: Serialize>(value: &T) -> Vec<u8> {
    let body = postcard::to_stdvec(value).expect("records have no type postcard refuses");
    let mut sealed = Vec::with_capacity(SEAL_LEN + body.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&checksum(VERSION, &body).to_le_bytes());
    sealed.extend_from_slice(&body);
    sealed
}

/// Reads back what [`seal`] wrote, or says why it is not that.
pub fn unseal<T: DeserializeOwned>(sealed: &[u8]) -> Result<T, RecordError> {
    let Some((&[version, a, b, c, d], body)) = sealed.split_first_chunk::<SEAL_LEN>() else {
        return Err(RecordError::Short(sealed.len()));
    };
    if checksum(version, body) != u32::from_le_bytes([a, b, c, d]) {
        return Err(RecordError::Checksum);
    }
    if version != VERSION {
        return Err(RecordError::Version { found: version });
    }
    read(body)
}

/// Reads a postcard value that must take all of `bytes`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(RecordError::Content(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(RecordError::Content(error.to_string())),
    }
}

/// The version takes part, so that no flipped bit turns one version into another.
fn checksum(version: u8, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[version]), body)
}

impl From<&LogId> for PositionRecord {
    fn from(at: &LogId) -> Self {
        Self { term: at.leader_id.term, node: at.leader_id.node_id, index: at.index }
    }
}

impl From<PositionRecord> for LogId {
    fn from(at: PositionRecord) -> Self {
        let leader_id = leader_id_adv::LeaderId { term: at.term, node_id: at.node };
        LogId { leader_id, index: at.index }
    }
}

impl From<&Vote> for VoteRecord {
    fn from(vote: &Vote) -> Self {
        Self { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.committed }
    }
}

impl From<VoteRecord> for Vote {
    fn from(vote: VoteRecord) -> Self {
        Vote {
            leader_id: leader_id_adv::LeaderId { term: vote.term, node_id: vote.node },
            committed: vote.committed,
        }
    }
}

impl From<&Membership> for ConfigurationRecord {
    fn from(membership: &Membership) -> Self {
        Self {
            voters: membership.get_joint_config().clone(),
            peer_urls: membership.nodes().map(|(node, at)| (*node, at.addr.clone())).collect(),
        }
    }
}

impl TryFrom<ConfigurationRecord> for Membership {
    type Error = RecordError;

    fn try_from(record: ConfigurationRecord) -> Result<Self, RecordError> {
        let nodes: BTreeMap<u64, BasicNode> = record
            .peer_urls
            .into_iter()
            .map(|(node, url)| (node, BasicNode { addr: url }))
            .collect();
        if record.voters.is_empty() && nodes.is_empty() {
            return Ok(Membership::default());
        }
        Membership::new(record.voters, nodes)
            .map_err(|error| RecordError::Content(format!("no cluster configuration: {error}")))
    }
}

impl From<&LogEntry> for EntryRecord {
    fn from(entry: &LogEntry) -> Self {
        Self {
            at: PositionRecord::from(&entry.log_id()),
            payload: match &entry.payload {
                Payload::Blank => PayloadRecord::Blank,
                Payload::Normal(proposed) => PayloadRecord::Proposed(proposed.0.clone()),
                Payload::Membership(membership) => {
                    PayloadRecord::Configuration(ConfigurationRecord::from(membership))
                }
            },
        }
    }
}

impl TryFrom<EntryRecord> for LogEntry {
    type Error = RecordError;

    fn try_from(record: EntryRecord) -> Result<Self, RecordError> {
        let payload = match record.payload {
            PayloadRecord::Blank => Payload::Blank,
            PayloadRecord::Proposed(bytes) => Payload::Normal(Encoded(bytes)),
            PayloadRecord::Configuration(configuration) => {
                Payload::Membership(Membership::try_from(configuration)?)
            }
        };
        Ok(LogEntry::new(LogId::from(record.at), payload))
    }
}

impl From<&SnapshotMeta> for CoverRecord {
    fn from(meta: &SnapshotMeta) -> Self {
        Self {
            last: meta.last_log_id.as_ref().map(PositionRecord::from),
            configured_at: meta.last_membership.log_id().as_ref().map(PositionRecord::from),
            configuration: ConfigurationRecord::from(meta.last_membership.membership()),
        }
    }
}

impl TryFrom<CoverRecord> for SnapshotMeta {
    type Error = RecordError;

    fn try_from(record: CoverRecord) -> Result<Self, RecordError> {
        Ok(SnapshotMeta {
            last_log_id: record.last.map(LogId::from),
            last_membership: StoredMembership::new(
                record.configured_at.map(LogId::from),
                Membership::try_from(record.configuration)?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LogEntry {
        LogEntry::new(
            LogId::from(PositionRecord { term: 3, node: 2, index: 300 }),
            Payload::Normal(Encoded(Bytes::from_static(b"join"))),
        )
    }

    fn configuration() -> LogEntry {
        let nodes = BTreeMap::from([(1, BasicNode::new("http://a:1")), (2, BasicNode::new("b:2"))]);
        LogEntry::new(
            LogId::from(PositionRecord { term: 0, node: 0, index: 0 }),
            Payload::Membership(Membership::new(vec![BTreeSet::from([1])], nodes).unwrap()),
        )
    }

    #[test]
    fn the_bytes_of_each_record_are_settled() {
        assert_eq!(seal(&EntryRecord::from(&entry()))[5..], *b"\x03\x02\xac\x02\x01\x04join");
        assert_eq!(
            seal(&EntryRecord::from(&configuration()))[5..],
            *b"\0\0\0\x02\x01\x01\x01\x02\x01\x0ahttp://a:1\x02\x03b:2"
        );
        let vote = Vote::new_committed(7, 3);
        assert_eq!(seal(&VoteRecord::from(&vote)), *b"\x02\xb5\x27\x7c\x45\x07\x03\x01");
    }

    #[test]
    fn records_come_back_as_they_were() {
        for entry in [entry(), configuration()] {
            let sealed = seal(&EntryRecord::from(&entry));
            let back = unseal::<EntryRecord>(&sealed).unwrap();
            assert_eq!(LogEntry::try_from(back).unwrap(), entry);
        }
        for vote in [Vote::new(1, 2), Vote::new_committed(9, 1)] {
            let back: VoteRecord = unseal(&seal(&VoteRecord::from(&vote))).unwrap();
            assert_eq!(Vote::from(back), vote);
        }
    }

    #[test]
    fn no_flipped_bit_and_no_cut_is_believed() {
        let sealed = seal(&EntryRecord::from(&configuration()));
        for at in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(unseal::<EntryRecord>(&bad).is_err(), "bit {at}");
        }
        for len in 0..sealed.len() {
            assert!(unseal::<EntryRecord>(&sealed[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut sealed = seal(&VoteRecord::from(&Vote::new(1, 2)));
        sealed[0] = 9;
        let sum = checksum(9, &sealed[SEAL_LEN..]).to_le_bytes();
        sealed[1..SEAL_LEN].copy_from_slice(&sum);
        assert_eq!(unseal::<VoteRecord>(&sealed), Err(RecordError::Version { found: 9 }));
    }

    #[test]
    fn a_configuration_without_a_voters_url_is_refused() {
        let record =
            ConfigurationRecord { voters: vec![BTreeSet::from([1])], peer_urls: BTreeMap::new() };
        assert!(Membership::try_from(record).is_err());
    }
}
