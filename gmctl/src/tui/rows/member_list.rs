//! The members of a place in their order, kept so that few changes cost little.
//!
//! ```text
//! front   who is not well: sorted by what goes on with time, so sorted anew each time
//! rest    the others, sorted by what does not change while a life lasts: changed in few places
//! tail    who came while rows keep their places, until they no longer do
//! ```

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
};

use gms::{
    id::{GroupId, MemberId},
    view::Member,
};

use super::{
    changes::{self, Groups, Who},
    order::MemberOrder,
    weight::{fixed_weight, weight},
    wish::Wish,
};
use crate::{
    model::{
        cluster::Model,
        group::{Group, MemberKey},
        moment::Moment,
    },
    tui::place::Place,
};

/// The members of a place in the order in which they are shown.
#[derive(Debug, Clone, Default)]
pub struct MemberList {
    front: Vec<MemberKey>,
    rest: Vec<MemberKey>,
    tail: Vec<MemberKey>,
    /// Front and rest are shown from the last to the first.
    reversed: bool,
    /// Everybody stands in the part that is meant for it.
    is_parted: bool,
}

/// By what `rest` is sorted.
type Rank<'a> = (Reverse<u64>, &'a GroupId, &'a MemberId);

fn rank<'a>(sort: MemberOrder, group: &'a GroupId, member: &'a Member) -> Rank<'a> {
    (Reverse(fixed_weight(sort, member).unwrap_or_default()), group, &member.id)
}

fn key((group, id): Who<'_>) -> MemberKey {
    MemberKey { group: group.clone(), id: id.clone() }
}

fn member<'a>(groups: &'a Groups, (group, id): Who<'_>) -> Option<(&'a Group, &'a Member)> {
    let group = groups.get(group)?;
    Some((group, group.members.get(id)?.as_ref()))
}

/// Whether the list of this wish can follow changes; another one is built anew.
pub(super) fn can_follow(wish: &Wish<'_>) -> bool {
    let steady = match wish.orders.members.by {
        MemberOrder::State | MemberOrder::Id => true,
        // Who is another may have to stand elsewhere, and yet keeps its place.
        MemberOrder::Joined | MemberOrder::Monitor => !wish.keep_order,
        MemberOrder::Left | MemberOrder::Age | MemberOrder::RoundTrip | MemberOrder::Misses => {
            false
        }
    };
    steady && wish.filter.is_empty() && matches!(wish.place, Place::Members(_))
}

fn is_within(wish: &Wish<'_>, group: &GroupId) -> bool {
    matches!(wish.place, Place::Members(scope) if scope.as_ref().is_none_or(|only| only == group))
}

impl MemberList {
    /// A list in this order, that cannot follow.
    pub(super) fn plain(front: Vec<MemberKey>) -> Self {
        Self { front, ..Self::default() }
    }

    /// A list that can follow, of a wish of which [`can_follow`] holds.
    pub(super) fn built(model: &Model, now: Moment, wish: &Wish<'_>) -> Self {
        let groups = || model.groups.iter().filter(|(id, _)| is_within(wish, id));
        let sort = wish.orders.members.by;
        let worst_first = sort == MemberOrder::State;
        let rest = match sort {
            MemberOrder::State | MemberOrder::Id => groups()
                .flat_map(|(id, group)| group.members.keys().map(move |name| (id, group, name)))
                .filter(|(_, group, name)| !worst_first || !group.is_unwell(name))
                .map(|(id, _, name)| key((id, name)))
                .collect(),
            _ => {
                let mut ranks: Vec<Rank<'_>> = groups()
                    .flat_map(|(id, group)| group.members.values().map(move |m| (id, m)))
                    .map(|(id, member)| rank(sort, id, member))
                    .collect();
                ranks.sort_unstable();
                ranks.into_iter().map(|(_, id, name)| key((id, name))).collect()
            }
        };
        let front = front(model, now, wish);
        Self {
            front,
            rest,
            tail: Vec::new(),
            reversed: wish.orders.members.reverse,
            is_parted: true,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.front.len() + self.rest.len() + self.tail.len()
    }

    /// Whether nobody is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who stands at a place.
    pub fn get(&self, place: usize) -> Option<&MemberKey> {
        let sorted = self.front.len() + self.rest.len();
        if let Some(place) = place.checked_sub(sorted) {
            return self.tail.get(place);
        }
        let place = if self.reversed { sorted - 1 - place } else { place };
        self.front.get(place).or_else(|| self.rest.get(place.checked_sub(self.front.len())?))
    }

    /// All, from the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = &MemberKey> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// Where a member stands; sought first near the place where it stood.
    pub fn position(&self, wanted: &MemberKey, near: usize) -> Option<usize> {
        let near = near.min(self.len());
        let is_there = |place: &usize| self.get(*place) == Some(wanted);
        let (mut before, mut after) = ((0..near).rev(), near..self.len());
        loop {
            let (up, down) = (before.next(), after.next());
            if up.is_none() && down.is_none() {
                return None;
            }
            if let Some(found) = down.filter(is_there).or_else(|| up.filter(is_there)) {
                return Some(found);
            }
        }
    }

    /// Takes over what is another since the list was brought up to date with `before`, for the same
    /// wish; false if it has to be built anew, because that cannot be known or is too much.
    pub(super) fn follow(
        &mut self,
        before: &Groups,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
    ) -> bool {
        if !self.is_parted || !can_follow(wish) {
            return false;
        }
        let mut changed = changes::between(before, &model.groups);
        changed.retain(|(group, _)| is_within(wish, group));
        let unwell: usize = match wish.orders.members.by {
            MemberOrder::State => {
                let groups = model.groups.iter().filter(|(id, _)| is_within(wish, id));
                groups.map(|(_, group)| group.tally().total() - group.tally().ok).sum()
            }
            _ => 0,
        };
        let doubtful = changed.len() + unwell + self.front.len() + self.tail.len();
        if changes::are_many(doubtful, self.len()) {
            return false;
        }
        if wish.keep_order {
            self.follow_in_place(before, model, now, wish, &changed);
        } else {
            self.follow_sorted(before, model, now, wish, changed);
        }
        true
    }

    /// Nobody who stays moves.
    fn follow_in_place(
        &mut self,
        before: &Groups,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        changed: &BTreeSet<Who<'_>>,
    ) {
        let mut out = Vec::new();
        let mut gone = HashSet::new();
        let mut new = Vec::new();
        for who in changed {
            match (member(before, *who), member(&model.groups, *who)) {
                (Some((_, was)), None) => {
                    match self.place_in_rest(
                        before,
                        wish.orders.members.by,
                        rank(wish.orders.members.by, who.0, was),
                    ) {
                        Ok(place) => out.push(place),
                        Err(_) => {
                            gone.insert(*who);
                        }
                    }
                }
                (None, Some((group, is))) => {
                    let (first, second) = weight(wish.orders.members.by, now, group, is);
                    new.push((Reverse(first), Reverse(second), *who));
                }
                _ => {}
            }
        }
        changes::splice(&mut self.rest, &out, Vec::new());
        if !gone.is_empty() {
            self.front.retain(|key| !gone.contains(&(&key.group, &key.id)));
            self.tail.retain(|key| !gone.contains(&(&key.group, &key.id)));
        }
        new.sort();
        if wish.orders.members.reverse {
            new.reverse();
        }
        self.tail.extend(new.into_iter().map(|(_, _, who)| key(who)));
    }

    /// Everybody stands where the order wants it.
    fn follow_sorted(
        &mut self,
        before: &Groups,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        changed: BTreeSet<Who<'_>>,
    ) {
        let sort = wish.orders.members.by;
        let (led, ended) = (std::mem::take(&mut self.front), std::mem::take(&mut self.tail));
        // Besides who changed, it is only who is or was not well that may belong elsewhere.
        let mut doubtful = changed;
        let led: BTreeSet<Who<'_>> = led.iter().map(|key| (&key.group, &key.id)).collect();
        let leads = unwell(model, wish).map(|(id, _, member)| (id, &member.id));
        let leads: BTreeSet<Who<'_>> = leads.collect();
        // Who led and leads is not among the rest, nor comes there.
        doubtful.extend(led.symmetric_difference(&leads).copied());
        doubtful.extend(ended.iter().map(|key| (&key.group, &key.id)));
        let mut out = Vec::new();
        let mut put = Vec::new();
        for who in doubtful {
            let stood = member(before, who).map(|(_, was)| rank(sort, who.0, was));
            let place = stood.and_then(|rank| self.place_in_rest(before, sort, rank).ok());
            let wanted = member(&model.groups, who)
                .filter(|(group, _)| sort != MemberOrder::State || !group.is_unwell(who.1))
                .map(|(_, is)| rank(sort, who.0, is));
            if place.is_some() && wanted == stood {
                continue;
            }
            out.extend(place);
            put.extend(wanted);
        }
        out.sort_unstable();
        put.sort_unstable();
        let put = put
            .into_iter()
            .map(|rank| {
                let place = self.place_in_rest(before, sort, rank).unwrap_or_else(|place| place);
                (place, key((rank.1, rank.2)))
            })
            .collect();
        changes::splice(&mut self.rest, &out, put);
        self.front = front(model, now, wish);
    }

    /// Where a rank stands among the rest, or where it would.
    fn place_in_rest(
        &self,
        before: &Groups,
        sort: MemberOrder,
        wanted: Rank<'_>,
    ) -> Result<usize, usize> {
        let by_name = matches!(sort, MemberOrder::State | MemberOrder::Id);
        self.rest.binary_search_by(|key| {
            let who = (&key.group, &key.id);
            let was = if by_name { None } else { member(before, who) };
            let weight = was.and_then(|(_, was)| fixed_weight(sort, was)).unwrap_or_default();
            (Reverse(weight), who.0, who.1).cmp(&wanted)
        })
    }
}

/// Who is not well, where that counts.
fn unwell<'a>(
    model: &'a Model,
    wish: &Wish<'_>,
) -> impl Iterator<Item = (&'a GroupId, &'a Group, &'a Member)> {
    let counts = wish.orders.members.by == MemberOrder::State;
    let groups = model.groups.iter().filter(move |(id, _)| counts && is_within(wish, id));
    groups.flat_map(|(id, group)| {
        let members = group.unwell().filter_map(|name| group.members.get(name));
        members.map(move |member| (id, group, member.as_ref()))
    })
}

/// Who stands before the others because of how it is now.
fn front(model: &Model, now: Moment, wish: &Wish<'_>) -> Vec<MemberKey> {
    let mut front: Vec<_> = unwell(model, wish)
        .map(|(id, group, member)| {
            let (first, second) = weight(wish.orders.members.by, now, group, member);
            (Reverse(first), Reverse(second), id, &member.id)
        })
        .collect();
    front.sort_unstable();
    front.into_iter().map(|(.., id, name)| key((id, name))).collect()
}
