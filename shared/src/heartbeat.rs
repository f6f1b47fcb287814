//! The heartbeat: one frame of [`FRAME_LEN`] bytes, the same in both directions.
//!
//! A frame that [`Unverified::verify`] accepts was made by a holder of that life's [`Key`]: a node
//! of the cluster, or this very life of the member. Any other bytes are refused without a panic
//! and without having been believed.
//!
//! ```text
//!  0        1          2      4          8      16     24           32     40    48          56    72
//!  | version| direction| flags| reserved | node | epoch| incarnation| nonce| echo| acked view| mac  |
//! ```
//!
//! All numbers are little-endian. The mac is the first 16 bytes of BLAKE3 keyed with the life's
//! key over the first 56. Group and member are not in the frame: they are in the key.

use std::fmt;

use crate::id::{GroupId, Incarnation, MemberId, NodeId, Revision};

/// The length of every frame, in bytes.
pub const FRAME_LEN: usize = 72;
/// The part of a frame that the mac covers, in bytes.
const SIGNED_LEN: usize = 56;
/// The one version there is.
const VERSION: u8 = 1;

/// The key of one life of one member. Nobody stores it: a node derives it from the cluster's
/// secret, the member gets it in the answer to its join.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of this life, by BLAKE3's key derivation.
    pub fn derive(
        secret: &[u8; 32],
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("gms 2026 one life of one member");
        hasher.update(secret);
        // Neither name can contain a slash, so no two lives give the same bytes.
        hasher.update(group.as_str().as_bytes()).update(b"/");
        hasher.update(member.as_str().as_bytes()).update(b"/");
        hasher.update(&incarnation.0.to_le_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// As 64 hex digits.
    pub fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }

    fn mac(&self, signed: &[u8]) -> [u8; FRAME_LEN - SIGNED_LEN] {
        let mut mac = [0; FRAME_LEN - SIGNED_LEN];
        mac.copy_from_slice(&blake3::keyed_hash(&self.0, signed).as_bytes()[..16]);
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Who asks and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Node to member.
    Ping,
    /// Member to node.
    Pong,
}

/// What a frame says with one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Ping: the node heard from a leader with a quorum within an election timeout. Only such a
    /// ping extends the member's lease.
    pub quorum_fresh: bool,
    /// Ping: this life is suspected; answer every node you know.
    pub suspected: bool,
    /// Pong: the member is about to leave of its own wish.
    pub leaving: bool,
}

impl Flags {
    fn to_bits(self) -> u16 {
        u16::from(self.quorum_fresh) | u16::from(self.suspected) << 1 | u16::from(self.leaving) << 2
    }

    /// Unknown bits are ignored: a later version may set them.
    fn from_bits(bits: u16) -> Self {
        Self { quorum_fresh: bits & 1 != 0, suspected: bits & 2 != 0, leaving: bits & 4 != 0 }
    }
}

/// One ping or pong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Ping or pong.
    pub direction: Direction,
    /// One-bit statements.
    pub flags: Flags,
    /// The node that asks; a pong repeats it.
    pub node: NodeId,
    /// The epoch of the monitors by which the node asks; a pong repeats it.
    pub epoch: u64,
    /// The life that is asked, or answers.
    pub incarnation: Incarnation,
    /// Chosen by the node, never twice; a pong repeats it, so each pong answers one ping.
    pub nonce: u64,
    /// Ping: the nonce of the last pong this node heard from this life, 0 for none. It tells the
    /// member which of its pongs arrived. Pong: 0.
    pub echo: u64,
    /// Pong: the greatest view of its group the member has taken note of, 0 for none.
    pub acked_view: Revision,
}

impl Frame {
    /// The bytes, authenticated with the life's key.
    pub fn encode(&self, key: &Key) -> [u8; FRAME_LEN] {
        let mut bytes = [0; FRAME_LEN];
        bytes[0] = VERSION;
        bytes[1] = match self.direction {
            Direction::Ping => 1,
            Direction::Pong => 2,
        };
        bytes[2..4].copy_from_slice(&self.flags.to_bits().to_le_bytes());
        let words =
            [self.node.0, self.epoch, self.incarnation.0, self.nonce, self.echo, self.acked_view.0];
        for (slot, word) in bytes[8..SIGNED_LEN].chunks_exact_mut(8).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        let mac = key.mac(&bytes[..SIGNED_LEN]);
        bytes[SIGNED_LEN..].copy_from_slice(&mac);
        bytes
    }

    /// The pong that answers this ping.
    #[must_use]
    pub fn pong(&self, acked_view: Revision, leaving: bool) -> Self {
        Self {
            direction: Direction::Pong,
            flags: Flags { leaving, ..Flags::default() },
            echo: 0,
            acked_view,
            ..*self
        }
    }
}

/// Why bytes are no frame. Nothing was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not [`FRAME_LEN`] bytes.
    #[error("a frame has {FRAME_LEN} bytes, not {0}")]
    Length(usize),
    /// Another version or direction than this program knows.
    #[error("frame of an unknown version or direction")]
    Unknown,
    /// Its mac is not that of the key.
    #[error("frame not authenticated by this key")]
    Mac,
}

/// A frame that was read but not yet authenticated: good for finding the key, for nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Unverified<'a> {
    bytes: &'a [u8; FRAME_LEN],
    frame: Frame,
}

impl<'a> Unverified<'a> {
    /// Reads the fields of a datagram.
    pub fn read(datagram: &'a [u8]) -> Result<Self, FrameError> {
        let bytes: &[u8; FRAME_LEN] =
            datagram.try_into().map_err(|_| FrameError::Length(datagram.len()))?;
        let direction = match (bytes[0], bytes[1]) {
            (VERSION, 1) => Direction::Ping,
            (VERSION, 2) => Direction::Pong,
            _ => return Err(FrameError::Unknown),
        };
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let frame = Frame {
            direction,
            flags: Flags::from_bits(u16::from_le_bytes([bytes[2], bytes[3]])),
            node: NodeId(word(8)),
            epoch: word(16),
            incarnation: Incarnation(word(24)),
            nonce: word(32),
            echo: word(40),
            acked_view: Revision(word(48)),
        };
        Ok(Self { bytes, frame })
    }

    /// The nonce it claims, by which a node finds the subject.
    pub fn nonce(&self) -> u64 {
        self.frame.nonce
    }

    /// The node it claims to be from or for.
    pub fn node(&self) -> NodeId {
        self.frame.node
    }

    /// The incarnation it claims, by which a member with several lives finds the key.
    pub fn incarnation(&self) -> Incarnation {
        self.frame.incarnation
    }

    /// The node it claims to be from and the nonce it claims to have heard a pong to, by which a
    /// member with several lives finds the key sooner; none if it claims to have heard none.
    pub fn echoed(&self) -> Option<(NodeId, u64)> {
        (self.frame.echo != 0).then_some((self.frame.node, self.frame.echo))
    }

    /// The frame, if the key made it.
    pub fn verify(&self, key: &Key) -> Result<Frame, FrameError> {
        let mac = key.mac(&self.bytes[..SIGNED_LEN]);
        // Every byte is compared, so that the time taken tells nothing.
        let differs =
            mac.iter().zip(&self.bytes[SIGNED_LEN..]).fold(0, |acc, (a, b)| acc | (a ^ b));
        if differs == 0 { Ok(self.frame) } else { Err(FrameError::Mac) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u64) -> Key {
        Key::derive(&[7; 32], &"g".parse().unwrap(), &"m".parse().unwrap(), Incarnation(n))
    }

    fn frame() -> Frame {
        Frame {
            direction: Direction::Ping,
            flags: Flags { quorum_fresh: true, suspected: true, leaving: false },
            node: NodeId(3),
            epoch: 4,
            incarnation: Incarnation(5),
            nonce: 6,
            echo: 7,
            acked_view: Revision(8),
        }
    }

    #[test]
    fn the_bytes_on_the_wire_do_not_change() {
        let mut expected = vec![1, 1, 3, 0, 0, 0, 0, 0];
        for word in 3..=8_u64 {
            expected.extend(word.to_le_bytes());
        }
        assert_eq!(frame().encode(&key(5))[..SIGNED_LEN], expected);
    }

    #[test]
    fn a_frame_is_read_back_by_its_own_key_only() {
        let bytes = frame().encode(&key(5));
        let read = Unverified::read(&bytes).unwrap();
        assert_eq!((read.nonce(), read.incarnation()), (6, Incarnation(5)));
        assert_eq!(read.echoed(), Some((NodeId(3), 7)));
        assert_eq!(read.verify(&key(5)), Ok(frame()));
        assert_eq!(read.verify(&key(6)), Err(FrameError::Mac));
        let pong = frame().pong(Revision(9), true);
        let bytes = pong.encode(&key(5));
        assert_eq!(Unverified::read(&bytes).unwrap().echoed(), None);
        assert_eq!(Unverified::read(&bytes).unwrap().verify(&key(5)), Ok(pong));
    }

    #[test]
    fn keys_survive_hex_and_differ_by_every_part_of_the_life() {
        let [g, h] = ["g", "h"].map(|text| text.parse::<GroupId>().unwrap());
        let [m, n] = ["m", "n"].map(|text| text.parse::<MemberId>().unwrap());
        let keys = [
            Key::derive(&[0; 32], &g, &m, Incarnation(1)),
            Key::derive(&[1; 32], &g, &m, Incarnation(1)),
            Key::derive(&[0; 32], &h, &m, Incarnation(1)),
            Key::derive(&[0; 32], &g, &n, Incarnation(1)),
            Key::derive(&[0; 32], &g, &m, Incarnation(2)),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(Key::from_hex(&key.to_hex()), Some(*key));
            assert!(keys[..i].iter().all(|other| other != key));
        }
        assert_eq!(Key::from_hex("12"), None);
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_noticed(bit in 0..FRAME_LEN * 8) {
            let mut bytes = frame().encode(&key(5));
            bytes[bit / 8] ^= 1 << (bit % 8);
            let believed = Unverified::read(&bytes).and_then(|read| read.verify(&key(5)));
            prop_assert!(believed.is_err());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Unverified::read(&bytes).and_then(|read| read.verify(&key(5)));
        }
    }
}
