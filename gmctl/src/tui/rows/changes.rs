//! Who is listed differently between two moments, and lists that are changed in few places.
//!
//! Two models share nearly everything with each other, so what differs is found without a look at
//! what is the same: the cost goes with the number of changes, not with the size of the cluster.

use std::{cmp::Ordering, collections::BTreeSet};

use gms::id::{GroupId, MemberId};
use imbl::OrdMap;

use crate::model::group::Group;

/// The groups of a model, as a list was built from them.
pub(super) type Groups = OrdMap<GroupId, Group>;

/// A member of a group, or who was one: ordered as a
/// [`MemberKey`](crate::model::group::MemberKey) is.
pub(super) type Who<'a> = (&'a GroupId, &'a MemberId);

/// Who came, went, is another than before, or may look different: everybody of whom any fact is
/// another that a list depends on.
pub(super) fn between<'a>(before: &'a Groups, after: &'a Groups) -> BTreeSet<Who<'a>> {
    let mut changed = BTreeSet::new();
    if before.ptr_eq(after) {
        return changed;
    }
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return changed,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((was, _)), Some((is, _))) => was.cmp(is),
        };
        let was = if order.is_le() { old.next() } else { None };
        let is = if order.is_ge() { new.next() } else { None };
        match (was, is) {
            // Anybody may look different behind another veil.
            (Some((id, was)), Some((_, is))) if was.veil() != is.veil() => {
                for group in [was, is] {
                    changed.extend(group.members.keys().map(|name| (id, name)));
                    changed.extend(group.gone.keys().map(|name| (id, name)));
                }
            }
            (Some((id, was)), Some((_, is))) => {
                differ(id, &was.members, &is.members, &mut changed);
                differ(id, &was.gone, &is.gone, &mut changed);
                differ(id, &was.heard, &is.heard, &mut changed);
                differ(id, &was.arrived, &is.arrived, &mut changed);
            }
            (Some((id, only)), None) | (None, Some((id, only))) => {
                changed.extend(only.members.keys().map(|name| (id, name)));
                changed.extend(only.gone.keys().map(|name| (id, name)));
            }
            (None, None) => return changed,
        }
    }
}

fn differ<'a, V: Clone + PartialEq>(
    group: &'a GroupId,
    before: &'a OrdMap<MemberId, V>,
    after: &'a OrdMap<MemberId, V>,
    changed: &mut BTreeSet<Who<'a>>,
) {
    use imbl::ordmap::DiffItem::{Add, Remove, Update};
    if before.ptr_eq(after) {
        return;
    }
    changed.extend(before.diff(after).map(|item| match item {
        Add(name, _) | Remove(name, _) | Update { new: (name, _), .. } => (group, name),
    }));
}

/// Whether so many changes of a list are better met by building it anew.
pub(super) fn are_many(changes: usize, listed: usize) -> bool {
    changes > 64 + listed / 16
}

/// Takes out what stands at some places, and puts others in front of what stands at theirs: one
/// pass, however many. All places are those of the list as it is given, in rising order.
pub(super) fn splice<T>(list: &mut Vec<T>, out: &[usize], put: Vec<(usize, T)>) {
    if out.is_empty() && put.is_empty() {
        return;
    }
    let mut next = Vec::with_capacity((list.len() + put.len()).saturating_sub(out.len()));
    let mut old = std::mem::take(list).into_iter();
    let mut at = 0;
    let (mut out, mut put) = (out.iter().copied().peekable(), put.into_iter().peekable());
    loop {
        let first_put = put.peek().map(|(place, _)| *place);
        let until = match (first_put, out.peek().copied()) {
            (None, None) => break,
            (Some(place), None) | (None, Some(place)) => place,
            (Some(one), Some(other)) => one.min(other),
        };
        next.extend(old.by_ref().take(until.saturating_sub(at)));
        at = until;
        if first_put == Some(at) {
            next.extend(put.next().map(|(_, item)| item));
        } else {
            out.next();
            old.next();
            at += 1;
        }
    }
    next.extend(old);
    *list = next;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_stands_in_front_of_its_place_and_what_goes_is_no_more() {
        let edit = |out: &[usize], put: &[(usize, char)]| {
            let mut list: Vec<char> = "abcd".chars().collect();
            splice(&mut list, out, put.to_vec());
            list.into_iter().collect::<String>()
        };
        assert_eq!(edit(&[], &[]), "abcd");
        assert_eq!(edit(&[0, 3], &[]), "bc");
        assert_eq!(edit(&[], &[(0, 'x'), (0, 'y'), (4, 'z')]), "xyabcdz");
        assert_eq!(edit(&[1], &[(1, 'x'), (2, 'y')]), "axycd");
        assert_eq!(edit(&[0, 1, 2, 3], &[(4, 'x')]), "x");
    }

    proptest! {
        #[test]
        fn a_spliced_list_is_the_one_sorted_anew(
            before in proptest::collection::btree_set(0_u16..500, 0..100),
            after in proptest::collection::btree_set(0_u16..500, 0..100),
        ) {
            let mut list: Vec<u16> = before.iter().copied().collect();
            let out: Vec<usize> = before
                .difference(&after)
                .filter_map(|gone| list.binary_search(gone).ok())
                .collect();
            let put: Vec<(usize, u16)> = after
                .difference(&before)
                .map(|new| (list.partition_point(|one| one < new), *new))
                .collect();
            splice(&mut list, &out, put);
            prop_assert_eq!(list, after.into_iter().collect::<Vec<_>>());
        }
    }
}
