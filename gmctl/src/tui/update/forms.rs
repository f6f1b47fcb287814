//! Opening forms, and what their answers lead to.

use super::turn::{flash, tell};
use crate::{
    action::key::Key,
    model::happening::{Happening, Tone},
    tui::{
        app::{App, Overlay},
        command_line,
        dialog::{
            form::{Form, Stage, Step},
            purpose::{Purpose, TARGETS_MAX},
        },
        message::Effect,
        place::Place,
        request::{Parting, Reply, Request, Target, Ticket},
    },
};

fn open(app: &mut App, purpose: Purpose) {
    let group = app.selected_group();
    let fields = purpose.fields(group.as_ref());
    app.ui.overlay = Some(Overlay::Form(Box::new(Form::new(purpose, fields))));
}

/// Opens the join form, for the selected group if there is one.
pub(super) fn open_join(app: &mut App) {
    open(app, Purpose::Join);
}

/// Opens the leave form for the lives that are chosen now; it stays with them.
pub(super) fn open_leave(app: &mut App) {
    let targets: Vec<Target> = app
        .chosen_members()
        .into_iter()
        .filter_map(|key| {
            let incarnation = app.live.groups.get(&key.group)?.members.get(&key.id)?.incarnation;
            Some(Target { key, incarnation })
        })
        .collect();
    match targets.len() {
        0 => flash(app, "leave: nobody of those chosen is a member any more"),
        1..=TARGETS_MAX => open(app, Purpose::Leave(targets)),
        n => flash(app, format!("leave: {n} members are chosen; at most {TARGETS_MAX} at once")),
    }
}

/// Opens the hold form, or the one that lifts the hold.
pub(super) fn open_hold(app: &mut App) {
    let Some(group) = app.selected_group() else {
        return flash(app, "hold: select a group first");
    };
    let held = app.live.groups.get(&group).is_some_and(|facts| facts.hold.is_some());
    open(app, if held { Purpose::ClearHold(group) } else { Purpose::SetHold(group) });
}

/// Opens the form that hands leadership to the selected node.
pub(super) fn open_transfer(app: &mut App) {
    match app.selected_node() {
        Some(node) => open(app, Purpose::Transfer(node)),
        None => flash(app, "leader transfer: select a node first (screen 6)"),
    }
}

/// A key was pressed in a form.
pub(super) fn press(app: &mut App, mut form: Box<Form>, key: Key, effects: &mut Vec<Effect>) {
    let step = form.press(key);
    let (request, dry_run) = match step {
        Step::Close => return,
        Step::Stay => {
            app.ui.overlay = Some(Overlay::Form(form));
            return;
        }
        Step::Check(request) => (request, true),
        Step::Send(request) => (request, false),
    };
    if app.trust().is_current() {
        let ticket = app.ticket();
        form.stage = if dry_run { Stage::Checking(ticket) } else { Stage::Sending(ticket) };
        effects.push(Effect::Ask { ticket, request: Box::new(request), dry_run });
    } else {
        form.refused("no node answers now; nothing was sent".to_owned());
    }
    app.ui.overlay = Some(Overlay::Form(form));
}

/// The service answered a form's question.
pub(super) fn answered(app: &mut App, ticket: Ticket, answer: Result<Reply, String>) {
    let Some(Overlay::Form(form)) = &mut app.ui.overlay else {
        return;
    };
    if !form.waits_for(ticket) {
        return;
    }
    let sent = matches!(form.stage, Stage::Sending(_));
    match answer {
        Err(why) => form.refused(why),
        Ok(Reply::Left(parting)) if !sent && parting.left.is_empty() => {
            form.refused(parting_text(&parting).0);
        }
        Ok(reply) if !sent => form.checked(preview(&reply)),
        Ok(reply) => {
            let command = form.purpose.request(&form.fields).ok();
            app.ui.overlay = None;
            finish(app, &reply, command.as_ref());
        }
    }
}

/// What a dry run says, line by line.
fn preview(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Joined(joined, true) => vec![format!(
            "would let {} in as a new life at {}, liveness {}",
            joined.member.id,
            joined.member.address,
            joined.member.liveness.kind.as_str()
        )],
        Reply::Joined(joined, false) => {
            vec![format!("{} is a member already: nothing would change", joined.member.id)]
        }
        Reply::Left(parting) => {
            let mut lines = vec![format!("{} would leave", parting.left.len())];
            lines.extend(parting.refused.iter().take(3).map(|(id, why)| format!("{id}: {why}")));
            lines
        }
        Reply::Leader(answer) => vec![format!("node {} would lead", answer.leader)],
        Reply::Hold(_) | Reply::Why(_) => Vec::new(),
    }
}

/// What was done, in a line that stays until dismissed and in the timeline.
fn finish(app: &mut App, reply: &Reply, request: Option<&Request>) {
    let (text, done) = match reply {
        Reply::Joined(joined, new) => {
            let how = if *new { "joined as a new life" } else { "was a member already" };
            let member = &joined.member;
            (
                format!(
                    "{} {how}, incarnation {}, view {}",
                    member.id, member.incarnation, joined.view
                ),
                true,
            )
        }
        Reply::Left(parting) => parting_text(parting),
        Reply::Hold(answer) => match &answer.hold {
            Some(hold) => {
                (format!("hold on {} for {}: {}", answer.group, hold.lasts, hold.reason), true)
            }
            None => (format!("the hold on {} is lifted", answer.group), true),
        },
        Reply::Leader(answer) => {
            (format!("node {} leads term {}", answer.leader, answer.term), true)
        }
        Reply::Why(_) => return,
    };
    let now = app.now;
    app.live.timeline.observe(now, Happening::Command(text.clone(), done));
    if let (Reply::Left(_), true, Place::Members(_)) = (reply, done, &app.ui.place) {
        app.ui.marks.clear();
    }
    let command = request.map(command_line::of_request).unwrap_or_default();
    tell(app, format!("{text}   = {command}"), if done { Tone::Good } else { Tone::Warn });
}

fn parting_text(parting: &Parting) -> (String, bool) {
    let left = match parting.left.as_slice() {
        [] => "nobody left".to_owned(),
        [(id, view)] => format!("{id} left, view {view}"),
        many => format!("{} members left", many.len()),
    };
    match parting.refused.first() {
        None => (left, true),
        Some((id, why)) => {
            (format!("{left}; {} did not: {id}: {why}", parting.refused.len()), false)
        }
    }
}
