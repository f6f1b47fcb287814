//! The whole screen: the frame that is the same everywhere, the body, and what lies over it.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{body, footer, form, header, help, palette};
use crate::tui::{
    app::{App, Overlay},
    size::Size,
    widget::{borders, brush::Brush},
};

/// Draws everything, and tells where the cursor stands, if somebody types.
pub fn draw(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let area = *buffer.area();
    let mut brush = Brush::new(buffer, app.settings.theme, app.settings.glyphs());
    let size = Size::of(area.width, area.height);
    if size == Size::Sentence {
        header::sentence(app, &mut brush, area);
        return None;
    }
    let (top, bottom) = match size {
        Size::Full => (3, 3),
        Size::Compact => (4, 3),
        Size::Minimal | Size::Sentence => (2, 1),
    };
    header::draw(app, &mut brush, Rect { height: top, ..area }, size);
    let middle = Rect { y: area.y + top, height: area.height.saturating_sub(top + bottom), ..area };
    brush.set_outdated(app.past.is_none() && !app.trust().is_current());
    draw_body(app, &mut brush, middle, size);
    brush.set_outdated(false);
    let below = Rect { y: middle.bottom(), height: bottom, ..area };
    let cursor = footer::draw(app, &mut brush, below, size);
    overlay(app, &mut brush, middle).or(cursor)
}

fn draw_body(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    if size == Size::Full && body::is_boxed(&app.ui.place) {
        borders::draw(brush, &[area], Some(0));
        let (left, right) = body::titles(app);
        borders::title(brush, area, &left, &right);
        body::draw(app, brush, borders::inside(area), size);
    } else {
        body::draw(app, brush, area, size);
    }
}

fn overlay(app: &App, brush: &mut Brush<'_>, area: Rect) -> Option<Position> {
    match app.ui.overlay.as_ref()? {
        Overlay::Filter(..) => None,
        Overlay::Help(line, scroll) => help::draw(app, brush, area, line, *scroll),
        Overlay::Palette(line, chosen) => palette::draw(app, brush, area, line, *chosen),
        Overlay::Form(open) => form::draw(app, brush, area, open),
    }
}
