//! Groups that come and go: made on purpose or by the first who joins, deleted, and forgotten where
//! others need their room.
//!
//! A group that nobody is in and nobody keeps is remembered for its readers alone, who may go on from
//! where they were. As long as there is room: a fleet of short-lived groups must not bar the next
//! one. Who reads on from a group that is gone reads anew, and its view's number does not fall.

use std::sync::Arc;

use gms::{
    id::{GroupId, Revision},
    liveness::GroupTiming,
};

use super::{
    apply::{Answer, Applying, full},
    group::Group,
    journal::Happening,
    limits::GROUPS_MAX,
    outcome::{Outcome, Rejection},
};

/// How many groups are forgotten when one needs room, so that not every one has to look for it.
const FORGOTTEN_AT_ONCE: usize = 64;

impl Applying<'_> {
    /// Creating what is there with that timing is no fault: it is as asked.
    pub(super) fn create_group(&mut self, group: &GroupId, timing: GroupTiming) -> Answer {
        self.check_room_for_group(group)?;
        if let Some(known) = self.state.groups.get(group) {
            let present = known.timing.unwrap_or_default();
            if known.timing == Some(timing) {
                return Ok(Outcome::Group { fresh: false });
            }
            if present != timing && !known.members.is_empty() {
                let members = known.members.len() as u64;
                return Err(Rejection::GroupInUse { members, timing: present });
            }
        }
        self.open_group(group).timing = Some(timing);
        self.note(Happening::GroupCreated { group: group.clone(), timing });
        Ok(Outcome::Group { fresh: true })
    }

    /// Nobody is in it, so what is lost is a hold, and what history tells by its name: the evidence of
    /// those who were in it.
    pub(super) fn delete_group(&mut self, group: &GroupId) -> Answer {
        let known = self.state.groups.get(group);
        let known = known.ok_or_else(|| Rejection::NoGroup { group: group.clone() })?;
        if !known.members.is_empty() {
            let timing = known.timing.unwrap_or_default();
            return Err(Rejection::GroupInUse { members: known.members.len() as u64, timing });
        }
        if self.drafts.contains_key(group) {
            return Err(Rejection::Busy);
        }
        if known.hold.is_some() {
            self.note(Happening::HoldCleared { group: group.clone(), expired: false });
        }
        self.forget_group(group);
        Ok(Outcome::Group { fresh: true })
    }

    /// Whether the group is there, or may be.
    pub(super) fn check_room_for_group(&mut self, group: &GroupId) -> Result<(), Rejection> {
        if !self.lacks_room_for(group) {
            return Ok(());
        }
        self.is_full = self.is_full || self.left_groups().next().is_none();
        if self.is_full { Err(full("groups", GROUPS_MAX)) } else { Ok(()) }
    }

    /// The group, which is empty if nobody knew it. There must be room for it.
    pub(super) fn open_group(&mut self, group: &GroupId) -> &mut Group {
        if self.lacks_room_for(group) {
            let mut left: Vec<(Revision, GroupId)> =
                self.left_groups().map(|(name, group)| (group.revision, name.clone())).collect();
            left.sort_unstable();
            for (_, name) in left.iter().take(FORGOTTEN_AT_ONCE) {
                self.forget_group(name);
            }
        }
        let from = self.state.forgotten;
        let opened = self.state.groups.entry(group.clone());
        Arc::make_mut(opened.or_insert_with(|| Arc::new(Group::new(from))))
    }

    fn lacks_room_for(&self, group: &GroupId) -> bool {
        self.state.groups.len() as u64 >= GROUPS_MAX && !self.state.groups.contains_key(group)
    }

    /// The groups that nobody is in or keeps, as this entry found them.
    fn left_groups(&self) -> impl Iterator<Item = (&GroupId, &Arc<Group>)> {
        let is_left = |(name, group): &(&GroupId, &Arc<Group>)| {
            group.is_left() && !self.drafts.contains_key(*name)
        };
        self.state.groups.iter().filter(is_left)
    }

    fn forget_group(&mut self, group: &GroupId) {
        self.state.forget_group(group);
        self.note(Happening::GroupDeleted { group: group.clone() });
    }
}
