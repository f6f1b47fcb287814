//! What a person wishes to see: which screen, narrowed by what, in which order.

use std::{borrow::Cow, time::Instant};

use gms::{id::GroupId, view::Member};

use super::order::Orders;
use crate::{filter::ast::Filter, tui::place::Place};

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

    /// The row a member belongs to; of who went before we came no more than the group is known.
    pub(super) fn label<'a>(&self, group: &'a GroupId, member: Option<&'a Member>) -> Cow<'a, str> {
        let monitor = || member.and_then(|member| member.monitor);
        let tag = |key: &str| member.and_then(|member| member.tags.get(key));
        match self {
            Grouping::Group => Cow::Borrowed(group.as_str()),
            Grouping::Monitor => {
                monitor().map_or(Cow::Borrowed("-"), |node| Cow::Owned(format!("node {node}")))
            }
            Grouping::Tag(key) => Cow::Borrowed(tag(key).map_or("-", String::as_str)),
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
    /// By what each list is sorted.
    pub orders: Orders,
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
    orders: Orders,
    grouping: Grouping,
    strip: bool,
    past: Option<Instant>,
}

impl Kept {
    pub(super) fn of(wish: &Wish<'_>) -> Self {
        Self {
            place: wish.place.clone(),
            filter: wish.filter.clone(),
            orders: wish.orders,
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
