//! What a click and the wheel do: a click selects, a second one opens.

use super::{act, places, unseen};
use crate::{
    action::table::Action,
    tui::{
        app::App,
        message::Effect,
        place::{Pane, Place, Spot},
    },
};

/// Something was clicked. What lies over the screen has to be closed first.
pub(super) fn click(app: &mut App, spot: Spot, twice: bool, effects: &mut Vec<Effect>) {
    if app.ui.overlay.is_some() || unseen::is_unseen(app) {
        return;
    }
    let mut pane = app.ui.pane;
    let selection = &mut app.ui.selection;
    match spot {
        Spot::Group(id) => {
            selection.group = Some(id);
            pane = Pane::Groups;
        }
        Spot::Node(id) => {
            selection.node = Some(id);
            pane = Pane::Nodes;
        }
        Spot::Entry(key) => {
            selection.entry = Some(key);
            pane = Pane::Timeline;
        }
        Spot::Silent(key) => {
            selection.silent = Some(key);
            pane = Pane::Silent;
        }
        Spot::Member(key) => selection.member = Some(key),
        Spot::Cell(key) => {
            selection.cell = Some(key);
            if app.ui.place != Place::Heat {
                return act::perform(app, Action::Heat, effects);
            }
        }
        Spot::Screen(place) => return places::go(app, place),
    }
    if app.ui.place == Place::Overview {
        app.ui.pane = pane;
    }
    if twice {
        act::perform(app, Action::Open, effects);
    }
}

/// The wheel was turned.
pub(super) fn wheel(app: &mut App, by: isize, effects: &mut Vec<Effect>) {
    if unseen::is_unseen(app) {
        return;
    }
    if app.ui.place == Place::Heat {
        let action = if by > 0 { Action::Next } else { Action::Previous };
        return act::perform(app, action, effects);
    }
    act::step(app, by);
}
