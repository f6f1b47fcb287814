//! The body of the screen, by the place.

use ratatui::layout::Rect;

use super::{
    difference, figures::grouped, groups, heat, member, members, nodes, overview, timeline, views,
    why,
};
use crate::tui::{app::App, place::Place, size::Size, widget::brush::Brush};

/// Whether the place has one box around it; the overview draws its own.
pub(super) fn is_boxed(place: &Place) -> bool {
    *place != Place::Overview
}

/// What stands on the box: what it is, and how much of it.
pub(super) fn titles(app: &App) -> (String, String) {
    let model = app.model();
    let rows = &app.rows;
    let left = app.ui.place.title().to_uppercase();
    let right = match &app.ui.place {
        Place::Groups => format!("{} of {}, worst first", rows.groups.len(), model.groups.len()),
        Place::Members(_) => {
            let order = if app.ui.reverse { "reversed" } else { "" };
            format!(
                "{} of {}, sorted by {} {order}",
                grouped(rows.members.len() as u64),
                grouped(rows.members_in_all as u64),
                app.ui.sort.as_str()
            )
            .trim_end()
            .to_owned()
        }
        Place::Heat => format!("by {}", app.ui.grouping.as_str()),
        Place::Timeline => format!("{} entries, newest first", grouped(rows.entries.len() as u64)),
        Place::Nodes | Place::Views => nodes::asked(app),
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

/// Draws the body.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    match &app.ui.place {
        Place::Overview => overview::draw(app, brush, area, size),
        Place::Groups => groups::draw(app, brush, area, true),
        Place::Members(scope) => members::draw(app, brush, area, scope.is_none()),
        Place::Heat => heat::draw(app, brush, area),
        Place::Timeline => timeline::draw(app, brush, area, true),
        Place::Nodes => nodes::draw(app, brush, area, true),
        Place::Views => views::draw(app, brush, area),
        Place::Member(key) => member::draw(app, brush, area, key),
        Place::Why(key) => why::draw(app, brush, area, key),
        Place::Difference => difference::draw(app, brush, area),
    }
}
