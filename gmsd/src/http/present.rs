//! From stored forms to what a reader sees. Pure, and the only place that knows both.
//!
//! Who watches a member is not stored with it: it follows from the monitors of the state that is
//! read.

use std::sync::Arc;

use gms::{
    api::{self, Event, GroupSummary, Leaving, What},
    id::{GroupId, Revision},
    view::{Change, Left, Member, Removed, View},
};

use crate::membership::{
    group::Group,
    hold::Hold,
    journal::{Happening, Record},
    life::{Delta, Departure, Ending, Life},
    placement::Placement,
    state::State,
};

/// A member.
pub fn member(state: &State, group: &GroupId, life: &Life) -> Member {
    // Nobody watches one that is away.
    let placement =
        if life.is_away() { Placement::default() } else { state.place(group, &life.member) };
    Member {
        id: life.member.clone(),
        address: life.address.clone(),
        incarnation: life.incarnation,
        monitor: placement.monitor(),
        witness: placement.witness(),
        liveness: life.liveness.clone(),
        tags: life.tags.clone(),
        state: life.state,
        instance: life.instance.clone(),
        hold: life.hold,
    }
}

/// A group's present view; the empty one if nobody knows the group.
pub fn view(state: &State, name: &GroupId) -> View {
    let Some(group) = state.group(name) else {
        let view = state.empty_view();
        return View { group: name.clone(), view, revision: view, members: Vec::new() };
    };
    View {
        group: name.clone(),
        view: group.view,
        revision: group.revision,
        members: group.members.values().map(|life| member(state, name, life)).collect(),
    }
}

/// The number of a group's present view.
pub fn view_number(state: &State, name: &GroupId) -> Revision {
    state.group(name).map_or_else(|| state.empty_view(), |group| group.view)
}

/// The revision of a group's last change.
pub fn last_change(state: &State, name: &GroupId) -> Revision {
    state.group(name).map_or_else(|| state.empty_view(), |group| group.revision)
}

/// What one entry did to one group.
pub fn change(state: &State, delta: &Delta) -> Change {
    let lives =
        |lives: &[Arc<Life>]| lives.iter().map(|life| member(state, &delta.group, life)).collect();
    let left = delta.departed.iter().filter_map(|departure| {
        let Ending::Left { reason } = &departure.ending else { return None };
        Some(Left {
            id: departure.member.clone(),
            incarnation: departure.incarnation,
            reason: reason.clone(),
        })
    });
    let ended =
        |departures: &[Arc<Departure>]| departures.iter().filter_map(|of| removed(of)).collect();
    Change {
        group: delta.group.clone(),
        from: delta.from,
        view: delta.view,
        revision: delta.revision,
        after: delta.after,
        at_ms: delta.at_ms,
        joined: lives(&delta.joined),
        left: left.collect(),
        removed: ended(&delta.departed),
        updated: lives(&delta.updated),
        away: ended(&delta.away),
    }
}

/// A life that was ended by a verdict, if that is how it ended.
fn removed(departure: &Departure) -> Option<Removed> {
    let Ending::Removed(evidence) = &departure.ending else { return None };
    Some(Removed {
        id: departure.member.clone(),
        incarnation: departure.incarnation,
        cause: evidence.cause,
        number: evidence.number,
    })
}

/// A group in a list.
pub fn summary(name: &GroupId, group: &Group, suspects: usize) -> GroupSummary {
    GroupSummary {
        name: name.clone(),
        view: group.view,
        members: group.members.len(),
        away: group.away_count(),
        suspects,
        hold: group.hold.as_ref().map(hold),
        timing: group.timing,
    }
}

/// A pause of removals by silence.
pub fn hold(hold: &Hold) -> api::Hold {
    api::Hold {
        since: hold.since,
        at_ms: hold.at_ms,
        lasts: hold.lasts,
        reason: hold.reason.clone(),
    }
}

/// How a life left, if that is how it ended.
pub fn leaving(departure: &Departure) -> Option<Leaving> {
    let Ending::Left { reason } = &departure.ending else { return None };
    let (revision, at_ms, reason) = (departure.revision, departure.at_ms, reason.clone());
    Some(Leaving { revision, at_ms, reason })
}

/// The record of a removal, if that is how the life ended.
pub fn removal(departure: &Departure) -> Option<api::Removal> {
    match &departure.ending {
        Ending::Left { .. } => None,
        Ending::Removed(evidence) => Some(api::Removal {
            revision: departure.revision,
            term: departure.term,
            at_ms: departure.at_ms,
            evidence: evidence.clone(),
        }),
    }
}

/// What a record tells, one event a member; two for one whose place was taken over. First who went,
/// then who came, then who changed: a reader that follows them one by one never has two lives of one
/// member at once.
pub fn events(record: &Record) -> Vec<Event> {
    let event = |what| Event { revision: record.revision, at_ms: record.at_ms, what };
    match &record.what {
        Happening::View(delta) => member_events(delta).map(event).collect(),
        other => happening(other).map(event).into_iter().collect(),
    }
}

fn member_events(delta: &Delta) -> impl Iterator<Item = What> {
    let group = || delta.group.clone();
    let left = delta.departed.iter().filter_map(move |departure| {
        let Ending::Left { reason } = &departure.ending else {
            return None;
        };
        Some(What::Left {
            group: group(),
            member: departure.member.clone(),
            incarnation: departure.incarnation,
            reason: reason.clone(),
        })
    });
    let removed = delta.departed.iter().filter_map(move |departure| {
        let Ending::Removed(evidence) = &departure.ending else {
            return None;
        };
        Some(What::Removed {
            group: group(),
            member: departure.member.clone(),
            incarnation: departure.incarnation,
            evidence: evidence.clone(),
        })
    });
    let joined = delta.joined.iter().map(move |life| What::Joined {
        group: group(),
        member: life.member.clone(),
        incarnation: life.incarnation,
        address: life.address.clone(),
    });
    let away = delta.away.iter().filter_map(move |departure| {
        let Ending::Removed(evidence) = &departure.ending else {
            return None;
        };
        Some(What::Away {
            group: group(),
            member: departure.member.clone(),
            incarnation: departure.incarnation,
            evidence: evidence.clone(),
        })
    });
    let updated = delta.updated.iter().filter(|life| !life.is_away()).map(move |life| {
        let (group, member, incarnation) = (group(), life.member.clone(), life.incarnation);
        if delta.is_new(life) {
            What::Returned { group, member, incarnation, address: life.address.clone() }
        } else {
            What::Updated { group, member, incarnation, state: life.state }
        }
    });
    left.chain(removed).chain(away).chain(joined).chain(updated)
}

/// What is no view; none for a view.
fn happening(what: &Happening) -> Option<What> {
    Some(match what {
        Happening::View(_) => return None,
        Happening::HoldSet { group, hold: set } => {
            What::HoldSet { group: group.clone(), hold: hold(set) }
        }
        Happening::HoldCleared { group, expired } => {
            What::HoldCleared { group: group.clone(), expired: *expired }
        }
        Happening::GroupCreated { group, timing } => {
            What::GroupCreated { group: group.clone(), timing: *timing }
        }
        Happening::GroupDeleted { group } => What::GroupDeleted { group: group.clone() },
        Happening::Election { leader, term } => What::Election { leader: *leader, term: *term },
        Happening::NodeStarted { node, api_url, version } => {
            What::NodeStarted { node: *node, api_url: api_url.clone(), version: version.clone() }
        }
        Happening::Configuration { voters, learners } => {
            What::Configuration { voters: voters.clone(), learners: learners.clone() }
        }
        Happening::Restored { cluster, from } => {
            What::Restored { cluster: cluster.clone(), from: *from }
        }
        Happening::Monitors { epoch, nodes } => {
            What::Monitors { epoch: *epoch, nodes: nodes.clone() }
        }
    })
}
