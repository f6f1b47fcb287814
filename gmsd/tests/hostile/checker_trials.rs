//! The checker itself on trial: a history without fault passes, and each fault is found. These run
//! everywhere.

use std::time::{Duration, Instant};

use gms::{
    api::WatchEvent,
    evidence::Cause,
    id::{Incarnation, Revision},
    liveness::{Kind, Liveness},
    view::{Change, Member, MemberState, Removed, Tags, View},
};
use libtest_mimic::{Failed, Trial};

use super::{
    checker::check,
    record::{Death, Histories, Sight, Sighting},
    world::{GROUP, PATIENCE},
};

/// What is seen in one trial, and the word by which the checker must name the fault.
type Case = (&'static str, fn() -> Histories, Option<&'static str>);

const CASES: [Case; 13] = [
    ("a_death_in_time", || story(&[1, 2], 6, true), None),
    ("a_false_removal", || story(&[1, 2], 6, false), Some("G4")),
    ("a_late_removal", late, Some("G3")),
    ("a_death_not_shown_by_one_node", || story(&[1], 6, true), Some("G3")),
    ("a_gap", gap, Some("G1")),
    ("a_view_that_differs", differing, Some("G2")),
    ("a_life_beside_another", doubled, Some("G5")),
    ("nodes_that_end_apart", apart, Some("end")),
    ("a_place_kept_and_taken", || kept(5, true), None),
    ("a_view_for_a_place_that_is_kept", || kept(6, true), Some("G1")),
    ("a_living_member_called_away", || kept(5, false), Some("G4")),
    ("a_place_taken_from_the_living", taken, Some("G5")),
    ("a_place_that_differs", other_place, Some("G2")),
];

/// All of them.
pub(crate) fn all() -> Vec<Trial> {
    CASES
        .into_iter()
        .map(|(name, story, fault)| {
            Trial::test(format!("checker::{name}"), move || judge(&story(), fault))
        })
        .collect()
}

fn judge(histories: &Histories, fault: Option<&str>) -> Result<(), Failed> {
    let violations = check(histories).violations;
    let as_expected = match fault {
        None => violations.is_empty(),
        Some(word) => violations.iter().any(|what| what.contains(word)),
    };
    if as_expected { Ok(()) } else { Err(format!("expected {fault:?}: {violations:?}").into()) }
}

fn member(id: &str, incarnation: u64) -> Member {
    Member {
        id: id.parse().unwrap(),
        address: "10.77.1.1:1".parse().unwrap(),
        incarnation: Incarnation(incarnation),
        monitor: None,
        witness: None,
        liveness: Liveness::of(Kind::Udp),
        tags: Tags::new(),
        state: MemberState::Active,
        instance: None,
        hold: None,
    }
}

fn snapshot(view: u64, members: Vec<Member>) -> Sight {
    let view = Revision(view);
    let view = View { group: GROUP.parse().unwrap(), view, revision: view, members };
    Sight::Event(WatchEvent::Snapshot(view))
}

fn change(from: u64, view: u64, joined: Vec<Member>, removed: &[(&str, u64)]) -> Sight {
    let removed = removed.iter().map(|(id, incarnation)| Removed {
        id: id.parse().unwrap(),
        incarnation: Incarnation(*incarnation),
        cause: Cause::Fin,
        number: None,
    });
    Sight::Event(WatchEvent::Change(Change {
        group: GROUP.parse().unwrap(),
        from: Revision(from),
        view: Revision(view),
        revision: Revision(view),
        after: Revision(from),
        at_ms: 0,
        joined,
        left: Vec::new(),
        removed: removed.collect(),
        updated: Vec::new(),
        away: Vec::new(),
    }))
}

/// Two watchers open with members a and b; then these nodes show that a went; it had died, or not.
fn story(shown_by: &[u64], view: u64, died: bool) -> Histories {
    let at = Instant::now();
    let mut histories = Histories::default();
    let mut see = |node, after_ms, what| {
        let at = at + Duration::from_millis(after_ms);
        histories.sightings.push(Sighting { node, at, what });
    };
    for node in [1, 2] {
        see(node, 0, Sight::Opened { resumed: false });
        see(node, 0, snapshot(5, vec![member("a", 4), member("b", 5)]));
    }
    for node in shown_by {
        see(*node, 300, change(5, view, Vec::new(), &[("a", 4)]));
    }
    if died {
        histories.deaths.push(Death {
            id: "a".parse().unwrap(),
            incarnation: Incarnation(4),
            at: at + Duration::from_millis(50),
            bound: Duration::from_millis(500),
            shown_by: vec![1, 2],
        });
    }
    histories
}

fn and(mut histories: Histories, node: u64, what: Sight) -> Histories {
    histories.sightings.push(Sighting { node, at: Instant::now(), what });
    histories
}

fn late() -> Histories {
    let mut histories = story(&[1, 2], 6, true);
    histories.deaths[0].bound = Duration::from_millis(100);
    histories
}

fn gap() -> Histories {
    and(story(&[1, 2], 6, true), 1, change(7, 8, vec![member("c", 8)], &[]))
}

fn differing() -> Histories {
    let histories = and(story(&[1, 2], 6, true), 1, change(6, 8, vec![member("c", 8)], &[]));
    and(histories, 2, change(6, 8, vec![member("d", 8)], &[]))
}

fn doubled() -> Histories {
    and(story(&[1, 2], 6, true), 1, change(6, 8, vec![member("b", 8)], &[]))
}

fn apart() -> Histories {
    and(story(&[1, 2], 6, true), 1, change(6, 8, vec![member("c", 8)], &[]))
}

/// A static member goes away and its next life takes the place, on both watchers.
fn kept(view: u64, died: bool) -> Histories {
    let mut histories = story(&[], 6, died);
    for death in &mut histories.deaths {
        death.at -= Duration::from_secs(1);
        death.bound = PATIENCE;
    }
    for node in [1, 2] {
        histories = and(histories, node, placed(view, 6, 5, away(4), Some(4)));
        histories = and(histories, node, placed(view, 7, 6, member("a", 7), None));
    }
    histories
}

fn taken() -> Histories {
    and(story(&[], 6, true), 1, placed(5, 6, 5, member("a", 6), None))
}

fn other_place() -> Histories {
    let histories = and(story(&[], 6, true), 1, placed(5, 6, 5, away(4), Some(4)));
    and(histories, 2, placed(5, 6, 5, member("a", 6), Some(4)))
}

fn away(incarnation: u64) -> Member {
    Member { state: MemberState::Away, ..member("a", incarnation) }
}

/// The place of a is given to this life, or to nobody; the life that ends by it.
fn placed(view: u64, revision: u64, after: u64, updated: Member, ended: Option<u64>) -> Sight {
    let away = ended.map(|incarnation| Removed {
        id: updated.id.clone(),
        incarnation: Incarnation(incarnation),
        cause: Cause::Fin,
        number: None,
    });
    Sight::Event(WatchEvent::Change(Change {
        group: GROUP.parse().unwrap(),
        from: Revision(5),
        view: Revision(view),
        revision: Revision(revision),
        after: Revision(after),
        at_ms: 0,
        joined: Vec::new(),
        left: Vec::new(),
        removed: Vec::new(),
        updated: vec![updated],
        away: away.into_iter().collect(),
    }))
}
