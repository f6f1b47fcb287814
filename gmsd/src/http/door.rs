//! [`Door`]: one connection's bytes, with what hyper leaves out.
//!
//! - A peer that begins a request's headers must finish them within `head`, and one that is sent
//!   something must take some of it within `stall`; otherwise the connection ends.
//! - Where hyper answers by itself (bad request line, headers too large) the client reads a problem
//!   like any other, instead of an empty 4xx.
//! - How the connection ended is noted: a kernel's FIN or RST, or silence.
//! - [`Door::linger`] lets the peer read the last answer before the socket is closed.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use futures_util::FutureExt as _;
use gms::problem::{Code, Problem};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    time::{Sleep, sleep, timeout},
};

use super::{
    limits::{HEAD_MAX_LEN, HEADERS_MAX},
    pulse::{Ending, Pulse},
};

/// Writes a whole answer with a problem in it, headers included, that ends the connection.
pub type Writer = Arc<dyn Fn(Problem) -> Bytes + Send + Sync>;

/// The longest automatic answer of hyper, in bytes, date included.
const AUTOMATIC_MAX_LEN: usize = 256;

/// How much is read at once of what nobody wants, in bytes.
const LINGER_CHUNK: usize = 4096;
/// How often at most, where a stopping node reads what is there already: a mebibyte in all.
const DISCARDS_MAX: usize = 256;

/// One connection's bytes.
pub struct Door<S> {
    stream: S,
    pulse: Arc<Pulse>,
    head: Duration,
    stall: Duration,
    /// Runs while headers are incomplete, with the number of requests begun before them.
    head_timer: Option<(u64, Pin<Box<Sleep>>)>,
    /// Runs while the peer takes nothing.
    stall_timer: Option<Pin<Box<Sleep>>>,
    writer: Writer,
    /// Our words in place of hyper's automatic answer, as far as not sent yet.
    answer: Option<Bytes>,
}

impl<S> std::fmt::Debug for Door<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("pulse", &self.pulse).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Door<S> {
    /// A door to this stream.
    pub fn new(
        stream: S,
        pulse: Arc<Pulse>,
        head: Duration,
        stall: Duration,
        writer: Writer,
    ) -> Self {
        Self {
            stream,
            pulse,
            head,
            stall,
            head_timer: None,
            stall_timer: None,
            writer,
            answer: None,
        }
    }

    /// Reads on for a while after the last answer was sent and the write side shut: a socket that
    /// is closed with unread bytes is reset, and the reset discards the answer at the peer.
    pub async fn linger(&mut self, at_most: Duration) {
        if self.pulse.ending() == Ending::ByUs {
            // Not on the future, which every open connection carries.
            let mut sink = vec![0; LINGER_CHUNK];
            let drain = async { while matches!(self.stream.read(&mut sink).await, Ok(1..)) {} };
            let _ = timeout(at_most, drain).await;
        }
    }

    /// Reads what is there already, for the same reason, and waits for no more.
    pub fn discard(&mut self) {
        let mut sink = [0; LINGER_CHUNK];
        for _ in 0..DISCARDS_MAX {
            let read = self.stream.read(&mut sink).now_or_never();
            if !matches!(read, Some(Ok(1..))) {
                return;
            }
        }
    }

    /// Errors where the headers of a request take too long.
    fn check_head(&mut self, context: &mut Context<'_>, read: usize) -> io::Result<()> {
        let begun = self.pulse.begun();
        if !self.pulse.is_idle() || self.head_timer.as_ref().is_some_and(|(of, _)| *of != begun) {
            self.head_timer = None;
        }
        if read > 0 && self.head_timer.is_none() && self.pulse.is_idle() {
            self.head_timer = Some((begun, Box::pin(sleep(self.head))));
        }
        if let Some((_, timer)) = &mut self.head_timer
            && timer.as_mut().poll(context).is_ready()
        {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    fn note_error(&self, error: &io::Error) {
        self.pulse.end(match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Ending::ByPeer,
            _ => Ending::Lost,
        });
    }

    /// Errors where the peer has taken nothing for too long.
    fn check_stall(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let stall = self.stall;
        let timer = self.stall_timer.get_or_insert_with(|| Box::pin(sleep(stall)));
        if timer.as_mut().poll(context).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    fn write_through(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, result)
    }

    /// Keeps the stall timer, and notes how the connection ends.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(written)) => {
                self.stall_timer = None;
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => {
                self.note_error(&error);
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                self.check_stall(context)?;
                Poll::Pending
            }
        }
    }

    /// Sends what is left of our words for hyper's.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(mut answer) = self.answer.take() {
            if answer.is_empty() {
                break;
            }
            match self.write_through(context, &answer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    answer.advance(written);
                    self.answer = Some(answer);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.answer = Some(answer);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Door<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let room = buffer.remaining();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        match &result {
            Poll::Ready(Ok(())) if read == 0 && room > 0 => this.pulse.end(Ending::ByPeer),
            Poll::Ready(Ok(())) => this.check_head(context, read)?,
            Poll::Ready(Err(error)) => this.note_error(error),
            Poll::Pending => this.check_head(context, 0)?,
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Door<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match automatic_answer(bytes) {
            None => this.write_through(context, bytes),
            // First what stands before it; hyper then comes again with the rest.
            Some((start @ 1.., _)) => {
                this.write_through(context, bytes.get(..start).unwrap_or(bytes))
            }
            Some((0, code)) => {
                this.answer = Some((this.writer)(explain(code)));
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    /// hyper's automatic answer stands in the first part, where it keeps all headers.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.iter().find(|part| !part.is_empty());
        if let Some(first) = first
            && automatic_answer(first).is_some()
        {
            return self.poll_write(context, first);
        }
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_answer(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_answer(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

fn explain(code: Code) -> Problem {
    match code {
        Code::HeadersTooLarge => Problem::new(
            code,
            format!(
                "the request line and headers may have {HEAD_MAX_LEN} bytes and {HEADERS_MAX} \
                 headers at most"
            ),
        )
        .with("limit", HEAD_MAX_LEN),
        _ => Problem::new(code, "the request line or a header is not valid HTTP/1.1"),
    }
}

/// Where in these bytes hyper's automatic answer begins, if they end with one, and which code says
/// the same.
///
/// It has no body and none of our headers, and every answer of ours has those; no body of ours
/// contains a CR.
fn automatic_answer(bytes: &[u8]) -> Option<(usize, Code)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = bytes.len().saturating_sub(AUTOMATIC_MAX_LEN);
    let tail = bytes.get(from..)?;
    let start = tail.windows(b"HTTP/1.".len()).rposition(|window| window == b"HTTP/1.")?;
    let answer = std::str::from_utf8(tail.get(start..)?).ok()?;
    let ours = answer.contains(gms::api::header::NODE) || answer.contains("transfer-encoding");
    if ours || answer.find("\r\n\r\n")? + 4 != answer.len() {
        return None;
    }
    let code = match answer.get(9..12)? {
        "400" => Code::Invalid,
        "414" | "431" => Code::HeadersTooLarge,
        _ => return None,
    };
    Some((from + start, code))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    const BARE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                          content-length: 0\r\ndate: Sun, 22 Nov 2026 13:48:31 GMT\r\n\r\n";

    fn door(stream: tokio::io::DuplexStream, pulse: &Arc<Pulse>) -> Door<tokio::io::DuplexStream> {
        let second = Duration::from_secs(1);
        let writer: Writer = Arc::new(|problem| Bytes::from(format!("<{}>", problem.code)));
        Door::new(stream, Arc::clone(pulse), second, second, writer)
    }

    #[tokio::test]
    async fn hypers_automatic_answer_is_said_in_our_words_and_ours_pass() {
        let ours = b"HTTP/1.1 400 Bad Request\r\ngms-node: 1\r\ncontent-length: 0\r\n\r\n";
        for (before, cut) in [(&b""[..], 0), (b"HTTP/1.1 200 OK\r\n\r\n{}", 0), (ours, 5)] {
            let (near, mut far) = duplex(1024);
            let mut door = door(near, &Arc::default());
            let all = [before, BARE].concat();
            door.write_all(&all[..cut]).await.unwrap();
            door.write_all(&all[cut..]).await.unwrap();
            door.shutdown().await.unwrap();
            let mut got = Vec::new();
            far.read_to_end(&mut got).await.unwrap();
            assert_eq!(got, [before, b"<headers_too_large>"].concat());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_never_end_end_the_connection_but_a_pause_between_requests_does_not() {
        let pulse = Arc::default();
        let (near, mut far) = duplex(64);
        let mut door = door(near, &pulse);
        let mut buffer = [0; 16];
        assert!(
            timeout(Duration::from_secs(5), door.read(&mut buffer)).await.is_err(),
            "nothing has begun, so nothing is late"
        );
        far.write_all(b"GET").await.unwrap();
        assert_eq!(door.read(&mut buffer).await.unwrap(), 3);
        pulse.begin();
        assert!(
            timeout(Duration::from_secs(5), door.read(&mut buffer)).await.is_err(),
            "an answer is due, so the peer may wait"
        );
        pulse.finish();
        far.write_all(b"GET").await.unwrap();
        assert_eq!(door.read(&mut buffer).await.unwrap(), 3);
        let error = door.read(&mut buffer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_ends_the_connection() {
        let pulse = Arc::default();
        let (near, _far) = duplex(8);
        let mut door = door(near, &pulse);
        let error = door.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_closed_peer_is_told_from_a_silent_one() {
        let pulse: Arc<Pulse> = Arc::default();
        let (near, far) = duplex(8);
        let mut door = door(near, &pulse);
        assert_eq!(pulse.ending(), Ending::ByUs);
        drop(far);
        assert_eq!(door.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(pulse.ending(), Ending::ByPeer);
    }
}
