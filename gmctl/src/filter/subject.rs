//! What groups, nodes and events tell a filter. Members tell by [`Facts`](super::eval::Facts).

use gms::{
    api::{Event, GroupSummary, NodeStatus, What},
    evidence::Evidence,
};

use super::eval::Subject;

/// A group, and the moment from which the rest of its hold is reckoned.
pub struct GroupAt<'a> {
    /// The group.
    pub group: &'a GroupSummary,
    /// The moment, in milliseconds since 1970.
    pub now_ms: u64,
}

impl Subject for GroupAt<'_> {
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            "name" => holds(self.group.name.as_str()),
            "reason" => self.group.hold.as_ref().is_some_and(|hold| holds(&hold.reason)),
            "state" => {
                let is_ok = self.group.suspects == 0 && self.group.members > 0;
                (self.group.suspects > 0 && holds("suspect"))
                    || (self.group.away > 0 && holds("away"))
                    || (self.group.hold.is_some() && holds("held"))
                    || (self.group.members == 0 && holds("empty"))
                    || (is_ok && holds("ok"))
            }
            _ => false,
        }
    }

    fn number(&self, field: &str) -> Option<u64> {
        match field {
            "view" => Some(self.group.view.0),
            "members" => Some(self.group.members as u64),
            "away" => Some(self.group.away as u64),
            "suspects" => Some(self.group.suspects as u64),
            "hold" => Some(self.group.hold.as_ref()?.left_ms(self.now_ms).saturating_mul(1_000)),
            _ => None,
        }
    }

    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        holds(self.group.name.as_str())
            || self.group.hold.as_ref().is_some_and(|hold| holds(&hold.reason))
    }
}

impl Subject for NodeStatus {
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            "role" => self.role.is_some_and(|role| holds(role.as_str())),
            "state" => {
                holds(if self.reachable { "up" } else { "down" })
                    || holds(if self.voter { "voter" } else { "learner" })
                    || (self.monitor && holds("monitor"))
            }
            "api" => self.api_url.as_deref().is_some_and(holds),
            "peer" => holds(&self.peer_url),
            "version" => self.version.as_deref().is_some_and(holds),
            "error" => self.error.as_deref().is_some_and(holds),
            _ => false,
        }
    }

    fn number(&self, field: &str) -> Option<u64> {
        match field {
            "id" | "node" => Some(self.id.0),
            "term" => self.term,
            "leader" => self.leader.map(|node| node.0),
            "applied" => self.applied.map(|revision| revision.0),
            "matched" => self.matched.map(|revision| revision.0),
            "lag" => self.lag,
            "monitored" => self.monitored.map(|number| number as u64),
            "pings" => self.pings_per_s,
            "health" => self.health.map(u64::from),
            "rtt" => self.rtt_p99_us,
            "fsync" => self.fsync_p99_us,
            "clock" => Some(self.clock_offset_ms?.unsigned_abs().saturating_mul(1_000)),
            _ => None,
        }
    }

    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        ["api", "peer", "version", "error", "role"].iter().any(|field| self.any_text(field, holds))
    }
}

/// An event, and the time from which its age is reckoned.
#[derive(Debug, Clone, Copy)]
pub struct EventAt<'a> {
    /// The event.
    pub event: &'a Event,
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

/// The texts of an event, by their fields.
fn texts(what: &What) -> Vec<(&'static str, String)> {
    let of = |group: &dyn ToString, member: &dyn ToString| {
        vec![("group", group.to_string()), ("member", member.to_string())]
    };
    let cause = |evidence: &Evidence| ("cause", evidence.cause.as_str().to_owned());
    match what {
        What::Joined { group, member, address, .. }
        | What::Returned { group, member, address, .. } => {
            [of(group, member), vec![("address", address.to_string())]].concat()
        }
        What::Left { group, member, reason, .. } => {
            let reason = reason.iter().map(|reason| ("reason", reason.clone()));
            of(group, member).into_iter().chain(reason).collect()
        }
        What::Removed { group, member, evidence, .. }
        | What::Away { group, member, evidence, .. } => {
            [of(group, member), vec![cause(evidence)]].concat()
        }
        What::Updated { group, member, .. } => of(group, member),
        What::HoldSet { group, hold } => {
            vec![("group", group.to_string()), ("reason", hold.reason.clone())]
        }
        What::GroupCreated { group, .. }
        | What::GroupDeleted { group }
        | What::HoldCleared { group, .. } => vec![("group", group.to_string())],
        What::Election { leader, .. } => vec![("node", leader.to_string())],
        What::NodeStarted { node, api_url, .. } => {
            vec![("node", node.to_string()), ("address", api_url.clone())]
        }
        What::Configuration { voters, learners } => {
            voters.iter().chain(learners).map(|node| ("node", node.to_string())).collect()
        }
        What::Restored { .. } => Vec::new(),
        What::Monitors { nodes, .. } => {
            nodes.iter().map(|node| ("node", node.to_string())).collect()
        }
    }
}

/// The API's word for what happened.
pub fn kind(what: &What) -> &'static str {
    match what {
        What::Joined { .. } => "joined",
        What::Left { .. } => "left",
        What::Removed { .. } => "removed",
        What::Away { .. } => "away",
        What::Returned { .. } => "returned",
        What::Updated { .. } => "updated",
        What::GroupCreated { .. } => "group_created",
        What::GroupDeleted { .. } => "group_deleted",
        What::HoldSet { .. } => "hold_set",
        What::HoldCleared { .. } => "hold_cleared",
        What::Election { .. } => "election",
        What::NodeStarted { .. } => "node_started",
        What::Configuration { .. } => "configuration",
        What::Monitors { .. } => "monitors",
        What::Restored { .. } => "restored",
    }
}

impl Subject for EventAt<'_> {
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        if field == "kind" {
            return holds(kind(&self.event.what));
        }
        texts(&self.event.what).iter().any(|(name, text)| *name == field && holds(text))
    }

    fn number(&self, field: &str) -> Option<u64> {
        match (field, &self.event.what) {
            ("revision", _) => Some(self.event.revision.0),
            ("age", _) => Some(self.now_ms.saturating_sub(self.event.at_ms).saturating_mul(1_000)),
            (
                "incarnation",
                What::Joined { incarnation, .. }
                | What::Left { incarnation, .. }
                | What::Removed { incarnation, .. }
                | What::Away { incarnation, .. }
                | What::Returned { incarnation, .. }
                | What::Updated { incarnation, .. },
            ) => Some(incarnation.0),
            ("term", What::Election { term, .. }) => Some(*term),
            _ => None,
        }
    }

    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        holds(kind(&self.event.what)) || texts(&self.event.what).iter().any(|(_, text)| holds(text))
    }
}

#[cfg(test)]
mod tests {
    use gms::{api::Hold, id::Revision, span::Span};

    use super::*;
    use crate::filter::{parser::parse_for, vocabulary::GROUPS};

    #[test]
    fn a_hold_is_what_is_left_of_it() {
        let hold = Hold {
            since: Revision(9),
            at_ms: 1_000_000,
            lasts: Span::from_millis(600_000),
            reason: "switch".to_owned(),
        };
        let group = GroupSummary {
            name: "payments".parse().unwrap(),
            view: Revision(3),
            members: 1,
            away: 0,
            suspects: 0,
            hold: Some(hold),
            timing: None,
        };
        let passes = |filter, now_ms| {
            let filter = parse_for(&GROUPS, filter).unwrap();
            filter.passes(&GroupAt { group: &group, now_ms })
        };
        assert!(passes("hold>9m", 1_000_001) && !passes("hold<9m", 1_000_001));
        assert!(passes("hold<9m", 1_060_001) && passes("hold<1s", 9_000_000));
        assert!(passes("state:held switch", 0));
    }
}
