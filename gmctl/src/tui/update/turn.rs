//! One message in, effects out.
//!
//! After every message the lists fit the model again if a key needs them, and the member that the
//! liveness feed reports each second is the one the person looks at.

use std::time::Duration;

use crate::{
    model::{
        apply::Applied,
        group::MemberKey,
        happening::{Happening, Tone},
        link::{Stream, StreamNews},
        moment::Moment,
    },
    tui::{
        app::App,
        message::{Effect, Message},
        place::Place,
        request::{Acknowledged, NotDone, Reply, Ticket},
        ui::{Notice, WhyPage},
        update::{back, evidence, forms, keys, mouse},
    },
};

/// How often the why screen asks again while a suspicion is open.
const WHY_AGAIN: Duration = Duration::from_secs(2);
/// How often the nodes are asked for their opinions while somebody looks at them, or while the
/// node that answers us is in trouble.
const OPINIONS_EACH: Duration = Duration::from_secs(2);

/// Takes a message in at a moment.
pub fn update(app: &mut App, now: Moment, message: Message) -> Vec<Effect> {
    if let Message::Seen(then, message) = message {
        return update(app, then, *message);
    }
    app.now = now;
    // Time alone makes what is known old.
    app.live.see(now);
    let mut effects = Vec::new();
    let person = message.is_from_a_person();
    match message {
        Message::Key(key) => {
            app.settle();
            app.look();
            keys::press(app, key, &mut effects);
        }
        Message::Paste(text) => keys::paste(app, &text),
        Message::Clicked(spot, twice) => {
            app.look();
            mouse::click(app, spot, twice, &mut effects);
        }
        Message::Wheeled(by) => mouse::wheel(app, by, &mut effects),
        Message::Resized(width, height) => app.ui.size = (width, height),
        Message::Told(text) => flash(app, text),
        Message::Tick => tick(app, &mut effects),
        Message::Cost(cost) => app.ui.cost = cost,
        Message::Answered(ticket, answer) => answered(app, ticket, answer),
        fact => take_fact(app, now, fact, &mut effects),
    }
    app.unsettle();
    if person && app.ui.place == Place::Views {
        ask_opinions(app, &mut effects);
    }
    if person {
        // What the person now looks at is decided by the rows as they are now.
        app.settle();
    }
    pin(app, &mut effects);
    effects
}

/// What the service told goes into the model, whatever is drawn.
fn take_fact(app: &mut App, now: Moment, fact: Message, effects: &mut Vec<Effect>) {
    if app.ui.recording.is_some() {
        evidence::ask(app, &fact, effects);
    }
    match fact {
        Message::Link(stream, news) => {
            if let (Stream::Watch, StreamNews::Down { .. }) = (stream, &news) {
                back::note_loss(app);
            }
            app.live.apply_link(now, stream, &news);
        }
        Message::Watch(event) => {
            let applied = app.live.apply_watch(now, event);
            effects.extend((applied == Applied::Gap).then_some(Effect::Reconnect));
        }
        Message::Member(report) => app.live.apply_liveness(now, &report),
        Message::Pinned(report) => app.live.apply_report(now, &report),
        Message::Heard(stream, at) => app.live.link.heard(stream, at),
        Message::Counts(counts) => app.live.apply_counts(now, counts),
        Message::Status(status) => app.live.apply_status(now, *status),
        Message::Nodes(nodes) => app.live.apply_nodes(now, nodes),
        Message::Groups(groups) => app.live.apply_groups(now, groups),
        Message::History(history) => app.live.apply_history(now, &history),
        Message::Why(why) => app.live.apply_why(now, *why),
        Message::Opinion(opinion) => app.live.apply_opinion(*opinion),
        Message::Note(text) => app.live.timeline.observe(now, Happening::Note(text)),
        _ => {}
    }
    if app.ui.lost.is_some() {
        back::tell_missed(app);
    }
    app.live.see(now);
    app.history.note(now, &app.live);
}

fn tick(app: &mut App, effects: &mut Vec<Effect>) {
    let now = app.now;
    app.live.tidy(now);
    app.history.note(now, &app.live);
    if app.ui.notice.as_ref().and_then(|notice| notice.until).is_some_and(|until| now.at >= until) {
        app.ui.notice = None;
    }
    if app.ui.unlocked_until.is_some_and(|until| now.at >= until) {
        app.ui.unlocked_until = None;
        flash(app, "the context is locked again");
    }
    ask_opinions(app, effects);
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

/// Asks every node that has told where it is, if somebody wants to know.
fn ask_opinions(app: &mut App, effects: &mut Vec<Effect>) {
    let troubled = app.live.status.as_ref().is_some_and(|s| !s.quorum.ok || s.leader.is_none());
    let looked_at = app.ui.place == Place::Views && app.past.is_none();
    let lately = app.ui.opinions_asked.is_some_and(|at| app.now.since(at) < OPINIONS_EACH);
    if app.settings.replay || lately || !(troubled || looked_at) {
        return;
    }
    let nodes: Vec<_> = app
        .live
        .nodes
        .values()
        .filter_map(|node| Some((node.status.id, node.status.api_url.clone()?)))
        .collect();
    if !nodes.is_empty() {
        app.ui.opinions_asked = Some(app.now.at);
        effects.push(Effect::AskOpinions(nodes));
    }
}

/// Asks why a member is gone or in doubt.
pub(super) fn ask_why(app: &mut App, key: MemberKey, effects: &mut Vec<Effect>) {
    if app.settings.replay {
        return;
    }
    let ticket = app.ticket();
    app.ui.why_ticket = Some(ticket);
    if app.ui.why.as_ref().is_none_or(|(of, _)| *of != key) {
        app.ui.why = Some((key.clone(), WhyPage::Asked));
    }
    effects.push(Effect::AskWhy { ticket, key });
}

fn answered(app: &mut App, ticket: Ticket, answer: Result<Acknowledged, NotDone>) {
    if app.ui.why_ticket == Some(ticket) {
        app.ui.why_ticket = None;
        if let Some((_, page)) = &mut app.ui.why {
            *page = match answer.map(|answer| answer.reply) {
                Ok(Reply::Why(why)) => {
                    app.live.apply_why(app.now, why.as_ref().clone());
                    WhyPage::Told(why)
                }
                Ok(_) => WhyPage::Refused("the answer fits another question".to_owned()),
                Err(not_done) => WhyPage::Refused(not_done.why),
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
        if let Some(key) = &wanted {
            app.live.beats.follow(key);
        }
        app.ui.pinned.clone_from(&wanted);
        effects.push(Effect::Pin(wanted));
    }
}
