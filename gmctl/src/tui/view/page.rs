//! Screens of lines: what does not fit is scrolled to, and a mark tells that there is more.
//!
//! ```text
//! head     stays where it is
//! lines    as many as fit, from the line scrolled to on
//! mark     which of how many lines these are, if they are not all
//! ```

use std::ops::Range;

use ratatui::layout::Rect;

use super::{body, difference, listing::one_line, member, views, why};
use crate::{
    action::table::Action,
    tui::{
        app::App,
        geometry,
        place::Place,
        theme::Role,
        widget::brush::{Brush, Piece, piece},
    },
};

/// One line.
pub(super) type Line<'a> = Vec<Piece<'a>>;

/// The lines of a screen.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    /// What stays at the top.
    pub head: Vec<Line<'a>>,
    /// What is scrolled.
    pub lines: Vec<Line<'a>>,
}

/// The lines of the place, if it is a screen of lines.
fn of(app: &App) -> Option<Page<'_>> {
    match &app.ui.place {
        Place::Views => Some(views::page(app)),
        Place::Member(key) => Some(member::page(app, key)),
        Place::Why(key) => Some(why::page(app, key)),
        Place::Difference => Some(difference::page(app)),
        _ => None,
    }
}

/// All of its lines as plain text, if the place is a screen of lines.
pub(super) fn text(app: &App) -> Option<Vec<String>> {
    let Page { head, lines } = of(app)?;
    let plain = |line: &Line<'_>| line.iter().map(|(text, _)| text.as_ref()).collect::<String>();
    Some(head.iter().chain(&lines).map(|line| one_line(&plain(line))).collect())
}

/// Draws the screen of lines.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let Some(Page { head, lines }) = of(app) else {
        return;
    };
    let seen = seen(lines.len(), room(area, head.len()), app.ui.scroll());
    let shown = lines.get(seen.clone()).unwrap_or_default();
    for (y, line) in (area.y..area.bottom()).zip(head.iter().chain(shown)) {
        brush.line(Rect { y, height: 1, ..area }, line);
    }
    if seen.len() < lines.len() && !area.is_empty() {
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        brush.line(last, &mark(app, &seen, lines.len()));
    }
}

/// The last line to which the screen of lines can be scrolled; none if it is no such screen.
pub(in crate::tui) fn furthest(app: &App) -> Option<usize> {
    let page = of(app)?;
    let area = body::room(app, geometry::body(app.ui.size, &app.ui.place));
    let seen = seen(page.lines.len(), room(area, page.head.len()), usize::MAX);
    Some(seen.start)
}

/// How many lines there is room for below the head.
fn room(area: Rect, head: usize) -> usize {
    usize::from(area.height).saturating_sub(head)
}

/// Which lines are seen: all, or so many that the mark has room too.
fn seen(lines: usize, room: usize, scroll: usize) -> Range<usize> {
    if lines <= room {
        return 0..lines;
    }
    let room = room.saturating_sub(1);
    let start = scroll.min(lines - room);
    start..start + room
}

fn mark<'a>(app: &App, seen: &Range<usize>, lines: usize) -> Line<'a> {
    let mut mark = vec![piece(
        format!(" lines {} to {} of {lines}", seen.start.saturating_add(1), seen.end),
        Role::Faint,
    )];
    let ways = [
        (seen.start, "above", Action::Previous),
        (lines.saturating_sub(seen.end), "below", Action::Next),
    ];
    for (number, word, action) in ways.into_iter().filter(|(number, ..)| *number > 0) {
        mark.push(piece(format!("   [{}]", app.key(action)), Role::Key));
        mark.push(piece(format!(" {number} more {word}"), Role::Text));
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_reached_and_the_mark_has_room() {
        for (lines, room, scroll, expected) in [
            (0, 10, 0, 0..0),
            (10, 10, 5, 0..10),
            (11, 10, 0, 0..9),
            (11, 10, 1, 1..10),
            (11, 10, 9, 2..11),
            (11, 1, 0, 0..0),
            (11, 0, 3, 3..3),
        ] {
            assert_eq!(seen(lines, room, scroll), expected, "{lines} {room} {scroll}");
        }
    }
}
