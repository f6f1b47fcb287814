//! The present view of every group that a watch tells of.
//!
//! A [`Mirror`] is always as the group once was: it applies a change only to what the change
//! follows, and says so when it cannot. Pure; feed it what a
//! [`Watch`](crate::watch::Watch) yields.

use std::collections::BTreeMap;

use crate::{
    api::WatchEvent,
    id::{GroupId, MemberId, Revision},
    view::{Change, Member, View},
};

/// What an event did to the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The group now is as the snapshot says.
    Replaced {
        /// Which group.
        group: GroupId,
    },
    /// The group is one change further: at another view, or with others in the places of static
    /// members.
    Advanced {
        /// Which group.
        group: GroupId,
    },
    /// Nothing changed: the view was held already, or the event is about no view.
    Unchanged,
    /// Nothing was changed, because the change does not follow the view held. The mirror needs a
    /// snapshot of this group.
    Gap {
        /// Which group.
        group: GroupId,
        /// The revision held; 0 for none.
        held: Revision,
        /// The revision that the change follows.
        from: Revision,
    },
}

/// One group in a mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorGroup {
    view: Revision,
    revision: Revision,
    members: BTreeMap<MemberId, Member>,
}

impl MirrorGroup {
    /// The revision that installed the present view.
    pub fn view(&self) -> Revision {
        self.view
    }

    /// The last change: the present view, or a static member's going or coming since.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The members, ordered by id.
    pub fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// The same as a whole view.
    pub fn to_view(&self, group: &GroupId) -> View {
        View {
            group: group.clone(),
            view: self.view,
            revision: self.revision,
            members: self.members.values().cloned().collect(),
        }
    }

    /// Whether every life that the change ends is there, and none that it begins.
    fn fits(&self, change: &Change) -> bool {
        let lives = |id: &MemberId| self.members.get(id).map(|member| member.incarnation);
        let ended = change
            .left
            .iter()
            .map(|left| (&left.id, left.incarnation))
            .chain(change.removed.iter().map(|gone| (&gone.id, gone.incarnation)));
        let over = ended.clone().chain(change.away.iter().map(|gone| (&gone.id, gone.incarnation)));
        for (id, incarnation) in over {
            if lives(id) != Some(incarnation) {
                return false;
            }
        }
        change
            .joined
            .iter()
            .all(|new| lives(&new.id).is_none() || ended.clone().any(|(id, _)| *id == new.id))
            && change.updated.iter().all(|member| {
                lives(&member.id).is_some_and(|held| {
                    held == member.incarnation
                        || (change.is_new(member) && held < member.incarnation)
                })
            })
    }

    fn follow(&mut self, change: &Change) {
        for left in &change.left {
            self.members.remove(&left.id);
        }
        for removed in &change.removed {
            self.members.remove(&removed.id);
        }
        for member in change.joined.iter().chain(&change.updated) {
            self.members.insert(member.id.clone(), member.clone());
        }
        self.view = change.view;
        self.revision = change.revision();
    }
}

/// The groups of a watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirror {
    groups: BTreeMap<GroupId, MirrorGroup>,
    revision: Revision,
}

impl Mirror {
    /// A mirror of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &WatchEvent) -> Applied {
        match event {
            WatchEvent::Snapshot(view) => self.replace(view),
            WatchEvent::Change(change) => self.follow(change),
            WatchEvent::Bookmark(bookmark) => {
                self.revision = self.revision.max(bookmark.revision);
                Applied::Unchanged
            }
            WatchEvent::Compacted(_) => Applied::Unchanged,
            WatchEvent::Event(event) => {
                self.revision = self.revision.max(event.revision);
                Applied::Unchanged
            }
        }
    }

    /// A group; none if no event told of it.
    pub fn group(&self, group: &GroupId) -> Option<&MirrorGroup> {
        self.groups.get(group)
    }

    /// Every group, ordered by name.
    pub fn groups(&self) -> &BTreeMap<GroupId, MirrorGroup> {
        &self.groups
    }

    /// The greatest revision an event told of.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    fn replace(&mut self, view: &View) -> Applied {
        if self.groups.get(&view.group).is_some_and(|held| held.revision > view.revision()) {
            return Applied::Unchanged;
        }
        self.revision = self.revision.max(view.revision());
        let members =
            view.members.iter().map(|member| (member.id.clone(), member.clone())).collect();
        let group = view.group.clone();
        self.groups.insert(
            group.clone(),
            MirrorGroup { view: view.view, revision: view.revision(), members },
        );
        Applied::Replaced { group }
    }

    fn follow(&mut self, change: &Change) -> Applied {
        let group = change.group.clone();
        let held = self.groups.get(&group).map_or(Revision(0), |held| held.revision);
        if change.revision() <= held {
            return Applied::Unchanged;
        }
        let target = self.groups.entry(group.clone()).or_default();
        if change.after() != held || change.from != target.view || !target.fits(change) {
            return Applied::Gap { group, held, from: change.after() };
        }
        target.follow(change);
        self.revision = self.revision.max(change.revision());
        Applied::Advanced { group }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_history::{group, histories, member};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mirror_that_gets_everything_is_at_every_view_in_turn(history in histories()) {
            let mut mirror = Mirror::new();
            for (revision, event) in &history.events {
                let before = mirror.clone();
                match (event, mirror.apply(event)) {
                    (WatchEvent::Change(change), applied) => {
                        let group = change.group.clone();
                        let held = mirror.group(&group).unwrap().to_view(&group);
                        prop_assert_eq!(&held, &history.views[&group][revision]);
                        prop_assert_eq!(applied, Applied::Advanced { group });
                        // Again, it is known.
                        let after = mirror.clone();
                        prop_assert_eq!(mirror.apply(event), Applied::Unchanged);
                        prop_assert_eq!(&mirror, &after);
                    }
                    (_, applied) => {
                        prop_assert_eq!(applied, Applied::Unchanged);
                        prop_assert_eq!(before.groups(), mirror.groups());
                    }
                }
                prop_assert_eq!(mirror.revision(), *revision);
            }
        }

        #[test]
        fn a_missed_change_is_noticed_and_a_snapshot_mends_it(
            history in histories(),
            missing: prop::sample::Index,
        ) {
            let missing = missing.index(history.events.len());
            let mut mirror = Mirror::new();
            for (at, (revision, event)) in history.events.iter().enumerate() {
                if at == missing {
                    continue;
                }
                let before = mirror.clone();
                if let Applied::Gap { group, held, from } = mirror.apply(event) {
                    prop_assert!(at > missing && held < from);
                    prop_assert_eq!(
                        before.group(&group).map_or(Revision(0), MirrorGroup::revision),
                        held
                    );
                    let view = history.view(&group, *revision);
                    mirror.apply(&WatchEvent::Snapshot(view));
                }
                for (group, held) in mirror.groups() {
                    if held.view().0 > 0 {
                        let view = held.to_view(group);
                        prop_assert_eq!(&view, &history.views[group][&held.revision()]);
                    }
                }
            }
        }

        #[test]
        fn any_events_in_any_order_never_move_a_group_back(
            history in histories(),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut mirror = Mirror::new();
            for pick in order {
                let (revision, event) = &history.events[pick.index(history.events.len())];
                let before = mirror.clone();
                mirror.apply(event);
                mirror.apply(&WatchEvent::Snapshot(history.view(&group(0), *revision)));
                for (group, held) in before.groups() {
                    prop_assert!(mirror.group(group).unwrap().revision() >= held.revision());
                }
            }
        }
    }

    #[test]
    fn a_change_of_lives_that_are_not_there_does_not_fit() {
        let mut mirror = Mirror::new();
        mirror.apply(&WatchEvent::Snapshot(View {
            group: group(0),
            view: Revision(5),
            revision: Revision(5),
            members: vec![member(0, Revision(5))],
        }));
        let change = Change {
            group: group(0),
            from: Revision(5),
            view: Revision(6),
            revision: Revision(6),
            after: Revision(5),
            at_ms: 0,
            joined: vec![],
            left: vec![],
            removed: vec![],
            updated: vec![],
            away: vec![],
        };
        let another_life = member(0, Revision(4));
        let present = member(0, Revision(5));
        for change in [
            Change { updated: vec![another_life.clone()], ..change.clone() },
            Change { joined: vec![present], ..change.clone() },
            Change {
                left: vec![crate::view::Left {
                    id: another_life.id,
                    incarnation: another_life.incarnation,
                    reason: None,
                }],
                ..change.clone()
            },
        ] {
            let applied = mirror.apply(&WatchEvent::Change(change));
            assert!(matches!(applied, Applied::Gap { .. }));
            assert_eq!(mirror.group(&group(0)).unwrap().view(), Revision(5));
        }
    }
}
