//! The body of the screen, by the place.

use ratatui::layout::Rect;

use super::{figures::grouped, groups, heat, members, nodes, overview, page, timeline};
use crate::tui::{
    app::App, geometry, place::Place, rows::order::Order, size::Size, theme::Role,
    widget::brush::Brush,
};

/// Whether the place has one box around it; the overview draws its own.
pub(super) fn is_boxed(app: &App) -> bool {
    app.ui.place != Place::Overview
}

/// What stands on the box: what it is, and how much of it.
pub(super) fn titles(app: &App) -> (String, String) {
    let model = app.model();
    let rows = &app.rows;
    let left = app.ui.place.title().to_uppercase();
    let right = match &app.ui.place {
        Place::Groups | Place::Members(_) | Place::Timeline if !model.knows_groups() => {
            String::new()
        }
        Place::Groups => format!(
            "{}{} of {}, {}",
            filter_in_words(app),
            rows.groups.len(),
            model.groups_told(),
            order_in_words(app)
        ),
        Place::Members(_) | Place::Cell(_) => members_in_words(app),
        Place::Heat => format!("{}by {}", filter_in_words(app), app.ui.grouping.as_str()),
        Place::Timeline => format!(
            "{}{} entries, newest first, Enter shows that moment",
            filter_in_words(app),
            grouped(rows.entries.len() as u64)
        ),
        Place::Nodes if app.ui.orders.nodes == Order::default() => nodes::asked(app),
        Place::Nodes => format!("{}, {}", nodes::asked(app), order_in_words(app)),
        Place::Views => nodes::asked(app),
        _ => String::new(),
    };
    let left = match &app.ui.place {
        Place::Members(Some(group)) => format!("MEMBERS of {group}"),
        Place::Member(key) => format!("MEMBER {} of {}", key.id, key.group),
        Place::Why(key) => format!("WHY {} of {}", key.id, key.group),
        _ => left,
    };
    (left, right)
}

fn members_in_words(app: &App) -> String {
    let rows = &app.rows;
    let marked = match app.ui.marks.len() {
        0 => String::new(),
        n => format!("{} marked, ", grouped(n as u64)),
    };
    format!(
        "{}{marked}{} of {}, {}",
        filter_in_words(app),
        grouped(rows.members.len() as u64),
        grouped(rows.members_in_all as u64),
        order_in_words(app)
    )
}

/// By what the list is sorted.
fn order_in_words(app: &App) -> String {
    let order = app.sorted_table().and_then(|table| app.ui.orders.of(table));
    order.map_or(String::new(), |order| order.in_words())
}

/// The filter in force: whoever looks must know that there is more than is shown.
fn filter_in_words(app: &App) -> String {
    match app.filter().text() {
        "" => String::new(),
        text => format!("/ {text}   "),
    }
}

/// How many lines stand below the body where it has no box: its title, and what else is to be
/// kept in sight.
fn below(app: &App, area: Rect) -> (u16, u16) {
    let size = Size::of(app.ui.size.0, app.ui.size.1);
    let titled = size != Size::Full && app.ui.place != Place::Overview && area.height > 3;
    let title = u16::from(titled && !titles(app).1.is_empty());
    let sights = match app.ui.place {
        _ if !geometry::has_strip(app) || area.height < 8 => 0,
        // What happened is what it lists.
        Place::Timeline => 2,
        _ => 3,
    };
    (title, sights)
}

/// What is left of the body's area for its list or its lines.
pub(super) fn room(app: &App, area: Rect) -> Rect {
    let (title, sights) = below(app, area);
    Rect { height: area.height - title - sights, ..area }
}

/// The title of a body without a box, and how many members look how.
fn title_below(app: &App, brush: &mut Brush<'_>, line: Rect) {
    let sums = match app.ui.place {
        // The heat grid has its own.
        Place::Heat => Vec::new(),
        _ => heat::sums(app),
    };
    let room = brush.line_right(line, &sums);
    brush.text(line.x + 1, line.y, room.saturating_sub(2), &titles(app).1, Role::Faint);
}

/// Draws the body.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    let (title, sights) = below(app, area);
    let area = room(app, area);
    let line = |n: u16| Rect { y: area.bottom() + n, height: 1, ..area };
    if title > 0 {
        title_below(app, brush, line(0));
    }
    if sights > 0 {
        brush.rule(line(title));
        heat::strip(app, brush, line(title + 1));
    }
    if sights > 2 {
        timeline::newest(app, brush, line(title + 2));
    }
    match &app.ui.place {
        Place::Overview => overview::draw(app, brush, area, size),
        Place::Groups => groups::draw(app, brush, area, true),
        Place::Members(scope) => members::draw(app, brush, area, scope.is_none()),
        Place::Cell(_) => members::draw(app, brush, area, true),
        Place::Heat => heat::draw(app, brush, area),
        Place::Timeline => timeline::draw(app, brush, area, true),
        Place::Nodes => nodes::draw(app, brush, area, true),
        Place::Views | Place::Member(_) | Place::Why(_) | Place::Difference => {
            page::draw(app, brush, area);
        }
    }
}
