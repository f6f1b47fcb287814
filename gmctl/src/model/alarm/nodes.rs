//! Rules about nodes: elections, who is out of reach, unfit or behind.

use std::time::Duration;

use gms::api::NodeStatus;

use super::finding::{Finding, Remedy, Scene, Severity};
use crate::model::{happening::Happening, moment::whole_millis};

/// So many elections within [`CHURN_WINDOW`] are no accident.
const CHURN: usize = 3;
/// The time in which elections are counted.
const CHURN_WINDOW: Duration = Duration::from_mins(5);
/// A leader that has led for so long has settled, whatever was before.
const SETTLED: Duration = Duration::from_mins(1);
/// A node so many revisions behind does not keep up.
const LAG: u64 = 1_000;
/// A disk that takes as long for a write of the log, in microseconds, makes everybody's writes slow.
const FSYNC_SLOW_US: u64 = 100_000;
/// Clocks so many milliseconds apart put the times of one timeline out of order.
const CLOCK_OFF_MS: u64 = 1_000;

pub(super) fn election_churn(scene: &Scene<'_>) -> Option<Finding> {
    let after = scene.now.wall_ms.saturating_sub(whole_millis(CHURN_WINDOW));
    let entries = scene.model.timeline.entries();
    let elections: Vec<u64> = entries
        .iter()
        .filter(|entry| matches!(entry.what, Happening::Election(..)))
        .map(|entry| entry.wall_ms)
        .filter(|at| *at >= after)
        .collect();
    let last = elections.iter().max().copied().unwrap_or_default();
    let elections = elections.len();
    let has_settled = scene.now.wall_ms.saturating_sub(last) >= whole_millis(SETTLED);
    (elections >= CHURN && !has_settled).then(|| {
        let sentence =
            format!("{elections} ELECTIONS within 5 minutes: leadership does not settle");
        Finding::new(Severity::Warn, sentence).with(&[Remedy::Timeline, Remedy::Views])
    })
}

pub(super) fn nodes_out_of_reach(scene: &Scene<'_>) -> Option<Finding> {
    let model = scene.model;
    let lost: Vec<_> = model.nodes.values().filter(|node| !node.status.reachable).collect();
    let first = lost.first()?;
    let names: Vec<String> = lost.iter().map(|node| node.status.id.to_string()).collect();
    let word = if lost.len() == 1 { "NODE" } else { "NODES" };
    let seen_from = model.answered_by.map_or(String::new(), |node| format!(" from node {node}"));
    let error = first.status.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let sentence = format!("{word} {} OUT OF REACH{seen_from}{error}", names.join(" "));
    Some(Finding::new(Severity::Warn, sentence).with(&[Remedy::Views]))
}

pub(super) fn nodes_unfit(scene: &Scene<'_>) -> Option<Finding> {
    let node = scene
        .model
        .nodes
        .values()
        .filter(|node| node.status.health.is_some_and(|health| health > 0))
        .max_by_key(|node| node.status.health)?;
    let sentence = format!(
        "NODE {} DOUBTS ITSELF: health {}, where 0 is sound; it abstains from verdicts",
        node.status.id,
        node.status.health.unwrap_or_default()
    );
    Some(Finding::new(Severity::Warn, sentence))
}

pub(super) fn nodes_behind(scene: &Scene<'_>) -> Option<Finding> {
    let nodes = scene.model.nodes.values();
    let node = nodes.max_by_key(|node| node.status.lag)?;
    let lag = node.status.lag.filter(|lag| *lag >= LAG)?;
    let sentence =
        format!("NODE {} IS {lag} REVISIONS BEHIND: what it tells is old", node.status.id);
    Some(Finding::new(Severity::Warn, sentence))
}

/// Whether the node's disk holds up its log.
pub fn is_disk_slow(node: &NodeStatus) -> bool {
    node.fsync_p99_us.is_some_and(|micros| micros >= FSYNC_SLOW_US)
}

/// Whether the node's wall clock is far from that of the node that tells of it.
pub fn is_clock_off(node: &NodeStatus) -> bool {
    node.clock_offset_ms.is_some_and(|ahead| ahead.unsigned_abs() >= CLOCK_OFF_MS)
}

pub(super) fn slow_disk(scene: &Scene<'_>) -> Option<Finding> {
    let nodes = scene.model.nodes.values().map(|node| &node.status);
    let node = nodes.filter(|node| is_disk_slow(node)).max_by_key(|node| node.fsync_p99_us)?;
    let millis = node.fsync_p99_us.unwrap_or_default() / 1_000;
    let sentence =
        format!("NODE {} HAS A SLOW DISK: 1 of 100 writes of its log takes {millis} ms", node.id);
    Some(Finding::new(Severity::Warn, sentence))
}

pub(super) fn clock_off(scene: &Scene<'_>) -> Option<Finding> {
    let nodes = scene.model.nodes.values().map(|node| &node.status);
    let node = nodes
        .filter(|node| is_clock_off(node))
        .max_by_key(|node| node.clock_offset_ms.map(i64::unsigned_abs))?;
    let ahead = node.clock_offset_ms.unwrap_or_default();
    let word = if ahead < 0 { "BEHIND" } else { "AHEAD" };
    let sentence = format!(
        "THE CLOCK OF NODE {} IS {} ms {word}: times that it writes down are wrong, nothing else is",
        node.id,
        ahead.unsigned_abs()
    );
    Some(Finding::new(Severity::Warn, sentence))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gms::id::NodeId;

    use super::*;
    use crate::{
        facts,
        model::{
            cluster::{Model, NodeFacts},
            moment::Moment,
        },
    };

    fn said_of(rule: fn(&Scene<'_>) -> Option<Finding>, node: NodeStatus) -> Option<String> {
        let facts = NodeFacts { status: Arc::new(node), round_trips: imbl::Vector::new() };
        let mut model = Model::default();
        model.nodes.insert(NodeId(2), facts);
        let now = Moment { at: std::time::Instant::now(), wall_ms: 0 };
        rule(&Scene { model: &model, now, causes: &[] }).map(|finding| finding.sentence)
    }

    #[test]
    fn elections_are_churn_until_a_leader_has_led_for_a_minute() {
        let mut model = Model::default();
        let at = |wall_ms| Moment { at: std::time::Instant::now(), wall_ms };
        let said = |model: &Model, wall_ms| {
            let finding = election_churn(&Scene { model, now: at(wall_ms), causes: &[] });
            finding.map(|finding| finding.sentence)
        };
        for term in 1..=3 {
            model.timeline.observe(at(term * 1_000_000), Happening::Election(NodeId(1), term));
        }
        assert_eq!(said(&model, 3_001_000), None, "one in a quarter of an hour");
        for term in 4..=5 {
            model
                .timeline
                .observe(at(3_000_000 + term * 1_000), Happening::Election(NodeId(1), term));
        }
        assert!(said(&model, 3_020_000).unwrap().starts_with("3 ELECTIONS"));
        assert_eq!(said(&model, 3_065_001), None, "it has settled");
    }

    #[test]
    fn a_slow_disk_is_named_with_its_time() {
        let with = |micros| NodeStatus { fsync_p99_us: micros, ..facts::node(2) };
        assert_eq!(said_of(slow_disk, with(None)), None);
        assert_eq!(said_of(slow_disk, with(Some(FSYNC_SLOW_US - 1))), None);
        let said = said_of(slow_disk, with(Some(140_900))).unwrap();
        assert!(said.contains("NODE 2") && said.contains("140 ms"), "{said}");
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_its_direction() {
        let with = |ahead| NodeStatus { clock_offset_ms: ahead, ..facts::node(2) };
        assert_eq!(said_of(clock_off, with(None)), None);
        assert_eq!(said_of(clock_off, with(Some(-999))), None);
        assert!(said_of(clock_off, with(Some(1_000))).unwrap().contains("1000 ms AHEAD"));
        assert!(said_of(clock_off, with(Some(-3_600_000))).unwrap().contains("BEHIND"));
    }
}
