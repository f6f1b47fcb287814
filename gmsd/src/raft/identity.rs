//! Which node of which cluster a data directory belongs to: [`Identity`], told once and kept.
//!
//! The lineage is a random mark of the directory itself. A node that comes back under its number
//! with another lineage has lost its disk, and with it the promises it gave to its peers; they
//! refuse it (openraft's pitfall 12: a wiped node that keeps its number can elect itself with a
//! log that lacks what was committed).

use std::{collections::BTreeMap, fmt, str::FromStr};

use gms::id::NodeId;
use serde::{Deserialize, Serialize};

/// The number of a cluster: 16 bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub [u8; 16]);

/// A text that is no [`ClusterId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cluster id {text:?} is not 32 hexadecimal digits")]
pub struct ClusterIdError {
    /// The refused text, cut to 80 characters.
    pub text: String,
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClusterId {
    type Err = ClusterIdError;

    fn from_str(text: &str) -> Result<Self, ClusterIdError> {
        let refuse = || ClusterIdError { text: text.chars().take(80).collect() };
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        u128::from_str_radix(text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| refuse())
    }
}

/// Whose data a directory holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The cluster, as 32 hexadecimal digits.
    pub cluster: String,
    /// The node.
    pub node: NodeId,
    /// The random mark of the directory, as 32 hexadecimal digits.
    pub lineage: String,
    /// The nodes the cluster began with, and their peer URLs; empty for a node that joined later.
    pub initial_peers: BTreeMap<NodeId, String>,
    /// True once the log's file exists. From then on a missing log is a loss, not a beginning.
    pub founded: bool,
    /// The checksum of the snapshot file from which the cluster was founded on this node, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<String>,
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_id_is_read_back_as_written() {
        let id = ClusterId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_no_cluster_id() {
        let texts =
            ["", "00", "000102030405060708090a0b0c0d0efg", "+00102030405060708090a0b0c0d0eff"];
        for text in texts {
            assert!(text.parse::<ClusterId>().is_err(), "{text}");
        }
    }
}
