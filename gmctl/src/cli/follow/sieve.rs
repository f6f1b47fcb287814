//! What a filter lets through of a watch: the views as if only the members that pass were in them.
//!
//! What comes out is a watch of its own: the changes follow one another without a gap, so that it is
//! mirrored, handed to a command and kept as a tape like the whole one.

use std::collections::{BTreeMap, BTreeSet};

use gms::{
    api::WatchEvent,
    id::{GroupId, MemberId, Revision},
    view::{Change, Member, View},
};

use crate::filter::{ast::Filter, eval::Facts};

/// A filter, and what it has to know to judge who goes.
#[derive(Debug, Default)]
pub struct Sieve {
    filter: Filter,
    groups: BTreeMap<GroupId, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Those of the last view that pass.
    passing: BTreeSet<MemberId>,
    /// The view and the revision of what was let through last.
    shown: (Revision, Revision),
}

impl Sieve {
    /// Lets through what passes this filter; everything if it is empty.
    pub fn new(filter: Filter) -> Self {
        Self { filter, groups: BTreeMap::new() }
    }

    /// Whether this member, whoever it is now, was last seen to pass.
    pub fn knows(&self, group: &GroupId, id: &MemberId) -> bool {
        self.filter.is_empty()
            || self.groups.get(group).is_some_and(|known| known.passing.contains(id))
    }

    /// What is left of an event; none if nothing is.
    pub fn take(&mut self, event: WatchEvent) -> Option<WatchEvent> {
        if self.filter.is_empty() {
            return Some(event);
        }
        match event {
            WatchEvent::Snapshot(view) => Some(WatchEvent::Snapshot(self.snapshot(view))),
            WatchEvent::Change(change) => self.change(change).map(WatchEvent::Change),
            other => Some(other),
        }
    }

    fn snapshot(&mut self, view: View) -> View {
        let shown = (view.view, view.revision());
        let View { group, view, revision, mut members } = view;
        members.retain(|member| passes(&self.filter, &group, member));
        let passing = members.iter().map(|member| member.id.clone()).collect();
        self.groups.insert(group.clone(), Known { passing, shown });
        View { group, view, revision, members }
    }

    fn change(&mut self, mut change: Change) -> Option<Change> {
        let known = self.groups.entry(change.group.clone()).or_default();
        change.left.retain(|left| known.passing.remove(&left.id));
        change.removed.retain(|removed| known.passing.remove(&removed.id));
        change.away.retain(|gone| known.passing.contains(&gone.id));
        let Change { group, joined, updated, .. } = &mut change;
        joined.retain(|member| {
            let fits = passes(&self.filter, group, member);
            if fits {
                known.passing.insert(member.id.clone());
            }
            fits
        });
        // Who passes before or after an update is told of it: so a reader sees it come or go.
        updated.retain(|member| {
            let fits = passes(&self.filter, group, member);
            let did = if fits {
                !known.passing.insert(member.id.clone())
            } else {
                known.passing.remove(&member.id)
            };
            fits || did
        });
        let told = [change.joined.len(), change.left.len(), change.removed.len()];
        if told.iter().sum::<usize>() + change.updated.len() == 0 {
            return None;
        }
        let now = (change.view, change.revision());
        (change.from, change.after) = std::mem::replace(&mut known.shown, now);
        Some(change)
    }
}

fn passes(filter: &Filter, group: &GroupId, member: &Member) -> bool {
    filter.passes(&Facts {
        id: member.id.as_str(),
        group: group.as_str(),
        address: member.address.as_str(),
        states: &[member.state.as_str()],
        kind: Some(member.liveness.kind),
        monitor: member.monitor.map(|node| node.0),
        witness: member.witness.map(|node| node.0),
        misses: None,
        incarnation: member.incarnation.0,
        age_us: None,
        left_us: None,
        rtt_us: None,
        tags: Some(&member.tags),
    })
}

#[cfg(test)]
mod tests {
    use gms::{
        id::Incarnation,
        mirror::{Applied, Mirror},
        view::Left,
    };

    use super::*;
    use crate::filter::parser;

    fn member(id: &str, zone: &str) -> Member {
        serde_json::from_value(serde_json::json!({
            "id": id, "address": "h:1", "incarnation": 1, "monitor": null, "witness": null,
            "liveness": "tcp", "tags": { "zone": zone }, "state": "active"
        }))
        .unwrap()
    }

    fn change(from: u64, view: u64) -> Change {
        Change {
            group: "g".parse().unwrap(),
            from: Revision(from),
            view: Revision(view),
            at_ms: 0,
            joined: Vec::new(),
            left: Vec::new(),
            removed: Vec::new(),
            updated: Vec::new(),
            revision: Revision(view),
            after: Revision(from),
            away: Vec::new(),
        }
    }

    #[test]
    fn what_comes_out_is_a_watch_without_gaps_of_those_who_pass() {
        let mut sieve = Sieve::new(parser::parse("zone:a").unwrap());
        let mut mirror = Mirror::new();
        let group: GroupId = "g".parse().unwrap();
        let members = vec![member("a", "a"), member("b", "b")];
        let view = View { group: group.clone(), view: Revision(5), revision: Revision(5), members };
        let left =
            |id: &str| Left { id: id.parse().unwrap(), incarnation: Incarnation(1), reason: None };
        let events = [
            (WatchEvent::Snapshot(view), Some(1)),
            (WatchEvent::Change(Change { joined: vec![member("c", "b")], ..change(5, 6) }), None),
            (
                WatchEvent::Change(Change { joined: vec![member("d", "a")], ..change(6, 7) }),
                Some(2),
            ),
            (WatchEvent::Change(Change { left: vec![left("b")], ..change(7, 8) }), None),
            (WatchEvent::Change(Change { left: vec![left("a")], ..change(8, 9) }), Some(1)),
            (
                WatchEvent::Change(Change { updated: vec![member("d", "b")], ..change(9, 10) }),
                Some(1),
            ),
            (
                WatchEvent::Change(Change { updated: vec![member("d", "b")], ..change(10, 11) }),
                None,
            ),
        ];
        for (event, expected) in events {
            let name = format!("{event:?}");
            let out = sieve.take(event);
            assert_eq!(out.is_some(), expected.is_some(), "{name}");
            if let Some(out) = out {
                assert!(!matches!(mirror.apply(&out), Applied::Gap { .. }), "{name}");
                let held = mirror.group(&group).map(|held| held.to_view(&group).members.len());
                assert_eq!(held, expected, "{name}");
            }
        }
        assert!(!sieve.knows(&group, &"d".parse().unwrap()));
    }
}
