//! What puts a member further up in a sorted list.

use gms::view::Member;

use super::order::MemberOrder;
use crate::model::{
    condition::Condition,
    group::Group,
    heard::{Age, Left},
    moment::{Moment, whole_millis},
};

/// What puts a member further up as long as it stays as it is: the greater first. None if that
/// depends on what is heard of it.
pub(super) fn fixed_weight(sort: MemberOrder, member: &Member) -> Option<u64> {
    match sort {
        MemberOrder::Id => Some(0),
        MemberOrder::Monitor => Some(u64::MAX - member.monitor.map_or(u64::MAX, |node| node.0)),
        MemberOrder::Joined => Some(member.incarnation.0),
        MemberOrder::State
        | MemberOrder::Left
        | MemberOrder::Age
        | MemberOrder::RoundTrip
        | MemberOrder::Misses => None,
    }
}

/// What puts a member further up: the greater first.
pub(super) fn weight(sort: MemberOrder, now: Moment, group: &Group, member: &Member) -> (u64, u64) {
    let heard = group.known_of(member);
    let age = || match heard.map(|heard| heard.age(now)) {
        Some(Age::Known(age)) => whole_millis(age),
        _ => 0,
    };
    match sort {
        MemberOrder::State => {
            // Members that are well keep to the order of their names, whatever their age.
            match group.standing_of(member, heard) {
                Condition::Condemned => (5, age()),
                Condition::Suspect => (4, age()),
                Condition::Late => (3, age()),
                Condition::Away => (2, 0),
                Condition::Unknown => (1, 0),
                _ => (0, 0),
            }
        }
        MemberOrder::Left => match group.left(now, member) {
            Some(Left::AtLeast(time)) => (2, u64::MAX - whole_millis(time)),
            Some(Left::Held | Left::NoQuorum | Left::Unknown) => (1, 0),
            None => (0, 0),
        },
        MemberOrder::Age => (age(), 0),
        MemberOrder::RoundTrip => (heard.and_then(|heard| heard.rtt_us).unwrap_or_default(), 0),
        MemberOrder::Misses => (heard.map_or(0, |heard| u64::from(heard.misses)), age()),
        MemberOrder::Id | MemberOrder::Monitor | MemberOrder::Joined => {
            (fixed_weight(sort, member).unwrap_or_default(), 0)
        }
    }
}
