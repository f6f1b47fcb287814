//! Text in roles, cut where the room ends. Nothing is ever drawn outside the area given, whatever
//! its size, and control characters in foreign texts never reach the terminal.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
    text::Span,
};

use crate::tui::{
    glyphs::Glyphs,
    place::Spot,
    theme::{Role, Theme},
};

/// A piece of text and what it is.
pub type Piece<'a> = (Cow<'a, str>, Role);

/// Builds a piece.
pub fn piece<'a>(text: impl Into<Cow<'a, str>>, role: Role) -> Piece<'a> {
    (text.into(), role)
}

/// How many columns a text takes.
pub fn width_of(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// How many columns pieces take together.
pub fn width_of_all(pieces: &[Piece<'_>]) -> u16 {
    pieces.iter().fold(0, |sum: u16, (text, _)| sum.saturating_add(width_of(text)))
}

/// The text in lines, broken between words: the first so wide, the others as wide as that.
pub fn wrapped(text: &str, first: u16, others: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = if lines.len() == 1 { first } else { others };
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if width_of(line).saturating_add(1).saturating_add(width_of(word)) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Draws into a buffer.
pub struct Brush<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    /// The glyphs to draw with.
    pub glyphs: &'static Glyphs,
    outdated: bool,
    /// What can be clicked; none while the mouse is not ours.
    spots: Option<Vec<(Rect, Spot)>>,
}

impl<'a> Brush<'a> {
    /// A brush for a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme, glyphs: &'static Glyphs, mouse: bool) -> Self {
        Self { buffer, theme, glyphs, outdated: false, spots: mouse.then(Vec::new) }
    }

    /// Notes that an area can be clicked, if the mouse is ours.
    pub fn spot(&mut self, area: Rect, what: impl FnOnce() -> Option<Spot>) {
        if let Some(spots) = &mut self.spots
            && let Some(spot) = what()
        {
            spots.push((area, spot));
        }
    }

    /// What can be clicked.
    pub fn into_spots(self) -> Vec<(Rect, Spot)> {
        self.spots.unwrap_or_default()
    }

    /// From now on everything looks outdated, or current again.
    pub fn set_outdated(&mut self, outdated: bool) {
        self.outdated = outdated;
    }

    /// How a role looks now.
    pub fn style(&self, role: Role) -> Style {
        // Reset first: what is drawn over something else must not inherit its looks.
        let style = Style::reset().patch(self.theme.style(role));
        if self.outdated { style.add_modifier(self.theme.outdated()) } else { style }
    }

    /// Draws a text from a column on, at most so wide, and tells how wide it became.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let area = *self.buffer.area();
        if y >= area.bottom() || x >= area.right() || y < area.y || x < area.x {
            return 0;
        }
        let width = width.min(area.right() - x);
        let style = self.style(role);
        if width_of(text) <= width {
            let (end, _) = self.buffer.set_stringn(x, y, text, usize::from(width), style);
            self.spell(x, end, y);
            return end.saturating_sub(x);
        }
        if width == 0 {
            return 0;
        }
        let (end, _) = self.buffer.set_stringn(x, y, text, usize::from(width - 1), style);
        self.spell(x, end, y);
        self.buffer.set_stringn(end, y, self.glyphs.ellipsis, 1, style);
        width
    }

    /// Where ASCII alone is drawn, what others wrote is too: a `?` for each character beyond, as wide.
    fn spell(&mut self, from: u16, end: u16, y: u16) {
        if !self.glyphs.is_ascii() {
            return;
        }
        for x in from..end {
            if let Some(cell) = self.buffer.cell_mut(Position { x, y })
                && !cell.symbol().is_ascii()
            {
                cell.set_symbol("?");
            }
        }
    }

    /// Draws pieces one after the other into the first line of an area, cut at its end.
    pub fn line(&mut self, area: Rect, pieces: &[Piece<'_>]) {
        if area.is_empty() {
            return;
        }
        let mut x = area.x;
        let end = area.right();
        for (place, (text, role)) in pieces.iter().enumerate() {
            let rest = end.saturating_sub(x);
            let more = pieces.get(place + 1..).is_some_and(|rest| width_of_all(rest) > 0);
            if rest == 0 {
                return;
            }
            if width_of(text) >= rest && more {
                let whole = format!("{text} ");
                self.text(
                    x,
                    area.y,
                    rest,
                    if width_of(text) == rest { &whole } else { text },
                    *role,
                );
                return;
            }
            x = x.saturating_add(self.text(x, area.y, rest, text, *role));
        }
    }

    /// Draws pieces against the right end of the first line of an area, if they fit there.
    /// Tells how much room is left of them.
    pub fn line_right(&mut self, area: Rect, pieces: &[Piece<'_>]) -> u16 {
        let width = width_of_all(pieces);
        if width > area.width || area.is_empty() {
            return area.width;
        }
        let left = area.width - width;
        self.line(Rect { x: area.x + left, width, height: 1, ..area }, pieces);
        left
    }

    /// Draws a horizontal rule through the first line of an area.
    pub fn rule(&mut self, area: Rect) {
        if !area.is_empty() {
            let rule = self.glyphs.rule.repeat(usize::from(area.width));
            self.text(area.x, area.y, area.width, &rule, Role::Border);
        }
    }

    /// Makes an area blank.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(*self.buffer.area());
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Marks the first line of an area as selected.
    pub fn select(&mut self, area: Rect) {
        let modifier = self.theme.selected();
        self.add(Rect { height: area.height.min(1), ..area }, modifier);
    }

    /// Makes the first line of an area the place where one types.
    pub fn underline(&mut self, area: Rect) {
        self.add(Rect { height: area.height.min(1), ..area }, Modifier::UNDERLINED);
    }

    fn add(&mut self, area: Rect, modifier: Modifier) {
        let area = area.intersection(*self.buffer.area());
        self.buffer.set_style(area, Style::new().add_modifier(modifier));
    }

    /// Draws one glyph.
    pub fn glyph(&mut self, x: u16, y: u16, glyph: &str, role: Role) {
        let style = self.style(role);
        if let Some(cell) = self.buffer.cell_mut(Position { x, y }) {
            cell.set_symbol(glyph).set_style(style);
        }
    }
}
