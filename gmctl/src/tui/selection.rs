//! What is selected: always an id, never the number of a row. When a list changes, the selection
//! stays with its id; only when that is gone does it go to the neighbour that took its place.

use gms::id::{GroupId, NodeId};

use crate::{
    model::{group::MemberKey, timeline::EntryKey},
    tui::{
        app::App,
        place::{Pane, Place},
        rows::{heat::HeatRow, lists::Rows, member_list::MemberList},
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
    /// Of the heat grid: the first member of the cell.
    pub cell: Option<MemberKey>,
    places: Places,
}

impl Selection {
    /// The groups are listed differently.
    pub(super) fn follow_groups(&mut self, before: &[GroupId], after: &[GroupId]) {
        follow(&mut self.group, &mut self.places.group, before, after);
    }

    /// Where the selected member stands in a list, or stood when it was last looked for.
    pub(super) fn place_of_member(&self, list: &MemberList) -> usize {
        let selected = self.member.as_ref();
        selected.and_then(|key| list.position(key, self.places.member)).unwrap_or_default()
    }

    /// The members are listed differently; the selected one stood at a place.
    pub(super) fn follow_members(&mut self, stood: usize, after: &MemberList) {
        let found = self.member.as_ref().and_then(|key| after.position(key, stood));
        self.places.member = found.unwrap_or_else(|| stood.min(after.len().saturating_sub(1)));
        if found.is_none() {
            self.member = after.get(self.places.member).cloned();
        }
    }

    /// The silent are listed differently.
    pub(super) fn follow_silent(&mut self, before: &[MemberKey], after: &[MemberKey]) {
        follow(&mut self.silent, &mut self.places.silent, before, after);
    }

    /// The nodes are listed differently.
    pub(super) fn follow_nodes(&mut self, before: &[NodeId], after: &[NodeId]) {
        follow(&mut self.node, &mut self.places.node, before, after);
    }

    /// What happened is listed differently.
    pub(super) fn follow_entries(&mut self, before: &[EntryKey], after: &[EntryKey]) {
        if self.entry.is_some() {
            follow(&mut self.entry, &mut self.places.entry, before, after);
        }
    }

    /// The heat grid has other rows.
    pub(super) fn follow_cell(&mut self, rows: &[HeatRow]) {
        let there = |key: &MemberKey| rows.iter().any(|row| row.holds(key));
        if !self.cell.as_ref().is_some_and(there) {
            self.cell = rows.first().and_then(|row| row.keys.first()).cloned();
        }
    }
}

/// Where the selected id stood when it was last looked for: tried first, so that a long list need
/// not be searched for every frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    group: usize,
    member: usize,
    silent: usize,
    node: usize,
    entry: usize,
}

fn find<T: PartialEq>(wanted: &T, place: usize, list: &[T]) -> Option<usize> {
    if list.get(place) == Some(wanted) {
        return Some(place);
    }
    list.iter().position(|one| one == wanted)
}

fn follow<T: Clone + PartialEq>(
    selected: &mut Option<T>,
    place: &mut usize,
    before: &[T],
    after: &[T],
) {
    if let Some(id) = selected
        && let Some(found) = find(id, *place, after)
    {
        *place = found;
        return;
    }
    let stood = selected.as_ref().and_then(|id| find(id, *place, before)).unwrap_or_default();
    *place = stood.min(after.len().saturating_sub(1));
    *selected = after.get(*place).cloned();
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
            (Place::Members(_) | Place::Cell(_), _) => Some(List::Members),
            _ => None,
        }
    }

    /// The place of the selected id in a list.
    pub fn position(&self, list: List) -> Option<usize> {
        let selection = &self.ui.selection;
        let rows = &self.rows;
        let places = &selection.places;
        match list {
            List::Groups => {
                let wanted = selection.group.as_ref()?;
                rows.groups.iter().position(|row| row.id == *wanted)
            }
            List::Members => rows.members.position(selection.member.as_ref()?, places.member),
            List::Silent => find(selection.silent.as_ref()?, places.silent, &rows.silent),
            List::Nodes => find(selection.node.as_ref()?, places.node, &rows.nodes),
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
            List::Members => {
                selection.places.member = place;
                selection.member = rows.members.get(place).cloned();
            }
            List::Silent => selection.silent = rows.silent.get(place).cloned(),
            List::Nodes => selection.node = rows.nodes.get(place).copied(),
            // The newest is not an id but "the newest": the list goes on under it.
            List::Entries if place == 0 => selection.entry = None,
            List::Entries => selection.entry = rows.entries.get(place).map(|entry| entry.key),
        }
    }
}
