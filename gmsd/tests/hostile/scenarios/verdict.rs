//! How every scenario ends: settle, check, tell.

use std::{ops::RangeInclusive, time::Duration};

use crate::world::{NODES, World};

/// By when a killed process must be gone from the views. On a quiet machine it takes a quarter of a
/// second; this one plays several scenarios at once.
pub(crate) const KILLED: Duration = Duration::from_secs(3);
/// By when a member that fell silent must be gone. On a quiet machine it takes 2.5 s.
pub(crate) const SILENT: Duration = Duration::from_secs(6);
/// What an election in between may add.
pub(crate) const ELECTION: Duration = Duration::from_secs(3);

/// The members of a scenario that has no reason for another number.
pub(crate) const MEMBERS: usize = 100;

/// Where a scenario begins: everybody is in, and nothing has happened yet.
pub(crate) struct Baseline {
    views: usize,
}

impl World {
    /// Waits until all is well, and remembers how many views that took.
    pub(crate) async fn baseline(&self) -> Baseline {
        self.settled(&NODES).await;
        Baseline { views: self.findings().views.len() }
    }

    /// How many views there have been since.
    pub(crate) fn views_since(&self, baseline: &Baseline) -> usize {
        self.findings().views.len() - baseline.views
    }

    /// Waits until all is well again, checks everything, and gives the line to print. `views` is
    /// how many views there may have been since the baseline.
    pub(crate) async fn verdict(
        mut self,
        since: Baseline,
        views: RangeInclusive<usize>,
        facts: &str,
    ) -> String {
        self.deaths_shown().await;
        self.settled(&NODES).await;
        self.all_leases_valid().await;
        let mut findings = self.findings();
        let installed = findings.views.len() - since.views;
        if !views.contains(&installed) {
            findings.violations.push(format!("G12: {installed} views, {views:?} were expected"));
        }
        if !findings.violations.is_empty() {
            eprintln!("{}", self.logs());
            panic!("{}", findings.violations.join("\n"));
        }
        findings.delays.sort_unstable();
        let delays = match (findings.delays.len(), findings.delays.last()) {
            (count, Some(max)) => {
                let middle = findings.delays[(count - 1) / 2];
                format!("; gone after p50 {middle:.0?} max {max:.0?} ({count} sightings)")
            }
            _ => String::new(),
        };
        let causes: Vec<String> =
            findings.causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
        let causes = if causes.is_empty() { "none".to_owned() } else { causes.join(" ") };
        format!(
            "false removals {}, views {installed}, removals {causes}{delays}{facts}",
            findings.false_removals
        )
    }
}
