//! How a recording begins in the middle: what is known now, as the facts that a fresh feed would
//! tell. Whoever plays the recording then knows what we knew.

use gms::{
    api::{Bookmark, Groups, MemberLiveness, Nodes, WatchEvent},
    view::View,
};

use super::{
    message::Message,
    request::{Acknowledged, Reply},
};
use crate::{
    model::{
        cluster::Model,
        link::{Stream, StreamNews, StreamState},
        moment::{Moment, whole_millis},
    },
    tape::format::Fact,
};

/// What is known now, as facts.
pub fn facts(model: &Model, now: Moment) -> Vec<Fact> {
    let mut facts = Vec::new();
    let streams = [
        (Stream::Watch, &model.link.watch),
        (Stream::Liveness, &model.link.liveness),
        (Stream::Poll, &model.link.poll),
    ];
    for (stream, state) in streams {
        let news = match state {
            StreamState::Opening => continue,
            StreamState::Up => StreamNews::Up {
                endpoint: model.link.endpoint.clone().unwrap_or_default(),
                node: model.link.node,
            },
            StreamState::Down => {
                StreamNews::Down { error: model.link.error.clone().unwrap_or_default() }
            }
        };
        facts.push(Fact::Link(stream, news));
    }
    if let Some(status) = &model.status {
        facts.push(Fact::Status(Box::new(status.as_ref().clone())));
    }
    let nodes = model.nodes.values().map(|facts| facts.status.as_ref().clone()).collect();
    if let Some(answered_by) = model.answered_by {
        facts.push(Fact::Nodes(Nodes { answered_by, nodes }));
    }
    for (id, group) in model.groups.iter().filter(|(_, group)| group.is_told) {
        let members = group.members.values().map(|member| member.as_ref().clone()).collect();
        let view = View { group: id.clone(), view: group.view, revision: group.revision, members };
        facts.push(Fact::Watch(WatchEvent::Snapshot(view)));
    }
    // Nothing known is not nothing there.
    if model.knows_groups() {
        facts.push(Fact::Watch(WatchEvent::Bookmark(Bookmark { revision: model.revision })));
        facts.push(holds(model));
    }
    facts.extend(liveness(model, now));
    facts.extend(model.evidence.told().map(|told| Fact::Why(Box::new(told.why.as_ref().clone()))));
    facts
}

fn holds(model: &Model) -> Fact {
    let groups = model.groups.iter().map(|(name, group)| group.summary(name)).collect();
    Fact::Groups(Groups { revision: model.revision, groups })
}

fn liveness(model: &Model, now: Moment) -> impl Iterator<Item = Fact> + '_ {
    model.groups.iter().flat_map(move |(name, group)| {
        let members = group.heard.iter().map(move |(id, heard)| {
            Fact::Member(MemberLiveness {
                group: name.clone(),
                id: id.clone(),
                incarnation: heard.incarnation,
                state: heard.band,
                age_ms: heard.round_trip_at.map(|at| whole_millis(now.since(at))),
                rtt_us: heard.rtt_us,
                misses: heard.misses,
                monitor: heard.monitor,
                period_ms: heard.period_ms,
            })
        });
        members.chain(group.counts.clone().map(Fact::Counts))
    })
}

/// What a message says that belongs on a tape, if anything.
pub fn fact_of(message: &Message) -> Option<Fact> {
    Some(match message {
        Message::Link(stream, news) => Fact::Link(*stream, news.clone()),
        Message::Watch(event) => Fact::Watch(event.clone()),
        Message::Member(report) | Message::Pinned(report) => Fact::Member(report.clone()),
        Message::Counts(counts) => Fact::Counts(counts.clone()),
        Message::Status(status) => Fact::Status(status.clone()),
        Message::Nodes(nodes) => Fact::Nodes(nodes.clone()),
        Message::Groups(groups) => Fact::Groups(groups.clone()),
        Message::History(history) => Fact::History(history.clone()),
        Message::Why(why)
        | Message::Answered(_, Ok(Acknowledged { reply: Reply::Why(why), .. })) => {
            Fact::Why(why.clone())
        }
        Message::Note(text) => Fact::Note(text.clone()),
        _ => return None,
    })
}

/// What a fact on a tape says to the dashboard, if anything.
pub fn message_of(fact: Fact) -> Option<Message> {
    Some(match fact {
        Fact::Link(stream, news) => Message::Link(stream, news),
        Fact::Watch(event) => Message::Watch(event),
        Fact::Member(report) => Message::Member(report),
        Fact::Counts(counts) => Message::Counts(counts),
        Fact::Status(status) => Message::Status(status),
        Fact::Nodes(nodes) => Message::Nodes(nodes),
        Fact::Groups(groups) => Message::Groups(groups),
        Fact::History(history) => Message::History(history),
        Fact::Why(why) => Message::Why(why),
        Fact::Note(text) => Message::Note(text),
        Fact::Gone(_) => return None,
    })
}
