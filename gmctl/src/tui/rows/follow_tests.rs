//! A list that follows is the list that would be built anew.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use gms::{
    api::{Band, Hold, WatchEvent},
    evidence::Cause,
    id::{NodeId, Revision},
    span::Span,
    view::{Change, Left, Member, Removed, View},
};
use proptest::prelude::*;

use super::{
    lists::Rows,
    order::{MemberOrder, Order, Orders, Sorted as _},
    wish::{Grouping, Wish},
};
use crate::{
    facts,
    filter::ast::Filter,
    model::{
        cluster::Model,
        group::MemberKey,
        link::{Stream, StreamNews},
        moment::Moment,
    },
    tui::{
        fixture::{group, id},
        place::Place,
        selection::Selection,
    },
};

const GROUPS: [&str; 3] = ["payments", "search", "x"];
const BANDS: [Band; 5] = [Band::Unknown, Band::Ok, Band::Late, Band::Suspect, Band::Condemned];

#[derive(Debug, Clone, Copy)]
enum Step {
    Join(usize, u64),
    Leave(usize, u64, bool),
    Band(usize, u64, usize, u64),
    Snapshot(usize, u64),
    Hold(usize, bool),
    Later(u64),
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let (g, n) = (0..GROUPS.len(), 0_u64..30);
    prop_oneof![
        4 => (g.clone(), n.clone()).prop_map(|(g, n)| Step::Join(g, n)),
        4 => (g.clone(), n.clone(), any::<bool>()).prop_map(|(g, n, by)| Step::Leave(g, n, by)),
        6 => (g.clone(), n.clone(), 0..BANDS.len(), 1_u64..4)
            .prop_map(|(g, n, band, node)| Step::Band(g, n, band, node)),
        1 => (g.clone(), n).prop_map(|(g, n)| Step::Snapshot(g, n)),
        1 => (g, any::<bool>()).prop_map(|(g, on)| Step::Hold(g, on)),
        2 => (0_u64..70_000).prop_map(Step::Later),
        1 => Just(Step::Forget),
    ]
}

/// A member in one of its lives; from life to life its rack may change.
fn member(n: u64, life: u64) -> Member {
    let mut member = facts::member(&format!("m-{n:02}"), "10.0.0.1:9", life, n % 3 + 1);
    member.tags.insert("rack".to_owned(), format!("r{}", (n + life) % 4));
    member
}

/// A cluster that is told what happens.
struct Told {
    model: Model,
    now: Moment,
    revision: u64,
}

impl Told {
    fn new() -> Self {
        let now = Moment { at: Instant::now() + Duration::from_hours(1), wall_ms: 1_000_000 };
        let mut told = Self { model: Model::default(), now, revision: 1_000 };
        for (g, n) in [(0, 20), (1, 10)] {
            told.take(Step::Snapshot(g, n));
            for n in 0..n {
                told.take(Step::Band(g, n, 1, 1));
            }
        }
        told
    }

    fn known(&self, g: usize, n: u64) -> Option<Member> {
        let group = self.model.groups.get(&group(GROUPS[g]))?;
        Some(group.members.get(&id(&format!("m-{n:02}")))?.as_ref().clone())
    }

    fn change(&mut self, g: usize, fill: impl FnOnce(&mut Change)) {
        let before = self.model.groups.get(&group(GROUPS[g]));
        let from = before.map_or(Revision(0), |group| group.view);
        let after = before.map_or(Revision(0), |group| group.revision);
        let mut change = Change {
            group: group(GROUPS[g]),
            from,
            view: Revision(self.revision),
            revision: Revision(self.revision),
            after,
            at_ms: 0,
            joined: Vec::new(),
            left: Vec::new(),
            removed: Vec::new(),
            updated: Vec::new(),
            away: Vec::new(),
        };
        fill(&mut change);
        self.model.apply_watch(self.now, WatchEvent::Change(change));
    }

    fn take(&mut self, step: Step) {
        self.revision += 1;
        let life = self.revision;
        match step {
            Step::Join(g, n) => {
                self.change(g, |change| change.joined.push(member(n, life)));
            }
            Step::Leave(g, n, by_silence) => {
                let Some(member) = self.known(g, n) else { return };
                let (id, incarnation) = (member.id, member.incarnation);
                self.change(g, |change| {
                    if by_silence {
                        let cause = Cause::Silence;
                        change.removed.push(Removed { id, incarnation, cause, number: None });
                    } else {
                        change.left.push(Left { id, incarnation, reason: None });
                    }
                });
            }
            Step::Band(g, n, band, node) => {
                let member = self.known(g, n).unwrap_or_else(|| member(n, 1));
                let mut report = facts::looks(GROUPS[g], &member, BANDS[band]);
                report.monitor = NodeId(node);
                self.model.apply_liveness(self.now, &report);
            }
            Step::Snapshot(g, n) => {
                let members = (0..n).map(|n| member(n, 100 + n % 2)).collect();
                let view = View {
                    group: group(GROUPS[g]),
                    view: Revision(life),
                    revision: Revision(life),
                    members,
                };
                self.model.apply_watch(self.now, WatchEvent::Snapshot(view));
            }
            Step::Hold(g, on) => {
                let hold = Hold {
                    since: Revision(life),
                    at_ms: 0,
                    lasts: Span::from_millis(3_600_000),
                    reason: "work".to_owned(),
                };
                if let Some(group) = self.model.groups.get_mut(&group(GROUPS[g])) {
                    group.hold = on.then_some(hold);
                }
            }
            Step::Later(millis) => {
                self.now = self.now.later(Duration::from_millis(millis));
                self.model.tidy(self.now);
            }
            Step::Forget => {
                let news = StreamNews::Up { endpoint: "http://a".to_owned(), node: None };
                self.model.apply_link(self.now, Stream::Liveness, &news);
            }
        }
    }
}

/// What is wished for, kept apart from the places and the filter that it borrows.
#[derive(Debug, Clone)]
struct Wished {
    place: Place,
    sort: MemberOrder,
    reverse: bool,
    grouping: Grouping,
    strip: bool,
}

fn wished() -> impl Strategy<Value = Wished> {
    let places = vec![
        Place::Members(None),
        Place::Members(Some(group("payments"))),
        Place::Heat,
        Place::Overview,
    ];
    let groupings = vec![Grouping::Group, Grouping::Monitor, Grouping::Tag("rack".to_owned())];
    let (places, groupings) =
        (proptest::sample::select(places), proptest::sample::select(groupings));
    (
        places,
        proptest::sample::select(MemberOrder::ALL.to_vec()),
        any::<bool>(),
        groupings,
        any::<bool>(),
    )
        .prop_map(|(place, sort, reverse, grouping, strip)| Wished {
            place,
            sort,
            reverse,
            grouping,
            strip,
        })
}

/// The lists of a wish, brought up to date.
fn refresh(rows: &mut Rows, selection: &mut Selection, told: &Told, wished: &Wished, held: bool) {
    let wish = Wish {
        place: &wished.place,
        filter: &Filter::default(),
        orders: Orders {
            members: Order { by: wished.sort, reverse: wished.reverse },
            ..Orders::default()
        },
        grouping: &wished.grouping,
        strip: wished.strip,
        keep_order: held,
        past: None,
    };
    rows.refresh(&told.model, told.now, &wish, selection);
}

fn keys(rows: &Rows) -> Vec<MemberKey> {
    rows.members.iter().cloned().collect()
}

/// While rows keep their places, those that stay do, and who is new comes after them.
fn in_place(before: &[MemberKey], anew: &[MemberKey]) -> Vec<MemberKey> {
    let stays = |key: &&MemberKey| anew.contains(key);
    let is_new = |key: &&MemberKey| !before.contains(key);
    before.iter().filter(stays).chain(anew.iter().filter(is_new)).cloned().collect()
}

proptest! {
    #[test]
    fn a_list_that_follows_is_the_one_built_anew(
        wished in wished(),
        steps in proptest::collection::vec((proptest::collection::vec(step(), 0..4), any::<u8>()), 1..25),
    ) {
        let mut told = Told::new();
        let (mut rows, mut selection) = (Rows::default(), Selection::default());
        refresh(&mut rows, &mut selection, &told, &wished, false);
        for (steps, chance) in steps {
            for step in steps {
                told.take(step);
            }
            let held = chance % 4 == 0;
            let before = keys(&rows);
            refresh(&mut rows, &mut selection, &told, &wished, held);
            let mut anew = Rows::default();
            refresh(&mut anew, &mut Selection::default(), &told, &wished, false);
            if held && !before.is_empty() {
                prop_assert_eq!(keys(&rows), in_place(&before, &keys(&anew)));
            } else {
                prop_assert_eq!(keys(&rows), keys(&anew));
            }
            prop_assert_eq!(rows.members_in_all, anew.members_in_all);
            prop_assert_eq!(&rows.heat, &anew.heat);
            let listed: BTreeSet<MemberKey> = keys(&rows).into_iter().collect();
            prop_assert_eq!(selection.member.is_some(), !listed.is_empty());
            prop_assert!(selection.member.as_ref().is_none_or(|key| listed.contains(key)));
        }
    }
}
