//! Rules about members: who is in doubt, who was removed, who is held.

use std::time::Duration;

use gms::id::GroupId;

use super::{
    finding::{Finding, Remedy, Scene, Severity},
    words::{rest, seconds},
};
use crate::model::{
    cluster::Model,
    condition::Condition,
    correlate::Share,
    group::MemberKey,
    heard::{Age, Left},
    moment::Moment,
};

/// A hold that ends within this is about to expire.
const HOLD_ENDS_SOON: Duration = Duration::from_mins(2);
/// So many members removed within a minute are one event, not many.
const REMOVED_MANY: usize = 5;

/// Who is in doubt, gathered from every group.
#[derive(Default)]
struct Doubted {
    by_group: Vec<(usize, GroupId)>,
    longest: Option<(Duration, MemberKey)>,
    first_removal: Option<Left>,
    first: Option<MemberKey>,
}

impl Doubted {
    fn of(model: &Model, now: Moment) -> Self {
        let mut all = Self::default();
        for (id, group) in model.groups.iter().filter(|(_, group)| group.tally().suspect > 0) {
            let mut count = 0;
            for name in group.unwell() {
                if !group.condition(now, name).is_some_and(Condition::is_in_doubt) {
                    continue;
                }
                let Some(member) = group.members.get(name) else { continue };
                count += 1;
                let key = MemberKey { group: id.clone(), id: name.clone() };
                if let Age::Known(age) = group.age(now, member)
                    && all.longest.as_ref().is_none_or(|(longest, _)| age > *longest)
                {
                    all.longest = Some((age, key.clone()));
                }
                if let Some(left) = group.left(now, member) {
                    all.first_removal = Some(all.first_removal.map_or(left, |l| l.min(left)));
                }
                all.first.get_or_insert(key);
            }
            if count > 0 {
                all.by_group.push((count, id.clone()));
            }
        }
        all.by_group.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        all
    }
}

pub(super) fn members_in_doubt(scene: &Scene<'_>) -> Option<Finding> {
    let doubted = Doubted::of(scene.model, scene.now);
    if doubted.by_group.is_empty() {
        return None;
    }
    let when = match doubted.first_removal {
        Some(Left::AtLeast(time)) if time.is_zero() => ". First removal any moment".to_owned(),
        Some(Left::AtLeast(time)) => format!(". First removal in {}", seconds(time)),
        Some(Left::Held) => ". Held: nobody is removed by silence".to_owned(),
        Some(Left::NoQuorum) => ". No quorum: nobody is removed by silence".to_owned(),
        Some(Left::Unknown) | None => String::new(),
    };
    let silence = doubted
        .longest
        .as_ref()
        .map(|(age, key)| format!(". Longest silent {} {}", key.id, seconds(*age)))
        .unwrap_or_default();
    let sentence =
        [in_groups(&doubted.by_group, "SUSPECT"), causes_in_words(scene.causes), when, silence]
            .concat();
    let subject = doubted.longest.map(|(_, key)| key).or(doubted.first);
    let found = Finding::new(Severity::Danger, sentence).with(&[Remedy::Hold, Remedy::Why]);
    Some(Finding { subject, ..found })
}

/// A mass removal is over in a second; what it had in common is worth more than that it was.
pub(super) fn many_removed(scene: &Scene<'_>) -> Option<Finding> {
    let mut by_group: Vec<(usize, GroupId)> = Vec::new();
    let mut subject = None;
    for (id, group) in &scene.model.groups {
        let mut removed = group
            .gone
            .iter()
            .filter(|(name, gone)| gone.cause.is_some() && !group.members.contains_key(*name))
            .map(|(name, _)| name)
            .peekable();
        if let Some(name) = removed.peek() {
            let key = MemberKey { group: id.clone(), id: (*name).clone() };
            by_group.push((removed.count(), id.clone()));
            subject.get_or_insert(key);
        }
    }
    by_group.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let all: usize = by_group.iter().map(|(count, _)| count).sum();
    if all < REMOVED_MANY {
        return None;
    }
    let sentence = format!(
        "{} within the last minute{}",
        in_groups(&by_group, "REMOVED"),
        causes_in_words(scene.causes)
    );
    let remedies = &[Remedy::Why, Remedy::Timeline, Remedy::Hold];
    let found = Finding::new(Severity::Warn, sentence).with(remedies);
    Some(Finding { subject, ..found })
}

/// `38 SUSPECT in payments, 2 in search and 3 more groups`.
fn in_groups(by_group: &[(usize, GroupId)], what: &str) -> String {
    let named: Vec<String> = by_group
        .iter()
        .enumerate()
        .take(3)
        .map(|(n, (count, group))| match n {
            0 => format!("{count} {what} in {group}"),
            _ => format!("{count} in {group}"),
        })
        .collect();
    let more = match by_group.len() {
        0..=3 => String::new(),
        n => format!(" and {} more groups", n - 3),
    };
    named.join(", ") + &more
}

fn causes_in_words(causes: &[Share]) -> String {
    let words: Vec<String> = causes
        .iter()
        .map(|share| {
            format!(
                "{}={} {}/{} (base {} %)",
                share.tag, share.value, share.doubted, share.doubted_in_all, share.base_percent
            )
        })
        .collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

pub(super) fn hold_ends_soon(scene: &Scene<'_>) -> Option<Finding> {
    let (left, id, count) = scene
        .model
        .groups
        .iter()
        .filter_map(|(id, group)| {
            let left = group.hold_left(scene.now)?;
            let doubted = group.tally().suspect + group.tally().late;
            (left < HOLD_ENDS_SOON && doubted > 0).then_some((left, id, doubted))
        })
        .min()?;
    let silent =
        if count == 1 { "1 silent member".to_owned() } else { format!("{count} silent members") };
    let left = rest(left);
    let sentence = format!("HOLD on {id} ENDS in {left}: {silent} can then be removed");
    Some(Finding::new(Severity::Warn, sentence).with(&[Remedy::Hold]))
}

pub(super) fn holds(scene: &Scene<'_>) -> Option<Finding> {
    let held: Vec<_> =
        scene.model.groups.iter().filter(|(_, group)| group.hold.is_some()).collect();
    let (id, group) = held.first()?;
    let pause = group.hold.as_ref()?;
    let others =
        if held.len() > 1 { format!(" and {} more", held.len() - 1) } else { String::new() };
    let left = rest(group.hold_left(scene.now)?);
    let reason = &pause.reason;
    let sentence = format!("HOLD on {id}{others}: no removal by silence for {left} more: {reason}");
    Some(Finding::new(Severity::Notice, sentence))
}

pub(super) fn members_unknown(scene: &Scene<'_>) -> Option<Finding> {
    let tally = scene.model.tally();
    (tally.unknown > 0 && tally.unknown * 2 > tally.total()).then(|| {
        let lost = scene.model.nodes.values().any(|node| !node.status.reachable);
        let why = if lost {
            "their monitors are out of reach, or have just begun to watch them"
        } else {
            "their monitors have just begun to watch them"
        };
        let (unknown, all) = (tally.unknown, tally.total());
        let sentence = format!("{unknown} of {all} members are UNKNOWN: {why}");
        Finding::new(Severity::Notice, sentence)
    })
}
