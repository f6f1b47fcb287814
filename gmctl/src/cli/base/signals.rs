//! The signals that gmctl takes note of: those that end a run, and those that a program it runs
//! gets passed on.

use std::{
    io::{self, IsTerminal as _},
    pin::Pin,
    task::Poll,
};

use rustix::{
    process::{Signal, getpgrp},
    termios::tcgetpgrp,
};
use tokio::signal::unix::{self, SignalKind};

use crate::{error::Failure, exit::Exit};

/// A set of signals, listened for from its making on; their default action no longer takes place.
#[derive(Debug)]
struct Listeners(Vec<(Signal, unix::Signal)>);

impl Listeners {
    fn listen(signals: &[Signal]) -> Result<Self, Failure> {
        signals
            .iter()
            .map(|signal| {
                unix::signal(SignalKind::from_raw(signal.as_raw()))
                    .map(|listener| (*signal, listener))
                    .map_err(|why| {
                        Failure::new(Exit::Refused, format!("signals cannot be handled: {why}"))
                    })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The next of them. Cancelling the wait loses none.
    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (signal, listener) in &mut self.0 {
                if let Poll::Ready(Some(())) = Pin::new(listener).poll_recv(context) {
                    return Poll::Ready(*signal);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The signals that end a run: hangup, interrupt, terminate.
#[derive(Debug)]
pub struct Signals(Listeners);

impl Signals {
    /// Begins to listen. Needs a tokio runtime.
    pub fn listen() -> Result<Self, Failure> {
        Listeners::listen(&[Signal::HUP, Signal::INT, Signal::TERM]).map(Self)
    }

    /// The next signal. Cancelling the wait loses none.
    pub async fn next(&mut self) -> Signal {
        self.0.next().await
    }
}

/// How a run ends that this signal has ended.
pub fn exit_of(signal: Signal) -> Exit {
    Exit::Signal(u8::try_from(signal.as_raw()).unwrap_or(0))
}

/// The signals that are passed on to a program.
#[derive(Debug)]
pub struct ProgramSignals(Listeners);

impl ProgramSignals {
    /// Begins to listen. Needs a tokio runtime.
    pub fn listen() -> Result<Self, Failure> {
        let signals =
            [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1, Signal::USR2];
        Listeners::listen(&signals).map(Self)
    }

    /// The next signal. Cancelling the wait loses none.
    pub async fn next(&mut self) -> Signal {
        self.0.next().await
    }

    /// Whether the program has this signal already: the keyboard, or the end of the terminal, sends
    /// it to every process of the foreground group. Who sends one of these to gmctl alone, while
    /// gmctl is in the foreground of a terminal, cannot be told from the keyboard.
    pub fn came_from_keyboard(signal: Signal) -> bool {
        let is_keys = [Signal::INT, Signal::QUIT, Signal::HUP].contains(&signal);
        is_keys
            && io::stdin().is_terminal()
            && tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
    }
}
