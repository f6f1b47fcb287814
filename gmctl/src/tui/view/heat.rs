//! The heat grid: every member as a cell in a fixed place, the worst of those that share a cell.

use ratatui::layout::Rect;

use super::figures::grouped;
use crate::{
    model::condition::{Condition, Tally},
    tui::{
        app::App,
        glyphs,
        rows::HeatRow,
        theme::Role,
        widget::{
            brush::{Brush, Piece, piece, width_of},
            grid,
        },
    },
};

/// The widest label; longer ones are cut.
const LABEL_MAX: u16 = 16;
/// Room for the count at the end of a row.
const COUNT: u16 = 8;

/// The room that the whole legend takes.
const LEGEND: u16 = 75;

/// What each glyph means: of all conditions, or of those in the grid.
pub(super) fn legend<'a>(app: &App, all: bool) -> Vec<Piece<'a>> {
    let present = |condition: Condition| {
        all || condition == Condition::Ok
            || app.rows.heat.iter().any(|row| row.cells.contains(&condition))
    };
    let mut pieces = vec![piece(" ", Role::Text)];
    let shown: Vec<Condition> =
        Condition::ALL.into_iter().filter(|condition| present(*condition)).collect();
    let gap = if shown.len() > 5 { " " } else { "  " };
    // The worst first: a narrow screen cuts the end.
    for condition in shown.into_iter().rev() {
        let text = format!("{} {}", glyphs::of(condition), condition.as_str());
        pieces.push(piece(text, Role::from(condition)));
        pieces.push(piece(gap, Role::Text));
    }
    pieces.pop();
    pieces
}

/// The heat grid with its legend above and its sums below.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect) {
    if area.height < 3 {
        return grid(app, brush, area);
    }
    brush.line(area, &legend(app, area.width >= LEGEND));
    let middle = Rect { y: area.y + 1, height: area.height - 2, ..area };
    grid(app, brush, middle);
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    brush.line(last, &sums(app.rows.tally));
}

/// How many members look how, in words.
pub(super) fn sums<'a>(tally: Tally) -> Vec<Piece<'a>> {
    let mut pieces = vec![piece(format!(" ok {}", grouped(tally.ok as u64)), Role::Text)];
    let some = [
        (tally.late, "late", Role::Info),
        (tally.suspect, "suspect", Role::Warn),
        (tally.unknown, "unknown", Role::Text),
        (tally.away, "away", Role::Info),
    ];
    for (number, word, role) in some {
        let role = if number > 0 { role } else { Role::Faint };
        pieces.push(piece(format!("  {word} {}", grouped(number as u64)), role));
    }
    pieces
}

/// The grid alone.
pub(super) fn grid(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let rows = &app.rows.heat;
    if rows.is_empty() {
        brush.line(area, &[piece("  no members yet", Role::Faint)]);
        return;
    }
    let widest = rows.iter().map(|row| width_of(&row.label)).max().unwrap_or_default();
    let label = widest.min(LABEL_MAX).min(area.width / 4);
    let start = label.saturating_add(3);
    let width = area.width.saturating_sub(start).saturating_sub(COUNT + 1);
    // The last line tells how many share a cell.
    let height = usize::from(area.height.saturating_sub(1));
    let sizes: Vec<usize> = rows.iter().map(|row| row.cells.len()).collect();
    let layout = grid::layout(&sizes, usize::from(width), height);
    let mut y = area.y;
    for (row, lines) in rows.iter().zip(&layout.lines) {
        brush.text(area.x + 1, y, label, &row.label, Role::Text);
        let end = Rect { y, height: 1, ..area };
        let total = format!("{} ", grouped(row.tally.total() as u64));
        brush.line_right(end, &[piece(total, Role::Faint)]);
        let cells = Rect { x: area.x + start, y, width, height: 1 };
        y = y.saturating_add(draw_cells(brush, cells, row, layout.per_cell, *lines));
    }
    let hidden = rows.len() - layout.lines.len() + app.rows.heat_hidden;
    let note = match (layout.per_cell, hidden) {
        (1, 0) => " 1 cell = 1 member".to_owned(),
        (1, n) => format!(" 1 cell = 1 member, {n} more rows"),
        (k, 0) => format!(" 1 cell = {k} members, the worst shows"),
        (k, n) => format!(" 1 cell = {k} members, the worst shows, {n} more rows"),
    };
    if y < area.bottom() {
        brush.text(area.x, y, area.width, &note, Role::Faint);
    }
}

fn draw_cells(
    brush: &mut Brush<'_>,
    area: Rect,
    row: &HeatRow,
    per_cell: usize,
    lines: usize,
) -> u16 {
    let width = usize::from(area.width).max(1);
    for (place, cell) in row.cells.chunks(per_cell.max(1)).enumerate() {
        let worst = cell.iter().copied().max().unwrap_or(Condition::Unknown);
        let x = u16::try_from(place % width).unwrap_or(u16::MAX);
        let y = u16::try_from(place / width).unwrap_or(u16::MAX);
        if usize::from(y) >= lines {
            break;
        }
        let role = if worst == Condition::Ok { Role::Faint } else { Role::from(worst) };
        brush.glyph(area.x.saturating_add(x), area.y.saturating_add(y), glyphs::of(worst), role);
    }
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// One line of heat for smaller screens: each row as the worst of a few parts of it.
pub(super) fn strip(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let rows = &app.rows.heat;
    let mut pieces = vec![piece(" ", Role::Text)];
    let parts = (60 / rows.len().max(1)).clamp(1, 12);
    for row in rows {
        pieces.push(piece(format!("{} ", row.label), Role::Faint));
        let size = row.cells.len().div_ceil(parts).max(1);
        for part in row.cells.chunks(size) {
            let worst = part.iter().copied().max().unwrap_or(Condition::Unknown);
            pieces.push(piece(glyphs::of(worst), Role::from(worst)));
        }
        pieces.push(piece("  ", Role::Text));
    }
    brush.line(area, &pieces);
}
