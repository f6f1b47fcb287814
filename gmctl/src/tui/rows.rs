//! What the lists show: filtered, sorted, counted. Derived from the model when something changed,
//! before a frame and before a key, so that drawing costs only what fits on the screen and a key
//! always acts on what is shown.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

use gms::{
    id::{GroupId, NodeId},
    view::Member,
};

use crate::{
    filter::{ast::Filter, eval::Facts},
    model::{
        alarm::{self, Finding, Severity},
        cluster::Model,
        condition::{Condition, Tally},
        group::{Age, Group, MemberKey},
        moment::{Moment, whole_millis},
        timeline::Entry,
    },
    tui::place::Place,
};

/// The most rows of the heat grid: a tag with more values than this tells little.
pub const HEAT_ROWS_MAX: usize = 200;
/// The most members listed as silent longest.
const SILENT_MAX: usize = 100;

/// By what members are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortColumn {
    /// Worst condition first, then longest silence.
    #[default]
    State,
    /// By group and id.
    Id,
    /// Longest silence first.
    Age,
    /// Slowest round trip first.
    RoundTrip,
    /// Most misses first.
    Misses,
    /// By the node that watches.
    Monitor,
    /// Newest life first.
    Joined,
}

impl SortColumn {
    /// The next column, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            SortColumn::State => SortColumn::Id,
            SortColumn::Id => SortColumn::Age,
            SortColumn::Age => SortColumn::RoundTrip,
            SortColumn::RoundTrip => SortColumn::Misses,
            SortColumn::Misses => SortColumn::Monitor,
            SortColumn::Monitor => SortColumn::Joined,
            SortColumn::Joined => SortColumn::State,
        }
    }

    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            SortColumn::State => "state",
            SortColumn::Id => "id",
            SortColumn::Age => "age",
            SortColumn::RoundTrip => "rtt",
            SortColumn::Misses => "misses",
            SortColumn::Monitor => "monitor",
            SortColumn::Joined => "joined",
        }
    }
}

/// By what the heat grid is grouped.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grouping {
    /// By group.
    #[default]
    Group,
    /// By the node that watches.
    Monitor,
    /// By the value of a tag.
    Tag(String),
}

impl Grouping {
    /// The word on the screen.
    pub fn as_str(&self) -> &str {
        match self {
            Grouping::Group => "group",
            Grouping::Monitor => "monitor",
            Grouping::Tag(key) => key,
        }
    }

    fn label(&self, group: &GroupId, member: &Member) -> String {
        match self {
            Grouping::Group => group.to_string(),
            Grouping::Monitor => {
                member.monitor.map_or("-".to_owned(), |node| format!("node {node}"))
            }
            Grouping::Tag(key) => member.tags.get(key).cloned().unwrap_or_else(|| "-".to_owned()),
        }
    }
}

/// What decides which rows there are.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The screen.
    pub place: &'a Place,
    /// What narrows the rows.
    pub filter: &'a Filter,
    /// By what members are sorted.
    pub sort: SortColumn,
    /// The other way round.
    pub reverse: bool,
    /// By what the heat grid is grouped.
    pub grouping: &'a Grouping,
    /// The rows shown before, if their order shall be kept.
    pub keep_order: Option<&'a [MemberKey]>,
}

/// A group in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Which.
    pub id: GroupId,
    /// How many of its members look how.
    pub tally: Tally,
    /// Members removed within the last minute.
    pub removed: usize,
}

/// A row of the heat grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// What its members have in common.
    pub label: String,
    /// Its members, in an order that does not change.
    pub cells: Vec<Condition>,
    /// How many of them look how.
    pub tally: Tally,
}

/// What the lists show.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The groups, worst first.
    pub groups: Vec<GroupRow>,
    /// The members of the place, where it lists members.
    pub members: Vec<MemberKey>,
    /// How many members there are before the filter, where the place lists members.
    pub members_in_all: usize,
    /// Who is silent longest.
    pub silent: Vec<MemberKey>,
    /// The nodes, by id.
    pub nodes: Vec<NodeId>,
    /// What happened, newest first.
    pub entries: Vec<Arc<Entry>>,
    /// The heat grid, where it is shown.
    pub heat: Vec<HeatRow>,
    /// Rows of the heat grid beyond [`HEAT_ROWS_MAX`].
    pub heat_hidden: usize,
    /// How many members look how, over all groups.
    pub tally: Tally,
    /// What matters most now.
    pub alarm: Option<Finding>,
}

impl Rows {
    /// Derives everything anew.
    pub fn of(model: &Model, now: Moment, wish: &Wish<'_>) -> Self {
        let mut rows = Rows {
            groups: groups(model, now, wish),
            silent: silent(model, now),
            nodes: model.nodes.keys().copied().collect(),
            entries: entries(model, wish),
            tally: model.tally(now),
            alarm: Some(alarm::most_important(model, now)),
            ..Rows::default()
        };
        match wish.place {
            Place::Members(scope) => {
                (rows.members, rows.members_in_all) = members(model, now, scope.as_ref(), wish);
            }
            Place::Overview | Place::Heat => {
                let filter_applies = *wish.place == Place::Heat;
                (rows.heat, rows.heat_hidden) = heat(model, now, wish, filter_applies);
            }
            _ => {}
        }
        rows
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.alarm.as_ref().map_or(Severity::Well, |finding| finding.severity)
    }
}

fn groups(model: &Model, now: Moment, wish: &Wish<'_>) -> Vec<GroupRow> {
    let filter_applies = *wish.place == Place::Groups;
    let mut rows: Vec<GroupRow> = model
        .groups
        .iter()
        .filter(|(_, group)| group.view.0 > 0 || !group.members.is_empty())
        .filter(|(id, _)| {
            !filter_applies || wish.filter.passes(&bare_facts(id.as_str(), id.as_str()))
        })
        .map(|(id, group)| GroupRow {
            id: id.clone(),
            tally: group.tally(now),
            removed: group.gone.values().filter(|gone| gone.cause.is_some()).count(),
        })
        .collect();
    rows.sort_by_key(|row| {
        (Reverse((row.tally.suspect, row.tally.late, row.tally.total())), row.id.clone())
    });
    rows
}

fn silent(model: &Model, now: Moment) -> Vec<MemberKey> {
    let mut list: Vec<(Condition, Duration, MemberKey)> = Vec::new();
    for (id, group) in &model.groups {
        for (name, member) in &group.members {
            let Some(condition) = group.condition(now, name) else {
                continue;
            };
            if condition >= Condition::Late {
                let age = match group.age(now, member) {
                    Age::Known(age) => age,
                    Age::Below(_) | Age::Unknown => Duration::ZERO,
                };
                list.push((condition, age, MemberKey { group: id.clone(), id: name.clone() }));
            }
        }
    }
    list.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.cmp(&b.2)));
    list.into_iter().take(SILENT_MAX).map(|(_, _, key)| key).collect()
}

fn entries(model: &Model, wish: &Wish<'_>) -> Vec<Arc<Entry>> {
    let filter_applies = *wish.place == Place::Timeline && !wish.filter.is_empty();
    model
        .timeline
        .entries()
        .iter()
        .rev()
        .filter(|entry| {
            if !filter_applies {
                return true;
            }
            let text = entry.what.text();
            let word = entry.what.word();
            let facts = Facts {
                address: &text,
                states: &[word],
                ..bare_facts(
                    entry.what.member().map_or(word, |id| id.as_str()),
                    entry.what.group().map_or("", |id| id.as_str()),
                )
            };
            wish.filter.passes(&facts)
        })
        .cloned()
        .collect()
}

fn bare_facts<'a>(id: &'a str, group: &'a str) -> Facts<'a> {
    Facts {
        id,
        group,
        address: "",
        states: &[],
        kind: None,
        monitor: None,
        witness: None,
        misses: None,
        incarnation: 0,
        age_us: None,
        rtt_us: None,
        tags: None,
    }
}

/// Whether the filter lets a member of a group pass.
fn passes(filter: &Filter, now: Moment, id: &GroupId, group: &Group, member: &Member) -> bool {
    if filter.is_empty() {
        return true;
    }
    let heard = group.heard_of(member);
    let condition = group.condition(now, &member.id).unwrap_or(Condition::Unknown);
    let band = heard.map_or(Condition::Unknown, |heard| heard.band.into());
    let states = [condition.as_str(), band.as_str(), member.state.as_str()];
    let age_us = match group.age(now, member) {
        Age::Known(age) => Some(whole_millis(age).saturating_mul(1_000)),
        Age::Below(_) | Age::Unknown => None,
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
        rtt_us: heard.and_then(|heard| heard.rtt_us),
        tags: Some(&member.tags),
    })
}

/// The groups a place is about.
fn scoped<'a>(
    model: &'a Model,
    scope: Option<&'a GroupId>,
) -> impl Iterator<Item = (&'a GroupId, &'a Group)> {
    model.groups.iter().filter(move |(id, _)| scope.is_none_or(|scope| scope == *id))
}

type SortKey = (Reverse<u64>, Reverse<u64>, MemberKey);

fn members(
    model: &Model,
    now: Moment,
    scope: Option<&GroupId>,
    wish: &Wish<'_>,
) -> (Vec<MemberKey>, usize) {
    let mut in_all = 0;
    let mut list: Vec<SortKey> = Vec::new();
    for (id, group) in scoped(model, scope) {
        in_all += group.members.len();
        for member in group.members.values() {
            if passes(wish.filter, now, id, group, member) {
                let (first, second) = weight(wish.sort, now, group, member);
                let key = MemberKey { group: id.clone(), id: member.id.clone() };
                list.push((Reverse(first), Reverse(second), key));
            }
        }
    }
    list.sort();
    if wish.reverse {
        list.reverse();
    }
    let fresh = list.into_iter().map(|(_, _, key)| key);
    let rows = match wish.keep_order {
        None => fresh.collect(),
        Some(before) => in_order_of(before, &fresh.collect::<Vec<_>>()),
    };
    (rows, in_all)
}

/// The same rows, those shown before in the order they had, new ones after them.
fn in_order_of(before: &[MemberKey], fresh: &[MemberKey]) -> Vec<MemberKey> {
    let mut still: std::collections::BTreeSet<&MemberKey> = fresh.iter().collect();
    let mut rows: Vec<MemberKey> = Vec::with_capacity(fresh.len());
    for key in before {
        if still.remove(key) {
            rows.push(key.clone());
        }
    }
    rows.extend(fresh.iter().filter(|key| still.contains(key)).cloned());
    rows
}

/// What puts a member further up: the greater first.
fn weight(sort: SortColumn, now: Moment, group: &Group, member: &Member) -> (u64, u64) {
    let age = || match group.age(now, member) {
        Age::Known(age) => whole_millis(age),
        Age::Below(_) | Age::Unknown => 0,
    };
    let heard = group.heard_of(member);
    match sort {
        SortColumn::State => {
            // Members that are well keep to the order of their names, whatever their age.
            match group.condition(now, &member.id) {
                Some(Condition::Condemned) => (5, age()),
                Some(Condition::Suspect) => (4, age()),
                Some(Condition::Late) => (3, age()),
                Some(Condition::Away) => (2, 0),
                Some(Condition::Unknown) => (1, 0),
                _ => (0, 0),
            }
        }
        SortColumn::Id => (0, 0),
        SortColumn::Age => (age(), 0),
        SortColumn::RoundTrip => (heard.and_then(|heard| heard.rtt_us).unwrap_or_default(), 0),
        SortColumn::Misses => (heard.map_or(0, |heard| u64::from(heard.misses)), age()),
        SortColumn::Monitor => (u64::MAX - member.monitor.map_or(u64::MAX, |node| node.0), 0),
        SortColumn::Joined => (member.incarnation.0, 0),
    }
}

fn heat(
    model: &Model,
    now: Moment,
    wish: &Wish<'_>,
    filter_applies: bool,
) -> (Vec<HeatRow>, usize) {
    let mut rows: BTreeMap<String, HeatRow> = BTreeMap::new();
    for (id, group) in &model.groups {
        let gone = group
            .gone
            .iter()
            .filter(|(name, _)| !group.members.contains_key(*name))
            .filter_map(|(name, gone)| Some((name, gone.member.as_ref()?)));
        let mut all: Vec<_> = group.members.iter().chain(gone).collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        for (name, member) in all {
            if filter_applies && !passes(wish.filter, now, id, group, member) {
                continue;
            }
            let Some(condition) = group.condition(now, name) else {
                continue;
            };
            let label = wish.grouping.label(id, member);
            let row = rows.entry(label.clone()).or_insert_with(|| HeatRow {
                label,
                cells: Vec::new(),
                tally: Tally::default(),
            });
            row.cells.push(condition);
            row.tally.add(condition);
        }
    }
    let hidden = rows.len().saturating_sub(HEAT_ROWS_MAX);
    (rows.into_values().take(HEAT_ROWS_MAX).collect(), hidden)
}

/// The groupings that make sense now: by group, by monitor, and by each tag that is in use.
pub fn groupings(model: &Model) -> Vec<Grouping> {
    let mut tags: Vec<&str> = model
        .groups
        .values()
        .flat_map(|group| group.members.values())
        .flat_map(|member| member.tags.keys().map(String::as_str))
        .collect();
    tags.sort_unstable();
    tags.dedup();
    [Grouping::Group, Grouping::Monitor]
        .into_iter()
        .chain(tags.into_iter().take(20).map(|tag| Grouping::Tag(tag.to_owned())))
        .collect()
}
