//! What the system asks of the process.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal means to the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// The terminal is gone.
    HangUp,
    /// End, and give the terminal back; the signal's number.
    End(i32),
    /// Give the terminal back for a while.
    Suspend,
    /// The terminal is ours again.
    Continue,
}

/// Listens for the signals that mean something.
pub(super) struct Signals {
    hang_up: Signal,
    interrupt: Signal,
    terminate: Signal,
    suspend: Signal,
    proceed: Signal,
}

impl Signals {
    /// Begins to listen; from now on these signals do nothing by themselves.
    pub(super) fn listen() -> io::Result<Self> {
        let of = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            hang_up: of(Number::HUP)?,
            interrupt: of(Number::INT)?,
            terminate: of(Number::TERM)?,
            suspend: of(Number::TSTP)?,
            proceed: of(Number::CONT)?,
        })
    }

    /// The next wish. Cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            biased;
            _ = self.hang_up.recv() => Wish::HangUp,
            _ = self.terminate.recv() => Wish::End(Number::TERM.as_raw()),
            _ = self.interrupt.recv() => Wish::End(Number::INT.as_raw()),
            _ = self.suspend.recv() => Wish::Suspend,
            _ = self.proceed.recv() => Wish::Continue,
        }
    }
}

/// Stops this process until the shell continues it. The terminal must have been given back.
pub(super) fn stop_self() -> io::Result<()> {
    Ok(rustix::process::kill_process(
        rustix::process::getpid(),
        Number::STOP,
    )?)
}
