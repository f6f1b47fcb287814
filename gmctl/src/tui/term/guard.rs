//! The terminal is given back as it was: when the guard is dropped, on an error, on a panic (before
//! its message is printed) and before the process stops itself.
//!
//! A terminal that is gone is never written to again, because that blocks or kills. Nor is one that
//! was given back: a panic anywhere in the process gives it back, and the loop may not know yet.

use std::{
    io::{self, StdoutLock, Write},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    event::{DisableBracketedPaste, EnableBracketedPaste},
    queue,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};

/// Whether the terminal is ours now. One process has one terminal, and a panic hook has no other
/// way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Ends whatever may be on: synchronized update, mouse, paste, focus, colours; shows the cursor.
const RESTORE: &[u8] =
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[0m\x1b[?25h";
/// Hides the cursor.
const HIDE_CURSOR: &[u8] = b"\x1b[?25l";

/// Leaves the alternate screen for a while, with raw mode still on.
pub const STEP_ASIDE: &[u8] = b"\x1b[?1000l\x1b[?1006l\x1b[0m\x1b[?1049l\x1b[?25h";
/// And comes back to it.
pub const RETURN: &[u8] = b"\x1b[?1049h\x1b[?25l";
/// Clicks and the wheel are told to us, in the form that has no limit of columns.
pub const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// They are the terminal's again.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal over. On an error it is given back at once.
    pub fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let guard = Self(());
        enter()?;
        Ok(guard)
    }

    /// Takes over again what somebody else has had meanwhile: the shell, while we were stopped.
    pub fn retake(&self) -> io::Result<()> {
        // Raw mode counts as on, so it has to be turned off to be turned on in truth.
        disable_raw_mode()?;
        enable_raw_mode()?;
        enter()
    }

    /// The terminal is gone: it is not touched again.
    pub fn abandon(self) {
        TAKEN.store(false, Ordering::SeqCst);
    }
}

/// The way to the terminal, while it is ours. Whoever gives it back meanwhile waits for the lock, so
/// that nothing is written after that.
pub fn out() -> Option<StdoutLock<'static>> {
    let out = io::stdout().lock();
    TAKEN.load(Ordering::SeqCst).then_some(out)
}

fn enter() -> io::Result<()> {
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste)?;
    bytes.extend_from_slice(HIDE_CURSOR);
    let mut out = io::stdout().lock();
    out.write_all(&bytes)?;
    out.flush()
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is ours. What fails here has nobody left to be told.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = RESTORE.to_vec();
    let _ = queue!(bytes, DisableBracketedPaste, LeaveAlternateScreen);
    let mut out = io::stdout().lock();
    let _ = out.write_all(&bytes);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
