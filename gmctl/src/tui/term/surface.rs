//! One frame, one write: what differs from the frame before, between the brackets of a synchronized
//! update (DEC 2026), so nothing tears over a slow link. A frame without a difference writes nothing.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use ratatui::{
    backend::Backend,
    buffer::Buffer,
    layout::{Position, Rect},
};
use ratatui_crossterm::CrosstermBackend;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";
const HIDE_CURSOR: &[u8] = b"\x1b[?25l";

/// What the terminal shows, as far as we know.
#[derive(Debug, Default)]
pub struct Surface {
    shown: Option<Buffer>,
    cursor: Option<Position>,
    bytes: u64,
}

impl Surface {
    /// Nothing is known of what the terminal shows: the next frame draws everything.
    pub fn forget(&mut self) {
        self.shown = None;
        self.cursor = None;
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Draws a frame of so many columns and rows into `out`, and tells how long it took the
    /// terminal to take it.
    pub fn draw(
        &mut self,
        out: &mut impl Write,
        size: (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<Duration> {
        let mut next = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let cursor = paint(&mut next);
        let frame = self.frame(&next, cursor)?;
        self.shown = Some(next);
        self.cursor = cursor;
        if frame.is_empty() {
            return Ok(Duration::ZERO);
        }
        let start = Instant::now();
        out.write_all(&frame)?;
        out.flush()?;
        self.bytes = self.bytes.saturating_add(u64::try_from(frame.len()).unwrap_or(u64::MAX));
        Ok(start.elapsed())
    }

    /// The bytes that turn what is shown into the next frame; none if they are the same.
    fn frame(&self, next: &Buffer, cursor: Option<Position>) -> io::Result<Vec<u8>> {
        let mut bytes = BEGIN.to_vec();
        let blank = Buffer::empty(next.area);
        let before = match &self.shown {
            Some(shown) if shown.area == next.area => shown,
            _ => {
                bytes.extend_from_slice(CLEAR);
                &blank
            }
        };
        let difference = before.diff(next);
        if difference.is_empty() && cursor == self.cursor && self.shown.is_some() {
            return Ok(Vec::new());
        }
        let mut backend = CrosstermBackend::new(&mut bytes);
        backend.draw(difference.into_iter())?;
        match cursor {
            Some(position) => {
                backend.set_cursor_position(position)?;
                bytes.extend_from_slice(SHOW_CURSOR);
            }
            None => bytes.extend_from_slice(HIDE_CURSOR),
        }
        bytes.extend_from_slice(END);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn write(text: &'static str) -> impl FnOnce(&mut Buffer) -> Option<Position> {
        move |buffer| {
            buffer.set_string(0, 0, text, Style::new());
            None
        }
    }

    #[test]
    fn only_what_changed_is_written_and_always_within_the_brackets() {
        let mut surface = Surface::default();
        let mut out = Vec::new();
        surface.draw(&mut out, (20, 3), write("LIVE 0.3s")).unwrap();
        assert!(out.starts_with(BEGIN) && out.ends_with(END));
        let first = out.len();
        surface.draw(&mut out, (20, 3), write("LIVE 0.3s")).unwrap();
        assert_eq!(out.len(), first, "the same again costs nothing");
        surface.draw(&mut out, (20, 3), write("LIVE 0.4s")).unwrap();
        let second = &out[first..];
        assert!(second.starts_with(BEGIN) && second.ends_with(END));
        assert!(!String::from_utf8_lossy(second).contains("LIVE"), "only the digit is written");
        assert_eq!(surface.bytes(), u64::try_from(out.len()).unwrap());
    }

    #[test]
    fn another_size_or_a_lost_screen_is_drawn_from_scratch() {
        let mut surface = Surface::default();
        for (size, forget) in [((20, 3), false), ((30, 3), false), ((30, 3), true)] {
            if forget {
                surface.forget();
            }
            let mut out = Vec::new();
            surface.draw(&mut out, size, write("LIVE")).unwrap();
            let text = String::from_utf8_lossy(&out).into_owned();
            assert!(text.contains("\x1b[2J") && text.contains("LIVE"), "{size:?}");
        }
    }

    #[test]
    fn a_terminal_that_is_gone_is_an_error_not_a_loop() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = Surface::default().draw(&mut Gone, (5, 1), write("x")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
