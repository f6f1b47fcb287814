//! What a hold keeps from happening, while it lasts and after it.

use gms::{
    api::Band,
    evidence::{Cause, Verdict},
    span::Span,
};

use super::super::test_world::*;
use crate::membership::command::Command;

fn set_hold() -> Command {
    Command::SetHold {
        group: subject().group,
        lasts: Span::from_millis(3_600_000),
        reason: "maintenance".to_owned(),
    }
}

fn clear_hold() -> Command {
    Command::ClearHold { group: subject().group, since: None, expired: false }
}

fn held() -> World {
    let mut world = World::new(false);
    world.open_all();
    world.run(GRACE);
    world.apply(set_hold());
    world
}

impl World {
    fn suspicions(&self) -> Vec<gms::api::Suspicion> {
        self.observers.iter().filter_map(|node| node.suspicion(&subject())).collect()
    }

    fn doubts(&self) -> u64 {
        self.observers.iter().map(|node| node.tally().suspicions).sum()
    }
}

#[test]
fn a_silent_member_of_a_held_group_is_doubted_once_and_told_to_nobody() {
    let mut world = held();
    world.answers = false;
    world.run_ms(5_000);
    let doubts = world.doubts();
    for _ in 0..100 {
        world.run_ms(500);
        assert_eq!(world.suspicions().len(), 2, "its monitor and its witness");
        assert_eq!(world.bands(), [Band::Suspect]);
    }
    assert_eq!(world.doubts(), doubts, "one that stands");
    assert!(world.removals.is_empty(), "the log would refuse them all");
    for seen in world.suspicions() {
        assert!(seen.for_ms > 50_000, "since its true beginning: {}", seen.for_ms);
        assert!(seen.observers.iter().all(|seen| seen.verdict == Verdict::Silent), "{seen:?}");
        assert_eq!(seen.observers.len(), NODES);
        let ages: Vec<u64> = seen.observers.iter().filter_map(|seen| seen.age_ms).collect();
        assert!(ages.iter().all(|age| *age > 50_000), "as of now, not of the test: {ages:?}");
    }
    assert!(world.observers.iter().all(|node| !node.flux().silent), "no verdict may follow");
}

#[test]
fn whom_a_hold_kept_is_removed_soon_after_it_by_a_new_doubt() {
    let mut world = held();
    world.answers = false;
    world.run_ms(20_000);
    world.apply(clear_hold());
    assert!(world.removals.is_empty());
    world.run_ms(400);
    assert!(world.removals.is_empty(), "what was said under the hold decides nothing");
    world.run_ms(1_000);
    let removal = world.removals.first().expect("it stays");
    assert_eq!(removal.evidence.cause, Cause::Silence);
}

#[test]
fn who_was_silent_under_a_hold_and_came_back_is_not_removed_for_it_later() {
    for silent_for in [4_000, 25_000, 60_000] {
        let mut world = held();
        world.answers = false;
        world.run_ms(silent_for);
        world.answers = true;
        world.run_ms(2_000);
        assert_eq!((world.bands(), world.suspicions()), (vec![Band::Ok], vec![]));
        world.apply(clear_hold());
        world.run_ms(60_000);
        assert!(world.removals.is_empty(), "{:?}", world.removals);
        assert_eq!(world.bands(), [Band::Ok]);
    }
}

#[test]
fn what_a_kernel_tells_passes_through_a_hold() {
    let mut world = held();
    world.answers = false;
    world.run_ms(10_000);
    (0..NODES).for_each(|node| world.close(node, true));
    world.run_ms(500);
    assert_eq!(world.removals.first().map(|one| one.evidence.cause), Some(Cause::Fin));
}
