//! What goes to the terminal beside the frames.

use std::io::Write;

use crate::tui::{outcome::RunError, term::guard};

/// Takes the mouse, or leaves it to the terminal.
pub(super) fn set_mouse(on: bool) -> Result<(), RunError> {
    write_out(if on { guard::MOUSE_ON } else { guard::MOUSE_OFF })
}

pub(super) fn write_out(bytes: &[u8]) -> Result<(), RunError> {
    let mut out = guard::out().ok_or_else(RunError::given_back)?;
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|_| RunError::TerminalGone)
}
