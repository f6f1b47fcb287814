//! A snapshot as a file: what `GET /v1/snapshot` sends and `gmsd --restore` founds a cluster from.
//!
//! A file is believed only as a whole: its last 32 bytes are the BLAKE3 of all before them, so a
//! flipped bit and a cut are both found. In order it is
//!
//! 1. the line [`FIRST_LINE`];
//! 2. a [`Header`] as one line of JSON, at most [`HEADER_LEN_MAX`] bytes: `head -n 2` shows it;
//! 3. the state, which only gmsd reads;
//! 4. the checksum.
//!
//! It holds the secret from which all members' keys are derived: keep it as you keep a key.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, Revision};

/// The first line of every file, its newline included: the name of the format and its version.
pub const FIRST_LINE: &[u8] = b"gms-snapshot 5\n";
/// How the first line begins in every version.
const NAME: &[u8] = b"gms-snapshot ";
/// The longest second line, in bytes, its newline included.
pub const HEADER_LEN_MAX: usize = 64 << 10;
/// The length of the checksum at the end, in bytes.
pub const CHECKSUM_LEN: usize = 32;

/// What a file says of itself. Fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The cluster, 32 hexadecimal digits.
    pub cluster: String,
    /// The node that wrote it.
    pub node: NodeId,
    /// Everything up to this revision is in it.
    pub revision: Revision,
    /// The term that node was in.
    pub term: u64,
    /// The node's wall clock then, in milliseconds since 1970.
    pub at_ms: u64,
    /// The version of the program that wrote it.
    pub version: String,
    /// How many groups are in it.
    pub groups: u64,
    /// How many members are in it.
    pub members: u64,
}

/// Why bytes are no snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It begins otherwise.
    #[error("it is no snapshot of gms: it does not begin with \"gms-snapshot 5\"")]
    Foreign,
    /// Another version of the format.
    #[error(
        "it is a snapshot of another format version; this program reads \"gms-snapshot 5\": use the \
         one that wrote it"
    )]
    Version,
    /// Its second line cannot be read.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// It ends too early, or is not what was written.
    #[error("it is damaged or cut: the checksum at its end does not match what stands before it")]
    Damaged,
}

/// Verifies a file piece by piece as it comes, keeping no more of it than the header.
#[derive(Debug, Default)]
pub struct Verifier {
    /// The first two lines, until they are whole.
    head: Vec<u8>,
    header: Option<Header>,
    /// The last bytes seen: the checksum, if nothing follows.
    tail: Vec<u8>,
    sum: blake3::Hasher,
}

impl Verifier {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece, of any length.
    pub fn update(&mut self, piece: &[u8]) -> Result<(), SnapshotError> {
        if self.header.is_none() {
            self.read_head(piece)?;
        }
        self.tail.extend_from_slice(piece);
        let summed = self.tail.len().saturating_sub(CHECKSUM_LEN);
        self.sum.update(&self.tail[..summed]);
        self.tail.drain(..summed);
        Ok(())
    }

    /// The header, as soon as it was seen. Not to be believed before [`Verifier::finish`].
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// At the end of the file: the header, if the file is whole.
    pub fn finish(self) -> Result<Header, SnapshotError> {
        if !FIRST_LINE.starts_with(&self.head[..self.head.len().min(FIRST_LINE.len())]) {
            return Err(self.unlike());
        }
        match self.header {
            Some(header) if self.sum.finalize() == *self.tail => Ok(header),
            _ => Err(SnapshotError::Damaged),
        }
    }

    /// What a first line is that is not the one of this version.
    fn unlike(&self) -> SnapshotError {
        if self.head.starts_with(NAME) { SnapshotError::Version } else { SnapshotError::Foreign }
    }

    fn read_head(&mut self, piece: &[u8]) -> Result<(), SnapshotError> {
        let room = (FIRST_LINE.len() + HEADER_LEN_MAX).saturating_sub(self.head.len());
        self.head.extend_from_slice(&piece[..piece.len().min(room)]);
        let begins = self.head.len().min(FIRST_LINE.len());
        if self.head[..begins] != FIRST_LINE[..begins] {
            return Err(self.unlike());
        }
        let rest = &self.head[begins..];
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let header = serde_json::from_slice(&rest[..end]);
                self.header =
                    Some(header.map_err(|error| SnapshotError::Header(error.to_string()))?);
            }
            None if rest.len() >= HEADER_LEN_MAX => {
                let why = format!("it is longer than {HEADER_LEN_MAX} bytes");
                return Err(SnapshotError::Header(why));
            }
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            cluster: "c".repeat(32),
            node: NodeId(1),
            revision: Revision(7),
            term: 2,
            at_ms: 3,
            version: "0.1.0".to_owned(),
            groups: 1,
            members: 2,
        }
    }

    fn file() -> Vec<u8> {
        let mut file = FIRST_LINE.to_vec();
        file.extend(serde_json::to_vec(&header()).unwrap());
        file.extend(b"\nthe state\n of \x00 bytes");
        let sum = blake3::hash(&file);
        file.extend(sum.as_bytes());
        file
    }

    fn verify(file: &[u8], piece: usize) -> Result<Header, SnapshotError> {
        let mut verifier = Verifier::new();
        for piece in file.chunks(piece) {
            verifier.update(piece)?;
        }
        verifier.finish()
    }

    #[test]
    fn a_whole_file_is_believed_however_it_comes() {
        for piece in 1..=file().len() {
            assert_eq!(verify(&file(), piece), Ok(header()), "by {piece}");
        }
    }

    #[test]
    fn no_flipped_bit_no_cut_and_no_addition_is_believed() {
        let whole = file();
        for at in 0..whole.len() * 8 {
            let mut bad = whole.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(verify(&bad, 10).is_err(), "bit {at}");
        }
        for len in 0..whole.len() {
            assert!(verify(&whole[..len], 10).is_err(), "cut to {len}");
        }
        assert!(verify(&[whole, b"x".to_vec()].concat(), 10).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_early() {
        let mut verifier = Verifier::new();
        assert_eq!(verifier.update(b"PK\x03\x04"), Err(SnapshotError::Foreign));
        for former in ["gms-snapshot 2\n", "gms-snapshot 50\n"] {
            assert_eq!(Verifier::new().update(former.as_bytes()), Err(SnapshotError::Version));
        }
        let endless = [FIRST_LINE, &vec![b'{'; HEADER_LEN_MAX + 1]].concat();
        assert!(matches!(verify(&endless, 4096), Err(SnapshotError::Header(_))));
    }
}
