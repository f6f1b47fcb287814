//! Heartbeat frames on a connection that the member opened: how it is asked for, and how frames
//! are moved on it. The same at both ends.
//!
//! After the answer 101 the connection carries frames of [`FRAME_LEN`] bytes in both directions and
//! nothing else, so any other bytes end it: a reader that has lost its place finds it never again.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};

use crate::{
    heartbeat::{FRAME_LEN, Unverified},
    id::{GroupId, Incarnation, MemberId},
};

/// What the connection is upgraded to: the value of the `Upgrade` header.
pub const UPGRADE: &str = "gms-heartbeat/1";

/// Path and query of the request that opens the stream of this life.
pub fn path(group: &GroupId, member: &MemberId, incarnation: Incarnation) -> String {
    format!("/v1/groups/{group}/members/{member}/heartbeat?incarnation={incarnation}")
}

/// Moves frames until the stream ends: those that come to `take`, those of the queue out. `Ok` if
/// it ends because the other end of the queue is gone; an error is what became of the connection,
/// or that something came which is no frame.
pub async fn carry<S: AsyncRead + AsyncWrite>(
    stream: S,
    queue: &mut mpsc::Receiver<[u8; FRAME_LEN]>,
    mut take: impl FnMut(&[u8; FRAME_LEN]),
) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let reading = async {
        let mut frame = [0; FRAME_LEN];
        loop {
            reader.read_exact(&mut frame).await?;
            Unverified::read(&frame)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            take(&frame);
        }
    };
    // Apart from the reading: whoever takes nothing off the connection is heard all the same.
    let writing = async {
        while let Some(frame) = queue.recv().await {
            writer.write_all(&frame).await?;
            writer.flush().await?;
        }
        Ok(())
    };
    tokio::select! {
        ended = reading => ended,
        ended = writing => ended,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;
    use crate::{
        heartbeat::{Direction, Flags, Frame, Key},
        id::{NodeId, Revision},
    };

    fn frame(nonce: u64) -> [u8; FRAME_LEN] {
        let (group, member) = ("g".parse().unwrap(), "m".parse().unwrap());
        Frame {
            direction: Direction::Ping,
            flags: Flags::default(),
            node: NodeId(1),
            epoch: 1,
            incarnation: Incarnation(2),
            nonce,
            echo: 0,
            acked_view: Revision(0),
        }
        .encode(&Key::derive(&[1; 32], &group, &member, Incarnation(2)))
    }

    #[tokio::test]
    async fn frames_go_both_ways_until_the_queue_or_the_connection_ends() {
        let (near, far) = duplex(FRAME_LEN + 5);
        let (asks, mut asked) = mpsc::channel(4);
        let (answers, mut answered) = mpsc::channel(4);
        let (mut at_near, mut at_far) = (Vec::new(), Vec::new());
        for nonce in 0..4 {
            asks.try_send(frame(nonce)).unwrap();
        }
        let near = carry(near, &mut asked, |frame| {
            at_near.push(*frame);
            assert!(at_near.len() <= 4);
        });
        let far = async {
            let mut queue = Some(answers);
            carry(far, &mut answered, |frame| {
                at_far.push(*frame);
                queue.as_ref().unwrap().try_send(*frame).unwrap();
                if at_far.len() == 4 {
                    queue = None;
                }
            })
            .await
        };
        // The far side ends it in order; the near side sees the connection end.
        let (near, far) = tokio::join!(near, far);
        far.unwrap();
        assert_eq!(near.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(at_far, [0, 1, 2, 3].map(frame));
        assert_eq!(at_near, at_far);
        drop(asks);
    }

    #[tokio::test]
    async fn what_is_no_frame_ends_the_stream() {
        let (near, mut far) = duplex(4 * FRAME_LEN);
        let (_queue, mut end) = mpsc::channel(1);
        far.write_all(&frame(1)).await.unwrap();
        far.write_all(&[b'x'; FRAME_LEN]).await.unwrap();
        let mut taken = 0;
        let error = carry(near, &mut end, |_| taken += 1).await.unwrap_err();
        assert_eq!((error.kind(), taken), (io::ErrorKind::InvalidData, 1));
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_heard_all_the_same() {
        let (near, mut far) = duplex(FRAME_LEN);
        let (queue, mut end) = mpsc::channel(8);
        for nonce in 0..8 {
            queue.try_send(frame(nonce)).unwrap();
        }
        let (heard, mut listener) = mpsc::channel(1);
        let carrying = carry(near, &mut end, |frame| heard.try_send(*frame).unwrap());
        tokio::select! {
            ended = carrying => panic!("{ended:?}"),
            () = async {
                far.write_all(&frame(99)).await.unwrap();
                assert_eq!(listener.recv().await, Some(frame(99)));
            } => {}
        }
    }
}
