//! The terminal's events as messages.

use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};

use crate::{
    action::key::Key,
    tui::{message::Message, place::Spot, view::screen::Drawn},
};

/// Two clicks on the same within this time are one double click.
const TWICE_WITHIN: Duration = Duration::from_millis(400);
/// Rows a turn of the wheel goes.
const WHEEL: isize = 3;

/// What was clicked last.
#[derive(Debug, Default)]
pub(super) struct Mouse {
    last: Option<(Spot, Instant)>,
}

impl Mouse {
    /// What an event means to the dashboard, if anything. A click is about what the last frame
    /// shows at that place.
    pub(super) fn messages_of(
        &mut self,
        event: Event,
        drawn: &Drawn,
        now: Instant,
    ) -> Vec<Message> {
        let Event::Mouse(mouse) = event else {
            return messages_of(event);
        };
        let message = match mouse.kind {
            MouseEventKind::ScrollDown => Some(Message::Wheeled(WHEEL)),
            MouseEventKind::ScrollUp => Some(Message::Wheeled(-WHEEL)),
            MouseEventKind::Down(MouseButton::Left) => {
                let Some(spot) = drawn.spot_at(mouse.column, mouse.row).cloned() else {
                    return Vec::new();
                };
                let twice = self.last.take().is_some_and(|(last, at)| {
                    last == spot && now.saturating_duration_since(at) < TWICE_WITHIN
                });
                if !twice {
                    self.last = Some((spot.clone(), now));
                }
                Some(Message::Clicked(spot, twice))
            }
            _ => None,
        };
        message.into_iter().collect()
    }
}

fn messages_of(event: Event) -> Vec<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            // Esc and a key that come in one go, as over a slow link, look like a key with Alt.
            let alt = key.modifiers.contains(KeyModifiers::ALT);
            let esc = alt.then_some(Key::Esc);
            esc.into_iter().chain(key_of(key)).map(Message::Key).collect()
        }
        Event::Paste(text) => vec![Message::Paste(text)],
        Event::Resize(width, height) => vec![Message::Resized(width, height)],
        _ => Vec::new(),
    }
}

fn key_of(event: KeyEvent) -> Option<Key> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(c) if control => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(n) => Key::Function(n),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_the_table_names_them() {
        for (code, modifiers, expected) in [
            (KeyCode::Char('g'), KeyModifiers::NONE, Some(Key::Char('g'))),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, Some(Key::Char('G'))),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Key::Ctrl('c'))),
            (KeyCode::BackTab, KeyModifiers::SHIFT, Some(Key::BackTab)),
            (KeyCode::CapsLock, KeyModifiers::NONE, None),
        ] {
            assert_eq!(key_of(KeyEvent::new(code, modifiers)), expected, "{code:?}");
        }
        let mut release = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert!(messages_of(Event::Key(release)).is_empty(), "a key acts once");
        let both = messages_of(Event::Key(KeyEvent::new(KeyCode::Char('/'), KeyModifiers::ALT)));
        let keys: Vec<Key> = both
            .into_iter()
            .filter_map(|message| match message {
                Message::Key(key) => Some(key),
                _ => None,
            })
            .collect();
        assert_eq!(keys, [Key::Esc, Key::Char('/')]);
    }
}
