//! What nodes say to each other: [`Ask`] and [`Answer`], in postcard, one a frame.
//!
//! The order of variants and fields is the format of protocol [`PROTOCOL`]: add variants at the
//! end; anything else is another protocol, which the handshake keeps apart.

use bytes::Bytes;
use openraft::{
    entry::RaftEntry as _,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest,
        TransferLeaderResponse, VoteRequest, VoteResponse,
    },
};
use serde::{Deserialize, Serialize};

use super::super::{
    record::{CoverRecord, EntryRecord, PositionRecord, RecordError, VoteRecord, read},
    types::{LogEntry, LogId, Types, Vote},
};

/// The protocol of this file. Nodes speak to each other only within one protocol.
pub const PROTOCOL: &str = "4";

/// A request of one node to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Entries of the log, or a heartbeat.
    Append(AppendAsk),
    /// A candidate asks for a vote.
    Vote(VoteAsk),
    /// A node asks whether it would get a vote.
    PreVote(VoteAsk),
    /// The leader hands over.
    Transfer {
        /// The leader's vote.
        vote: VoteRecord,
        /// The node that shall lead.
        to: u64,
        /// The leader's last position.
        last: Option<PositionRecord>,
    },
    /// A snapshot follows.
    SnapshotBegin {
        /// The leader's vote.
        vote: VoteRecord,
        /// What it covers.
        cover: CoverRecord,
        /// How long the file is, in bytes.
        len: u64,
    },
    /// The next part of the file.
    SnapshotPart {
        /// Where it begins.
        offset: u64,
        /// The part.
        bytes: Bytes,
    },
    /// The file is whole; install it.
    SnapshotEnd,
    /// A request of the service above.
    Service {
        /// How long the asker waits, in milliseconds.
        within_ms: u64,
        /// The request.
        body: Bytes,
    },
}

/// Entries of the log, or a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppendAsk {
    vote: VoteRecord,
    previous: Option<PositionRecord>,
    entries: Vec<EntryRecord>,
    committed: Option<PositionRecord>,
}

/// A candidate's request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoteAsk {
    vote: VoteRecord,
    last: Option<PositionRecord>,
    transfer: bool,
}

/// What became of an [`Ask`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// All entries are durable.
    Appended,
    /// The entries up to this position are durable.
    AppendedThrough(Option<PositionRecord>),
    /// The position before the entries is not in the log.
    Conflict,
    /// A greater vote was given.
    HigherVote(VoteRecord),
    /// To a candidate.
    Voted {
        /// The vote that holds.
        vote: VoteRecord,
        /// Whether it is for the asker.
        granted: bool,
        /// The voter's last position.
        last: Option<PositionRecord>,
    },
    /// The receiver campaigns.
    Transferring,
    /// The receiver follows another vote now.
    TransferVoteChanged {
        /// The vote of the asker.
        expected: VoteRecord,
        /// The vote that holds.
        actual: VoteRecord,
    },
    /// The receiver's log is not as long as the leader's.
    TransferNotFlushed {
        /// The leader's last position.
        expected: Option<PositionRecord>,
        /// The receiver's.
        actual: Option<PositionRecord>,
    },
    /// Go on with the snapshot.
    SnapshotGoOn,
    /// The snapshot is installed, or was refused for a greater vote.
    SnapshotDone {
        /// The vote that holds.
        vote: VoteRecord,
    },
    /// The service's answer.
    Served(Bytes),
    /// Nothing was done, or it is not known what.
    Failed(String),
}

impl Ask {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("messages have no type postcard refuses")
    }

    /// Reads a request.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        read(bytes)
    }
}

impl Answer {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("messages have no type postcard refuses")
    }

    /// Reads an answer.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        read(bytes)
    }

    /// An error for an answer that does not fit what was asked.
    pub fn unfit(&self) -> String {
        match self {
            Answer::Failed(why) => format!("the peer could not: {why}"),
            other => {
                format!("the peer's answer does not fit: {other:?}").chars().take(200).collect()
            }
        }
    }
}

fn position(at: Option<LogId>) -> Option<PositionRecord> {
    at.as_ref().map(PositionRecord::from)
}

impl From<&AppendEntriesRequest<Types>> for AppendAsk {
    fn from(request: &AppendEntriesRequest<Types>) -> Self {
        Self {
            vote: VoteRecord::from(&request.vote),
            previous: position(request.prev_log_id),
            entries: request.entries.iter().map(EntryRecord::from).collect(),
            committed: position(request.leader_commit),
        }
    }
}

impl TryFrom<AppendAsk> for AppendEntriesRequest<Types> {
    type Error = RecordError;

    fn try_from(ask: AppendAsk) -> Result<Self, RecordError> {
        let entries =
            ask.entries.into_iter().map(LogEntry::try_from).collect::<Result<Vec<_>, _>>()?;
        let previous = ask.previous.map(LogId::from);
        // openraft trusts that entries follow each other; what comes from outside is checked here.
        let first = previous.map_or(0, |at: LogId| at.index.saturating_add(1));
        for (expected, entry) in (first..).zip(&entries) {
            let found = entry.log_id().index;
            if found != expected {
                return Err(RecordError::Content(format!(
                    "entry {found} stands where entry {expected} belongs"
                )));
            }
        }
        Ok(Self {
            vote: Vote::from(ask.vote),
            prev_log_id: previous,
            entries,
            leader_commit: ask.committed.map(LogId::from),
        })
    }
}

impl From<AppendEntriesResponse<Types>> for Answer {
    fn from(response: AppendEntriesResponse<Types>) -> Self {
        match response {
            AppendEntriesResponse::Success => Answer::Appended,
            AppendEntriesResponse::PartialSuccess(through) => {
                Answer::AppendedThrough(position(through))
            }
            AppendEntriesResponse::Conflict => Answer::Conflict,
            AppendEntriesResponse::HigherVote(vote) => Answer::HigherVote(VoteRecord::from(&vote)),
        }
    }
}

impl TryFrom<Answer> for AppendEntriesResponse<Types> {
    type Error = String;

    fn try_from(answer: Answer) -> Result<Self, String> {
        match answer {
            Answer::Appended => Ok(Self::Success),
            Answer::AppendedThrough(through) => Ok(Self::PartialSuccess(through.map(LogId::from))),
            Answer::Conflict => Ok(Self::Conflict),
            Answer::HigherVote(vote) => Ok(Self::HigherVote(Vote::from(vote))),
            other => Err(other.unfit()),
        }
    }
}

impl From<&VoteRequest<Types>> for VoteAsk {
    fn from(request: &VoteRequest<Types>) -> Self {
        Self {
            vote: VoteRecord::from(&request.vote),
            last: position(request.last_log_id),
            transfer: request.leadership_transfer,
        }
    }
}

impl From<VoteAsk> for VoteRequest<Types> {
    fn from(ask: VoteAsk) -> Self {
        let mut request = Self::new(Vote::from(ask.vote), ask.last.map(LogId::from));
        request.leadership_transfer = ask.transfer;
        request
    }
}

impl From<VoteResponse<Types>> for Answer {
    fn from(response: VoteResponse<Types>) -> Self {
        Answer::Voted {
            vote: VoteRecord::from(&response.vote),
            granted: response.vote_granted,
            last: position(response.last_log_id),
        }
    }
}

impl TryFrom<Answer> for VoteResponse<Types> {
    type Error = String;

    fn try_from(answer: Answer) -> Result<Self, String> {
        match answer {
            Answer::Voted { vote, granted, last } => {
                Ok(Self::new(Vote::from(vote), last.map(LogId::from), granted))
            }
            other => Err(other.unfit()),
        }
    }
}

impl From<&TransferLeaderRequest<Types>> for Ask {
    fn from(request: &TransferLeaderRequest<Types>) -> Self {
        Ask::Transfer {
            vote: VoteRecord::from(request.from_leader()),
            to: *request.to_node_id(),
            last: request.last_log_id().map(PositionRecord::from),
        }
    }
}

impl From<TransferLeaderResponse<Types>> for AnswerToTransfer {
    fn from(response: TransferLeaderResponse<Types>) -> Self {
        Self(match response {
            Ok(()) => Answer::Transferring,
            Err(TransferLeaderError::VoteChanged { expected, actual }) => {
                Answer::TransferVoteChanged {
                    expected: VoteRecord::from(&expected),
                    actual: VoteRecord::from(&actual),
                }
            }
            Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
                Answer::TransferNotFlushed {
                    expected: position(expected),
                    actual: position(actual),
                }
            }
        })
    }
}

/// The [`Answer`] to a transfer. openraft's own answer is a plain `Result`, which may not be
/// converted directly.
#[derive(Debug)]
pub struct AnswerToTransfer(pub Answer);

impl TryFrom<AnswerToTransfer> for TransferLeaderResponse<Types> {
    type Error = String;

    fn try_from(answer: AnswerToTransfer) -> Result<Self, String> {
        match answer.0 {
            Answer::Transferring => Ok(Ok(())),
            Answer::TransferVoteChanged { expected, actual } => {
                Ok(Err(TransferLeaderError::VoteChanged {
                    expected: Vote::from(expected),
                    actual: Vote::from(actual),
                }))
            }
            Answer::TransferNotFlushed { expected, actual } => {
                Ok(Err(TransferLeaderError::LogNotFlushed {
                    expected: expected.map(LogId::from),
                    actual: actual.map(LogId::from),
                }))
            }
            other => Err(other.unfit()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(index: u64) -> PositionRecord {
        PositionRecord::from(&LogId::new(
            openraft::impls::leader_id_adv::LeaderId { term: 2, node_id: 1 },
            index,
        ))
    }

    #[test]
    fn the_bytes_of_the_messages_are_settled() {
        let vote = VoteRecord::from(&Vote::new(5, 3));
        let ask = Ask::PreVote(VoteAsk { vote, last: Some(at(9)), transfer: false });
        assert_eq!(ask.encode(), *b"\x02\x05\x03\0\x01\x02\x01\x09\0");
        let service = Ask::Service { within_ms: 300, body: Bytes::from_static(b"hi") };
        assert_eq!(service.encode(), *b"\x07\xac\x02\x02hi");
        assert_eq!(Answer::HigherVote(vote).encode(), *b"\x03\x05\x03\0");
        assert_eq!(Answer::Served(Bytes::new()).encode(), *b"\x0a\0");
        assert_eq!(Answer::Failed("no".to_owned()).encode(), *b"\x0b\x02no");
    }

    #[test]
    fn entries_with_a_hole_are_refused() {
        let entry = |index| {
            let blank = LogEntry::new(LogId::from(at(index)), openraft::EntryPayload::Blank);
            EntryRecord::from(&blank)
        };
        let ask = |indices: &[u64]| AppendAsk {
            vote: VoteRecord::from(&Vote::new_committed(2, 1)),
            previous: Some(at(4)),
            entries: indices.iter().map(|index| entry(*index)).collect(),
            committed: None,
        };
        let fits = |indices| AppendEntriesRequest::<Types>::try_from(ask(indices)).is_ok();
        assert!(fits(&[]) && fits(&[5, 6]));
        assert!(!fits(&[6]) && !fits(&[5, 7]) && !fits(&[5, 5]));
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(bytes: Vec<u8>) {
            let _ = Ask::decode(&bytes);
            let _ = Answer::decode(&bytes);
        }
    }
}
