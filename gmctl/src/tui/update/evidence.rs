//! Evidence: going from what `why` tells to what happened about then, and keeping it for later.
//!
//! While a recording is written, the service is asked why members are gone or in doubt, so that the
//! recording can say it later, when nobody can be asked any more.

use std::{sync::Arc, time::Duration};

use gms::api::{Band, WatchEvent};

use super::{places, turn::flash};
use crate::{
    model::{group::MemberKey, timeline::Entry},
    tui::{
        app::App,
        message::{Effect, Message},
        place::Place,
    },
};

/// The most members asked about within [`EACH`]: of a mass failure the first tell as much as all.
const AT_ONCE: u32 = 16;
const EACH: Duration = Duration::from_secs(1);

/// Asks about whom this fact puts in doubt or takes out. Called before the fact is in the model.
pub(super) fn ask(app: &mut App, fact: &Message, effects: &mut Vec<Effect>) {
    let mut keys = whom(app, fact);
    let (since, asked) = app.ui.evidence_asked.unwrap_or((app.now.at, 0));
    let (since, asked) =
        if app.now.since(since) >= EACH { (app.now.at, 0) } else { (since, asked) };
    let room = AT_ONCE.saturating_sub(asked);
    keys.truncate(usize::try_from(room).unwrap_or(0));
    let more = u32::try_from(keys.len()).unwrap_or(room);
    app.ui.evidence_asked = Some((since, asked.saturating_add(more)));
    if !keys.is_empty() && !app.settings.replay {
        effects.push(Effect::AskEvidence(keys));
    }
}

/// Goes to the timeline, to where the removal, the leave or the suspicion that is told of stands.
pub(super) fn around(app: &mut App) {
    let Place::Why(key) = &app.ui.place else {
        return;
    };
    let Some(why) = app.why_of(key) else {
        return flash(app, "events around: the service has not told why yet");
    };
    let ended = why.removal.as_ref().map(|removal| (removal.revision, removal.at_ms));
    let ended = ended.or(why.left.as_ref().map(|left| (left.revision, left.at_ms)));
    // A suspicion is older than its answer by what the answer says.
    let told_ms = app.model().evidence.get(key).map_or(app.moment().wall_ms, |told| told.at_ms);
    let doubted = why.suspicion.as_ref().map(|s| told_ms.saturating_sub(s.for_ms));
    let entries = app.model().timeline.entries();
    let entry = match (doubted, ended) {
        // Of those removed at once, each group has an entry of its own.
        (None, Some((revision, _))) => entries.iter().rev().find(|entry| {
            entry.revision == Some(revision) && entry.what.group() == Some(&key.group)
        }),
        _ => None,
    };
    let at_ms = doubted.or(ended.map(|(_, at_ms)| at_ms)).unwrap_or(told_ms);
    let of_group = |entry: &&Arc<Entry>| entry.what.group() == Some(&key.group);
    let before = || entries.iter().rev().filter(|entry| entry.wall_ms <= at_ms);
    let nearest = || before().find(of_group).or_else(|| before().next());
    let Some(entry) = entry.or_else(nearest).map(|entry| entry.key) else {
        return flash(app, "events around: the timeline does not reach back so far");
    };
    app.ui.filters.clear(&Place::Timeline);
    app.ui.selection.entry = Some(entry);
    places::go(app, Place::Timeline);
}

fn whom(app: &App, fact: &Message) -> Vec<MemberKey> {
    match fact {
        Message::Watch(WatchEvent::Change(change)) => {
            let key = |id| MemberKey { group: change.group.clone(), id };
            let ended = change.removed.iter().chain(&change.away);
            ended.map(|ended| key(ended.id.clone())).collect()
        }
        Message::Member(report) | Message::Pinned(report) if report.state >= Band::Suspect => {
            let group = app.live.groups.get(&report.group);
            let before = group.and_then(|group| group.heard.get(&report.id));
            let is_new = before.is_none_or(|heard| {
                heard.incarnation != report.incarnation || heard.band < Band::Suspect
            });
            let key = MemberKey { group: report.group.clone(), id: report.id.clone() };
            if is_new { vec![key] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}
