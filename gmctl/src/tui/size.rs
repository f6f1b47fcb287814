//! How much room there is: three layouts and a sentence.

/// What fits into a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// A sentence and nothing else.
    Sentence,
    /// One list with its most important columns.
    Minimal,
    /// One pane at a time, tabs, a strip of heat.
    Compact,
    /// Everything.
    Full,
}

/// The least width and height of the layouts above a sentence.
pub const MINIMAL: (u16, u16) = (60, 16);
/// The least width and height of the compact layout.
pub const COMPACT: (u16, u16) = (76, 20);
/// The least width and height of the full layout.
pub const FULL: (u16, u16) = (110, 30);

impl Size {
    /// What fits into so many columns and rows.
    pub fn of(width: u16, height: u16) -> Self {
        let fits = |(columns, rows): (u16, u16)| width >= columns && height >= rows;
        if fits(FULL) {
            Size::Full
        } else if fits(COMPACT) {
            Size::Compact
        } else if fits(MINIMAL) {
            Size::Minimal
        } else {
            Size::Sentence
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layout_begins_where_it_is_said_to() {
        for (width, height, expected) in [
            (0, 0, Size::Sentence),
            (59, 60, Size::Sentence),
            (60, 16, Size::Minimal),
            (200, 15, Size::Sentence),
            (75, 40, Size::Minimal),
            (76, 20, Size::Compact),
            (109, 60, Size::Compact),
            (110, 30, Size::Full),
            (110, 29, Size::Compact),
        ] {
            assert_eq!(Size::of(width, height), expected, "{width}x{height}");
        }
    }
}
