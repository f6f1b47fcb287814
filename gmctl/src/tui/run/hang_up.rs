//! The end of a process whose terminal is gone, whatever else it does at that moment.
//!
//! crossterm goes on reading a terminal that was hung up for ever, on the thread that polls it, so the
//! loop may never come to hear of the signal. A thread of its own waits for the hang-up, leaves the loop
//! a moment to end by itself, and then ends the process.

use std::{
    io::{self, PipeReader, PipeWriter},
    thread::JoinHandle,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    stdio::stdin,
};

use crate::exit::Exit;

/// The loop needs a few milliseconds to end by itself and hand a recording on to its file.
const GRACE: Duration = Duration::from_millis(100);
/// The signal that says it.
const HANG_UP: u8 = 1;

/// Waits for the hang-up as long as it lives.
#[derive(Debug)]
pub(super) struct HangUp {
    /// Closed to end the wait.
    line: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl HangUp {
    /// Begins to wait.
    pub(super) fn wait() -> io::Result<Self> {
        let (end, line) = io::pipe()?;
        let thread = std::thread::Builder::new()
            .name("hang-up".to_owned())
            .spawn(move || outlive_nobody(&end))?;
        Ok(Self { line: Some(line), thread: Some(thread) })
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.line = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked waits no more, which is all that is wanted.
            let _ = thread.join();
        }
    }
}

fn outlive_nobody(end: &PipeReader) {
    let mut waited_for = [
        // No event is asked for: what remains is that the terminal is gone.
        PollFd::from_borrowed_fd(stdin(), PollFlags::empty()),
        PollFd::new(end, PollFlags::IN),
    ];
    while poll(&mut waited_for, None) == Err(Errno::INTR) {}
    let [terminal, line] = &waited_for;
    if terminal.revents().is_empty() || !line.revents().is_empty() {
        return;
    }
    let grace = Timespec::try_from(GRACE).ok();
    let mut ended = [PollFd::new(end, PollFlags::IN)];
    if poll(&mut ended, grace.as_ref()) != Ok(0) && !ended[0].revents().is_empty() {
        return;
    }
    std::process::exit(i32::from(Exit::Signal(HANG_UP).code()));
}
