//! Rules about nodes: elections, who is out of reach, unfit or behind.

use std::time::Duration;

use super::finding::{Finding, Remedy, Scene, Severity};
use crate::model::{happening::Happening, moment::whole_millis};

/// So many elections within [`CHURN_WINDOW`] are no accident.
const CHURN: usize = 3;
/// The time in which elections are counted.
const CHURN_WINDOW: Duration = Duration::from_mins(5);
/// A node so many revisions behind does not keep up.
const LAG: u64 = 1_000;

pub(super) fn election_churn(scene: &Scene<'_>) -> Option<Finding> {
    let after = scene.now.wall_ms.saturating_sub(whole_millis(CHURN_WINDOW));
    let entries = scene.model.timeline.entries();
    let elections = entries
        .iter()
        .filter(|entry| entry.wall_ms >= after && matches!(entry.what, Happening::Election(..)))
        .count();
    (elections >= CHURN).then(|| {
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
