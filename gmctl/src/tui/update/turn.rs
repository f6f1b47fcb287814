//! One message in, effects out.
//!
//! After every message the lists fit the model again if a key needs them, and the member that the
//! liveness feed reports each second is the one the person looks at.

use std::time::Duration;

use crate::{
    model::{apply::Applied, group::MemberKey, happening::Tone, moment::Moment},
    tui::{
        app::{App, Notice, WhyPage},
        message::{Effect, Message},
        place::Place,
        request::{Reply, Ticket},
        update::{forms, keys},
    },
};

/// How often the why screen asks again while a suspicion is open.
const WHY_AGAIN: Duration = Duration::from_secs(2);

/// Takes a message in at a moment.
pub fn update(app: &mut App, now: Moment, message: Message) -> Vec<Effect> {
    app.now = now;
    let mut effects = Vec::new();
    let person = message.is_from_a_person();
    match message {
        Message::Key(key) => {
            app.settle();
            app.look();
            keys::press(app, key, &mut effects);
        }
        Message::Paste(text) => keys::paste(app, &text),
        Message::Resized(width, height) => app.ui.size = (width, height),
        Message::Told(text) => flash(app, text),
        Message::Tick => tick(app, &mut effects),
        Message::Cost(cost) => app.ui.cost = cost,
        Message::Answered(ticket, answer) => answered(app, ticket, answer),
        fact => take_fact(app, now, fact, &mut effects),
    }
    app.unsettle();
    if person {
        // What the person now looks at is decided by the rows as they are now.
        app.settle();
    }
    pin(app, &mut effects);
    effects
}

/// What the service told goes into the model, whatever is drawn.
fn take_fact(app: &mut App, now: Moment, fact: Message, effects: &mut Vec<Effect>) {
    match fact {
        Message::Link(stream, news) => app.live.apply_link(now, stream, &news),
        Message::Watch(event) => {
            let applied = app.live.apply_watch(now, event);
            effects.extend((applied == Applied::Gap).then_some(Effect::Reconnect));
        }
        Message::Member(report) => app.live.apply_liveness(now, &report),
        Message::Counts(counts) => app.live.apply_counts(now, counts),
        Message::Status(status) => app.live.apply_status(now, *status),
        Message::Nodes(nodes) => app.live.apply_nodes(now, nodes),
        Message::Groups(groups) => app.live.apply_groups(now, groups),
        Message::History(history) => app.live.apply_history(now, &history),
        _ => {}
    }
    app.history.note(now, &app.live);
}

fn tick(app: &mut App, effects: &mut Vec<Effect>) {
    let now = app.now;
    app.live.tidy(now);
    app.history.note(now, &app.live);
    if app.ui.notice.as_ref().and_then(|notice| notice.until).is_some_and(|until| now.at >= until) {
        app.ui.notice = None;
    }
    if let Place::Why(key) = &app.ui.place
        && let Some((of, WhyPage::Told(why))) = &app.ui.why
        && of == key
        && why.suspicion.is_some()
        && app.ui.why_ticket.is_none()
        && now.wall_ms % u64::try_from(WHY_AGAIN.as_millis()).unwrap_or(1) < 1_000
    {
        ask_why(app, key.clone(), effects);
    }
}

/// Asks why a member is gone or in doubt.
pub(super) fn ask_why(app: &mut App, key: MemberKey, effects: &mut Vec<Effect>) {
    let ticket = app.ticket();
    app.ui.why_ticket = Some(ticket);
    if app.ui.why.as_ref().is_none_or(|(of, _)| *of != key) {
        app.ui.why = Some((key.clone(), WhyPage::Asked));
    }
    effects.push(Effect::AskWhy { ticket, key });
}

fn answered(app: &mut App, ticket: Ticket, answer: Result<Reply, String>) {
    if app.ui.why_ticket == Some(ticket) {
        app.ui.why_ticket = None;
        if let Some((_, page)) = &mut app.ui.why {
            *page = match answer {
                Ok(Reply::Why(why)) => WhyPage::Told(why),
                Ok(_) => WhyPage::Refused("the answer fits another question".to_owned()),
                Err(why) => WhyPage::Refused(why),
            };
        }
        return;
    }
    forms::answered(app, ticket, answer);
}

/// Says something that goes by itself after a few seconds.
pub(super) fn flash(app: &mut App, text: impl Into<String>) {
    let until = app.now.at.checked_add(Duration::from_secs(4));
    app.ui.notice = Some(Notice { text: text.into(), tone: Tone::Notice, until });
}

/// Says something that stays until it is dismissed.
pub(super) fn tell(app: &mut App, text: impl Into<String>, tone: Tone) {
    app.ui.notice = Some(Notice { text: text.into(), tone, until: None });
}

/// The member the person looks at is reported each second; nobody else need be.
fn pin(app: &mut App, effects: &mut Vec<Effect>) {
    let wanted = if app.past.is_some() { None } else { app.selected_member() };
    let wanted = wanted.filter(|key| {
        app.live.groups.get(&key.group).is_some_and(|group| group.members.contains_key(&key.id))
    });
    if wanted != app.ui.pinned {
        app.ui.pinned.clone_from(&wanted);
        effects.push(Effect::Pin(wanted));
    }
}
