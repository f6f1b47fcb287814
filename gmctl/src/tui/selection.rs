//! What is selected: always an id, never the number of a row. When a list changes, the selection
//! stays with its id; only when that is gone does it go to the neighbour that took its place.

use gms::id::{GroupId, NodeId};

use crate::{
    model::{group::MemberKey, timeline::EntryKey},
    tui::{
        app::App,
        place::{Pane, Place},
        rows::Rows,
    },
};

/// A list with a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// The groups.
    Groups,
    /// The members.
    Members,
    /// Who is silent longest.
    Silent,
    /// The nodes.
    Nodes,
    /// What happened.
    Entries,
}

/// The selected id of each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of the groups.
    pub group: Option<GroupId>,
    /// Of the members.
    pub member: Option<MemberKey>,
    /// Of those silent longest.
    pub silent: Option<MemberKey>,
    /// Of the nodes.
    pub node: Option<NodeId>,
    /// Of what happened; none stays at the newest.
    pub entry: Option<EntryKey>,
}

impl Selection {
    /// Keeps every selection valid after the rows changed.
    pub fn follow(&mut self, before: &Rows, after: &Rows) {
        let groups = |rows: &Rows| rows.groups.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
        follow(&mut self.group, &groups(before), &groups(after));
        follow(&mut self.member, &before.members, &after.members);
        follow(&mut self.silent, &before.silent, &after.silent);
        follow(&mut self.node, &before.nodes, &after.nodes);
        let entries = |rows: &Rows| rows.entries.iter().map(|entry| entry.key).collect::<Vec<_>>();
        if self.entry.is_some() {
            follow(&mut self.entry, &entries(before), &entries(after));
        }
    }
}

fn follow<T: Clone + PartialEq>(selected: &mut Option<T>, before: &[T], after: &[T]) {
    if let Some(id) = selected
        && after.contains(id)
    {
        return;
    }
    let place = selected
        .as_ref()
        .and_then(|id| before.iter().position(|one| one == id))
        .unwrap_or_default();
    *selected = after.get(place).or_else(|| after.last()).cloned();
}

impl Rows {
    /// How many rows a list has.
    pub fn len_of(&self, list: List) -> usize {
        match list {
            List::Groups => self.groups.len(),
            List::Members => self.members.len(),
            List::Silent => self.silent.len(),
            List::Nodes => self.nodes.len(),
            List::Entries => self.entries.len(),
        }
    }
}

impl App {
    /// The list that has the keys, if the screen has one.
    pub fn list(&self) -> Option<List> {
        match (&self.ui.place, self.ui.pane) {
            (Place::Overview, Pane::Nodes) | (Place::Nodes | Place::Views, _) => Some(List::Nodes),
            (Place::Overview, Pane::Groups) | (Place::Groups, _) => Some(List::Groups),
            (Place::Overview, Pane::Timeline) | (Place::Timeline, _) => Some(List::Entries),
            (Place::Overview, Pane::Silent) => Some(List::Silent),
            (Place::Members(_), _) => Some(List::Members),
            _ => None,
        }
    }

    /// The place of the selected id in a list.
    pub fn position(&self, list: List) -> Option<usize> {
        let selection = &self.ui.selection;
        let rows = &self.rows;
        match list {
            List::Groups => {
                rows.groups.iter().position(|row| Some(&row.id) == selection.group.as_ref())
            }
            List::Members => {
                rows.members.iter().position(|key| Some(key) == selection.member.as_ref())
            }
            List::Silent => {
                rows.silent.iter().position(|key| Some(key) == selection.silent.as_ref())
            }
            List::Nodes => rows.nodes.iter().position(|id| Some(*id) == selection.node),
            List::Entries => match selection.entry {
                None => (!rows.entries.is_empty()).then_some(0),
                Some(key) => rows.entries.iter().position(|entry| entry.key == key),
            },
        }
    }

    /// Selects what stands at a place of a list, or its last row.
    pub fn select(&mut self, list: List, place: usize) {
        let rows = &self.rows;
        let place = place.min(rows.len_of(list).saturating_sub(1));
        let selection = &mut self.ui.selection;
        match list {
            List::Groups => selection.group = rows.groups.get(place).map(|row| row.id.clone()),
            List::Members => selection.member = rows.members.get(place).cloned(),
            List::Silent => selection.silent = rows.silent.get(place).cloned(),
            List::Nodes => selection.node = rows.nodes.get(place).copied(),
            // The newest is not an id but "the newest": the list goes on under it.
            List::Entries if place == 0 => selection.entry = None,
            List::Entries => selection.entry = rows.entries.get(place).map(|entry| entry.key),
        }
    }
}
