//! [`Link`]: one lane to one peer, dialed when needed, redialed with growing pauses.
//!
//! Requests go out in the order they were asked and are answered by number. Who asks always
//! learns whether the request certainly stayed here or perhaps went out. A request that the peer
//! leaves unanswered for longer than its patience proves the connection dead: it is torn down,
//! because openraft itself waits for ever for the answer to an append.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use super::frame::{BODY_LEN_MAX, FrameReader, Kind, encode};
use crate::host::{clock::Clock, net::Stream};

/// How many requests may wait for the connection. The senders' own windows are smaller.
const QUEUE_MAX: usize = 1024;
/// How many bytes of requests may wait for the connection: two of the longest. A peer that is too
/// slow to take them must not fill this node's memory, and a request keeps its place until it was
/// written, also when its asker has stopped waiting.
const QUEUE_LEN_MAX: usize = 2 * BODY_LEN_MAX;
/// How many requests may be unanswered on a connection.
const UNANSWERED_MAX: usize = 4096;
/// How many bytes of frames are gathered into one write.
const WRITE_LEN: usize = 64 << 10;
/// The pause after the first failed dial.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause between dials: a peer that comes back is found within it. A failed dial on
/// a LAN costs microseconds.
const PAUSE_MAX: Duration = Duration::from_millis(200);
/// How often the oldest unanswered request is looked at.
const WATCH_PERIOD: Duration = Duration::from_millis(25);

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It certainly never left this node.
    #[error("the peer is not reached: {0}")]
    NotSent(String),
    /// It left this node; whether it arrived is not known.
    #[error("the connection broke: {0}")]
    Lost(String),
}

/// Opens the connection of a link.
pub type Dial = Box<dyn Fn() -> BoxFuture<'static, Result<Box<dyn Stream>, String>> + Send + Sync>;

/// One lane to one peer. Cheap to clone; the connection closes with the last clone.
#[derive(Debug, Clone)]
pub struct Link {
    asks: mpsc::Sender<Asking>,
    room: Arc<Semaphore>,
}

/// A request on its way.
#[derive(Debug)]
pub struct Pending {
    answer: oneshot::Receiver<Result<Bytes, LinkError>>,
    fate: Arc<Fate>,
}

#[derive(Debug)]
struct Asking {
    body: Vec<u8>,
    patience: Duration,
    answer: oneshot::Sender<Result<Bytes, LinkError>>,
    fate: Arc<Fate>,
    /// Its bytes of [`QUEUE_LEN_MAX`].
    _room: OwnedSemaphorePermit,
}

/// Whether a request went out or was taken back, whichever came first.
#[derive(Debug, Default)]
struct Fate(AtomicU8);

const WAITING: u8 = 0;
const SENT: u8 = 1;
const TAKEN_BACK: u8 = 2;

impl Fate {
    fn settle(&self, as_what: u8) -> bool {
        self.0.compare_exchange(WAITING, as_what, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn lost(&self, why: String) -> LinkError {
        if self.0.load(Ordering::Acquire) == SENT {
            LinkError::Lost(why)
        } else {
            LinkError::NotSent(why)
        }
    }
}

impl Pending {
    /// The answer. Dropping the future loses nothing; it ends, because the link does.
    pub async fn answer(&mut self) -> Result<Bytes, LinkError> {
        match (&mut self.answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.fate.lost("it was closed".to_owned())),
        }
    }

    /// The answer, if it comes in time. A request that did not go out by then never will.
    pub async fn answer_within(mut self, within: Duration) -> Result<Bytes, LinkError> {
        if let Ok(answer) = tokio::time::timeout(within, self.answer()).await {
            return answer;
        }
        self.fate.settle(TAKEN_BACK);
        Err(self.fate.lost(format!("no answer within {within:?}")))
    }
}

impl Link {
    /// A link and the work that keeps it, which the caller spawns. It ends when the last clone of
    /// the link is gone or when it is told to stop.
    pub fn new(
        name: String,
        dial: Dial,
        clock: Clock,
        stop: CancellationToken,
    ) -> (Self, LinkWork) {
        let (asks, queue) = mpsc::channel(QUEUE_MAX);
        let work = LinkWork { name, dial, clock, stop, queue, last_failure: None };
        (Self { asks, room: Arc::new(Semaphore::new(QUEUE_LEN_MAX)) }, work)
    }

    /// Queues a request. `patience` is how long the peer may leave it unanswered before the
    /// connection counts as dead.
    pub fn ask(&self, body: Vec<u8>, patience: Duration) -> Result<Pending, LinkError> {
        let (answer, pending) = oneshot::channel();
        let fate = Arc::new(Fate::default());
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(len).map_err(|_| {
            LinkError::NotSent(format!("{QUEUE_LEN_MAX} bytes may wait for it, and do"))
        })?;
        let asking = Asking { body, patience, answer, fate: Arc::clone(&fate), _room: room };
        match self.asks.try_send(asking) {
            Ok(()) => Ok(Pending { answer: pending, fate }),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(LinkError::NotSent(format!("{QUEUE_MAX} requests wait for it already")))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                Err(LinkError::NotSent("it was closed".to_owned()))
            }
        }
    }
}

/// Keeps the connection of one link.
pub struct LinkWork {
    name: String,
    dial: Dial,
    clock: Clock,
    stop: CancellationToken,
    queue: mpsc::Receiver<Asking>,
    /// The reason last logged, so that a peer that stays away is logged once.
    last_failure: Option<String>,
}

type Unanswered = Mutex<BTreeMap<u64, Waiting>>;

struct Waiting {
    answer: oneshot::Sender<Result<Bytes, LinkError>>,
    due: Instant,
}

impl LinkWork {
    /// Dials when there is something to say, and says it, until the link is gone.
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&mut self) {
        let mut pause = PAUSE_MIN;
        while let Some(first) = self.queue.recv().await {
            match (self.dial)().await {
                Ok(stream) => {
                    self.note_reached();
                    pause = PAUSE_MIN;
                    let why = self.converse(stream, first).await;
                    self.note_failure(why);
                }
                Err(why) => {
                    self.note_failure(why.clone());
                    refuse(first, &why);
                    self.rest(pause, &why).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Refuses what is asked until the pause is over.
    async fn rest(&mut self, pause: Duration, why: &str) {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
                () = &mut over => return,
                asking = self.queue.recv() => match asking {
                    Some(asking) => refuse(asking, why),
                    None => return,
                },
            }
        }
    }

    fn note_reached(&mut self) {
        if self.last_failure.take().is_some() {
            tracing::info!(link = %self.name, "peer reached again");
        }
    }

    fn note_failure(&mut self, why: String) {
        if self.last_failure.as_ref() != Some(&why) {
            tracing::warn!(link = %self.name, "peer not reached: {why}");
            self.last_failure = Some(why);
        }
    }

    /// Sends and receives until the connection breaks, and says why it did.
    async fn converse(&mut self, stream: Box<dyn Stream>, first: Asking) -> String {
        let (input, output) = tokio::io::split(stream);
        let unanswered = Unanswered::default();
        let clock = self.clock;
        let why = tokio::select! {
            biased;
            why = receive(FrameReader::new(input), &unanswered) => why,
            why = send(output, first, &mut self.queue, &unanswered, clock) => why,
            why = watch(&unanswered, clock) => why,
        };
        let left = std::mem::take(&mut *lock(&unanswered));
        for (_, waiting) in left {
            let _ = waiting.answer.send(Err(LinkError::Lost(why.clone())));
        }
        why
    }
}

fn lock(unanswered: &Unanswered) -> std::sync::MutexGuard<'_, BTreeMap<u64, Waiting>> {
    unanswered.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(asking: Asking, why: &str) {
    let _ = asking.answer.send(Err(LinkError::NotSent(why.to_owned())));
}

async fn send(
    mut output: impl AsyncWrite + Unpin,
    first: Asking,
    queue: &mut mpsc::Receiver<Asking>,
    unanswered: &Unanswered,
    clock: Clock,
) -> String {
    let mut next = Some(first);
    let mut seq = 0;
    let mut bytes = Vec::new();
    loop {
        let asking = match next.take() {
            Some(asking) => asking,
            None => match queue.recv().await {
                Some(asking) => asking,
                None => return "it is no longer needed".to_owned(),
            },
        };
        bytes.clear();
        put(asking, &mut seq, &mut bytes, unanswered, clock.now());
        while bytes.len() < WRITE_LEN
            && let Ok(asking) = queue.try_recv()
        {
            put(asking, &mut seq, &mut bytes, unanswered, clock.now());
        }
        if let Err(error) = output.write_all(&bytes).await {
            return error.to_string();
        }
        if let Err(error) = output.flush().await {
            return error.to_string();
        }
        bytes.shrink_to(WRITE_LEN);
    }
}

/// Adds a request to what is written next, unless it was taken back.
fn put(asking: Asking, seq: &mut u64, bytes: &mut Vec<u8>, unanswered: &Unanswered, now: Instant) {
    let mut unanswered = lock(unanswered);
    if unanswered.len() >= UNANSWERED_MAX {
        refuse(asking, "too many requests are unanswered");
        return;
    }
    if !asking.fate.settle(SENT) {
        return;
    }
    *seq += 1;
    encode(Kind::Ask, *seq, &asking.body, bytes);
    let waiting = Waiting { answer: asking.answer, due: now + asking.patience };
    unanswered.insert(*seq, waiting);
}

async fn receive(
    mut frames: FrameReader<impl tokio::io::AsyncRead + Unpin>,
    unanswered: &Unanswered,
) -> String {
    loop {
        let frame = match frames.next().await {
            Ok(frame) => frame,
            Err(error) => return error.to_string(),
        };
        if frame.kind != Kind::Answer {
            return "it asks where it should answer".to_owned();
        }
        let Some(waiting) = lock(unanswered).remove(&frame.seq) else {
            return format!("it answers request {}, which is not open", frame.seq);
        };
        // Whoever asked may have stopped waiting.
        let _ = waiting.answer.send(Ok(frame.body));
    }
}

async fn watch(unanswered: &Unanswered, clock: Clock) -> String {
    loop {
        tokio::time::sleep(WATCH_PERIOD).await;
        let now = clock.now();
        if lock(unanswered).values().any(|waiting| waiting.due < now) {
            return "it leaves a request unanswered".to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;
    use crate::raft::peer::frame::Frame;

    const LONG: Duration = Duration::from_mins(1);

    /// A link whose dials give these streams, one after the other, and then fail.
    fn link(streams: Vec<DuplexStream>) -> Link {
        let streams = Arc::new(Mutex::new(streams.into_iter()));
        let dial: Dial = Box::new(move || {
            let next = streams.lock().unwrap().next();
            Box::pin(async move {
                next.map(|stream| Box::new(stream) as Box<dyn Stream>)
                    .ok_or_else(|| "nobody is there".to_owned())
            })
        });
        let stop = CancellationToken::new();
        let (link, work) = Link::new("test".to_owned(), dial, Clock::system(), stop);
        tokio::spawn(work.run());
        link
    }

    async fn asked(far: &mut FrameReader<tokio::io::ReadHalf<DuplexStream>>) -> Frame {
        far.next().await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn answers_find_their_requests_in_any_order() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let link = link(vec![near]);
        let one = link.ask(b"one".to_vec(), LONG).unwrap();
        let two = link.ask(b"two".to_vec(), LONG).unwrap();
        let (input, mut output) = tokio::io::split(far);
        let mut input = FrameReader::new(input);
        let (first, second) = (asked(&mut input).await, asked(&mut input).await);
        assert_eq!((&first.body[..], &second.body[..]), (&b"one"[..], &b"two"[..]));
        let mut bytes = Vec::new();
        encode(Kind::Answer, second.seq, b"2", &mut bytes);
        encode(Kind::Answer, first.seq, b"1", &mut bytes);
        output.write_all(&bytes).await.unwrap();
        assert_eq!(one.answer_within(LONG).await.unwrap(), "1");
        assert_eq!(two.answer_within(LONG).await.unwrap(), "2");
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_peer_is_bounded_in_bytes_and_makes_room_when_it_is_written() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let link = link(vec![near]);
        let body = || vec![0; BODY_LEN_MAX];
        let _waiting = [link.ask(body(), LONG).unwrap(), link.ask(body(), LONG).unwrap()];
        let full = link.ask(vec![0], LONG).unwrap_err();
        assert!(matches!(full, LinkError::NotSent(_)), "{full}");
        let mut far = FrameReader::new(tokio::io::split(far).0);
        asked(&mut far).await;
        asked(&mut far).await;
        link.ask(body(), LONG).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_left_is_told_so() {
        let link = link(vec![]);
        let pending = link.ask(Vec::new(), LONG).unwrap();
        let failed = pending.answer_within(LONG).await;
        assert_eq!(failed, Err(LinkError::NotSent("nobody is there".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_connection_leaves_it_open_and_the_next_request_redials() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (near_again, far_again) = tokio::io::duplex(1 << 16);
        let link = link(vec![near, near_again]);
        let pending = link.ask(b"x".to_vec(), LONG).unwrap();
        let (input, output) = tokio::io::split(far);
        let mut input = FrameReader::new(input);
        asked(&mut input).await;
        drop((input, output));
        assert!(matches!(pending.answer_within(LONG).await, Err(LinkError::Lost(_))));
        let _again = link.ask(b"y".to_vec(), LONG).unwrap();
        let (input, _output) = tokio::io::split(far_again);
        assert_eq!(asked(&mut FrameReader::new(input)).await.body, "y");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_after_the_patience() {
        let (near, _far) = tokio::io::duplex(1 << 16);
        let link = link(vec![near]);
        let patience = Duration::from_millis(600);
        let pending = link.ask(b"x".to_vec(), patience).unwrap();
        let failed = pending.answer_within(LONG).await;
        let why = "it leaves a request unanswered".to_owned();
        assert_eq!(failed, Err(LinkError::Lost(why)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_given_up_before_it_left_never_leaves() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let near = Arc::new(Mutex::new(Some(near)));
        let dial: Dial = Box::new(move || {
            let near = near.lock().unwrap().take();
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(Box::new(near.unwrap()) as Box<dyn Stream>)
            })
        });
        let (link, work) =
            Link::new("test".to_owned(), dial, Clock::system(), CancellationToken::new());
        tokio::spawn(work.run());
        let early = link.ask(b"early".to_vec(), LONG).unwrap();
        let _late = link.ask(b"late".to_vec(), LONG).unwrap();
        let given_up = early.answer_within(Duration::from_millis(10)).await;
        assert!(matches!(given_up, Err(LinkError::NotSent(_))));
        let (input, _output) = tokio::io::split(far);
        assert_eq!(asked(&mut FrameReader::new(input)).await.body, "late");
    }

    #[tokio::test(start_paused = true)]
    async fn garbage_from_the_peer_closes_the_connection_only() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let link = link(vec![near]);
        let pending = link.ask(b"x".to_vec(), LONG).unwrap();
        let (input, mut output) = tokio::io::split(far);
        asked(&mut FrameReader::new(input)).await;
        output.write_all(&[0xff; 64]).await.unwrap();
        assert!(matches!(pending.answer_within(LONG).await, Err(LinkError::Lost(_))));
    }
}
