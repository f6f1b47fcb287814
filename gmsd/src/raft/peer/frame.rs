//! Frames: `len u32 | kind u8 | seq u64 | checksum u32 | body`, numbers little-endian.
//!
//! `len` counts the body; the checksum covers kind, seq and body. A decoder takes bytes as they
//! come and gives whole frames or an error; after an error nothing that follows is to be trusted.

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest body, in bytes: the longest entry and room for what accompanies it.
pub const BODY_LEN_MAX: usize = 16 << 20;

const HEAD_LEN: usize = 17;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Ask = 1,
    /// The answer to the request with the same seq.
    Answer = 2,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Which request it is or answers.
    pub seq: u64,
    /// What it says.
    pub body: Bytes,
}

/// Bytes that are no frame. The connection they came on is of no more use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A body longer than [`BODY_LEN_MAX`].
    #[error("a frame of {0} bytes; at most {BODY_LEN_MAX} are allowed")]
    TooLong(u32),
    /// No [`Kind`].
    #[error("a frame of unknown kind {0}")]
    Kind(u8),
    /// Not what was sent.
    #[error("a frame whose checksum does not match")]
    Checksum,
}

/// Why no more frames come from a stream.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Stream(#[from] std::io::Error),
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The peer closed the stream.
    #[error("the peer closed the connection")]
    Closed,
}

/// Appends a frame to `out`. The body must not be longer than [`BODY_LEN_MAX`].
pub fn encode(kind: Kind, seq: u64, body: &[u8], out: &mut Vec<u8>) {
    debug_assert!(body.len() <= BODY_LEN_MAX, "the sender bounds its bodies");
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.reserve(HEAD_LEN + body.len());
    out.extend_from_slice(&len.to_le_bytes());
    out.push(kind as u8);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&checksum(kind as u8, seq, body).to_le_bytes());
    out.extend_from_slice(body);
}

/// Takes the first whole frame out of `buffer`; `None` if there is none yet.
pub fn decode(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let Some(head) = buffer.first_chunk::<HEAD_LEN>() else {
        return Ok(None);
    };
    let mut head = &head[..];
    let (len, kind, seq, sum) =
        (head.get_u32_le(), head.get_u8(), head.get_u64_le(), head.get_u32_le());
    let body_len = len as usize;
    if body_len > BODY_LEN_MAX {
        return Err(FrameError::TooLong(len));
    }
    let known = match kind {
        1 => Kind::Ask,
        2 => Kind::Answer,
        other => return Err(FrameError::Kind(other)),
    };
    if buffer.len() < HEAD_LEN + body_len {
        buffer.reserve(HEAD_LEN + body_len - buffer.len());
        return Ok(None);
    }
    buffer.advance(HEAD_LEN);
    let body = buffer.split_to(body_len).freeze();
    if checksum(kind, seq, &body) != sum {
        return Err(FrameError::Checksum);
    }
    Ok(Some(Frame { kind: known, seq, body }))
}

fn checksum(kind: u8, seq: u64, body: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), &seq.to_le_bytes());
    crc32c::crc32c_append(sum, body)
}

/// Reads frames from a stream.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from `stream`.
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// The next frame. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Frame, ReadError> {
        loop {
            if let Some(frame) = decode(&mut self.buffer)? {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ReadError::Closed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(seq: u64, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(Kind::Ask, seq, body, &mut out);
        out
    }

    #[test]
    fn the_bytes_of_a_frame_are_settled() {
        assert_eq!(encoded(258, b"hi"), *b"\x02\0\0\0\x01\x02\x01\0\0\0\0\0\0\xda\xb8\x22\x5ehi");
    }

    #[test]
    fn a_frame_comes_out_whole_however_it_is_cut() {
        let bytes = encoded(7, b"body");
        let mut buffer = BytesMut::new();
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(decode(&mut buffer), Ok(None), "before byte {at}");
            buffer.extend_from_slice(&[*byte]);
        }
        let frame = decode(&mut buffer).unwrap().unwrap();
        assert_eq!((frame.kind, frame.seq, &frame.body[..]), (Kind::Ask, 7, &b"body"[..]));
        assert!(buffer.is_empty());
    }

    #[test]
    fn no_flipped_bit_gives_a_frame() {
        let bytes = encoded(7, b"body");
        for at in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[at / 8] ^= 1 << (at % 8);
            let mut buffer = BytesMut::from(&bad[..]);
            assert!(!matches!(decode(&mut buffer), Ok(Some(_))), "bit {at}");
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_before_its_body_is_awaited() {
        let mut buffer = BytesMut::from(&b"\xff\xff\xff\xff\x01\0\0\0\0\0\0\0\0\0\0\0\0"[..]);
        assert_eq!(decode(&mut buffer), Err(FrameError::TooLong(u32::MAX)));
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(bytes: Vec<u8>) {
            let mut buffer = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = decode(&mut buffer) {}
        }

        #[test]
        fn frames_come_back_in_order(bodies: Vec<Vec<u8>>) {
            let mut bytes = Vec::new();
            for (seq, body) in (0..).zip(&bodies) {
                encode(Kind::Answer, seq, body, &mut bytes);
            }
            let mut buffer = BytesMut::from(&bytes[..]);
            for (seq, body) in (0..).zip(&bodies) {
                let frame = decode(&mut buffer).unwrap().unwrap();
                prop_assert_eq!((frame.seq, &frame.body[..]), (seq, &body[..]));
            }
            prop_assert_eq!(decode(&mut buffer), Ok(None));
        }
    }
}
