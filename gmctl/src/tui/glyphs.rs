//! Every character that is no letter: in UTF-8, or in ASCII alone.
//!
//! The glyphs of conditions are ASCII in both sets, because terminals disagree about the width of
//! the prettier ones and a grid must not shear.

use crate::model::condition::Condition;

/// A set of glyphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Borders by the sides on which a line leaves the cell: up 1, right 2, down 4, left 8.
    pub border: [&'static str; 16],
    /// A horizontal rule.
    pub rule: &'static str,
    /// Text goes on but there is no room.
    pub ellipsis: &'static str,
    /// A sparkline's steps, lowest first.
    pub spark: &'static [&'static str],
    /// A gap in a sparkline: not zero, but nothing known.
    pub gap: &'static str,
}

impl Glyphs {
    /// Whether this is the set for terminals that have nothing else.
    pub fn is_ascii(&self) -> bool {
        self.rule.is_ascii()
    }
}

/// The prettier set.
pub const UTF8: Glyphs = Glyphs {
    border: [" ", "│", "─", "└", "│", "│", "┌", "├", "─", "┘", "─", "┴", "┐", "┤", "┬", "┼"],
    rule: "─",
    ellipsis: "…",
    spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    gap: " ",
};

/// For terminals and fonts that have nothing else.
pub const ASCII: Glyphs = Glyphs {
    border: [" ", "|", "-", "+", "|", "|", "+", "+", "-", "+", "-", "+", "+", "+", "+", "+"],
    rule: "-",
    ellipsis: "~",
    spark: &["_", ".", "-", "=", "+", "*", "#", "@"],
    gap: " ",
};

/// The glyph of a condition.
pub fn of(condition: Condition) -> &'static str {
    match condition {
        Condition::Ok => ".",
        Condition::New => "+",
        Condition::Left => "o",
        Condition::Removed => "x",
        Condition::Unknown => "?",
        Condition::Away => "a",
        Condition::Late => "-",
        Condition::Suspect => "s",
        Condition::Condemned => "!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_conditions_share_a_glyph_or_a_word() {
        for (n, one) in Condition::ALL.iter().enumerate() {
            for other in &Condition::ALL[n + 1..] {
                assert_ne!(of(*one), of(*other));
                assert_ne!(one.as_str(), other.as_str());
            }
        }
    }

    #[test]
    fn ascii_is_ascii() {
        let glyphs = ASCII.border.iter().chain(ASCII.spark);
        assert!(glyphs.chain([&ASCII.rule, &ASCII.ellipsis]).all(|glyph| glyph.is_ascii()));
    }
}
