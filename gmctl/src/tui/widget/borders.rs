//! Boxes that share their sides: every cell knows on which sides a line leaves it, so corners and
//! crossings close whatever the boxes are and however they touch.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::brush::Brush;
use crate::tui::theme::Role;

const UP: usize = 1;
const RIGHT: usize = 2;
const DOWN: usize = 4;
const LEFT: usize = 8;

/// Draws the boxes; the one that has the keys stands out.
pub fn draw(brush: &mut Brush<'_>, boxes: &[Rect], focused: Option<usize>) {
    let mut sides: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for area in boxes {
        for (position, mask) in outline(*area) {
            *sides.entry(position).or_default() |= mask;
        }
    }
    let highlighted: BTreeMap<(u16, u16), usize> = focused
        .and_then(|place| boxes.get(place))
        .map(|area| outline(*area).collect())
        .unwrap_or_default();
    for ((x, y), mask) in sides {
        let role = if highlighted.contains_key(&(x, y)) { Role::Focus } else { Role::Border };
        let glyph = brush.glyphs.border.get(mask).copied().unwrap_or(" ");
        brush.glyph(x, y, glyph, role);
    }
}

/// Each cell of a box's outline, and where a line leaves it.
fn outline(area: Rect) -> impl Iterator<Item = ((u16, u16), usize)> {
    let big_enough = area.width >= 2 && area.height >= 2;
    let (left, top) = (area.x, area.y);
    let (right, bottom) = (area.right().saturating_sub(1), area.bottom().saturating_sub(1));
    let corners = [
        ((left, top), RIGHT | DOWN),
        ((right, top), LEFT | DOWN),
        ((left, bottom), UP | RIGHT),
        ((right, bottom), UP | LEFT),
    ];
    let across = (left.saturating_add(1)..right)
        .flat_map(move |x| [((x, top), LEFT | RIGHT), ((x, bottom), LEFT | RIGHT)]);
    let along = (top.saturating_add(1)..bottom)
        .flat_map(move |y| [((left, y), UP | DOWN), ((right, y), UP | DOWN)]);
    corners.into_iter().chain(across).chain(along).filter(move |_| big_enough)
}

/// The area within a box.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// Writes headings onto the upper side of a box: one at its left, one at its right if both fit.
pub fn title(brush: &mut Brush<'_>, area: Rect, left: &str, right: &str) {
    if area.width < 6 || area.height == 0 {
        return;
    }
    let room = area.width - 4;
    let left = if left.is_empty() { String::new() } else { format!(" {left} ") };
    let used = brush.text(area.x + 2, area.y, room, &left, Role::Title);
    let right = if right.is_empty() { String::new() } else { format!(" {right} ") };
    let width = super::brush::width_of(&right);
    if used.saturating_add(width).saturating_add(2) <= room {
        brush.text(area.x + 2 + room - width, area.y, width, &right, Role::Faint);
    }
}
