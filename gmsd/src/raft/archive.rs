//! The state as a file that outlives its cluster: [`write()`] gives its bytes, [`read`] believes
//! nothing that its checksum does not cover, [`Restored`] is what a new cluster begins with.
//!
//! The format is in [`gms::snapshot`]. It is not the snapshot that a node keeps for itself: that one
//! covers a log, this one begins another.

use std::{collections::BTreeMap, io};

use bytes::Bytes;
use gms::{
    id::{NodeId, Revision},
    snapshot::{CHECKSUM_LEN, FIRST_LINE, Header, SnapshotError, Verifier},
};
use openraft::BasicNode;
use serde::Serialize as _;

use super::{
    record,
    types::{LeaderId, LogId, Membership, SnapshotMeta, StoredMembership},
};
use crate::membership::state::State;

/// How much of a file is one piece, in bytes: what is sent at a time.
const PIECE_LEN: usize = 256 << 10;
/// How far above the last revision of a snapshot a restored cluster begins at least.
const REVISIONS_LEFT_OUT: u64 = 1 << 32;
/// A restored cluster begins so many revisions above 0 for every second since [`EPOCH_S`]. No cluster
/// gives out revisions that fast, so none of its forerunners, restored ones among them, can have got
/// to where it begins, as long as the clock does not go back.
const REVISIONS_A_SECOND: u64 = 1 << 17;
/// The first second of 2026.
const EPOCH_S: u64 = 1_767_225_600;
/// Programs that read JSON numbers as floats know integers up to here.
const REVISION_MAX: u64 = 1 << 53;

/// The bytes of a file, in pieces.
pub fn write(header: &Header, state: &State) -> io::Result<Vec<Bytes>> {
    let mut out = Pieces { done: Vec::new(), piece: Vec::new(), sum: blake3::Hasher::new() };
    io::Write::write_all(&mut out, FIRST_LINE)?;
    serde_json::to_writer(&mut out, header)?;
    io::Write::write_all(&mut out, b"\n")?;
    {
        let output = postcard::ser_flavors::io::WriteFlavor::new(&mut out);
        state.serialize(&mut postcard::Serializer { output }).map_err(io::Error::other)?;
    }
    let sum = out.sum.finalize();
    out.piece.extend_from_slice(sum.as_bytes());
    out.done.push(Bytes::from(out.piece));
    Ok(out.done)
}

/// What a file holds, with the checksum by which it can be told from every other one.
pub fn read(bytes: &[u8]) -> Result<(Header, State, String), SnapshotError> {
    let mut verifier = Verifier::new();
    verifier.update(bytes)?;
    let header = verifier.finish()?;
    // The verifier has seen two lines and a checksum.
    let (content, sum) = bytes.split_at(bytes.len() - CHECKSUM_LEN);
    let rest = content.get(FIRST_LINE.len()..).unwrap_or_default();
    let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
    let mut state: State = record::read(&rest[line..])
        .map_err(|error| SnapshotError::Header(format!("the state after it: {error}")))?;
    state.rebuild_indices();
    if state.revision() != header.revision {
        let why = format!("it says revision {}, its state {}", header.revision, state.revision());
        return Err(SnapshotError::Header(why));
    }
    let mark = super::identity::hex(sum);
    Ok((header, state, mark))
}

/// Collects what is written, and sums it up.
struct Pieces {
    done: Vec<Bytes>,
    piece: Vec<u8>,
    sum: blake3::Hasher,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sum.update(bytes);
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_LEN {
            self.done.push(Bytes::from(std::mem::take(&mut self.piece)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a new cluster of one node begins with.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The state, at the revision where the cluster begins.
    pub state: State,
    /// A term above those of the snapshot.
    pub term: u64,
    /// The checksum of the file, for the node's identity.
    pub mark: String,
}

/// Why a file does not begin a cluster. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is no whole snapshot.
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    /// The clock is wrong, and revisions depend on it here.
    #[error(
        "this machine's clock is behind the time the snapshot was taken by {0} s; set it: the \
         revisions of a restored cluster begin above all earlier ones by the clock"
    )]
    Clock(u64),
    /// There are no revisions left.
    #[error("revision {0} leaves no room for a cluster after it")]
    Full(Revision),
}

impl Restored {
    /// From the bytes of a file, at this time of day, for this node.
    pub fn from_file(bytes: &[u8], node: NodeId, now_ms: u64) -> Result<Self, RestoreError> {
        let (header, state, mark) = read(bytes)?;
        if now_ms < header.at_ms {
            return Err(RestoreError::Clock((header.at_ms - now_ms).div_ceil(1000)));
        }
        let base = base(header.revision, now_ms)?;
        let state = state.restored(base, node, now_ms, header.cluster);
        Ok(Self { state, term: header.term + 1, mark })
    }

    /// What a snapshot of this state covers, for a cluster of this node.
    pub fn meta(&self, node: NodeId, peers: &BTreeMap<NodeId, String>) -> io::Result<SnapshotMeta> {
        let leader = LeaderId { term: self.term, node_id: node.0 };
        let at = LogId::new(leader, self.state.revision().0);
        let nodes: BTreeMap<u64, BasicNode> =
            peers.iter().map(|(node, url)| (node.0, BasicNode::new(url))).collect();
        let voters = vec![[node.0].into()];
        let membership = Membership::new(voters, nodes).map_err(io::Error::other)?;
        let last_membership = StoredMembership::new(Some(at), membership);
        Ok(SnapshotMeta { last_log_id: Some(at), last_membership })
    }
}

/// Where a cluster begins that is founded now from a snapshot of this revision.
fn base(snapshot: Revision, now_ms: u64) -> Result<Revision, RestoreError> {
    let by_clock = (now_ms / 1000).saturating_sub(EPOCH_S).saturating_mul(REVISIONS_A_SECOND);
    let base = snapshot.0.saturating_add(REVISIONS_LEFT_OUT).max(by_clock);
    if base > REVISION_MAX / 2 { Err(RestoreError::Full(snapshot)) } else { Ok(Revision(base)) }
}

#[cfg(test)]
mod tests {
    use gms::{
        id::MemberId,
        liveness::{Kind, Liveness},
        view::Tags,
    };

    use super::*;
    use crate::membership::{
        command::{Command, Entry, Join, Proposal},
        journal::Happening,
    };

    /// A state in which `m` lives in group `g` and `gone` has left, at revision 4.
    fn state() -> State {
        let mut state = State::default();
        state.apply_configuration(Revision(1), vec![NodeId(1), NodeId(2)], Vec::new());
        let join = |member: &str| {
            Command::Join(Join {
                group: "g".parse().unwrap(),
                member: member.parse().unwrap(),
                address: "127.0.0.1:1".parse().unwrap(),
                liveness: Liveness::of(Kind::Tcp),
                tags: Tags::new(),
                hold: None,
                instance: None,
                owner: String::new(),
                replaces: None,
            })
        };
        let leave = Command::Leave {
            group: "g".parse().unwrap(),
            member: "gone".parse().unwrap(),
            incarnation: None,
            reason: None,
        };
        for (revision, command) in [(2, join("m")), (3, join("gone")), (4, leave)] {
            let proposals = vec![Proposal { token: None, if_view: None, command }];
            state.apply(Revision(revision), 1, &Entry { at_ms: 1, proposals });
        }
        state
    }

    fn header(state: &State) -> Header {
        Header {
            cluster: "c".repeat(32),
            node: NodeId(2),
            revision: state.revision(),
            term: 5,
            at_ms: 1_000,
            version: "0.1.0".to_owned(),
            groups: 1,
            members: 1,
        }
    }

    fn file() -> Vec<u8> {
        let state = state();
        write(&header(&state), &state).unwrap().concat()
    }

    #[test]
    fn a_file_gives_the_state_back() {
        let (found, back, mark) = read(&file()).unwrap();
        assert_eq!((found, back.digest()), (header(&state()), state().digest()));
        assert_eq!(mark.len(), 2 * CHECKSUM_LEN);
    }

    #[test]
    fn a_restored_cluster_begins_above_everything_and_lets_nobody_go_on_from_before() {
        let restored = Restored::from_file(&file(), NodeId(1), 2_000).unwrap();
        let state = &restored.state;
        let base = state.revision();
        assert!(base.0 >= 4 + REVISIONS_LEFT_OUT);
        let group = state.group(&"g".parse().unwrap()).unwrap();
        assert_eq!((group.view, group.floor()), (base, base));
        assert!(group.deltas_after(Revision(base.0 - 1)).is_none());
        assert!(state.journal().after(Revision(base.0 - 2)).is_none());
        assert_eq!(state.empty_view(), base, "a group that is unknown here may have been seen");
        let life = group.members.get(&"m".parse::<MemberId>().unwrap()).unwrap();
        assert_eq!(life.incarnation.0, 2, "who lives goes on living");
        assert!(group.departure(&"gone".parse().unwrap()).is_some(), "why is still answered");
        assert_eq!(state.configuration().voters, [NodeId(1)]);
        let last = state.journal().kept_after(Revision(4)).last().unwrap();
        assert!(matches!(last.what, Happening::Restored { from: Revision(4), .. }));
        // So it is after the node's own snapshot of it was read, too.
        let bytes = postcard::to_stdvec(state).unwrap();
        let mut again: State = postcard::from_bytes(&bytes).unwrap();
        again.rebuild_indices();
        let group = again.group(&"g".parse().unwrap()).unwrap();
        assert_eq!(group.floor(), base);
        assert!(group.departure(&"gone".parse().unwrap()).is_some());
    }

    #[test]
    fn two_restores_of_one_file_share_no_revision() {
        let day_ms = EPOCH_S * 1000 + 86_400_000_000;
        let one = base(Revision(4), day_ms).unwrap();
        let later = base(Revision(4), day_ms + 1_000).unwrap();
        assert_eq!(later.0 - one.0, REVISIONS_A_SECOND);
        assert!(later.0 < REVISION_MAX / 2);
        assert!(matches!(base(Revision(REVISION_MAX), day_ms), Err(RestoreError::Full(_))));
        let early = Restored::from_file(&file(), NodeId(1), 1);
        assert!(matches!(early, Err(RestoreError::Clock(1))), "{early:?}");
    }
}
