//! The open heartbeat streams of this node, as the liveness task holds them: a queue of pings each.
//!
//! A ping goes to every stream of its life, so neither a connection that broke without a word nor a
//! stranger's can take it away. A full queue loses the ping and delays nobody.

use std::collections::HashMap;

use gms::heartbeat::FRAME_LEN;
use tokio::sync::mpsc::Sender;

use crate::liveness::message::Subject;

/// Streams of one life that are kept open at one node: one, those it replaces after the network
/// changed, and some. The oldest makes room.
const STREAMS_A_LIFE_MAX: usize = 4;

/// The queues of all open streams.
#[derive(Debug, Default)]
pub(super) struct StreamQueues(HashMap<Subject, Vec<Sender<[u8; FRAME_LEN]>>>);

impl StreamQueues {
    /// Takes a stream in. True if the oldest one of that life was ended for it.
    pub(super) fn open(&mut self, subject: Subject, queue: Sender<[u8; FRAME_LEN]>) -> bool {
        let queues = self.0.entry(subject).or_default();
        queues.push(queue);
        let is_over = queues.len() > STREAMS_A_LIFE_MAX;
        if is_over {
            queues.remove(0);
        }
        is_over
    }

    /// Sends a ping.
    pub(super) fn send(&self, subject: &Subject, frame: &[u8; FRAME_LEN]) {
        for queue in self.0.get(subject).into_iter().flatten() {
            let _ = queue.try_send(*frame);
        }
    }

    /// Forgets one stream whose end has dropped its queue; false if it was ended here.
    pub(super) fn close(&mut self, subject: &Subject) -> bool {
        let Some(queues) = self.0.get_mut(subject) else {
            return false;
        };
        let closed = queues.iter().position(Sender::is_closed);
        if let Some(closed) = closed {
            queues.remove(closed);
        }
        if queues.is_empty() {
            self.0.remove(subject);
        }
        closed.is_some()
    }

    /// Ends all streams of a life.
    pub(super) fn end(&mut self, subject: &Subject) {
        self.0.remove(subject);
    }
}

#[cfg(test)]
mod tests {
    use gms::id::Incarnation;
    use tokio::sync::mpsc;

    use super::*;
    use crate::udp::handle::STREAM_QUEUE_MAX;

    fn subject() -> Subject {
        Subject {
            group: "g".parse().unwrap(),
            member: "m".parse().unwrap(),
            incarnation: Incarnation(7),
        }
    }

    #[test]
    fn the_oldest_stream_makes_room_and_each_end_is_counted_once() {
        let mut streams = StreamQueues::default();
        let mut ends = Vec::new();
        for n in 0..=STREAMS_A_LIFE_MAX {
            let (queue, end) = mpsc::channel(STREAM_QUEUE_MAX);
            assert_eq!(streams.open(subject(), queue), n == STREAMS_A_LIFE_MAX);
            ends.push(end);
        }
        streams.send(&subject(), &[1; FRAME_LEN]);
        let oldest = ends.remove(0);
        assert!(oldest.is_closed() && oldest.is_empty());
        assert!(ends.iter().all(|end| end.len() == 1 && !end.is_closed()));
        drop(oldest);
        assert!(!streams.close(&subject()), "it was ended here");
        for _ in 0..STREAMS_A_LIFE_MAX {
            ends.pop();
            assert!(streams.close(&subject()));
        }
        assert!(streams.0.is_empty());
    }

    #[test]
    fn a_slow_reader_loses_pings() {
        let mut streams = StreamQueues::default();
        let (queue, end) = mpsc::channel(STREAM_QUEUE_MAX);
        streams.open(subject(), queue);
        for _ in 0..STREAM_QUEUE_MAX + 3 {
            streams.send(&subject(), &[1; FRAME_LEN]);
        }
        assert_eq!(end.len(), STREAM_QUEUE_MAX);
        streams.end(&subject());
        assert!(end.is_closed());
    }
}
