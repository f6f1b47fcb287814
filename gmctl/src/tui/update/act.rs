//! What each action does.

use std::time::Duration;

use tui_input::Input;

use super::{
    cells, evidence, forms, matches, places, takes, times,
    turn::{ask_why, flash},
};
use crate::{
    action::table::Action,
    tui::{
        app::App,
        command_line,
        demo::DemoCommand,
        dialog::form::Stage,
        message::Effect,
        place::{Pane, Place},
        row_json,
        rows::order::Orders,
        size::Size,
        ui::{Awaited, Menu, Overlay, TimeStyle},
        view::page,
    },
};

/// Who quits while a write is under way has to say so again within this.
const QUITS_WITHIN: Duration = Duration::from_secs(4);
/// Rows keep their places for so long after the cursor moved.
const ORDER_HELD: Duration = Duration::from_secs(3);

/// Does it, if it is possible now; otherwise says why not.
pub(super) fn perform(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    if let Err(why) = action.row().when.check(&app.possible()) {
        return flash(app, format!("{}: {why}", action.row().name));
    }
    match action {
        Action::Overview => places::go(app, Place::Overview),
        Action::Groups => places::go(app, Place::Groups),
        Action::Members => {
            let scope = app.selected_group();
            places::go(app, Place::Members(scope));
        }
        Action::Heat => places::go(app, Place::Heat),
        Action::Timeline => places::go(app, Place::Timeline),
        Action::Nodes => places::go(app, Place::Nodes),
        Action::Views => places::go(app, Place::Views),
        Action::Difference => places::go(app, Place::Difference),
        Action::Open if app.ui.place == Place::Heat => cells::open(app),
        Action::Open if app.on_timeline() => times::open_entry(app),
        Action::Open => places::open(app),
        Action::Back => back(app, effects),
        Action::Earlier => places::earlier(app),
        Action::Later => places::later(app),

        Action::Next if app.ui.place == Place::Heat => cells::step(app, cells::Way::Down),
        Action::Previous if app.ui.place == Place::Heat => cells::step(app, cells::Way::Up),
        Action::Right if app.ui.place == Place::Heat => cells::step(app, cells::Way::Right),
        Action::Left if app.ui.place == Place::Heat => cells::step(app, cells::Way::Left),
        Action::PageDown if app.ui.place == Place::Heat => cells::leap(app, page(app)),
        Action::PageUp if app.ui.place == Place::Heat => cells::leap(app, -page(app)),
        Action::First if app.ui.place == Place::Heat => cells::go_to_end(app, false),
        Action::Last if app.ui.place == Place::Heat => cells::go_to_end(app, true),
        Action::Next => step(app, 1),
        Action::Previous => step(app, -1),
        Action::PageDown => step(app, page(app)),
        Action::PageUp => step(app, -page(app)),
        Action::First => step(app, isize::MIN),
        Action::Last => step(app, isize::MAX),
        Action::NextPane | Action::Right => turn_pane(app, Pane::next),
        Action::PreviousPane | Action::Left => turn_pane(app, Pane::previous),
        Action::Zoom => app.ui.zoomed = !app.ui.zoomed,
        Action::SetBookmark => app.ui.awaited = Some(Awaited::SetBookmark),
        Action::GoBookmark => app.ui.awaited = Some(Awaited::GoBookmark),

        Action::Filter => {
            let line = Input::new(app.filter().text().to_owned());
            app.ui.overlay = Some(Overlay::Filter(line, None));
        }
        Action::NextMatch => matches::go(app, matches::Way::Next),
        Action::PreviousMatch => matches::go(app, matches::Way::Previous),
        Action::Palette => app.ui.overlay = Some(Overlay::Palette(Input::default(), 0)),
        Action::Help => app.ui.overlay = Some(Overlay::Help(Input::default(), 0)),
        Action::Sort => {
            if let Some(table) = app.sorted_table() {
                let by = app.ui.orders.of(table).map(|order| order.by);
                let at = Orders::choices(table).iter().position(|column| Some(*column) == by);
                app.ui.overlay = Some(Overlay::Menu(Menu::Sort(table), at.unwrap_or_default()));
            }
        }
        Action::Columns => {
            app.ui.overlay = app.table().map(|table| Overlay::Menu(Menu::Columns(table), 0));
        }
        Action::Reverse => {
            if let Some(table) = app.sorted_table() {
                app.ui.orders.reverse(table);
            }
            app.ui.order_held_until = None;
        }
        Action::Mark => mark(app),
        Action::MarkAll => app.ui.marks.extend(app.rows.members.iter().cloned()),
        Action::Unmark => app.ui.marks.clear(),
        Action::Regroup => cells::regroup(app, ""),
        Action::Coarser => cells::resize(app, true),
        Action::Finer => cells::resize(app, false),

        Action::Why => why(app, effects),
        Action::Around => evidence::around(app),
        Action::Join => forms::open_join(app, ""),
        Action::Leave => forms::open_leave(app, app.chosen_members()),
        Action::Drain => forms::open_drain(app, app.chosen_members()),
        Action::Hold => match app.held_group() {
            Some(group) => forms::open_hold(app, group),
            None => flash(app, "hold: select a group first"),
        },
        Action::Transfer
        | Action::NodeAdd
        | Action::NodeRemove
        | Action::Unlock
        | Action::Comment
        | Action::At
        | Action::Speed
        | Action::Record
        | Action::Export
        | Action::Theme => takes::without(app, action, effects),
        Action::Kill | Action::Restart => demo(app, action, effects),

        Action::MarkMoment => times::mark_moment(app),
        Action::Freeze => times::freeze(app, effects),
        Action::StepBack => times::step_back(app),
        Action::StepForward => times::step_forward(app),
        Action::MinuteBack => times::jump(app, times::Jump::MinuteBack),
        Action::MinuteForward => times::jump(app, times::Jump::MinuteForward),
        Action::Oldest => times::jump(app, times::Jump::Oldest),
        Action::Live => times::go_live(app, effects),
        Action::TimeStyle => {
            app.ui.times = match app.ui.times {
                TimeStyle::Clock => TimeStyle::Local,
                TimeStyle::Local => TimeStyle::Ago,
                TimeStyle::Ago => TimeStyle::Clock,
            };
            flash(app, app.ui.times.as_str());
        }

        Action::CopyCommand => copy(app, command_line::of(app), effects),
        Action::CopyRow => match row_json::of(app) {
            Some(text) => copy(app, text, effects),
            None => flash(app, "copy row: nothing is selected"),
        },
        Action::Print => {
            app.ui.printed = true;
            effects.push(Effect::Print);
        }
        Action::Mouse => mouse(app, effects),
        Action::Retry => {
            flash(app, "connecting anew");
            effects.push(Effect::Reconnect);
        }
        Action::Repaint => effects.push(Effect::Repaint),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Quit => quit(app, effects),
    }
}

fn quit(app: &mut App, effects: &mut Vec<Effect>) {
    let is_sending = |overlay: &Option<Overlay>| match overlay {
        Some(Overlay::Form(form)) => matches!(form.stage, Stage::Sending(_)),
        _ => false,
    };
    if is_sending(&app.ui.overlay) || !app.ui.under_way.is_empty() {
        let again = app.ui.quits_until.take().is_some_and(|until| app.now.at < until);
        if !again {
            app.ui.quits_until = app.now.at.checked_add(QUITS_WITHIN);
            let text =
                "a write is under way: quit again to leave without knowing what becomes of it";
            return flash(app, text);
        }
    }
    effects.push(Effect::Quit);
}

/// Esc: first what is in the way, then the filter, then the past, then the place.
fn back(app: &mut App, effects: &mut Vec<Effect>) {
    // What goes by itself is not in the way.
    let stays = app.ui.notice.take().is_some_and(|notice| notice.until.is_none());
    if stays || std::mem::take(&mut app.ui.zoomed) {
        return;
    }
    let filtered = app.ui.place.takes_filter() && !app.filter().is_empty();
    if filtered {
        app.clear_filter();
    } else if !app.ui.marks.is_empty() {
        app.ui.marks.clear();
    } else if app.past.is_some() {
        times::go_live(app, effects);
    } else {
        places::back(app);
    }
}

/// Moves the cursor by so many rows, as far as there are rows, or scrolls a screen of lines.
pub(super) fn step(app: &mut App, by: isize) {
    if let Some(furthest) = page::furthest(app) {
        // What is shown may have become shorter since.
        let from = app.ui.scroll().min(furthest);
        let to = from.saturating_add_signed(by).min(furthest);
        app.ui.scrolled = Some((app.ui.place.clone(), to));
        return;
    }
    let Some(list) = app.list() else { return };
    let at = app.position(list).unwrap_or_default();
    app.select(list, at.saturating_add_signed(by));
    app.ui.order_held_until = app.now.at.checked_add(ORDER_HELD);
}

/// About what fits on a screen.
fn page(app: &App) -> isize {
    let rows = isize::try_from(app.ui.size.1).unwrap_or(24);
    (rows / 2).max(1)
}

fn turn_pane(app: &mut App, turn: fn(Pane) -> Pane) {
    if app.ui.place == Place::Overview {
        app.ui.pane = turn(app.ui.pane);
        if Size::of(app.ui.size.0, app.ui.size.1) != Size::Full && app.ui.pane == Pane::Silent {
            // Smaller screens have no such pane.
            app.ui.pane = turn(app.ui.pane);
        }
    }
}

fn mark(app: &mut App) {
    let Some(key) = app.selected_member() else {
        return;
    };
    if !app.ui.marks.remove(&key) {
        app.ui.marks.insert(key);
    }
    step(app, 1);
}

fn mouse(app: &mut App, effects: &mut Vec<Effect>) {
    app.ui.mouse = !app.ui.mouse;
    let whose = if app.ui.mouse { "used here" } else { "the terminal's again" };
    flash(app, format!("the mouse is {whose}"));
    effects.push(Effect::Mouse(app.ui.mouse));
}

fn why(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(key) = app.explained_member() else {
        return flash(app, "why: select a member first");
    };
    places::go(app, Place::Why(key.clone()));
    ask_why(app, key, effects);
}

fn demo(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let kill = action == Action::Kill;
    let command = match (app.selected_member(), app.selected_node()) {
        (Some(key), _) if kill => DemoCommand::KillMember(key.group, key.id),
        (Some(key), _) => DemoCommand::RestartMember(key.group, key.id),
        (None, Some(node)) if kill => DemoCommand::KillNode(node),
        (None, Some(node)) => DemoCommand::RestartNode(node),
        (None, None) => return flash(app, "select a node or a member first"),
    };
    let verb = if kill { "kill -9" } else { "restart" };
    let whom = match &command {
        DemoCommand::KillNode(node) | DemoCommand::RestartNode(node) => format!("node {node}"),
        DemoCommand::KillMember(group, id) | DemoCommand::RestartMember(group, id) => {
            format!("{group}/{id}")
        }
    };
    flash(app, format!("demo: {verb} {whom}"));
    effects.push(Effect::Demo(command));
}

fn copy(app: &mut App, text: String, effects: &mut Vec<Effect>) {
    flash(app, format!("copied: {text}"));
    effects.push(Effect::Copy(text));
}
