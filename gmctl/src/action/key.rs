//! A key as people write it: `g`, `C-d`, `Enter`.

use std::{fmt, str::FromStr};

/// One press of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character, with Shift already applied.
    Char(char),
    /// Control and a character in lower case.
    Ctrl(char),
    /// Enter or Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// A function key.
    Function(u8),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Key::Char(c) if *c != ' ' => return write!(f, "{c}"),
            Key::Ctrl(c) => return write!(f, "C-{c}"),
            Key::Function(n) => return write!(f, "F{n}"),
            Key::Char(_) => "Space",
            Key::Enter => "Enter",
            Key::Esc => "Esc",
            Key::Tab => "Tab",
            Key::BackTab => "S-Tab",
            Key::Up => "Up",
            Key::Down => "Down",
            Key::Left => "Left",
            Key::Right => "Right",
            Key::PageUp => "PgUp",
            Key::PageDown => "PgDn",
            Key::Home => "Home",
            Key::End => "End",
            Key::Backspace => "Backspace",
            Key::Delete => "Delete",
        };
        f.write_str(name)
    }
}

/// The keys that have a name of their own.
const NAMED: [(&str, Key); 15] = [
    ("Space", Key::Char(' ')),
    ("Enter", Key::Enter),
    ("Esc", Key::Esc),
    ("Tab", Key::Tab),
    ("S-Tab", Key::BackTab),
    ("Up", Key::Up),
    ("Down", Key::Down),
    ("Left", Key::Left),
    ("Right", Key::Right),
    ("PgUp", Key::PageUp),
    ("PgDn", Key::PageDown),
    ("Home", Key::Home),
    ("End", Key::End),
    ("Backspace", Key::Backspace),
    ("Delete", Key::Delete),
];

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, key)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*key);
        }
        let mut chars = text.chars();
        if let (Some(only), None) = (chars.next(), chars.next())
            && !only.is_control()
            && !only.is_whitespace()
        {
            return Ok(Key::Char(only));
        }
        let number = text.strip_prefix('F').and_then(|number| number.parse().ok());
        if let Some(number @ 1..=12) = number {
            return Ok(Key::Function(number));
        }
        let mut held = text.strip_prefix("C-").unwrap_or_default().chars();
        match (held.next(), held.next()) {
            (Some(letter @ 'a'..='z'), None) => Ok(Key::Ctrl(letter)),
            _ => Err(format!(
                "{text:?} is no key; a key is a character, C-a to C-z, F1 to F12, or one of {}; \
                 keys pressed one after the other stand apart: \"g g\"",
                NAMED.map(|(name, _)| name).join(" ")
            )),
        }
    }
}

/// Keys pressed one after the other, as they are shown: `gg`, `C-d`.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect()
}

/// Keys pressed one after the other, as they are written in a file: `g g`, `C-d`.
pub fn spaced(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads keys pressed one after the other: `g g`.
pub fn sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err("no key is named".to_owned()) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let some = [Key::Char('g'), Key::Char('?'), Key::Ctrl('d'), Key::Function(12)];
        for key in NAMED.map(|(_, key)| key).into_iter().chain(some) {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert_eq!(sequence("g g").map(|keys| (spaced(&keys), written(&keys))), {
            Ok(("g g".to_owned(), "gg".to_owned()))
        });
        for wrong in ["gg", "C-D", "C-", "F0", "F13", "Shift-a", "\u{7}", ""] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong:?}");
        }
    }
}
