//! The members of a place: filtered and sorted.

use std::cmp::Reverse;

use gms::{id::GroupId, view::Member};

use super::{
    member_list::{self, MemberList},
    weight::weight,
    wish::Wish,
};
use crate::{
    filter::{ast::Filter, eval::Facts},
    model::{
        cluster::Model,
        condition::Condition,
        group::{Group, MemberKey},
        heard::{Age, Left},
        moment::{Moment, whole_millis},
    },
    tui::place::Place,
};

/// Whether the filter lets a member of a group pass.
pub(in crate::tui) fn passes(
    filter: &Filter,
    now: Moment,
    id: &GroupId,
    group: &Group,
    member: &Member,
) -> bool {
    if filter.is_empty() {
        return true;
    }
    let heard = group.known_of(member);
    let condition = group.condition(now, &member.id).unwrap_or(Condition::Unknown);
    let band = heard.map_or(Condition::Unknown, |heard| heard.band.into());
    let states = [condition.as_str(), band.as_str(), member.state.as_str()];
    let age_us = match group.age(now, member) {
        Age::Known(age) => Some(whole_millis(age).saturating_mul(1_000)),
        Age::Below(_) | Age::Unknown => None,
    };
    let left_us = match group.left(now, member) {
        Some(Left::AtLeast(left)) => Some(whole_millis(left).saturating_mul(1_000)),
        _ => None,
    };
    filter.passes(&Facts {
        id: member.id.as_str(),
        group: id.as_str(),
        address: member.address.as_str(),
        states: &states,
        kind: Some(member.liveness.kind),
        monitor: member.monitor.map(|node| node.0),
        witness: member.witness.map(|node| node.0),
        misses: heard.map(|heard| u64::from(heard.misses)),
        incarnation: member.incarnation.0,
        age_us,
        left_us,
        rtt_us: heard.and_then(|heard| heard.rtt_us),
        tags: Some(&member.tags),
    })
}

type SortKey = (Reverse<u64>, Reverse<u64>, MemberKey);

/// The members that pass, in the order wished for or, if there were any before, in theirs.
pub(super) fn list(
    model: &Model,
    now: Moment,
    wish: &Wish<'_>,
    keep: Option<&MemberList>,
) -> MemberList {
    let fresh = if member_list::can_follow(wish) {
        MemberList::built(model, now, wish)
    } else {
        let mut list = match wish.place {
            Place::Cell(keys) => sorted(chosen(model, keys), now, wish),
            Place::Members(scope) => sorted(within(model, scope.as_ref()), now, wish),
            _ => Vec::new(),
        };
        if wish.orders.members.reverse {
            list.reverse();
        }
        MemberList::plain(list)
    };
    match keep {
        Some(before) if !before.is_empty() => MemberList::plain(in_order_of(before, &fresh)),
        _ => fresh,
    }
}

/// How many members there are before the filter.
pub(super) fn in_all(model: &Model, wish: &Wish<'_>) -> usize {
    match wish.place {
        Place::Cell(keys) => keys.len(),
        Place::Members(None) => model.members(),
        Place::Members(Some(only)) => model.groups.get(only).map_or(0, |group| group.members.len()),
        _ => 0,
    }
}

fn within<'a>(
    model: &'a Model,
    scope: Option<&'a GroupId>,
) -> impl Iterator<Item = (&'a GroupId, &'a Group, &'a Member)> {
    let groups = model.groups.iter().filter(move |(id, _)| scope.is_none_or(|scope| scope == *id));
    groups.flat_map(|(id, group)| {
        group.members.values().map(move |member| (id, group, member.as_ref()))
    })
}

fn chosen<'a>(
    model: &'a Model,
    keys: &'a [MemberKey],
) -> impl Iterator<Item = (&'a GroupId, &'a Group, &'a Member)> {
    keys.iter().filter_map(|key| {
        let group = model.groups.get(&key.group)?;
        Some((&key.group, group, group.members.get(&key.id)?.as_ref()))
    })
}

fn sorted<'a>(
    all: impl Iterator<Item = (&'a GroupId, &'a Group, &'a Member)>,
    now: Moment,
    wish: &Wish<'_>,
) -> Vec<MemberKey> {
    let mut list: Vec<SortKey> = all
        .filter(|(id, group, member)| passes(wish.filter, now, id, group, member))
        .map(|(id, group, member)| {
            let (first, second) = weight(wish.orders.members.by, now, group, member);
            let key = MemberKey { group: id.clone(), id: member.id.clone() };
            (Reverse(first), Reverse(second), key)
        })
        .collect();
    list.sort();
    list.into_iter().map(|(_, _, key)| key).collect()
}

/// The same rows, those shown before in the order they had, new ones after them.
fn in_order_of(before: &MemberList, fresh: &MemberList) -> Vec<MemberKey> {
    let mut still: std::collections::BTreeSet<&MemberKey> = fresh.iter().collect();
    let mut rows: Vec<MemberKey> = Vec::with_capacity(fresh.len());
    for key in before.iter() {
        if still.remove(key) {
            rows.push(key.clone());
        }
    }
    rows.extend(fresh.iter().filter(|key| still.contains(key)).cloned());
    rows
}
