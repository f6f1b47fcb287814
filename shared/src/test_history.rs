//! Random histories of a service, for tests: what a cluster could have committed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    api::{Bookmark, Compacted, Event, WatchEvent, What},
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{Kind, Liveness},
    view::{Change, Left, Member, MemberState, Removed, Tags, View},
};

/// What one entry did to one member of one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    group: u8,
    member: u8,
    how: u8,
}

/// A history: what each revision brought, and every view there was.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// In order; a revision may bring several, or none.
    pub(crate) events: Vec<(Revision, WatchEvent)>,
    /// What each group was, by the revision of the change that made it so.
    pub(crate) views: BTreeMap<GroupId, BTreeMap<Revision, View>>,
    pub(crate) last: Revision,
}

pub(crate) fn group(n: u8) -> GroupId {
    format!("g{n}").parse().unwrap()
}

pub(crate) fn id(n: u8) -> MemberId {
    format!("m{n}").parse().unwrap()
}

pub(crate) fn member(n: u8, incarnation: Revision) -> Member {
    Member {
        id: id(n),
        address: "127.0.0.1:9".parse().unwrap(),
        incarnation: Incarnation(incarnation.0),
        monitor: Some(NodeId(1)),
        witness: None,
        liveness: Liveness::of(Kind::Tcp),
        tags: Tags::new(),
        state: MemberState::Active,
        instance: None,
        hold: None,
    }
}

pub(crate) fn histories() -> impl Strategy<Value = History> {
    let act =
        (0..3_u8, 0..5_u8, 0..7_u8).prop_map(|(group, member, how)| Act { group, member, how });
    proptest::collection::vec((1..4_u64, proptest::collection::vec(act, 0..4)), 1..25)
        .prop_map(|entries| History::new(&entries))
}

impl History {
    /// Entries, each so many revisions after the one before.
    fn new(entries: &[(u64, Vec<Act>)]) -> Self {
        let mut history = Self { events: Vec::new(), views: BTreeMap::new(), last: Revision(0) };
        for (step, acts) in entries {
            history.last.0 += step;
            history.enter(acts);
        }
        history
    }

    fn enter(&mut self, acts: &[Act]) {
        let at = self.last;
        let mut changes: BTreeMap<u8, Change> = BTreeMap::new();
        for act in acts {
            let present = self.view(&group(act.group), at);
            let change = changes.entry(act.group).or_insert_with(|| Change {
                group: group(act.group),
                from: present.view,
                view: present.view,
                revision: at,
                after: present.revision,
                at_ms: 0,
                joined: vec![],
                left: vec![],
                removed: vec![],
                updated: vec![],
                away: vec![],
            });
            let old = present.members.iter().find(|m| m.id == id(act.member));
            let touched = change.joined.iter().chain(&change.updated);
            let mut touched = touched.map(|m| &m.id).chain(change.left.iter().map(|l| &l.id));
            if touched.any(|of| *of == id(act.member))
                || change.removed.iter().any(|r| r.id == id(act.member))
            {
                continue;
            }
            if !matches!((old, act.how), (Some(_), 5..)) {
                change.view = at;
            }
            match (old, act.how) {
                // A static member goes away, comes back, or is replaced at once.
                (Some(old), how) if how > 4 => {
                    let gone = how == 5 && old.state != MemberState::Away;
                    if old.state != MemberState::Away {
                        change.away.push(Removed {
                            id: old.id.clone(),
                            incarnation: old.incarnation,
                            cause: if gone { Cause::Fin } else { Cause::Replaced },
                            number: None,
                        });
                    }
                    change.updated.push(if gone {
                        Member { state: MemberState::Away, ..old.clone() }
                    } else {
                        member(act.member, at)
                    });
                }
                (None, _) => change.joined.push(member(act.member, at)),
                (Some(old), 0) => change.left.push(Left {
                    id: old.id.clone(),
                    incarnation: old.incarnation,
                    reason: None,
                }),
                (Some(old), how) if how < 4 => {
                    change.removed.push(Removed {
                        id: old.id.clone(),
                        incarnation: old.incarnation,
                        cause: Cause::Replaced,
                        number: None,
                    });
                    if how > 1 {
                        change.joined.push(member(act.member, at));
                    }
                }
                (Some(old), _) => {
                    change.updated.push(Member { state: MemberState::Draining, ..old.clone() });
                }
            }
        }
        if changes.is_empty() {
            let what = What::Election { leader: NodeId(1), term: at.0 };
            let event = Event { revision: at, at_ms: 0, what };
            self.events.push((at, WatchEvent::Event(event)));
        }
        for change in changes.into_values() {
            let mut members: BTreeMap<MemberId, Member> = self
                .view(&change.group, at)
                .members
                .into_iter()
                .map(|m| (m.id.clone(), m))
                .collect();
            let gone = change.left.iter().map(|l| &l.id);
            for gone in gone.chain(change.removed.iter().map(|r| &r.id)) {
                members.remove(gone);
            }
            for new in change.joined.iter().chain(&change.updated) {
                members.insert(new.id.clone(), new.clone());
            }
            let view = View {
                group: change.group.clone(),
                view: change.view,
                revision: at,
                members: members.into_values().collect(),
            };
            let views = self.views.entry(change.group.clone()).or_default();
            views.insert(at, view);
            self.events.push((at, WatchEvent::Change(change)));
        }
    }

    /// A group as of a revision.
    pub(crate) fn view(&self, group: &GroupId, at: Revision) -> View {
        let views = self.views.get(group);
        views.and_then(|views| views.range(..=at).next_back()).map_or_else(
            || View {
                group: group.clone(),
                view: Revision(0),
                revision: Revision(0),
                members: vec![],
            },
            |(_, view)| view.clone(),
        )
    }

    /// What a node that has applied `applied` and keeps the history after `floor` writes on a
    /// stream of all groups, or of one.
    pub(crate) fn stream(
        &self,
        only: Option<&GroupId>,
        after: Option<Revision>,
        floor: Revision,
        applied: Revision,
    ) -> Vec<WatchEvent> {
        let mut written = Vec::new();
        let mut from = after.unwrap_or_default();
        if after.is_none_or(|after| after < floor) {
            if let Some(after) = after {
                written.push(WatchEvent::Compacted(Compacted { after, floor }));
            }
            let there = only.into_iter().chain(self.views.keys().filter(|_| only.is_none()));
            for group in there {
                let view = self.view(group, applied);
                // Nobody has heard yet of a group without a view.
                if only.is_some() || view.view.0 > 0 {
                    written.push(WatchEvent::Snapshot(view));
                }
            }
            if only.is_none() {
                let revision = applied;
                written.push(WatchEvent::Bookmark(Bookmark { revision }));
            }
            from = applied;
        }
        for (revision, event) in &self.events {
            let wanted = match (only, event) {
                (Some(only), WatchEvent::Change(change)) => change.group == *only,
                _ => true,
            };
            if *revision > from && *revision <= applied && wanted {
                written.push(event.clone());
            }
        }
        let revision = applied;
        written.push(WatchEvent::Bookmark(Bookmark { revision }));
        written
    }
}
