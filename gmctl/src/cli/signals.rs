//! The signals that end a run: hangup, interrupt, terminate.

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};

use crate::{error::Failure, exit::Exit};

/// Listens for the signals from its making on; the default action no longer takes place.
#[derive(Debug)]
pub struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Begins to listen. Needs a tokio runtime.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            unix::signal(kind).map_err(|why| {
                Failure::new(Exit::Refused, format!("signals cannot be handled: {why}"))
            })
        };
        Ok(Self {
            hangup: listen(SignalKind::hangup())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// The next signal. Cancelling the wait loses none.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::HUP,
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }
}

/// How a run ends that this signal has ended.
pub fn exit_of(signal: Signal) -> Exit {
    Exit::Signal(u8::try_from(signal.as_raw()).unwrap_or(0))
}
