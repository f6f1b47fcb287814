//! Who led when: a lane a node, over the time that the timeline knows of.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::figures::clock;
use crate::{
    model::{happening::Happening, timeline::Entry},
    tui::{
        app::App,
        theme::Role,
        widget::brush::{Brush, piece},
    },
};

/// Room for the names of the lanes.
const NAMES: u16 = 10;
/// Lines beside the lanes: the heading, the times.
const FRAME: u16 = 2;

/// Draws the lanes: `L` led, `x` out of reach, `.` neither, and nothing before anything is known of
/// the node.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let nodes = &app.rows.nodes;
    let model = app.model();
    let entries = model.timeline.entries();
    let end = app.moment().wall_ms;
    let Some(begin) = entries.iter().map(|entry| entry.wall_ms).find(|at| *at > 0) else {
        return;
    };
    let width = usize::from(area.width.saturating_sub(NAMES + 1));
    if area.height < FRAME + 1 || width < 10 || begin >= end {
        return;
    }
    brush.line(
        area,
        &[piece(" WHO LED", Role::Title), piece("   L leads  x out of reach", Role::Faint)],
    );
    let place_of = |at: u64| {
        let at = u128::from(at.clamp(begin, end) - begin);
        usize::try_from(at * width as u128 / u128::from(end - begin)).unwrap_or(0).min(width - 1)
    };
    for (y, node) in (area.y + 1..area.bottom() - 1).zip(nodes) {
        let mut cells = vec!['.'; width];
        let is_start =
            |entry: &Arc<Entry>| matches!(&entry.what, Happening::NodeStarted(of, _) if of == node);
        let reached = model.nodes.get(node).is_some_and(|facts| facts.status.reachable);
        // A node that was there before the history begins has no start in it.
        let was_there = reached && !entries.iter().any(is_start);
        let mut state = (if was_there { '.' } else { ' ' }, 0);
        for entry in entries {
            let next = match &entry.what {
                Happening::Election(leader, _) if leader == node => Some('L'),
                Happening::Election(..) if state.0 == 'L' => Some('.'),
                Happening::NodeLost(lost, _) if lost == node => Some('x'),
                Happening::NodeBack(back) if back == node => Some('.'),
                Happening::NodeStarted(of, _) if of == node && state.0 == ' ' => Some('.'),
                _ => None,
            };
            if let Some(next) = next {
                let at = place_of(entry.wall_ms);
                fill(&mut cells, state.1, at, state.0);
                state = (next, at);
            }
        }
        fill(&mut cells, state.1, width, state.0);
        brush.text(area.x + 1, y, NAMES, &format!("node {node}"), Role::Text);
        let text: String = cells.into_iter().collect();
        let role = if state.0 == 'x' { Role::Warn } else { Role::Info };
        brush.text(area.x + NAMES, y, area.width - NAMES, &text, role);
    }
    let below =
        area.y + 1 + u16::try_from(nodes.len()).unwrap_or(u16::MAX).min(area.height - FRAME);
    let times = Rect { x: area.x + NAMES, y: below, width: area.width - NAMES, height: 1 };
    brush.line(times, &[piece(clock(begin), Role::Faint)]);
    brush.line_right(times, &[piece(clock(end), Role::Faint), piece(" ", Role::Text)]);
}

fn fill(cells: &mut [char], from: usize, to: usize, with: char) {
    let to = to.min(cells.len());
    // What lasted less than a column still shows in it.
    for cell in cells.get_mut(from..to.max(from + 1).min(from.max(to) + 1)).into_iter().flatten() {
        *cell = with;
    }
}
