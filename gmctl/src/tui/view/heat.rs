//! The heat grid: every member as a cell in a fixed place, the worst of those that share a cell.

use ratatui::layout::Rect;

use super::figures::{NOT_TOLD, grouped};
use crate::{
    model::{condition::Condition, group::MemberKey},
    tui::{
        app::App,
        geometry::{self, COUNT, Grid},
        glyphs,
        place::{Place, Spot},
        rows::heat::HeatRow,
        theme::Role,
        widget::brush::{Brush, Piece, piece, width_of, width_of_all},
    },
};

/// The room that the whole legend takes.
const LEGEND: u16 = 88;

/// Members that answer, and would not be removed if they did not: their group is held.
const HELD: &str = "=";

/// What each glyph means: of all conditions, or of those in the grid.
pub(super) fn legend<'a>(app: &App, all: bool) -> Vec<Piece<'a>> {
    let present = |condition: Condition| {
        all || condition == Condition::Ok
            || app.rows.heat.shown().iter().any(|row| row.cells.contains(&condition))
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
    if all || app.rows.heat.shown().iter().any(|row| !row.held.is_empty()) {
        pieces.push(piece(format!("{HELD} held"), Role::Info));
    } else {
        pieces.pop();
    }
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
    let sums = sums(app);
    brush.line(last, &sums);
    let room = area.width.saturating_sub(width_of_all(&sums).saturating_add(2));
    if let Some(text) = under_the_cursor(app).into_iter().find(|text| width_of(text) <= room) {
        brush.line_right(last, &[piece(text, Role::Text)]);
    }
}

/// Whom the selected cell is about, and what Enter does with it: in full, and shorter.
fn under_the_cursor(app: &App) -> Vec<String> {
    let grid = geometry::heat(app);
    let rows = app.rows.heat.shown();
    let Some((row, cell)) = grid.cell_of(rows, app.ui.selection.cell.as_ref()) else {
        return Vec::new();
    };
    let (whom, what) = match grid.keys_of(rows, row, cell) {
        [] => return Vec::new(),
        [only] => (format!("{}/{}", only.group, only.id), "opens"),
        [first, .., last] => (format!("{} .. {}", first.id, last.id), "lists them"),
    };
    vec![format!("{whom}  Enter {what} "), format!("{whom} ")]
}

/// How many members look how, in words; nothing before any was told of.
pub(super) fn sums<'a>(app: &App) -> Vec<Piece<'a>> {
    let tally = app.rows.tally;
    if !app.model().knows_groups() {
        return Vec::new();
    }
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
    let rows = app.rows.heat.shown();
    if rows.is_empty() {
        let none = if app.ui.place == Place::Heat && !app.filter().is_empty() {
            "  no member passes the filter   [Esc] clears it"
        } else if app.model().knows_groups() {
            "  no members yet"
        } else {
            NOT_TOLD
        };
        brush.line(area, &[piece(none, Role::Faint)]);
        return;
    }
    let grid = geometry::grid(app, area);
    let mut y = area.y;
    let seen = rows.get(grid.seen.clone()).unwrap_or_default();
    for (row, lines) in seen.iter().zip(&grid.lines) {
        brush.text(area.x + 1, y, grid.label, &row.label, Role::Text);
        if row.is_held(&(0..row.cells.len())) {
            brush.text(area.x + 1 + grid.label, y, 1, HELD, Role::Info);
        }
        let end = Rect { x: area.right().saturating_sub(COUNT), y, width: COUNT, height: 1 };
        let total = format!("{} ", grouped(row.tally.total() as u64));
        brush.line_right(end.intersection(area), &[piece(total, Role::Faint)]);
        let cells = Rect { x: area.x + grid.start, y, ..area };
        y = y.saturating_add(draw_cells(app, brush, cells, row, &grid, *lines));
        if y >= area.bottom() {
            break;
        }
    }
    if y < area.bottom() {
        let cell = match grid.per_cell {
            1 => " 1 cell = 1 member".to_owned(),
            k => format!(" 1 cell = {k} members, the worst shows"),
        };
        let mut pieces = vec![piece(cell, Role::Faint)];
        pieces.extend(unseen(app, &grid));
        brush.line(Rect { y, height: 1, ..area }, &pieces);
    }
}

/// How many rows are not seen, and how the worst in them looks: a row out of sight must not hide
/// what is wrong.
fn unseen<'a>(app: &App, grid: &Grid) -> Vec<Piece<'a>> {
    let (rows, hidden) = (app.rows.heat.shown(), app.rows.heat.hidden());
    let above = rows.get(..grid.seen.start).unwrap_or_default();
    let below = rows.get(grid.seen.end..).unwrap_or_default();
    let unseen = || above.iter().chain(below).chain(hidden);
    let Some(worst) = unseen().filter_map(HeatRow::worst).max() else {
        return Vec::new();
    };
    let text = format!(", {} more rows, the worst ", grouped(unseen().count() as u64));
    let state = format!("{} {}", glyphs::of(worst), worst.as_str());
    vec![piece(text, Role::Faint), piece(state, Role::from(worst))]
}

fn draw_cells(
    app: &App,
    brush: &mut Brush<'_>,
    area: Rect,
    row: &HeatRow,
    grid: &Grid,
    lines: usize,
) -> u16 {
    let width = grid.width.max(1);
    let selected = selected_cell(app, row, grid);
    let size = grid.per_cell.max(1);
    for (place, cell) in row.cells.chunks(size).enumerate() {
        let worst = cell.iter().copied().max().unwrap_or(Condition::Unknown);
        let column = u16::try_from(place % width).unwrap_or(u16::MAX);
        let line = place / width;
        if line >= lines {
            break;
        }
        let x = area.x.saturating_add(column);
        let y = area.y.saturating_add(u16::try_from(line).unwrap_or(u16::MAX));
        let start = place.saturating_mul(size);
        let (glyph, role) = match worst {
            Condition::Ok if row.is_held(&(start..start + cell.len())) => (HELD, Role::Info),
            Condition::Ok => (glyphs::of(worst), Role::Faint),
            _ => (glyphs::of(worst), Role::from(worst)),
        };
        brush.glyph(x, y, glyph, role);
        let at = Rect { x, y, width: 1, height: 1 };
        if selected == Some(place) {
            brush.select(at);
        }
        brush.spot(at, || first(row, place, grid).map(Spot::Cell));
    }
    u16::try_from(lines).unwrap_or(u16::MAX)
}

fn first(row: &HeatRow, place: usize, grid: &Grid) -> Option<MemberKey> {
    row.keys.get(place.saturating_mul(grid.per_cell)).cloned()
}

/// The cell of this row under the cursor; only the heat screen has a cursor.
fn selected_cell(app: &App, row: &HeatRow, grid: &Grid) -> Option<usize> {
    if app.ui.place != Place::Heat {
        return None;
    }
    let at = row.keys.binary_search(app.ui.selection.cell.as_ref()?).ok()?;
    Some(at / grid.per_cell.max(1))
}

/// Room at the end of the strip for what is known of the rows that it has no room for.
const REST: u16 = 9;

/// One line of heat for smaller screens: each row as the worst of a few parts of it, and the worst
/// of the rows that do not fit.
pub(super) fn strip(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let rows = app.rows.heat.shown();
    let label = |row: &HeatRow| width_of(&row.label).saturating_add(3);
    let width = |parts| {
        let of = |row: &HeatRow| usize::from(label(row)) + parts_of(row, parts).count();
        rows.iter().map(of).sum::<usize>()
    };
    let parts = (1..=12).rev().find(|parts| width(*parts) < usize::from(area.width)).unwrap_or(1);
    let mut pieces = vec![piece(" ", Role::Text)];
    for (place, row) in rows.iter().enumerate() {
        let cells = strip_of(row, parts);
        let rest = if place + 1 < rows.len() { REST } else { 0 };
        let used = width_of_all(&pieces).saturating_add(label(row)).saturating_add(rest);
        let left = rows.get(place..).unwrap_or_default();
        let worst = left.iter().filter_map(HeatRow::worst).max();
        if let Some(worst) =
            worst.filter(|_| used.saturating_add(width_of_all(&cells)) > area.width)
        {
            pieces.push(piece(format!("+{} ", left.len()), Role::Faint));
            pieces.push(piece(glyphs::of(worst), Role::from(worst)));
            break;
        }
        pieces.push(piece(format!("{} ", row.label), Role::Faint));
        pieces.extend(cells);
        pieces.push(piece("  ", Role::Text));
    }
    brush.line(area, &pieces);
}

/// A row as so many parts at most.
fn parts_of(row: &HeatRow, parts: usize) -> std::slice::Chunks<'_, Condition> {
    row.cells.chunks(row.cells.len().div_ceil(parts.max(1)).max(1))
}

fn strip_of<'a>(row: &HeatRow, parts: usize) -> Vec<Piece<'a>> {
    let worst_of = |part: &[Condition]| part.iter().copied().max().unwrap_or(Condition::Unknown);
    let worst = parts_of(row, parts).map(worst_of);
    worst.map(|worst| piece(glyphs::of(worst), Role::from(worst))).collect()
}
