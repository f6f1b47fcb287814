//! The whole screen: the frame that is the same everywhere, the body, and what lies over it.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{body, footer, form, header, help, menu, palette};
use crate::tui::{
    app::App,
    geometry,
    place::Spot,
    size::Size,
    ui::Overlay,
    widget::{borders, brush::Brush},
};

/// What a frame came to, besides what is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the cursor stands, if somebody types.
    pub cursor: Option<Position>,
    /// What can be clicked, while the mouse is ours; of two that overlap the later lies on top.
    pub spots: Vec<(Rect, Spot)>,
}

impl Drawn {
    /// What lies at a place of the screen.
    pub fn spot_at(&self, column: u16, row: u16) -> Option<&Spot> {
        let at = Position { x: column, y: row };
        self.spots.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, spot)| spot)
    }
}

/// Draws everything.
pub fn draw(app: &App, buffer: &mut Buffer) -> Drawn {
    let area = *buffer.area();
    let mut brush = Brush::new(buffer, app.ui.theme, app.settings.glyphs(), app.ui.mouse);
    let size = Size::of(area.width, area.height);
    if size == Size::Sentence {
        // There is room for nothing else, but the help is help at every size.
        let cursor = if let Some(Overlay::Help(..)) = &app.ui.overlay {
            overlay(app, &mut brush, area)
        } else {
            header::sentence(app, &mut brush, area);
            None
        };
        return Drawn { cursor, ..Drawn::default() };
    }
    let (top, bottom) = geometry::margins(size);
    header::draw(app, &mut brush, Rect { height: top, ..area }, size);
    let middle = Rect { y: area.y + top, height: area.height.saturating_sub(top + bottom), ..area };
    brush.set_outdated(app.past.is_none() && !app.trust().is_current());
    draw_body(app, &mut brush, middle, size);
    brush.set_outdated(false);
    let below = Rect { y: middle.bottom(), height: bottom, ..area };
    let cursor = footer::draw(app, &mut brush, below, size);
    let cursor = overlay(app, &mut brush, middle).or(cursor);
    Drawn { cursor, spots: brush.into_spots() }
}

fn draw_body(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    if size == Size::Full && body::is_boxed(app) {
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
        // These are typed into the lines below the body.
        Overlay::Filter(..) | Overlay::Prompt(..) => None,
        Overlay::Help(line, scroll) => help::draw(app, brush, area, line, *scroll),
        Overlay::Palette(line, chosen) => palette::draw(app, brush, area, line, *chosen),
        Overlay::Menu(of, at) => {
            menu::draw(app, brush, area, *of, *at);
            None
        }
        Overlay::Form(open) => form::draw(app, brush, area, open),
    }
}
