//! Every rule, the weightiest first.

use std::time::Duration;

use super::{
    finding::{Finding, Scene, Severity},
    members, nodes, trust,
    words::coarse,
};
use crate::model::{cluster::Model, correlate::Share, moment::Moment};

type Rule = fn(&Scene<'_>) -> Option<Finding>;

/// Every rule, the weightiest first.
const RULES: &[Rule] = &[
    trust::connection,
    trust::cut_off,
    trust::quorum,
    trust::leader,
    trust::minority,
    trust::disagreement,
    members::members_in_doubt,
    members::many_removed,
    nodes::nodes_out_of_reach,
    nodes::election_churn,
    nodes::nodes_unfit,
    nodes::nodes_behind,
    nodes::slow_disk,
    members::hold_ends_soon,
    members::holds,
    nodes::clock_off,
    members::members_unknown,
];

/// What matters most now; there is always something to say. `causes` is what the members in
/// trouble have in common, as [`common_causes`](crate::model::correlate::common_causes) found it.
pub fn most_important(model: &Model, now: Moment, causes: &[Share]) -> Finding {
    let scene = Scene { model, now, causes };
    RULES.iter().find_map(|rule| rule(&scene)).unwrap_or_else(|| all_is_well(model, now))
}

fn all_is_well(model: &Model, now: Moment) -> Finding {
    if model.is_blank() || !model.knows_groups() {
        return Finding::new(Severity::Notice, "nothing has been told yet".to_owned());
    }
    let tally = model.tally();
    let members = match (tally.total(), tally.ok) {
        (0, _) => "no member has joined yet".to_owned(),
        (1, 1) => "the only member answers".to_owned(),
        (all, ok) if all == ok => format!("all {all} members answer"),
        (all, ok) => format!("{ok} of {all} members answer"),
    };
    let cluster = model.status.as_ref().map_or(String::new(), |status| {
        let calm = model.timeline.elected(status.term).map_or(String::new(), |at| {
            let since = Duration::from_millis(now.wall_ms.saturating_sub(at));
            match since.as_secs() {
                0..10 => ", elected less than 10s ago".to_owned(),
                _ => format!(", no election for {}", coarse(since)),
            }
        });
        format!(
            ", quorum {}/{}, leader node {}{calm}",
            status.quorum.reachable,
            status.quorum.voters.len(),
            status.leader.map_or("?".to_owned(), |id| id.to_string())
        )
    });
    Finding::new(Severity::Well, format!("{members}{cluster}"))
}
