//! A terminal with no room for a layout: what is done there would not be seen, so nothing is done.
//! What lies over the screen waits, with what was typed into it, until there is room again.

use super::{act, turn::flash};
use crate::{
    action::{key::Key, keymap::Match, table::Action},
    tui::{
        app::App,
        message::Effect,
        size::{MINIMAL, Size},
        ui::Overlay,
    },
};

/// Whether there is no room to see what is done.
pub(super) fn is_unseen(app: &App) -> bool {
    let (width, height) = app.ui.size;
    Size::of(width, height) == Size::Sentence
}

/// Whether there is no room to see what is done, but for the help, which is drawn at every size.
pub(super) fn is_waiting(app: &App) -> bool {
    is_unseen(app) && !matches!(app.ui.overlay, Some(Overlay::Help(..)))
}

/// A key was pressed: only the end, the shell, and the help are open to it.
pub(super) fn press(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    app.ui.pending.clear();
    let nothing_waits = app.ui.overlay.is_none();
    match app.settings.keys.lookup(&[key], app.ui.place.screen()) {
        Match::Action(action @ (Action::Quit | Action::Suspend | Action::Repaint)) => {
            act::perform(app, action, effects);
        }
        Match::Action(Action::Help) if nothing_waits => act::perform(app, Action::Help, effects),
        _ => {
            let (width, height) = MINIMAL;
            let quit = app.key(Action::Quit);
            let text = format!("nothing is done unseen below {width}x{height}; {quit} quits");
            flash(app, text);
        }
    }
}
