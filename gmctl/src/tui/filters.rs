//! What narrows the rows: one filter for members, one for groups and one for what happened, each in
//! the words that the command line takes for the same list.

use super::{place::Place, selection::List};
use crate::filter::{
    ast::Filter,
    lexer::FilterError,
    parser,
    vocabulary::{GROUPS, MEMBERS, TIMELINE, Vocabulary},
};

/// The filter of one kind of thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Narrowed {
    /// What is in force.
    filter: Filter,
    /// What was before it was cleared: matches can still be gone to.
    sought: Filter,
}

/// What is listed, where it can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    Members,
    Groups,
    Entries,
}

impl Listed {
    fn at(place: &Place) -> Self {
        match place {
            Place::Groups => Listed::Groups,
            Place::Timeline => Listed::Entries,
            _ => Listed::Members,
        }
    }

    /// What can be asked of it.
    fn vocabulary(self) -> &'static Vocabulary {
        match self {
            Listed::Members => &MEMBERS,
            Listed::Groups => &GROUPS,
            Listed::Entries => &TIMELINE,
        }
    }
}

/// The filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    members: Narrowed,
    groups: Narrowed,
    entries: Narrowed,
}

impl Filters {
    /// What narrows the rows of a place.
    pub fn of(&self, place: &Place) -> &Filter {
        &self.narrowed(Listed::at(place)).filter
    }

    /// Narrows the rows of a place by this; a mistake leaves what was.
    pub fn set(&mut self, place: &Place, text: &str) -> Result<(), FilterError> {
        let listed = Listed::at(place);
        let filter = parser::parse_for(listed.vocabulary(), text)?;
        self.narrowed_mut(listed).filter = filter;
        Ok(())
    }

    /// Shows every row of a place again.
    pub fn clear(&mut self, place: &Place) {
        let narrowed = self.narrowed_mut(Listed::at(place));
        let filter = std::mem::take(&mut narrowed.filter);
        if !filter.is_empty() {
            narrowed.sought = filter;
        }
    }

    /// What was last looked for in a list.
    pub fn sought(&self, list: List) -> Option<&Filter> {
        let narrowed = match list {
            List::Members | List::Silent => self.narrowed(Listed::Members),
            List::Groups => self.narrowed(Listed::Groups),
            List::Entries => self.narrowed(Listed::Entries),
            List::Nodes => return None,
        };
        [&narrowed.filter, &narrowed.sought].into_iter().find(|filter| !filter.is_empty())
    }

    fn narrowed(&self, listed: Listed) -> &Narrowed {
        match listed {
            Listed::Members => &self.members,
            Listed::Groups => &self.groups,
            Listed::Entries => &self.entries,
        }
    }

    fn narrowed_mut(&mut self, listed: Listed) -> &mut Narrowed {
        match listed {
            Listed::Members => &mut self.members,
            Listed::Groups => &mut self.groups,
            Listed::Entries => &mut self.entries,
        }
    }
}
