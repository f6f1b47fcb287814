//! The heat grid: every member as a cell in a row, in an order that does not change.
//!
//! The rows are built when members come or go; when only their looks change, the cells are painted
//! anew, which costs no more than there are members that are not well.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    members,
    wish::{Grouping, Wish},
};
use crate::model::{
    cluster::Model,
    condition::{Condition, Tally},
    group::{Group, MemberKey},
    moment::Moment,
};

/// The most rows of the heat grid: a tag with more values than this tells little.
pub const HEAT_ROWS_MAX: usize = 200;
/// The most tags to group by.
const GROUPINGS_MAX: usize = 20;

/// A row of the heat grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// What its members have in common.
    pub label: String,
    /// Its members, ordered by group and id, those just gone among them.
    pub keys: Vec<MemberKey>,
    /// How each of them looks.
    pub cells: Vec<Condition>,
    /// How many of them look how.
    pub tally: Tally,
    /// Whether removals by silence are paused for all of them.
    pub held: bool,
    /// How many of them are members.
    living: usize,
}

/// The rows, their cells not painted yet, and how many more there would be.
pub(super) fn rows(
    model: &Model,
    now: Moment,
    wish: &Wish<'_>,
    filtered: bool,
) -> (Vec<HeatRow>, usize) {
    let mut rows: BTreeMap<Cow<'_, str>, HeatRow> = BTreeMap::new();
    for (id, group) in &model.groups {
        let mut all: Vec<_> =
            group.members.iter().map(|(name, member)| (name, member, true)).collect();
        let ghosts = group.gone.iter().filter(|(name, _)| !group.members.contains_key(*name));
        let living = all.len();
        all.extend(ghosts.filter_map(|(name, gone)| Some((name, gone.member.as_ref()?, false))));
        if all.len() > living {
            all.sort_by(|a, b| a.0.cmp(b.0));
        }
        for (name, member, lives) in all {
            if filtered && !members::passes(wish.filter, now, id, group, member) {
                continue;
            }
            let label = wish.grouping.label(id, member);
            let row = match rows.get_mut(&label) {
                Some(row) => row,
                None => rows.entry(label).or_insert_with_key(|label| HeatRow::new(label)),
            };
            row.keys.push(MemberKey { group: id.clone(), id: name.clone() });
            row.living += usize::from(lives);
            row.held &= group.hold.is_some();
        }
    }
    let hidden = rows.len().saturating_sub(HEAT_ROWS_MAX);
    (rows.into_values().take(HEAT_ROWS_MAX).collect(), hidden)
}

impl HeatRow {
    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            keys: Vec::new(),
            cells: Vec::new(),
            tally: Tally::default(),
            held: true,
            living: 0,
        }
    }
}

/// Gives every cell its look.
pub(super) fn paint(rows: &mut [HeatRow], model: &Model, now: Moment, grouping: &Grouping) {
    for row in rows.iter_mut() {
        row.cells.clear();
        row.cells.resize(row.keys.len(), Condition::Ok);
        row.tally = Tally { ok: row.living, ..Tally::default() };
    }
    for (id, group) in &model.groups {
        for name in special(group) {
            let gone = || group.gone.get(name).and_then(|gone| gone.member.as_ref());
            let Some(member) = group.members.get(name).or_else(gone) else {
                continue;
            };
            let Some(condition) = group.condition(now, name) else {
                continue;
            };
            let label = grouping.label(id, member);
            let Ok(place) = rows.binary_search_by(|row| row.label.as_str().cmp(&label)) else {
                continue;
            };
            let Some(row) = rows.get_mut(place) else {
                continue;
            };
            let wanted = (id, name);
            let Ok(cell) = row.keys.binary_search_by(|key| (&key.group, &key.id).cmp(&wanted))
            else {
                continue;
            };
            if let Some(cell) = row.cells.get_mut(cell) {
                *cell = condition;
            }
            if !condition.is_gone() {
                row.tally.take(Condition::Ok);
                row.tally.add(condition);
            }
        }
    }
}

/// The members that may look other than well, each once.
fn special(group: &Group) -> impl Iterator<Item = &gms::id::MemberId> {
    let new = group
        .arrived
        .keys()
        .filter(|name| group.members.contains_key(*name) && !group.is_unwell(name));
    let gone = group.gone.keys().filter(|name| !group.members.contains_key(*name));
    group.unwell().chain(new).chain(gone)
}

/// The groupings that make sense now: by group, by monitor, and by each tag that is in use.
pub fn groupings(model: &Model) -> Vec<Grouping> {
    let tags: BTreeSet<&str> = model
        .groups
        .values()
        .flat_map(|group| group.members.values())
        .flat_map(|member| member.tags.keys().map(String::as_str))
        .collect();
    [Grouping::Group, Grouping::Monitor]
        .into_iter()
        .chain(tags.into_iter().take(GROUPINGS_MAX).map(|tag| Grouping::Tag(tag.to_owned())))
        .collect()
}
