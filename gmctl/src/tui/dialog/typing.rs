//! One line of text under the keys: what each key does to it.

use tui_input::{Input, InputRequest};

use crate::action::key::Key;

/// The longest line that can be typed or pasted, in characters: twice the longest address.
pub const LINE_MAX: usize = 1_024;

/// Does to the line what the key says. False if the key means nothing to a line of text.
pub fn press(line: &mut Input, key: Key) -> bool {
    let request = match key {
        Key::Char(c) => {
            if line.value().chars().count() >= LINE_MAX {
                return true;
            }
            InputRequest::InsertChar(c)
        }
        Key::Backspace | Key::Ctrl('h') => InputRequest::DeletePrevChar,
        Key::Delete => InputRequest::DeleteNextChar,
        Key::Left => InputRequest::GoToPrevChar,
        Key::Right => InputRequest::GoToNextChar,
        Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
        Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
        Key::Ctrl('w') => InputRequest::DeletePrevWord,
        Key::Ctrl('u') => InputRequest::DeleteLine,
        Key::Ctrl('k') => InputRequest::DeleteTillEnd,
        _ => return false,
    };
    line.handle(request);
    true
}

/// Puts pasted text in at the cursor, its line breaks as spaces, as far as there is room.
pub fn paste(line: &mut Input, text: &str) {
    let room = LINE_MAX.saturating_sub(line.value().chars().count());
    for c in text.trim().chars().take(room) {
        let c = if c.is_whitespace() { ' ' } else { c };
        if !c.is_control() {
            line.handle(InputRequest::InsertChar(c));
        }
    }
}
