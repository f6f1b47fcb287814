//! Which action a key is, or what it does to what lies over the screen.

use tui_input::Input;

use super::{act, forms, menus, places, takes, turn::flash, unseen};
use crate::{
    action::{
        key::{Key, written},
        keymap::Match,
        search,
        table::{Action, ROWS, Row},
    },
    tui::{
        app::App,
        completion,
        dialog::typing,
        message::Effect,
        ui::{Awaited, Overlay, Prompt},
    },
};

/// What was said in the palette is remembered so far back.
const SAID_MAX: usize = 50;

/// A key was pressed.
pub(super) fn press(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    if key == Key::Ctrl('c') {
        // Even a form gives way, except while a write is under way.
        return act::perform(app, Action::Quit, effects);
    }
    if std::mem::take(&mut app.ui.printed) {
        // Any key takes the terminal back.
        effects.push(Effect::EndPrint);
        return;
    }
    if unseen::is_waiting(app) {
        return unseen::press(app, key, effects);
    }
    if let Some(awaited) = app.ui.awaited.take() {
        return match (awaited, key) {
            (Awaited::SetBookmark, Key::Char(letter)) => places::set_bookmark(app, letter),
            (Awaited::GoBookmark, Key::Char(letter)) => places::go_bookmark(app, letter),
            _ => {}
        };
    }
    match app.ui.overlay.take() {
        None => press_action(app, key, effects),
        Some(Overlay::Prompt(prompt, line)) => press_prompt(app, prompt, line, key, effects),
        Some(Overlay::Menu(menu, at)) => menus::press(app, menu, at, key),
        Some(Overlay::Form(form)) => forms::press(app, form, key, effects),
        Some(Overlay::Filter(line, _)) => press_filter(app, line, key),
        Some(Overlay::Help(line, scroll)) => press_help(app, line, scroll, key),
        Some(Overlay::Palette(line, chosen)) => press_palette(app, line, chosen, key, effects),
    }
}

/// Text was pasted.
pub(super) fn paste(app: &mut App, text: &str) {
    if unseen::is_waiting(app) {
        return;
    }
    match &mut app.ui.overlay {
        Some(Overlay::Form(form)) => form.paste(text),
        Some(Overlay::Help(line, _) | Overlay::Palette(line, _) | Overlay::Prompt(_, line)) => {
            typing::paste(line, text);
        }
        Some(Overlay::Filter(line, _)) => {
            typing::paste(line, text);
            let line = line.clone();
            narrow(app, line);
        }
        Some(Overlay::Menu(..)) | None => {}
    }
}

fn press_action(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    app.ui.pending.push(key);
    match app.settings.keys.lookup(&app.ui.pending, app.ui.place.screen()) {
        Match::Prefix => {}
        Match::Action(action) => {
            app.ui.pending.clear();
            act::perform(app, action, effects);
        }
        Match::Nothing => {
            let keys = written(&app.ui.pending);
            let combined = app.ui.pending.len() > 1;
            app.ui.pending.clear();
            if combined && key != Key::Esc {
                // What was begun is given up; the key itself may still mean something.
                return press_action(app, key, effects);
            }
            if key != Key::Esc {
                let help = app.key(Action::Help);
                flash(app, format!("no such key: {keys}   {help} for help"));
            }
        }
    }
}

/// The filter narrows while it is typed; a mistake leaves the last good one in force.
fn press_filter(app: &mut App, mut line: Input, key: Key) {
    match key {
        // With a mistake in it the line stays, to be mended.
        Key::Enter | Key::Tab => {
            narrow(app, line);
            let is_mistaken = matches!(app.ui.overlay, Some(Overlay::Filter(_, Some(_))));
            if !is_mistaken {
                app.ui.overlay = None;
            }
        }
        Key::Esc => app.clear_filter(),
        key => {
            typing::press(&mut line, key);
            narrow(app, line);
        }
    }
}

fn narrow(app: &mut App, line: Input) {
    let mistake = app.ui.filters.set(&app.ui.place, line.value()).err();
    app.ui.order_held_until = None;
    app.ui.overlay = Some(Overlay::Filter(line, mistake));
}

/// One line, taken with Enter.
fn press_prompt(
    app: &mut App,
    prompt: Prompt,
    mut line: Input,
    key: Key,
    effects: &mut Vec<Effect>,
) {
    match key {
        Key::Esc => {}
        Key::Enter => takes::prompted(app, prompt, line.value().trim(), effects),
        key => {
            typing::press(&mut line, key);
            app.ui.overlay = Some(Overlay::Prompt(prompt, line));
        }
    }
}

fn press_help(app: &mut App, mut line: Input, scroll: usize, key: Key) {
    let scroll = match key {
        Key::Esc | Key::Enter | Key::Char('?') => return,
        Key::Down => scroll.saturating_add(1).min(ROWS.len() + 20),
        Key::Up => scroll.saturating_sub(1),
        Key::PageDown => scroll.saturating_add(10).min(ROWS.len() + 20),
        Key::PageUp => scroll.saturating_sub(10),
        key => {
            typing::press(&mut line, key);
            0
        }
    };
    app.ui.overlay = Some(Overlay::Help(line, scroll));
}

fn press_palette(
    app: &mut App,
    mut line: Input,
    chosen: usize,
    key: Key,
    effects: &mut Vec<Effect>,
) {
    let (found, argument) = search::asked(line.value());
    let argument = argument.to_owned();
    let last = found.len().saturating_sub(1);
    let chosen = match key {
        Key::Esc => return,
        Key::Enter => {
            let Some(row) = found.get(chosen) else {
                flash(app, "no action has such a name");
                app.ui.overlay = Some(Overlay::Palette(line, chosen));
                return;
            };
            remember(app, format!("{} {argument}", row.name).trim());
            return takes::perform(app, row.action, &argument, effects);
        }
        Key::Tab if found.get(chosen).is_some_and(|row| !row.argument.is_empty()) => {
            if let Some(row) = found.get(chosen) {
                line = completed(app, row, &line);
            }
            0
        }
        Key::Up if chosen == 0 => {
            // Above the first action lies what was said before.
            if let Some(before) = said_before(&app.ui.said, line.value()) {
                line = Input::new(before.to_owned());
            }
            0
        }
        Key::Down | Key::Tab => (chosen + 1).min(last),
        Key::Up | Key::BackTab => chosen.saturating_sub(1),
        key => {
            typing::press(&mut line, key);
            0
        }
    };
    app.ui.overlay = Some(Overlay::Palette(line, chosen));
}

/// The line with the name of the action, and behind it as much of its argument as is certain.
fn completed(app: &App, row: &Row, line: &Input) -> Input {
    let Some(argument) = search::behind(row, line.value()) else {
        return Input::new(format!("{} ", row.name));
    };
    let names: Vec<String> = completion::names(app, row, argument).collect();
    let text = completion::completed(line.value(), &names);
    text.map_or_else(|| line.clone(), Input::new)
}

/// Keeps what was taken from the palette, each once, the last one last.
fn remember(app: &mut App, text: &str) {
    app.ui.said.retain(|said| said != text);
    app.ui.said.push(text.to_owned());
    let surplus = app.ui.said.len().saturating_sub(SAID_MAX);
    app.ui.said.drain(..surplus);
}

/// What was said before the text, if that was said; else what was said last.
fn said_before<'a>(said: &'a [String], text: &str) -> Option<&'a str> {
    let at = said.iter().position(|one| one == text).unwrap_or(said.len());
    at.checked_sub(1).and_then(|at| said.get(at)).map(String::as_str)
}
