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
        &self.narrowed(place).filter
    }

    /// Narrows the rows of a place by this; a mistake leaves what was.
    pub fn set(&mut self, place: &Place, text: &str) -> Result<(), FilterError> {
        let filter = parser::parse_for(vocabulary(place), text)?;
        self.narrowed_mut(place).filter = filter;
        Ok(())
    }

    /// Shows every row of a place again.
    pub fn clear(&mut self, place: &Place) {
        let narrowed = self.narrowed_mut(place);
        let filter = std::mem::take(&mut narrowed.filter);
        if !filter.is_empty() {
            narrowed.sought = filter;
        }
    }

    /// What was last looked for in a list.
    pub fn sought(&self, list: List) -> Option<&Filter> {
        let narrowed = match list {
            List::Members | List::Silent => &self.members,
            List::Groups => &self.groups,
            List::Entries => &self.entries,
            List::Nodes => return None,
        };
        [&narrowed.filter, &narrowed.sought].into_iter().find(|filter| !filter.is_empty())
    }

    fn narrowed(&self, place: &Place) -> &Narrowed {
        match place {
            Place::Groups => &self.groups,
            Place::Timeline => &self.entries,
            _ => &self.members,
        }
    }

    fn narrowed_mut(&mut self, place: &Place) -> &mut Narrowed {
        match place {
            Place::Groups => &mut self.groups,
            Place::Timeline => &mut self.entries,
            _ => &mut self.members,
        }
    }
}

/// What can be asked of the rows of a place.
pub fn vocabulary(place: &Place) -> &'static Vocabulary {
    match place {
        Place::Groups => &GROUPS,
        Place::Timeline => &TIMELINE,
        _ => &MEMBERS,
    }
}
