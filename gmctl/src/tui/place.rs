//! Where one is: which screen, and of what.

use gms::id::GroupId;

use crate::model::group::MemberKey;

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
    /// The way there, for the header: `members of payments`.
    pub fn title(&self) -> String {
        match self {
            Place::Overview => "overview".to_owned(),
            Place::Groups => "groups".to_owned(),
            Place::Members(None) => "members".to_owned(),
            Place::Members(Some(group)) => format!("members of {group}"),
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
