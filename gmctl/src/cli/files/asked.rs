//! What a recording asks and hears, as facts of a tape. A question that nobody answers brings no fact;
//! only the poll says that it failed.

use std::collections::BTreeSet;

use gms::{
    api::{Band, Event, MemberLiveness, WatchEvent, What},
    calls::EventsQuery,
    client::Client,
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness_feed::LivenessItem,
    watch::WatchItem,
};

use crate::{
    model::link::{Stream, StreamNews},
    tape::format::Fact,
};

/// How many revisions of the past are put in front.
const HISTORY: u64 = 1_000;

/// What a question has brought.
pub type Facts = Vec<Fact>;

/// The members in doubt, to ask about each once.
#[derive(Default)]
pub struct Doubted(BTreeSet<(GroupId, MemberId, Incarnation)>);

impl Doubted {
    /// Whether this report is the first that doubts its member.
    pub fn is_new(&mut self, report: &MemberLiveness) -> bool {
        let life = (report.group.clone(), report.id.clone(), report.incarnation);
        if report.state >= Band::Suspect {
            return self.0.insert(life);
        }
        self.0.remove(&life);
        false
    }

    /// Forgets a life that the feed forgets.
    pub fn forget_gone(&mut self, fact: &Fact) {
        if let Fact::Gone(gone) = fact {
            self.0.remove(&(gone.group.clone(), gone.id.clone(), gone.incarnation));
        }
    }
}

/// An item of the watch.
pub fn of_watch(item: WatchItem) -> Fact {
    match item {
        WatchItem::Event(event) => Fact::Watch(event),
        WatchItem::Connected { endpoint, node } => {
            Fact::Link(Stream::Watch, StreamNews::Up { endpoint: endpoint.to_string(), node })
        }
        WatchItem::Disconnected { why } => {
            Fact::Link(Stream::Watch, StreamNews::Down { error: why })
        }
    }
}

/// An item of the liveness feed.
pub fn of_liveness(item: LivenessItem) -> Fact {
    match item {
        LivenessItem::Member(member) => Fact::Member(member),
        LivenessItem::Counts(counts) => Fact::Counts(counts),
        LivenessItem::Gone(gone) => Fact::Gone(gone),
        LivenessItem::Connected { endpoint, node } => {
            Fact::Link(Stream::Liveness, StreamNews::Up { endpoint: endpoint.to_string(), node })
        }
        LivenessItem::Disconnected { why } => {
            Fact::Link(Stream::Liveness, StreamNews::Down { error: why })
        }
    }
}

/// The recorded past; nothing if nobody tells it now.
pub async fn past(client: &Client, group: Option<GroupId>) -> Facts {
    let Ok(status) = client.status().await else {
        return Vec::new();
    };
    let after = Some(Revision(status.value.revision.0.saturating_sub(HISTORY)));
    let query = EventsQuery { after, group, member: None };
    match client.events(&query).await {
        Ok(answer) => vec![Fact::History(answer.value)],
        Err(_) => Vec::new(),
    }
}

/// What the node that answers says of itself, of every node and, if wished, of every group.
pub async fn poll(client: Client, with_groups: bool) -> Facts {
    let status = match client.status().await {
        Ok(answer) => answer,
        Err(why) => {
            return vec![Fact::Link(Stream::Poll, StreamNews::Down { error: why.to_string() })];
        }
    };
    let endpoint = status.meta.endpoint.to_string();
    let news = StreamNews::Up { endpoint, node: Some(status.value.node) };
    let mut facts = vec![Fact::Link(Stream::Poll, news), Fact::Status(Box::new(status.value))];
    if let Ok(nodes) = client.nodes().await {
        facts.push(Fact::Nodes(nodes.value));
    }
    if with_groups && let Ok(groups) = client.groups().await {
        facts.push(Fact::Groups(groups.value));
    }
    facts
}

/// The evidence of the lives that this change ended, as the events that carry it.
pub async fn evidence(client: Client, group: GroupId, revision: Revision) -> Facts {
    let after = Some(Revision(revision.0.saturating_sub(1)));
    let query = EventsQuery { after, group: Some(group), member: None };
    let Ok(answer) = client.events(&query).await else {
        return Vec::new();
    };
    let is_meant = |event: &Event| {
        event.revision == revision && matches!(event.what, What::Removed { .. } | What::Away { .. })
    };
    let events = answer.value.events.into_iter().filter(is_meant);
    events.map(|event| Fact::Watch(WatchEvent::Event(event))).collect()
}

/// Why this member is in doubt; nothing if nobody tells it now.
pub async fn why(client: Client, group: GroupId, id: MemberId) -> Facts {
    let answer = client.why(&group, &id).await;
    answer.map_or_else(|_| Vec::new(), |answer| vec![Fact::Why(Box::new(answer.value))])
}
