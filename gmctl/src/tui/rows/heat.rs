//! The heat grid: every member as a cell in a row, in an order that does not change.
//!
//! The rows follow when members come or go: only who did is looked at. When only their looks change,
//! the cells are painted anew, which costs no more than there are members that are not well.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use gms::{id::MemberId, view::Member};

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
    /// Whether removals by silence are paused for all of them.
    pub held: bool,
    /// How many of them are members.
    living: usize,
    /// The cells that do not look well.
    marked: Vec<usize>,
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

    /// How many rows are not, because there are too many.
    pub fn hidden(&self) -> usize {
        self.rows.len().saturating_sub(HEAT_ROWS_MAX)
    }

    /// The grid, its cells not painted yet.
    pub(super) fn built(model: &Model, now: Moment, wish: &Wish<'_>, filtered: bool) -> Self {
        let mut rows: BTreeMap<Cow<'_, str>, HeatRow> = BTreeMap::new();
        for (id, group) in &model.groups {
            let mut all: Vec<_> =
                group.members.iter().map(|(name, member)| (name, member, true)).collect();
            let ghosts = group.gone.iter().filter(|(name, _)| !group.members.contains_key(*name));
            let living = all.len();
            all.extend(
                ghosts.filter_map(|(name, gone)| Some((name, gone.member.as_ref()?, false))),
            );
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
            }
        }
        Self { rows: rows.into_values().collect() }
    }

    /// Takes over who is another since the grid was brought up to date with `before`, where nobody
    /// is filtered out; false if that are so many that it is better built anew.
    pub(super) fn follow(&mut self, before: &Groups, after: &Groups, grouping: &Grouping) -> bool {
        let changed = changes::between(before, after);
        let listed: usize = self.rows.iter().map(|row| row.keys.len()).sum();
        if changes::are_many(changed.len(), listed) {
            return false;
        }
        let mut edits: BTreeMap<Cow<'_, str>, Edit<'_>> = BTreeMap::new();
        for who in changed {
            let (was, is) = (seen(before, who), seen(after, who));
            let label = |(member, _)| grouping.label(who.0, member);
            let (from, to) = (was.map(label), is.map(label));
            let moves = from != to;
            if let Some(label) = from {
                let edit = edits.entry(label).or_default();
                edit.dead += usize::from(was.is_some_and(|(_, lives)| lives));
                edit.out.extend(moves.then_some(who));
            }
            if let Some(label) = to {
                let edit = edits.entry(label).or_default();
                edit.born += usize::from(is.is_some_and(|(_, lives)| lives));
                edit.put.extend(moves.then_some(who));
            }
        }
        for (label, edit) in edits {
            self.edit(&label, &edit);
        }
        true
    }

    fn edit(&mut self, label: &str, edit: &Edit<'_>) {
        let place = match self.rows.binary_search_by(|row| row.label.as_str().cmp(label)) {
            Ok(place) => place,
            Err(place) => {
                self.rows.insert(place, HeatRow::new(label));
                place
            }
        };
        let Some(row) = self.rows.get_mut(place) else {
            return;
        };
        let out: Vec<usize> = edit.out.iter().filter_map(|who| row.place(*who).ok()).collect();
        let put = edit.put.iter().map(|(group, id)| {
            let place = row.place((group, id)).unwrap_or_else(|place| place);
            (place, MemberKey { group: (*group).clone(), id: (*id).clone() })
        });
        let put = put.collect();
        changes::splice(&mut row.keys, &out, put);
        // As many may stand in it as before, and yet not the same.
        row.cells.clear();
        row.living = (row.living + edit.born).saturating_sub(edit.dead);
        if row.keys.is_empty() {
            self.rows.remove(place);
        }
    }

    /// Marks the rows of whose members nobody can be removed by silence.
    pub(super) fn hold(&mut self, groups: &Groups) {
        let is_held = |key: &MemberKey| groups.get(&key.group).is_some_and(|g| g.hold.is_some());
        let any = groups.values().any(|group| group.hold.is_some());
        for row in &mut self.rows {
            let mut left = row.keys.as_slice();
            row.held = any;
            while row.held
                && let Some(first) = left.first()
            {
                row.held = is_held(first);
                let next = left.partition_point(|key| key.group == first.group);
                left = left.get(next..).unwrap_or_default();
            }
        }
    }

    /// Gives every cell its look.
    pub(super) fn paint(&mut self, model: &Model, now: Moment, grouping: &Grouping) {
        let shown = self.rows.len().min(HEAT_ROWS_MAX);
        paint(self.rows.get_mut(..shown).unwrap_or_default(), model, now, grouping);
    }
}

/// What becomes of a row.
#[derive(Default)]
struct Edit<'a> {
    /// Who is in it no more, in order.
    out: Vec<Who<'a>>,
    /// Who is in it from now on, in order.
    put: Vec<Who<'a>>,
    /// How many of those that changed were members.
    dead: usize,
    /// How many are.
    born: usize,
}

/// Whom the grid shows under a name, and whether it is a member.
fn seen<'a>(groups: &'a Groups, (group, id): Who<'_>) -> Option<(&'a Member, bool)> {
    let group = groups.get(group)?;
    match group.members.get(id) {
        Some(member) => Some((member, true)),
        None => Some((group.gone.get(id)?.member.as_deref()?, false)),
    }
}

impl HeatRow {
    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            keys: Vec::new(),
            cells: Vec::new(),
            tally: Tally::default(),
            held: false,
            living: 0,
            marked: Vec::new(),
        }
    }

    /// Every cell looks well.
    fn wipe(&mut self) {
        if self.cells.len() == self.keys.len() {
            let cells = &mut self.cells;
            for place in self.marked.drain(..) {
                cells.get_mut(place).into_iter().for_each(|cell| *cell = Condition::Ok);
            }
        } else {
            self.marked.clear();
            self.cells.clear();
            self.cells.resize(self.keys.len(), Condition::Ok);
        }
        self.tally = Tally { ok: self.living, ..Tally::default() };
    }

    /// Where a member stands, or where it would.
    fn place(&self, who: Who<'_>) -> Result<usize, usize> {
        self.keys.binary_search_by(|key| (&key.group, &key.id).cmp(&who))
    }
}

fn paint(rows: &mut [HeatRow], model: &Model, now: Moment, grouping: &Grouping) {
    rows.iter_mut().for_each(HeatRow::wipe);
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
            let Ok(place) = row.place((id, name)) else {
                continue;
            };
            if let Some(cell) = row.cells.get_mut(place) {
                *cell = condition;
                row.marked.push(place);
            }
            if !condition.is_gone() {
                row.tally.take(Condition::Ok);
                row.tally.add(condition);
            }
        }
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
