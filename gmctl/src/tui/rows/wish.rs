//! What a person wishes to see: which screen, narrowed by what, in which order.

use std::{borrow::Cow, time::Instant};

use gms::{id::GroupId, view::Member};

use crate::{filter::ast::Filter, tui::place::Place};

/// By what members are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortColumn {
    /// Worst condition first, then longest silence.
    #[default]
    State,
    /// Who can be removed soonest first.
    Left,
    /// By group and id.
    Id,
    /// Longest silence first.
    Age,
    /// Slowest round trip first.
    RoundTrip,
    /// Most misses first.
    Misses,
    /// By the node that watches.
    Monitor,
    /// Newest life first.
    Joined,
}

impl SortColumn {
    /// Every one, in the order of the menu.
    pub const ALL: [SortColumn; 8] = [
        SortColumn::State,
        SortColumn::Left,
        SortColumn::Id,
        SortColumn::Age,
        SortColumn::RoundTrip,
        SortColumn::Misses,
        SortColumn::Monitor,
        SortColumn::Joined,
    ];

    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            SortColumn::State => "state",
            SortColumn::Left => "left",
            SortColumn::Id => "id",
            SortColumn::Age => "age",
            SortColumn::RoundTrip => "rtt",
            SortColumn::Misses => "misses",
            SortColumn::Monitor => "monitor",
            SortColumn::Joined => "joined",
        }
    }
}

impl SortColumn {
    /// What comes first, in words.
    pub fn help(self) -> &'static str {
        match self {
            SortColumn::State => "the worst first, then the longest silent",
            SortColumn::Left => "who can be removed soonest first",
            SortColumn::Id => "by group and id",
            SortColumn::Age => "the longest silent first",
            SortColumn::RoundTrip => "the slowest first",
            SortColumn::Misses => "the most unanswered pings first",
            SortColumn::Monitor => "by the node that watches",
            SortColumn::Joined => "the newest life first",
        }
    }
}

/// By what the heat grid is grouped.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grouping {
    /// By group.
    #[default]
    Group,
    /// By the node that watches.
    Monitor,
    /// By the value of a tag.
    Tag(String),
}

impl Grouping {
    /// The word on the screen.
    pub fn as_str(&self) -> &str {
        match self {
            Grouping::Group => "group",
            Grouping::Monitor => "monitor",
            Grouping::Tag(key) => key,
        }
    }

    /// The row a member belongs to.
    pub(super) fn label<'a>(&self, group: &'a GroupId, member: &'a Member) -> Cow<'a, str> {
        match self {
            Grouping::Group => Cow::Borrowed(group.as_str()),
            Grouping::Monitor => {
                member.monitor.map_or(Cow::Borrowed("-"), |node| Cow::Owned(format!("node {node}")))
            }
            Grouping::Tag(key) => Cow::Borrowed(member.tags.get(key).map_or("-", String::as_str)),
        }
    }

    /// The grouping of that name.
    pub fn named(name: &str) -> Self {
        match name {
            "group" => Grouping::Group,
            "monitor" => Grouping::Monitor,
            tag => Grouping::Tag(tag.to_owned()),
        }
    }
}

/// What decides which rows there are.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The screen.
    pub place: &'a Place,
    /// What narrows the rows.
    pub filter: &'a Filter,
    /// By what members are sorted.
    pub sort: SortColumn,
    /// The other way round.
    pub reverse: bool,
    /// By what the heat grid is grouped.
    pub grouping: &'a Grouping,
    /// Whether a strip of heat is shown below a list.
    pub strip: bool,
    /// Whether rows keep their places for now.
    pub keep_order: bool,
    /// The moment of the past that is shown, if it is not the present.
    pub past: Option<Instant>,
}

/// A wish, kept to know whether another one is the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    place: Place,
    filter: Filter,
    sort: SortColumn,
    reverse: bool,
    grouping: Grouping,
    strip: bool,
    past: Option<Instant>,
}

impl Kept {
    pub(super) fn of(wish: &Wish<'_>) -> Self {
        Self {
            place: wish.place.clone(),
            filter: wish.filter.clone(),
            sort: wish.sort,
            reverse: wish.reverse,
            grouping: wish.grouping.clone(),
            strip: wish.strip,
            past: wish.past,
        }
    }

    /// Whether the other one wishes for the same of another moment, or of the same.
    pub(super) fn is_but_for_moment(&self, other: &Self) -> bool {
        Self { past: other.past, ..self.clone() } == *other
    }
}
