//! Opening forms, and what their answers lead to.

use gms::{
    id::{GroupId, MemberId, NodeId},
    view::MemberState,
};

use super::turn::{flash, tell};
use crate::{
    action::key::Key,
    model::{
        group::{Group, MemberKey},
        happening::{Happening, Tone},
    },
    tui::{
        app::App,
        command_line,
        dialog::{
            form::{Form, Stage, Step},
            purpose::{Purpose, TARGETS_MAX},
        },
        message::Effect,
        place::Place,
        request::{Acknowledged, Fence, NotDone, Parting, Reply, Request, Target, Ticket},
        ui::Overlay,
    },
};

fn open(app: &mut App, purpose: Purpose) {
    let group = app.selected_group();
    let fields = purpose.fields(group.as_ref());
    let form = Form::new(purpose, fields, app.settings.protected);
    app.ui.overlay = Some(Overlay::Form(Box::new(form)));
}

/// Opens the join form, for the selected group if there is one, or filled in as far as it was named:
/// `GROUP ID ADDRESS`.
pub(super) fn open_join(app: &mut App, named: &str) {
    open(app, Purpose::Join);
    if let Some(Overlay::Form(form)) = &mut app.ui.overlay {
        form.fill_in(named.split_whitespace());
    }
}

/// The present lives of these members, unless there are none or too many.
fn targets(app: &mut App, act: &str, members: Vec<MemberKey>) -> Option<Vec<Target>> {
    let targets: Vec<Target> = members
        .into_iter()
        .filter_map(|key| {
            let incarnation = app.live.groups.get(&key.group)?.members.get(&key.id)?.incarnation;
            Some(Target { key, incarnation })
        })
        .collect();
    match targets.len() {
        0 => {
            flash(app, format!("{act}: nobody of those chosen is a member any more"));
            None
        }
        1..=TARGETS_MAX => Some(targets),
        n => {
            flash(app, format!("{act}: {n} members are chosen; at most {TARGETS_MAX} at once"));
            None
        }
    }
}

/// Opens the leave form for the present lives of these members; it stays with them.
pub(super) fn open_leave(app: &mut App, members: Vec<MemberKey>) {
    if let Some(targets) = targets(app, "leave", members) {
        let fence = fence(app, &targets);
        open(app, Purpose::Leave(targets, fence));
    }
}

/// Opens the drain form: the lives that work are asked to take no new work; if all of them drain
/// already, to take work again.
pub(super) fn open_drain(app: &mut App, members: Vec<MemberKey>) {
    let Some(targets) = targets(app, "drain", members) else { return };
    let works = |target: &Target| {
        let group = app.live.groups.get(&target.key.group);
        let member = group.and_then(|group| group.members.get(&target.key.id));
        member.is_some_and(|member| member.state != MemberState::Draining)
    };
    let drain = targets.iter().any(works);
    open(app, Purpose::Drain(targets, drain));
}

/// The views of their groups as they are known now.
fn fence(app: &App, targets: &[Target]) -> Fence {
    targets
        .iter()
        .filter_map(|target| {
            let group = app.live.groups.get(&target.key.group)?;
            Some((target.key.group.clone(), group.view))
        })
        .collect()
}

/// Opens the form that adds a node.
pub(super) fn open_node_add(app: &mut App, url: &str) {
    open(app, Purpose::AddNode);
    if let Some(Overlay::Form(form)) = &mut app.ui.overlay {
        form.fill_in(url.split_whitespace());
    }
}

/// Opens the form that removes this node.
pub(super) fn open_node_remove(app: &mut App, node: Option<NodeId>) {
    match node {
        Some(node) => open(app, Purpose::RemoveNode(node)),
        None => flash(app, "node remove: select a node first (screen 6), or give its number"),
    }
}

/// Opens the hold form of the group, or the one that lifts its hold.
pub(super) fn open_hold(app: &mut App, group: GroupId) {
    let held = app.live.groups.get(&group).is_some_and(|facts| facts.hold.is_some());
    open(app, if held { Purpose::ClearHold(group) } else { Purpose::SetHold(group) });
}

/// Opens the form that hands leadership to this node.
pub(super) fn open_transfer(app: &mut App, node: Option<NodeId>) {
    match node {
        Some(node) => open(app, Purpose::Transfer(node)),
        None => flash(app, "leader transfer: select a node first (screen 6), or give its number"),
    }
}

/// A key was pressed in a form.
pub(super) fn press(app: &mut App, mut form: Box<Form>, key: Key, effects: &mut Vec<Effect>) {
    if key == Key::Ctrl('y')
        && let Ok(request) = form.purpose.request(&form.fields)
    {
        effects.push(Effect::Copy(command_line::of_request(&request)));
        flash(app, "copied the command line");
        app.ui.overlay = Some(Overlay::Form(form));
        return;
    }
    if let (Stage::Filling, Key::Enter, Purpose::Leave(targets, _)) =
        (&form.stage, key, &form.purpose)
    {
        // What is asked now is what is confirmed later: the views as they are known now.
        form.purpose = Purpose::Leave(targets.clone(), fence(app, targets));
    }
    let step = form.press(key);
    let (request, dry_run) = match step {
        Step::Close => return,
        Step::Leave => {
            flash(app, "it goes on; what becomes of it is told here");
            app.ui.under_way.push(*form);
            return;
        }
        Step::Stay => {
            app.ui.overlay = Some(Overlay::Form(form));
            return;
        }
        Step::Check(request) => (request, true),
        Step::Send(request) => (request, false),
    };
    if let Some(locked) = app.locked() {
        // It may have been unlocked when the form opened.
        form.refused(locked.why().to_owned());
    } else if app.trust().is_current() {
        let ticket = app.ticket();
        form.stage = if dry_run { Stage::Checking(ticket) } else { Stage::Sending(ticket) };
        effects.push(Effect::Ask { ticket, request: Box::new(request), dry_run });
    } else {
        form.refused("no node answers now; nothing was sent".to_owned());
    }
    app.ui.overlay = Some(Overlay::Form(form));
}

/// The service answered a form's question.
pub(super) fn answered(app: &mut App, ticket: Ticket, answer: Result<Acknowledged, NotDone>) {
    if let Some(at) = app.ui.under_way.iter().position(|form| form.waits_for(ticket)) {
        let form = app.ui.under_way.remove(at);
        return ended_unseen(app, &form, answer);
    }
    let Some(Overlay::Form(form)) = &mut app.ui.overlay else {
        return;
    };
    if !form.waits_for(ticket) {
        return;
    }
    let sent = matches!(form.stage, Stage::Sending(_));
    let by = answer.as_ref().map(by).unwrap_or_default();
    match done(answer) {
        Err(not_done) => {
            let title = form.purpose.title();
            form.refused(not_done.clone());
            if sent {
                note_failure(app, &title, &not_done);
            }
        }
        Ok(reply) if !sent => {
            let group = match form.purpose.request(&form.fields) {
                Ok(Request::Join(group, _)) => app.live.groups.get(&group),
                _ => None,
            };
            form.checked(preview(group, &reply));
        }
        Ok(reply) => {
            let command = form.purpose.request(&form.fields).ok();
            app.ui.overlay = None;
            let all_left = matches!(&reply, Reply::Left(parting) if parting.refused.is_empty());
            if all_left && matches!(app.ui.place, Place::Members(_)) {
                app.ui.marks.clear();
            }
            finish(app, &reply, &by, command.as_ref());
        }
    }
}

/// What was done; an act on many that nobody did is not done.
fn done(answer: Result<Acknowledged, NotDone>) -> Result<Reply, NotDone> {
    let nobody = |parting: &Parting| parting.left.is_empty() && !parting.refused.is_empty();
    match answer?.reply {
        Reply::Left(parting) if nobody(&parting) => Err(refusal(&parting, &Words::LEAVE)),
        Reply::Drained(parting) if nobody(&parting) => Err(refusal(&parting, &Words::DRAIN)),
        reply => Ok(reply),
    }
}

/// What became of a write whose form is out of sight.
fn ended_unseen(app: &mut App, form: &Form, answer: Result<Acknowledged, NotDone>) {
    let by = answer.as_ref().map(by).unwrap_or_default();
    match done(answer) {
        Ok(reply) => {
            let command = form.purpose.request(&form.fields).ok();
            finish(app, &reply, &by, command.as_ref());
        }
        Err(not_done) => {
            let text = note_failure(app, &form.purpose.title(), &not_done);
            tell(app, text, Tone::Bad);
        }
    }
}

/// Writes down that something was not done, or that nobody knows; in these words.
fn note_failure(app: &mut App, title: &str, not_done: &NotDone) -> String {
    let text = format!("{title}: {}: {}", not_done.word(), not_done.why);
    let now = app.now;
    app.live.timeline.observe(now, Happening::Command(text.clone(), false));
    text
}

/// What a dry run says, line by line.
fn preview(group: Option<&Group>, reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Joined(joined, _) => {
            let member = &joined.member;
            // The status of a dry run tells a new life from a retry as little as a 200 can.
            let present = group.and_then(|group| group.members.get(&member.id));
            if present.is_some_and(|present| present.incarnation == member.incarnation) {
                return vec![format!("{} is a member already: nothing would change", member.id)];
            }
            let instead = if present.is_some() { ", in place of its present life" } else { "" };
            vec![format!(
                "would let {} in as a new life at {}, liveness {}{instead}",
                member.id,
                member.address,
                member.liveness.kind.as_str()
            )]
        }
        Reply::Left(parting) => would(parting, "would leave"),
        Reply::Drained(parting) => would(parting, "would be told"),
        Reply::Configured(configuration) => {
            let voters: Vec<String> =
                configuration.voters.iter().map(ToString::to_string).collect();
            vec![format!("node {}; the voters would be {}", configuration.node, voters.join(" "))]
        }
        Reply::Leader(answer) => vec![format!("node {} would lead", answer.leader)],
        Reply::Hold(answer) => vec![format!("removals by silence would go on in {}", answer.group)],
        Reply::Why(_) => Vec::new(),
    }
}

fn would(parting: &Parting, what: &str) -> Vec<String> {
    let mut lines = vec![format!("{} {what}", parting.left.len())];
    lines.extend(
        parting.refused.iter().take(3).map(|(id, not_done)| format!("{id}: {}", not_done.why)),
    );
    if let more @ 1.. = parting.refused.len().saturating_sub(3) {
        lines.push(format!("and {more} more would be refused"));
    }
    lines
}

/// Who acknowledged it, and after how long.
fn by(answer: &Acknowledged) -> String {
    let took = answer.took.as_millis();
    answer.by.map_or(String::new(), |node| format!(", acknowledged by node {node} in {took} ms"))
}

/// What was done, in a line that stays until dismissed and in the timeline.
fn finish(app: &mut App, reply: &Reply, by: &str, request: Option<&Request>) {
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
        Reply::Left(parting) => parting_text(parting, &Words::LEAVE),
        Reply::Drained(parting) => parting_text(parting, &Words::DRAIN),
        Reply::Configured(configuration) => {
            let list = |nodes: &[NodeId]| {
                nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            };
            let learners = match list(&configuration.learners) {
                none if none.is_empty() => String::new(),
                some => format!(", learners {some}"),
            };
            let voters = list(&configuration.voters);
            (format!("node {}: voters are now {voters}{learners}", configuration.node), true)
        }
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
    let command = request.map(command_line::of_request).unwrap_or_default();
    tell(
        app,
        format!("{text}{by}   = {}", command.replace('\n', " ")),
        if done { Tone::Good } else { Tone::Warn },
    );
}

/// How an act on many is told of.
struct Words {
    nobody: &'static str,
    one: &'static str,
    many: &'static str,
}

impl Words {
    const LEAVE: Words = Words { nobody: "nobody left", one: "left", many: "members left" };
    const DRAIN: Words =
        Words { nobody: "nobody was told", one: "was told", many: "members were told" };
}

/// What became of many, and whether all of it was done.
fn parting_text(parting: &Parting, words: &Words) -> (String, bool) {
    let (unknown, refused): (Vec<_>, Vec<_>) =
        parting.refused.iter().partition(|(_, not_done)| not_done.outcome_unknown);
    let first = |of: &[&(MemberId, NotDone)]| {
        of.first().map_or(String::new(), |(id, not_done)| format!("{id}: {}", not_done.why))
    };
    let mut parts = Vec::new();
    match parting.left.as_slice() {
        // Of whom nothing is known may have.
        [] if !unknown.is_empty() => {}
        [] => parts.push(words.nobody.to_owned()),
        [(id, view)] => parts.push(format!("{id} {}, view {view}", words.one)),
        many => parts.push(format!("{} {}", many.len(), words.many)),
    }
    if !refused.is_empty() {
        parts.push(format!("{} did not: {}", refused.len(), first(&refused)));
    }
    if !unknown.is_empty() {
        parts.push(format!("of {} nobody knows: {}", unknown.len(), first(&unknown)));
    }
    (parts.join("; "), parting.refused.is_empty())
}

/// Why none of many did.
fn refusal(parting: &Parting, words: &Words) -> NotDone {
    match parting.refused.as_slice() {
        [(id, not_done)] => NotDone { why: format!("{id}: {}", not_done.why), ..not_done.clone() },
        many => NotDone {
            why: parting_text(parting, words).0,
            outcome_unknown: many.iter().any(|(_, not_done)| not_done.outcome_unknown),
        },
    }
}
