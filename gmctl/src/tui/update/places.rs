//! Going somewhere and coming back.

use super::turn::flash;
use crate::{
    action::table::Action,
    tui::{
        app::App,
        place::{Pane, Place},
    },
};

/// The most places remembered in either direction.
const PLACES_MAX: usize = 50;

/// Goes to a place and remembers where one was.
pub(super) fn go(app: &mut App, place: Place) {
    if app.ui.place == place {
        return;
    }
    let from = std::mem::replace(&mut app.ui.place, place);
    remember(&mut app.ui.earlier, from);
    app.ui.later.clear();
    app.ui.scrolled = None;
    app.ui.order_held_until = None;
}

fn remember(places: &mut Vec<Place>, place: Place) {
    if places.len() >= PLACES_MAX {
        places.remove(0);
    }
    places.push(place);
}

/// Back through the places visited.
pub(super) fn earlier(app: &mut App) {
    if let Some(place) = app.ui.earlier.pop() {
        let from = std::mem::replace(&mut app.ui.place, place);
        remember(&mut app.ui.later, from);
    }
}

/// Forward again.
pub(super) fn later(app: &mut App) {
    if let Some(place) = app.ui.later.pop() {
        let from = std::mem::replace(&mut app.ui.place, place);
        remember(&mut app.ui.earlier, from);
    }
}

/// Out of the place: to where one came from, in the end to the overview.
pub(super) fn back(app: &mut App) {
    if app.ui.place == Place::Overview {
        // Whoever dismisses the overview has seen it: from now on it tells what changed since.
        app.ui.last_look.clone_from(&app.ui.looking);
        return;
    }
    match app.ui.earlier.pop() {
        Some(place) => app.ui.place = place,
        None => app.ui.place = Place::Overview,
    }
}

/// Remembers this screen under a letter.
pub(super) fn set_bookmark(app: &mut App, letter: char) {
    if !letter.is_ascii_alphanumeric() {
        return flash(app, "set bookmark: a letter or a digit");
    }
    app.ui.bookmarks.insert(letter, app.ui.place.clone());
    flash(app, format!("' {letter} comes back to {}", app.ui.place.title()));
}

/// Goes to the screen remembered under a letter.
pub(super) fn go_bookmark(app: &mut App, letter: char) {
    if let Some(place) = app.ui.bookmarks.get(&letter).cloned() {
        return go(app, place);
    }
    let sets = app.key(Action::SetBookmark);
    flash(app, format!("no screen is remembered under {letter}; {sets} {letter} sets it"));
}

/// Opens what is selected.
pub(super) fn open(app: &mut App) {
    let place = match (&app.ui.place, app.ui.pane) {
        (Place::Overview, Pane::Nodes) => Some(Place::Nodes),
        (Place::Nodes, _) => Some(Place::Views),
        (Place::Overview, Pane::Groups) | (Place::Groups, _) => {
            app.ui.selection.group.clone().map(|group| Place::Members(Some(group)))
        }
        (Place::Heat | Place::Views | Place::Difference | Place::Member(_), _) => None,
        (Place::Why(key), _) => Some(Place::Member(key.clone())),
        _ => app.selected_member().map(Place::Member),
    };
    if let Some(place) = place {
        go(app, place);
    }
}
