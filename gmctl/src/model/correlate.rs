//! What the members in doubt have in common: for each tag, and for the monitor, the share of a
//! value among them against its share among all. A rack that failed, a version that hangs or a
//! monitor that is itself unwell shows as a value that nearly all of them carry and few others do.

use std::collections::BTreeMap;

use super::{cluster::Model, condition::Condition, moment::Moment};

/// Fewer members in doubt than this have no common cause worth naming.
const DOUBTED_MIN: usize = 5;
/// A value must be so many times as common among those in doubt as among all.
const LIFT_MIN: f64 = 2.0;
/// At most so many causes are named.
const NAMED_MAX: usize = 2;
/// A tag with more values than this tells members apart and is no common cause.
const VALUES_MAX: usize = 512;

/// How common a value is among the members in doubt, and among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The tag; `monitor` for the node that watches.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// Members in doubt that carry it.
    pub doubted: usize,
    /// Members in doubt in all.
    pub doubted_in_all: usize,
    /// Its share among all members, in percent.
    pub base_percent: usize,
}

/// The values that stand out among the members in doubt, the most telling first.
pub fn common_causes(model: &Model, now: Moment) -> Vec<Share> {
    let mut counts: BTreeMap<(&str, String), (usize, usize)> = BTreeMap::new();
    let (mut all, mut doubted) = (0_usize, 0_usize);
    let members = model
        .groups
        .values()
        .flat_map(|group| group.members.values().map(move |member| (group, member)));
    for (group, member) in members {
        let in_doubt = group.condition(now, &member.id).is_some_and(Condition::is_in_doubt);
        all += 1;
        doubted += usize::from(in_doubt);
        let monitor = member.monitor.map(|node| ("monitor", node.to_string()));
        let tags = member.tags.iter().map(|(tag, value)| (tag.as_str(), value.clone()));
        for key in monitor.into_iter().chain(tags) {
            let count = counts.entry(key).or_default();
            count.0 += 1;
            count.1 += usize::from(in_doubt);
        }
    }
    if doubted < DOUBTED_MIN {
        return Vec::new();
    }
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    for (tag, _) in counts.keys() {
        *values.entry(tag).or_default() += 1;
    }
    let lift = |with: usize, of: usize| (of as f64 / doubted as f64) / (with as f64 / all as f64);
    let mut shares: Vec<(f64, Share)> = counts
        .iter()
        .filter(|((tag, _), _)| values.get(tag).is_some_and(|n| *n <= VALUES_MAX))
        .filter(|(_, (with, of))| *of * 2 > doubted && lift(*with, *of) >= LIFT_MIN)
        .map(|((tag, value), (with, of))| {
            let share = Share {
                tag: (*tag).to_owned(),
                value: value.clone(),
                doubted: *of,
                doubted_in_all: doubted,
                base_percent: with.saturating_mul(100) / all.max(1),
            };
            (lift(*with, *of), share)
        })
        .collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.tag.cmp(&b.1.tag)));
    shares.into_iter().take(NAMED_MAX).map(|(_, share)| share).collect()
}
