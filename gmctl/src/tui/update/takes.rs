//! Actions that take something: what follows their name in the palette, or one line asked for.

use std::time::Duration;

use gms::span::Span;
use tui_input::Input;

use super::{act, cells, forms, named, times, turn::flash};
use crate::{
    action::table::Action,
    model::happening::Happening,
    tui::{
        app::App,
        message::Effect,
        place::Place,
        rows::order::Orders,
        theme::Theme,
        ui::{Overlay, Prompt, Recording},
    },
};

/// The longest a protected context stays unlocked.
const UNLOCK_MAX: Duration = Duration::from_hours(1);
/// How fast a recording can be played, in times.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=100.0;

/// Does an action with what it takes; without, as its key does.
pub(super) fn perform(app: &mut App, action: Action, argument: &str, effects: &mut Vec<Effect>) {
    if argument.is_empty() {
        return act::perform(app, action, effects);
    }
    if let Err(why) = action.row().when.check(&app.possible().named()) {
        return flash(app, format!("{}: {why}", action.row().name));
    }
    with(app, action, argument, effects);
}

/// What an action does that was given nothing.
pub(super) fn without(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Comment => ask(app, Prompt::Note, ""),
        Action::Export => {
            let name = app.ui.place.screen();
            let clock = times::file_clock(app.moment());
            // A trail of evidence is no table.
            let kind = if matches!(app.ui.place, Place::Why(_)) { "txt" } else { "csv" };
            ask(app, Prompt::Export, &format!("gmctl-{name}-{clock}.{kind}"));
        }
        Action::Record if app.ui.recording.is_some() => {
            app.ui.recording = None;
            effects.push(Effect::Record(None));
        }
        Action::Record => {
            let clock = times::file_clock(app.now);
            ask(app, Prompt::Record, &format!("gmctl-{}-{clock}.jsonl", app.settings.context));
        }
        Action::Theme => set_theme(app, app.ui.theme.next()),
        Action::Unlock => with(app, action, "10m", effects),
        Action::At | Action::Speed => {
            flash(app, format!(":{} {}", action.row().name, action.row().argument));
        }
        Action::Transfer => forms::open_transfer(app, app.selected_node()),
        Action::NodeAdd => forms::open_node_add(app, ""),
        Action::NodeRemove => forms::open_node_remove(app, app.selected_node()),
        _ => {}
    }
}

fn ask(app: &mut App, prompt: Prompt, proposal: &str) {
    app.ui.overlay = Some(Overlay::Prompt(prompt, Input::new(proposal.to_owned())));
}

/// A line that was asked for has come.
pub(super) fn prompted(app: &mut App, prompt: Prompt, text: &str, effects: &mut Vec<Effect>) {
    if text.is_empty() {
        return;
    }
    let action = match prompt {
        Prompt::Note => Action::Comment,
        Prompt::Export => Action::Export,
        Prompt::Record => Action::Record,
    };
    with(app, action, text, effects);
}

fn with(app: &mut App, action: Action, text: &str, effects: &mut Vec<Effect>) {
    match action {
        Action::At => match times::read(text, app.now, app.settings.replay) {
            Some(wall_ms) => times::show_at(app, wall_ms, effects),
            None => flash(app, format!("at {text}: give 12:02:50 (UTC), or 3m for so long ago")),
        },
        Action::Speed => match text.parse::<f64>() {
            Ok(speed) if SPEEDS.contains(&speed) => {
                app.ui.speed = Some(speed);
                effects.push(Effect::Play(Some(speed)));
            }
            _ => flash(app, format!("speed {text}: give 0.1 to 100")),
        },
        Action::Unlock => unlock(app, text),
        Action::Theme => match Theme::named(text) {
            Some(theme) => set_theme(app, theme),
            None => flash(app, format!("theme {text}: there are {}", Theme::names())),
        },
        Action::Sort => sort(app, text),
        Action::Regroup => cells::regroup(app, text),
        Action::Comment => {
            let now = app.now;
            app.live.timeline.observe(now, Happening::Note(text.to_owned()));
            effects.push(Effect::Note(text.to_owned()));
            flash(app, "noted");
        }
        Action::Export => effects.push(Effect::Export(text.to_owned())),
        Action::Record if app.ui.recording.is_some() => {
            let ends = app.key(Action::Record);
            flash(app, format!("record: a recording is being written; {ends} ends it"));
        }
        Action::Record => {
            app.ui.recording = Some(Recording { path: text.to_owned(), since: app.now.at });
            effects.push(Effect::Record(Some(text.to_owned())));
        }
        Action::NodeAdd => forms::open_node_add(app, text),
        action => {
            if let Err(why) = named::perform(app, action, text, effects) {
                flash(app, format!("{} {text}: {why}", action.row().name));
            }
        }
    }
}

fn sort(app: &mut App, text: &str) {
    let Some(table) = app.sorted_table() else {
        return;
    };
    let words: Vec<&str> = Orders::choices(table).iter().map(|column| column.word).collect();
    match words.iter().position(|word| *word == text) {
        Some(at) => app.ui.orders.choose(table, at),
        None => flash(app, format!("sort {text}: there are {}", words.join(" "))),
    }
}

fn set_theme(app: &mut App, theme: Theme) {
    app.ui.theme = theme;
    flash(app, format!("theme {}", theme.as_str()));
}

fn unlock(app: &mut App, text: &str) {
    if text == "0" {
        app.ui.unlocked_until = None;
        return flash(app, "the context is locked");
    }
    match text.parse::<Span>() {
        Ok(time) if Duration::from(time) <= UNLOCK_MAX => {
            app.ui.unlocked_until = app.now.at.checked_add(time.into());
            flash(app, format!("the context can be written to for {time}"));
        }
        Ok(_) => flash(app, "write: at most 1h at once"),
        Err(why) => flash(app, format!("write {text}: {why}")),
    }
}
