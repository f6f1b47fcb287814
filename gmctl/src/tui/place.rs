//! Where one is: which screen, and of what.

use gms::id::{GroupId, NodeId};

use crate::model::{group::MemberKey, timeline::EntryKey};

/// A screen and its subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// The whole at a glance.
    #[default]
    Overview,
    /// The groups.
    Groups,
    /// The members of a group, or of all.
    Members(Option<GroupId>),
    /// The members of one cell of the heat grid.
    Cell(Vec<MemberKey>),
    /// The heat grid.
    Heat,
    /// What happened.
    Timeline,
    /// The nodes.
    Nodes,
    /// Each node's opinion.
    Views,
    /// One member.
    Member(MemberKey),
    /// Why it was removed, or is suspected.
    Why(MemberKey),
    /// What changed since one last looked.
    Difference,
}

impl Place {
    /// Whether a filter narrows what is shown there.
    pub fn takes_filter(&self) -> bool {
        matches!(
            self,
            Place::Groups | Place::Members(_) | Place::Cell(_) | Place::Heat | Place::Timeline
        )
    }

    /// The word for it in a keymap and in the name of a file.
    pub fn screen(&self) -> &'static str {
        match self {
            Place::Overview => "overview",
            Place::Groups => "groups",
            Place::Members(_) | Place::Cell(_) => "members",
            Place::Heat => "heat",
            Place::Timeline => "timeline",
            Place::Nodes => "nodes",
            Place::Views => "views",
            Place::Member(_) => "member",
            Place::Why(_) => "why",
            Place::Difference => "diff",
        }
    }

    /// The way there, for the header: `members of payments`.
    pub fn title(&self) -> String {
        match self {
            Place::Overview => "overview".to_owned(),
            Place::Groups => "groups".to_owned(),
            Place::Members(None) => "members".to_owned(),
            Place::Members(Some(group)) => format!("members of {group}"),
            Place::Cell(keys) => match keys.first() {
                Some(first) => {
                    format!("{} members from {}/{} on", keys.len(), first.group, first.id)
                }
                None => "no members".to_owned(),
            },
            Place::Heat => "heat".to_owned(),
            Place::Timeline => "timeline".to_owned(),
            Place::Nodes => "nodes".to_owned(),
            Place::Views => "views".to_owned(),
            Place::Member(key) => format!("{}/{}", key.group, key.id),
            Place::Why(key) => format!("why {}/{}", key.group, key.id),
            Place::Difference => "diff".to_owned(),
        }
    }
}

/// A pane of the overview.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// The nodes.
    Nodes,
    /// The groups.
    #[default]
    Groups,
    /// What happened.
    Timeline,
    /// Who is silent longest.
    Silent,
}

impl Pane {
    const ORDER: [Pane; 4] = [Pane::Nodes, Pane::Groups, Pane::Timeline, Pane::Silent];

    /// The next pane, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        self.step(1)
    }

    /// The pane before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.step(Self::ORDER.len() - 1)
    }

    fn step(self, by: usize) -> Self {
        let at = Self::ORDER.iter().position(|pane| *pane == self).unwrap_or_default();
        Self::ORDER[(at + by) % Self::ORDER.len()]
    }
}

/// Something on the screen that can be clicked, by id and never by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A group.
    Group(GroupId),
    /// A member in a list of members.
    Member(MemberKey),
    /// A member in the list of the silent.
    Silent(MemberKey),
    /// A node.
    Node(NodeId),
    /// An entry of the timeline.
    Entry(EntryKey),
    /// A cell of the heat grid: its first member.
    Cell(MemberKey),
    /// A screen.
    Screen(Place),
}
