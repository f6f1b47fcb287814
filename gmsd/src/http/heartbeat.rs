//! [`Heartbeat`]: what a connection becomes when a member opened it to be asked on it.
//!
//! The connection's own task goes on with it, so it is owned, bounded and drained like any other.
//! Which pings leave on it and what their answers say is the business of the liveness; here it is
//! only told apart how the stream ends: a member's kernel closed it, or anything else.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use gms::heartbeat_stream::carry;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, join},
    sync::mpsc,
};

use super::{
    app::{App, Watcher},
    door::Door,
    pulse::{Ending, Pulse},
};
use crate::{
    liveness::message::Subject,
    udp::handle::{Input, STREAM_QUEUE_MAX},
};

/// A heartbeat stream that was granted.
#[derive(Debug)]
pub struct Heartbeat {
    /// Which life is asked on it.
    pub subject: Subject,
    /// Its room among the streams.
    pub room: Watcher,
}

/// What a connection becomes after the answer on its way; nothing for most.
#[derive(Debug, Default)]
pub struct Next(Mutex<Option<Heartbeat>>);

impl Next {
    /// It becomes this.
    pub fn set(&self, heartbeat: Heartbeat) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(heartbeat);
    }

    /// What it becomes, once.
    pub fn take(&self) -> Option<Heartbeat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Heartbeat {
    /// Carries frames between the connection and the liveness until one of them ends it. `early` is
    /// what was read of the connection already.
    pub async fn run<W, S: AsyncRead + AsyncWrite + Unpin>(
        self,
        app: &App<W>,
        door: Door<S>,
        early: Bytes,
        pulse: &Pulse,
    ) {
        let Self { subject, room: _room } = self;
        let liveness = &app.parts.liveness;
        let (queue, mut pings) = mpsc::channel(STREAM_QUEUE_MAX);
        liveness.tell_surely(Input::StreamOpened(subject.clone(), queue)).await;
        let (reader, writer) = tokio::io::split(door);
        let stream = join((&early[..]).chain(reader), writer);
        let pong = |frame: &_| liveness.tell(Input::StreamFrame(subject.clone(), *frame));
        let by_member = tokio::select! {
            biased;
            () = app.stop.cancelled() => false,
            ended = carry(stream, &mut pings, pong) => {
                tracing::debug!(?subject, ?ended, "a heartbeat stream ended");
                ended.is_err() && pulse.ending() == Ending::ByPeer
            }
        };
        drop(pings);
        liveness.tell_surely(Input::StreamClosed { subject, by_member }).await;
    }
}
