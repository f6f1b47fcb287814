//! The heat grid: every member as a cell in a row, in an order that does not change.
//!
//! The grid follows: only who came, went or looks different is looked at.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use gms::{
    id::{GroupId, MemberId},
    view::Member,
};

use super::{
    changes::{self, Groups, Who},
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
    /// Those for whom removals by silence are paused: places of `cells`, ascending.
    pub held: Vec<Range<usize>>,
}

/// Every row, ordered by label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeatGrid {
    rows: Vec<HeatRow>,
}

impl HeatGrid {
    /// The rows that are shown.
    pub fn shown(&self) -> &[HeatRow] {
        self.rows.get(..HEAT_ROWS_MAX).unwrap_or(&self.rows)
    }

    /// The rows that are not, because there are too many.
    pub fn hidden(&self) -> &[HeatRow] {
        self.rows.get(HEAT_ROWS_MAX..).unwrap_or_default()
    }

    /// The grid of the members that pass, or of all.
    pub(super) fn built(model: &Model, now: Moment, wish: &Wish<'_>, filtered: bool) -> Self {
        let mut rows: BTreeMap<Cow<'_, str>, HeatRow> = BTreeMap::new();
        for (id, group) in &model.groups {
            let mut all: Vec<(_, Option<&Member>, bool)> = group
                .members
                .iter()
                .map(|(name, member)| (name, Some(member.as_ref()), true))
                .collect();
            let ghosts = group.gone.iter().filter(|(name, _)| !group.members.contains_key(*name));
            let living = all.len();
            all.extend(ghosts.map(|(name, gone)| (name, gone.member.as_deref(), false)));
            if all.len() > living {
                all.sort_by(|a, b| a.0.cmp(b.0));
            }
            for (name, member, lives) in all {
                let passes = |member| members::passes(wish.filter, now, id, group, member);
                if filtered && !member.is_some_and(passes) {
                    continue;
                }
                let label = wish.grouping.label(id, member);
                let row = match rows.get_mut(&label) {
                    Some(row) => row,
                    None => rows.entry(label).or_insert_with_key(|label| HeatRow::new(label)),
                };
                row.keys.push(MemberKey { group: id.clone(), id: name.clone() });
                // Somebody gone counts for nothing.
                row.cells.push(if lives { Condition::Ok } else { Condition::Left });
                row.tally.ok += usize::from(lives);
            }
        }
        let mut grid = Self { rows: rows.into_values().collect() };
        // Most members are well; only the others need be looked at one by one.
        for (id, group) in &model.groups {
            for name in special(group) {
                grid.paint(&model.groups, now, wish.grouping, (id, name));
            }
        }
        grid
    }

    /// Takes over who is another or looks different since the grid was brought up to date with
    /// `before`, where nobody is filtered out; false if that are so many that it is better built
    /// anew.
    pub(super) fn follow(
        &mut self,
        before: &Groups,
        after: &Groups,
        now: Moment,
        grouping: &Grouping,
    ) -> bool {
        let changed = changes::between(before, after);
        let listed: usize = self.rows.iter().map(|row| row.keys.len()).sum();
        if changes::are_many(changed.len(), listed) {
            return false;
        }
        let mut edits: BTreeMap<Cow<'_, str>, Edit<'_>> = BTreeMap::new();
        for who in &changed {
            let (from, to) = (label(before, grouping, *who), label(after, grouping, *who));
            if from == to {
                continue;
            }
            if let Some(label) = from {
                edits.entry(label).or_default().out.push(*who);
            }
            if let Some(label) = to {
                edits.entry(label).or_default().put.push(*who);
            }
        }
        for (label, edit) in edits {
            self.edit(&label, &edit);
        }
        for who in changed {
            self.paint(after, now, grouping, who);
        }
        true
    }

    fn edit(&mut self, label: &str, edit: &Edit<'_>) {
        let place = self.place(label).unwrap_or_else(|place| {
            self.rows.insert(place, HeatRow::new(label));
            place
        });
        let Some(row) = self.rows.get_mut(place) else {
            return;
        };
        let out: Vec<usize> = edit.out.iter().filter_map(|who| row.place(*who).ok()).collect();
        let put: Vec<(usize, Who<'_>)> = edit
            .put
            .iter()
            .map(|who| (row.place(*who).unwrap_or_else(|place| place), *who))
            .collect();
        for cell in out.iter().filter_map(|place| row.cells.get(*place)) {
            row.tally.take(*cell);
        }
        // Who comes is counted when its cell gets its look; somebody gone counts for nothing.
        let blank = put.iter().map(|(place, _)| (*place, Condition::Left)).collect();
        let key = |(group, id): Who<'_>| MemberKey { group: group.clone(), id: id.clone() };
        let put = put.into_iter().map(|(place, who)| (place, key(who))).collect();
        changes::splice(&mut row.keys, &out, put);
        changes::splice(&mut row.cells, &out, blank);
        if row.keys.is_empty() {
            self.rows.remove(place);
        }
    }

    /// Gives a cell its look.
    fn paint(&mut self, groups: &Groups, now: Moment, grouping: &Grouping, who: Who<'_>) {
        let looks = || {
            let label = label(groups, grouping, who)?;
            Some((self.place(&label).ok()?, groups.get(who.0)?.condition(now, who.1)?))
        };
        let Some((place, condition)) = looks() else {
            return;
        };
        if let Some(row) = self.rows.get_mut(place)
            && let Ok(place) = row.place(who)
            && let Some(cell) = row.cells.get_mut(place)
        {
            row.tally.take(*cell);
            row.tally.add(condition);
            *cell = condition;
        }
    }

    /// Where the row of a label stands, or where it would.
    fn place(&self, label: &str) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| row.label.as_str().cmp(label))
    }

    /// Marks the members of these groups, which are in order, as ones that cannot be removed by
    /// silence.
    pub(super) fn hold(&mut self, held: &[GroupId]) {
        let shown = self.rows.len().min(HEAT_ROWS_MAX);
        for row in self.rows.iter_mut().take(shown) {
            row.held.clear();
            // Members of one group stand together.
            let first = row.keys.first().map(|key| &key.group);
            let from = held.partition_point(|group| first.is_some_and(|first| group < first));
            for group in held.iter().skip(from) {
                let start = row.keys.partition_point(|key| key.group < *group);
                let end = row.keys.partition_point(|key| key.group <= *group);
                match row.held.last_mut() {
                    _ if start == row.keys.len() => break,
                    Some(last) if last.end == start => last.end = end,
                    _ if start < end => row.held.push(start..end),
                    _ => {}
                }
            }
        }
    }
}

/// What becomes of a row.
#[derive(Default)]
struct Edit<'a> {
    /// Who is in it no more, in order.
    out: Vec<Who<'a>>,
    /// Who is in it from now on, in order.
    put: Vec<Who<'a>>,
}

/// The row in which the grid shows somebody; none if it is neither a member nor just gone.
fn label<'a>(
    groups: &'a Groups,
    grouping: &'a Grouping,
    (of, id): Who<'a>,
) -> Option<Cow<'a, str>> {
    let group = groups.get(of)?;
    let member = match group.members.get(id) {
        Some(member) => Some(member.as_ref()),
        None => group.gone.get(id)?.member.as_deref(),
    };
    Some(grouping.label(of, member))
}

impl HeatRow {
    /// Whether a member is one of the row's.
    pub fn holds(&self, key: &MemberKey) -> bool {
        self.keys.binary_search(key).is_ok()
    }

    /// Whether removals by silence are paused for all members of these cells.
    pub fn is_held(&self, cells: &Range<usize>) -> bool {
        let next = self.held.partition_point(|held| held.end <= cells.start);
        self.held.get(next).is_some_and(|held| held.start <= cells.start && cells.end <= held.end)
    }

    /// How the worst of its members looks.
    pub fn worst(&self) -> Option<Condition> {
        self.cells.iter().copied().max()
    }

    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            keys: Vec::new(),
            cells: Vec::new(),
            tally: Tally::default(),
            held: Vec::new(),
        }
    }

    /// Where a member stands, or where it would.
    fn place(&self, who: Who<'_>) -> Result<usize, usize> {
        self.keys.binary_search_by(|key| (&key.group, &key.id).cmp(&who))
    }
}

/// The members that may look other than well, each once.
fn special(group: &Group) -> impl Iterator<Item = &MemberId> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_held_if_everybody_in_it_is() {
        let row = HeatRow { held: vec![2..5, 7..9], ..HeatRow::new("r1") };
        for held in [2..5, 3..4, 7..9] {
            assert!(row.is_held(&held), "{held:?}");
        }
        for free in [0..1, 1..3, 4..6, 5..7, 4..8, 8..10] {
            assert!(!row.is_held(&free), "{free:?}");
        }
    }
}
