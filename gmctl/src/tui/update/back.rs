//! After a loss: what happened while nothing was heard, in one line.

use std::fmt::Write as _;

use crate::{
    model::{
        alarm::words::seconds,
        cluster::Model,
        happening::Tone,
        link::{Stream, StreamState},
    },
    tui::{
        app::App,
        ui::{LastLook, Notice},
    },
};

/// How long the line stays.
const TOLD_FOR: std::time::Duration = std::time::Duration::from_secs(15);

/// Before a fact: keeps what was known when the watch broke.
pub(super) fn note_loss(app: &mut App) {
    let is_whole = app.live.link.watch == StreamState::Up && app.live.reopening.is_none();
    if is_whole && app.ui.lost.is_none() {
        app.ui.lost = Some(LastLook { moment: app.now, model: app.live.clone() });
    }
}

/// After a fact: tells what was missed, once the watch has told all of it.
pub(super) fn tell_missed(app: &mut App) {
    let link = &app.live.link;
    let is_back = link.watch == StreamState::Up && app.live.reopening.is_none();
    if !is_back || link.broken() == Some(Stream::Watch) {
        return;
    }
    let Some(lost) = app.ui.lost.take() else {
        return;
    };
    let away = seconds(app.now.since(lost.moment.at));
    let via = link.node.map_or(String::new(), |node| format!(" by node {node}"));
    let text = format!("back{via} after {away}: {}", missed(&lost.model, &app.live));
    let until = app.now.at.checked_add(TOLD_FOR);
    app.ui.notice = Some(Notice { text, tone: Tone::Notice, until });
}

/// Who came and went, life by life, and who leads now.
fn missed(then: &Model, now: &Model) -> String {
    let (came, went) = (lives_beyond(now, then), lives_beyond(then, now));
    let mut text = String::new();
    if came > 0 {
        let _ = write!(text, "+{came} joined  ");
    }
    if went > 0 {
        let _ = write!(text, "-{went} gone  ");
    }
    let leader =
        |model: &Model| model.leader().map_or("nobody".to_owned(), |node| format!("node {node}"));
    if then.leader() != now.leader() {
        let _ = write!(text, "leader {} -> {}", leader(then), leader(now));
    }
    if text.is_empty() {
        "nobody came or went meanwhile".to_owned()
    } else {
        text.trim_end().to_owned()
    }
}

/// How many lives one model has that the other has not.
fn lives_beyond(model: &Model, other: &Model) -> usize {
    let in_group = |(name, group): (_, &crate::model::group::Group)| {
        let known = other.groups.get(name);
        let is_new = |id, incarnation| {
            known
                .and_then(|known| known.members.get(id))
                .is_none_or(|member| member.incarnation != incarnation)
        };
        group.members.iter().filter(|(id, member)| is_new(*id, member.incarnation)).count()
    };
    model.groups.iter().map(in_group).sum()
}
