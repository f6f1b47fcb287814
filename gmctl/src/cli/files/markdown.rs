//! A report as Markdown. What strangers wrote is text in it, never markup.

use std::fmt::Write as _;

use crate::{
    cli::{
        files::report::{Note, Report, Sums},
        look::events::cause,
    },
    output::human::{self, age, time_of_day},
};

/// Lines of the timeline: more is a tape to replay, not a report to read.
const TIMELINE_MAX: usize = 500;

/// Text of strangers within Markdown: no line ends, no cells, no markup.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::output::plain::clean(text).chars() {
        if "\\`*_{}[]<>#|!".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

impl Report {
    /// Writes all of it.
    pub(super) fn markdown(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "# Incident report\n")?;
        self.summary(to)?;
        if !self.common.is_empty() {
            writeln!(to, "\n## What the doubted had in common\n")?;
            for common in &self.common {
                writeln!(
                    to,
                    "* `{}` = `{}`: {} of the {} members in doubt at {} carried it, and {} % of all.",
                    common.tag.replace('`', "'"),
                    common.value.replace('`', "'"),
                    common.doubted,
                    common.doubted_in_all,
                    time_of_day(common.at_ms),
                    common.base_percent
                )?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(to, "\n## Notes\n")?;
            for Note { at_ms, text } in &self.notes {
                writeln!(to, "* {} {}", time_of_day(*at_ms), escape(text))?;
            }
        }
        self.of_removals(to)?;
        writeln!(to, "\n## Timeline\n")?;
        if self.timeline.is_empty() {
            return writeln!(to, "Nothing happened.");
        }
        writeln!(to, "| time | what | group | detail |\n|---|---|---|---|")?;
        for happened in self.timeline.iter().take(TIMELINE_MAX) {
            let (time, what, group, detail) = happened.cells();
            writeln!(to, "| {time} | {what} | {} | {} |", escape(group), escape(detail))?;
        }
        let more = self.timeline.len().saturating_sub(TIMELINE_MAX);
        if more > 0 {
            writeln!(to, "\n{more} more lines: `gmctl replay` shows them.")?;
        }
        Ok(())
    }

    fn summary(&self, to: &mut String) -> std::fmt::Result {
        let lasted = self.to_ms.saturating_sub(self.from_ms);
        writeln!(to, "## Summary\n")?;
        writeln!(
            to,
            "* From {} to {} ({}).",
            time_of_day(self.from_ms),
            time_of_day(self.to_ms),
            age(lasted)
        )?;
        if let Some(cluster) = &self.cluster {
            writeln!(to, "* Cluster {}, asked at {}.", escape(cluster), self.endpoints.join(", "))?;
        }
        let node = |node: Option<u64>| human::or_dash(node.map(|node| format!("node {node}")));
        writeln!(
            to,
            "* Leader: {} at the beginning, {} at the end; {} in between.",
            node(self.leader_before),
            node(self.leader_after),
            human::count(self.sums.elections, "election")
        )?;
        let Sums { joined, left, removed, away, restarted, suspected, refuted, .. } = self.sums;
        writeln!(
            to,
            "* Members: {joined} joined, {left} left, {removed} removed, {away} went away, \
             {restarted} restarted; {suspected} suspected, {refuted} of them answered again."
        )?;
        if let Some(gmctl) = &self.gmctl {
            writeln!(to, "* Recorded by gmctl {}.", escape(gmctl))?;
        }
        writeln!(to, "\n| group | members before | after | view before | after |")?;
        writeln!(to, "|---|---:|---:|---:|---:|")?;
        for group in &self.groups {
            let (before, after) = (group.members_before, group.members_after);
            let (from, view) = (group.view_before, group.view_after);
            writeln!(
                to,
                "| {} | {before} | {after} | {from} | {view} |",
                escape(group.name.as_str())
            )?;
        }
        Ok(())
    }

    fn of_removals(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "\n## Removals\n")?;
        if self.removals.is_empty() {
            return writeln!(
                to,
                "{}",
                match self.sums.removed + self.sums.away {
                    0 => "Nobody was removed.",
                    _ => "The tape has no evidence; `gmctl record` keeps it, `gmctl why` tells it.",
                }
            );
        }
        for removal in &self.removals {
            let evidence = &removal.evidence;
            let name = format!("{}/{}", removal.group, removal.id);
            writeln!(to, "### {}\n", escape(&name))?;
            writeln!(
                to,
                "* {} at {}, revision {}, cause: {}.",
                if removal.away { "Away" } else { "Removed" },
                time_of_day(removal.at_ms),
                removal.revision,
                escape(&cause(evidence))
            )?;
            if let Some(millis) = evidence.last_round_trip_ms_ago {
                writeln!(to, "* Last round trip {} before the verdict.", age(millis))?;
            }
            for sentence in &evidence.context {
                writeln!(to, "* {}.", escape(sentence.trim_end_matches('.')))?;
            }
            if !evidence.observers.is_empty() {
                writeln!(to, "\n| observer | verdict | age | health | detail |")?;
                writeln!(to, "|---|---|---:|---:|---|")?;
                for observer in &evidence.observers {
                    writeln!(
                        to,
                        "| node {} | {} | {} | {} | {} |",
                        observer.node,
                        observer.verdict.as_str().replace('_', " "),
                        human::or_dash(observer.age_ms.map(age)),
                        observer.health,
                        escape(&observer.detail)
                    )?;
                }
            }
            writeln!(to)?;
        }
        Ok(())
    }
}
