//! What strangers wrote cannot drive the terminal: text from tags, reasons, addresses and errors
//! is shown with its control characters spelled out, so it is one line and has no escape codes.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// The text on one line, without anything a terminal would obey.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        let mut cleaned = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            if is_unsafe(c) {
                cleaned.extend(c.escape_default());
            } else {
                cleaned.push(c);
            }
        }
        Cow::Owned(cleaned)
    } else {
        Cow::Borrowed(text)
    }
}

/// Control characters, and the invisible marks that reorder a line.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// How many columns a clean text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The longest beginning of a clean text that fits `columns`, with `mark` in place of the rest.
pub fn cut<'a>(text: &'a str, columns: usize, mark: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(mark));
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if width(&text[..next]) > room {
            break;
        }
        end = next;
    }
    let mark = if width(mark) <= columns { mark } else { "" };
    Cow::Owned(format!("{}{mark}", &text[..end]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_codes_and_line_ends_are_spelled_out() {
        assert_eq!(clean("zone-1 \u{e4}"), "zone-1 \u{e4}");
        assert_eq!(clean("a\x1b[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\n\\u{202e}c");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits_and_a_clean_one_is_one_line(text in any::<String>(), columns in 0_usize..20) {
            let clean = clean(&text);
            prop_assert!(!clean.chars().any(char::is_control));
            prop_assert!(width(&cut(&clean, columns, "...")) <= columns);
        }
    }
}
