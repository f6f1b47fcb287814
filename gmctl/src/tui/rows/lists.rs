//! All lists, and when each is built anew.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use gms::id::{GroupId, NodeId};

use super::{
    changes::Groups,
    heat::HeatGrid,
    member_list::MemberList,
    members,
    order::{GroupOrder, MemberOrder, NodeOrder, Order},
    passes::{entry_passes, group_passes},
    wish::{Kept, Wish},
};
use crate::{
    model::{
        alarm::{
            finding::{Finding, Severity},
            rules,
        },
        cluster::{Model, Stamp},
        condition::{Condition, Tally},
        correlate::{Share, common_causes},
        group::{Group, MemberKey},
        heard::{Age, Left},
        moment::Moment,
        timeline::{Entry, Moves},
    },
    tui::{place::Place, selection::Selection},
};

/// The most members listed as those that are removed soonest.
const SOONEST_MAX: usize = 100;
/// A cluster of more members than this is large: its lists follow the news once a second.
const LARGE: usize = 5_000;
/// How often the lists of a large cluster follow.
const LARGE_EACH: Duration = Duration::from_secs(1);
/// Comings and goings are counted over this time.
pub const MOVES_WITHIN: Duration = Duration::from_hours(1);

/// A group in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Which.
    pub id: GroupId,
    /// How many of its members look how.
    pub tally: Tally,
    /// Who came and went within [`MOVES_WITHIN`].
    pub moves: Moves,
}

/// What the lists show.
#[derive(Debug, Default)]
pub struct Rows {
    /// The groups.
    pub groups: Vec<GroupRow>,
    /// The members of the place, where it lists members.
    pub members: MemberList,
    /// How many members there are before the filter, where the place lists members.
    pub members_in_all: usize,
    /// Who is silent: those that can be removed soonest first.
    pub silent: Vec<MemberKey>,
    /// How many are silent, listed or not.
    pub silent_in_all: usize,
    /// The nodes.
    pub nodes: Vec<NodeId>,
    /// What happened, newest first.
    pub entries: Vec<Arc<Entry>>,
    /// The heat grid, where it is shown.
    pub heat: HeatGrid,
    /// How many members look how, over all groups.
    pub tally: Tally,
    /// What matters most now.
    pub alarm: Option<Finding>,
    /// What the members in trouble have in common.
    pub causes: Vec<Share>,
    built: Built,
}

/// From what the lists were built.
#[derive(Debug, Default)]
struct Built {
    wish: Option<Kept>,
    members: Option<Version>,
    heat: Option<Version>,
    /// The groups that the members were last brought up to date with: what differs from them is
    /// what changes in the list.
    listed: Option<Groups>,
    /// The same of the heat grid.
    heated: Option<Groups>,
    /// The groups that were held when the heat grid was last marked with them.
    held: Vec<GroupId>,
    causes: Option<Version>,
    entries: Option<u64>,
    moves: Option<(u64, Instant)>,
    moved: BTreeMap<GroupId, Moves>,
}

/// What a list was built from.
#[derive(Debug, Clone, Copy)]
struct Version {
    stamp: Stamp,
    at: Instant,
    members: usize,
}

impl Version {
    fn of(model: &Model, now: Moment) -> Self {
        Self { stamp: model.stamp, at: now.at, members: model.members() }
    }

    /// Whether it is so new that news of a large cluster has to wait. What is mostly missing from it,
    /// as while the first views come in, is no news.
    fn waits(self, model: &Model, now: Moment) -> bool {
        let members = model.members();
        members > LARGE && self.members > members / 2 && now.since(self.at) < LARGE_EACH
    }

    /// Whether the same members look the same.
    fn is_of(self, model: &Model) -> bool {
        (self.stamp.shape, self.stamp.bands) == (model.stamp.shape, model.stamp.bands)
    }
}

impl Rows {
    /// Brings everything up to date, and the selection with it.
    pub fn refresh(
        &mut self,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        selection: &mut Selection,
    ) {
        let kept = Kept::of(wish);
        if self.built.wish.as_ref() != Some(&kept) {
            // From one moment of the past to another much is the same.
            let alike = self.built.wish.as_ref().is_some_and(|wish| wish.is_but_for_moment(&kept));
            let listed = self.built.listed.take().filter(|_| alike);
            let heated = self.built.heated.take().filter(|_| alike);
            self.built = Built { wish: Some(kept), listed, heated, ..Built::default() };
        }
        self.tally = model.tally();
        let nodes = nodes(model, wish);
        selection.follow_nodes(&self.nodes, &nodes);
        self.nodes = nodes;
        self.refresh_groups(model, now, wish, selection);
        self.refresh_silent(model, now, selection);
        self.refresh_entries(model, now, wish, selection);
        self.refresh_causes(model, now);
        self.alarm = Some(rules::most_important(model, now, &self.causes));
        if matches!(wish.place, Place::Members(_) | Place::Cell(_)) {
            self.refresh_members(model, now, wish, selection);
        } else {
            self.members = MemberList::default();
            self.built.members = None;
            self.built.listed = None;
        }
        if wish.strip || matches!(wish.place, Place::Overview | Place::Heat) {
            self.refresh_heat(model, now, wish, selection);
        } else {
            self.heat = HeatGrid::default();
            self.built.heat = None;
            self.built.heated = None;
        }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.alarm.as_ref().map_or(Severity::Well, |finding| finding.severity)
    }

    fn refresh_groups(
        &mut self,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        selection: &mut Selection,
    ) {
        let written = model.timeline.written();
        let outdated = self
            .built
            .moves
            .is_none_or(|(at, when)| at != written || now.since(when) > Duration::from_mins(1));
        if outdated {
            let within = crate::model::moment::whole_millis(MOVES_WITHIN);
            self.built.moved = model.timeline.moves(now.wall_ms.saturating_sub(within));
            self.built.moves = Some((written, now.at));
        }
        let groups = groups(model, now, wish, &self.built.moved);
        let ids = |rows: &[GroupRow]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
        selection.follow_groups(&ids(&self.groups), &ids(&groups));
        self.groups = groups;
    }

    fn refresh_silent(&mut self, model: &Model, now: Moment, selection: &mut Selection) {
        let mut list = silent(model, now);
        self.silent_in_all = list.len();
        list.truncate(SOONEST_MAX);
        selection.follow_silent(&self.silent, &list);
        self.silent = list;
    }

    fn refresh_entries(
        &mut self,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        selection: &mut Selection,
    ) {
        let written = model.timeline.written();
        // Observations alike are counted into the last entry, which is then another.
        let last = self.entries.first();
        let same = self.built.entries == Some(written)
            && match (last, model.timeline.entries().last()) {
                (Some(shown), Some(known)) => Arc::ptr_eq(shown, known),
                (None, None) => true,
                _ => !wish.filter.is_empty() && *wish.place == Place::Timeline,
            };
        let ages = *wish.place == Place::Timeline && wish.filter.asks_age();
        if same && !ages {
            return;
        }
        let entries = entries(model, now, wish);
        let keys = |list: &[Arc<Entry>]| list.iter().map(|entry| entry.key).collect::<Vec<_>>();
        selection.follow_entries(&keys(&self.entries), &keys(&entries));
        self.entries = entries;
        self.built.entries = Some(written);
    }

    fn refresh_causes(&mut self, model: &Model, now: Moment) {
        if !stands(self.built.causes, model, now, false) {
            self.causes = common_causes(model, now);
            self.built.causes = Some(Version::of(model, now));
        }
    }

    fn refresh_members(
        &mut self,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        selection: &mut Selection,
    ) {
        let by_reports = matches!(
            wish.orders.members.by,
            MemberOrder::Age | MemberOrder::RoundTrip | MemberOrder::Misses | MemberOrder::Left
        );
        // A filter may ask for an age, and ages go on by themselves.
        let volatile = by_reports || !wish.filter.is_empty();
        if stands(self.built.members, model, now, volatile) {
            return;
        }
        let stood = selection.place_of_member(&self.members);
        let listed = self.built.listed.as_ref();
        if !listed.is_some_and(|before| self.members.follow(before, model, now, wish)) {
            let before = std::mem::take(&mut self.members);
            self.members = members::list(model, now, wish, wish.keep_order.then_some(&before));
        }
        selection.follow_members(stood, &self.members);
        self.members_in_all = members::in_all(model, wish);
        self.built.listed = Some(model.groups.clone());
        // While rows keep their places the order is not the one that was wished for.
        let is_final = !wish.keep_order || model.members() > LARGE;
        self.built.members = is_final.then(|| Version::of(model, now));
    }

    fn refresh_heat(
        &mut self,
        model: &Model,
        now: Moment,
        wish: &Wish<'_>,
        selection: &mut Selection,
    ) {
        let filtered = *wish.place == Place::Heat && !wish.filter.is_empty();
        let held = |(id, group): (&GroupId, &Group)| group.hold.is_some().then(|| id.clone());
        let held: Vec<GroupId> = model.groups.iter().filter_map(held).collect();
        let is_old = !stands(self.built.heat, model, now, filtered);
        if is_old {
            let heated = self.built.heated.as_ref().filter(|_| !filtered);
            let groups = &model.groups;
            if !heated.is_some_and(|was| self.heat.follow(was, groups, now, wish.grouping)) {
                self.heat = HeatGrid::built(model, now, wish, filtered);
            }
            selection.follow_cell(self.heat.shown());
            self.built.heat = Some(Version::of(model, now));
            self.built.heated = Some(model.groups.clone());
        }
        if is_old || held != self.built.held {
            self.heat.hold(&held);
            self.built.held = held;
        }
    }
}

/// Whether a list still fits the model, or news has to wait.
fn stands(built: Option<Version>, model: &Model, now: Moment, volatile: bool) -> bool {
    built.is_some_and(|of| (of.is_of(model) && !volatile) || of.waits(model, now))
}

fn groups(
    model: &Model,
    now: Moment,
    wish: &Wish<'_>,
    moved: &BTreeMap<GroupId, Moves>,
) -> Vec<GroupRow> {
    let filter_applies = *wish.place == Place::Groups;
    let mut rows: Vec<GroupRow> = model
        .groups
        .iter()
        .filter(|(_, group)| group.is_told)
        .filter(|(id, group)| !filter_applies || group_passes(wish.filter, now, id, group))
        .map(|(id, group)| GroupRow {
            id: id.clone(),
            tally: group.tally(),
            moves: moved.get(id).copied().unwrap_or_default(),
        })
        .collect();
    // The overview shows the worst first, whatever their own screen is sorted by.
    let order = if filter_applies { wish.orders.groups } else { Order::<GroupOrder>::default() };
    order.sort(&mut rows, |row| model.groups.get(&row.id));
    rows
}

fn nodes(model: &Model, wish: &Wish<'_>) -> Vec<NodeId> {
    let on_its_own = *wish.place == Place::Nodes;
    let order = if on_its_own { wish.orders.nodes } else { Order::<NodeOrder>::default() };
    let mut nodes: Vec<_> = model.nodes.values().map(|node| node.status.as_ref()).collect();
    order.sort(&mut nodes);
    nodes.into_iter().map(|node| node.id).collect()
}

/// The worst condition first; then who can be removed soonest, of those of whom that is known.
type Urgency = (Reverse<Condition>, bool, Option<Left>, Reverse<Duration>);

fn silent(model: &Model, now: Moment) -> Vec<MemberKey> {
    let mut list: Vec<(Urgency, MemberKey)> = Vec::new();
    let silent = |group: &Group| group.tally().late + group.tally().suspect > 0;
    for (id, group) in model.groups.iter().filter(|(_, group)| silent(group)) {
        for name in group.unwell() {
            let Some(member) = group.members.get(name) else {
                continue;
            };
            let heard = group.heard_of(member);
            let condition = group.standing_of(member, heard);
            if condition >= Condition::Late {
                let age = match heard.map(|heard| group.age_of(now, heard)) {
                    Some(Age::Known(age)) => age,
                    _ => Duration::ZERO,
                };
                let key = MemberKey { group: id.clone(), id: name.clone() };
                let left = heard.and_then(|heard| group.left_of(now, member, heard));
                list.push(((Reverse(condition), left.is_none(), left, Reverse(age)), key));
            }
        }
    }
    list.sort();
    list.into_iter().map(|(_, key)| key).collect()
}

fn entries(model: &Model, now: Moment, wish: &Wish<'_>) -> Vec<Arc<Entry>> {
    let filter_applies = *wish.place == Place::Timeline && !wish.filter.is_empty();
    model
        .timeline
        .entries()
        .iter()
        .rev()
        .filter(|entry| !filter_applies || entry_passes(wish.filter, now, entry))
        .cloned()
        .collect()
}
