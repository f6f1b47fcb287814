//! What the members in trouble have in common: for each tag, and for the monitor, the share of a
//! value among them against its share among all. A rack that failed, a version that hangs or a
//! monitor that is itself unwell shows as a value that nearly all of them carry and few others do.
//!
//! In trouble is who is suspected or condemned now, and who was removed within the last minute:
//! a dead member is gone in less than a second, and the question comes after.

use std::collections::BTreeMap;

use gms::view::Member;

use super::{cluster::Model, condition::Condition, group::Group, moment::Moment};

/// Fewer members in trouble than this have no common cause worth naming.
pub const TROUBLED_MIN: usize = 5;
/// A value must be so many times as common among those in trouble as among all.
const LIFT_MIN: f64 = 2.0;
/// At most so many causes are named.
const NAMED_MAX: usize = 2;
/// A tag with more values than this among those in trouble tells members apart and is no cause.
const VALUES_MAX: usize = 512;

/// How common a value is among the members in trouble, and among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The tag; `monitor` for the node that watches.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// Members in trouble that carry it.
    pub doubted: usize,
    /// Members in trouble in all.
    pub doubted_in_all: usize,
    /// Its share among all members, in percent.
    pub base_percent: usize,
}

/// The values that stand out among the members in trouble, the most telling first.
pub fn common_causes(model: &Model, now: Moment) -> Vec<Share> {
    let troubled: Vec<&Member> =
        model.groups.values().flat_map(|group| troubled(group, now)).collect();
    if troubled.len() < TROUBLED_MIN {
        return Vec::new();
    }
    let mut among: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for member in &troubled {
        for (tag, value) in traits(member) {
            *among.entry((tag, value)).or_default() += 1;
        }
    }
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    for (tag, _) in among.keys() {
        *values.entry(tag).or_default() += 1;
    }
    // Only what most of them carry can be the cause; only that is counted among all members.
    let candidates: Vec<(&str, String, usize)> = among
        .iter()
        .filter(|((tag, _), count)| {
            values.get(tag).is_some_and(|n| *n <= VALUES_MAX) && **count * 2 > troubled.len()
        })
        .map(|((tag, value), count)| (*tag, value.clone(), *count))
        .collect();
    let everyone = || {
        let living = model.groups.values().flat_map(|group| group.members.values());
        living.map(AsRef::as_ref).chain(model.groups.values().flat_map(removed))
    };
    let removed = model.groups.values().flat_map(removed).count();
    let all = (model.members() + removed).max(1);
    let mut shares: Vec<(f64, Share)> = Vec::new();
    for (tag, value, count) in candidates {
        let with = everyone().filter(|member| carries(member, tag, &value)).count().max(1);
        let lift = (count as f64 / troubled.len() as f64) / (with as f64 / all as f64);
        if lift >= LIFT_MIN {
            let share = Share {
                tag: tag.to_owned(),
                value,
                doubted: count,
                doubted_in_all: troubled.len(),
                base_percent: with.saturating_mul(100) / all,
            };
            shares.push((lift, share));
        }
    }
    shares.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.tag.cmp(&b.1.tag)));
    shares.into_iter().take(NAMED_MAX).map(|(_, share)| share).collect()
}

fn troubled(group: &Group, now: Moment) -> impl Iterator<Item = &Member> {
    // Most groups have nobody in doubt; then nobody has to be looked at.
    let any = group.tally().suspect > 0;
    let doubted = any.then(|| group.unwell()).into_iter().flatten();
    let doubted = doubted
        .filter(move |id| group.condition(now, id).is_some_and(Condition::is_in_doubt))
        .filter_map(|id| group.members.get(id).map(AsRef::as_ref));
    doubted.chain(removed(group))
}

/// Who was removed within the last minute and has not come back.
fn removed(group: &Group) -> impl Iterator<Item = &Member> {
    group
        .gone
        .values()
        .filter(|gone| gone.cause.is_some())
        .filter_map(|gone| gone.member.as_deref())
        .filter(|member| !group.members.contains_key(&member.id))
}

fn traits(member: &Member) -> impl Iterator<Item = (&str, String)> {
    let monitor = member.monitor.map(|node| ("monitor", node.to_string()));
    monitor.into_iter().chain(member.tags.iter().map(|(tag, value)| (tag.as_str(), value.clone())))
}

fn carries(member: &Member, tag: &str, value: &str) -> bool {
    match tag {
        "monitor" if member.monitor.is_some_and(|node| node.to_string() == value) => true,
        tag => member.tags.get(tag).is_some_and(|found| found == value),
    }
}
