//! When most members fall silent together: the leader holds their groups, for everybody to see.
//!
//! The nodes have stopped judging by themselves (see `liveness::valve`); the hold makes that
//! visible, as a fact of the log, in every group concerned. It is set once an episode, for as long
//! as the valves stay shut at most, and lifted when most members answer again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use gms::{
    id::{GroupId, NodeId, Revision},
    span::Span,
};

use crate::{
    liveness::valve::SHUT_MAX,
    membership::{command::Command, state::State},
};

/// A node that has not said so for this long no longer has its valve shut.
const ALARM_LASTS: Duration = Duration::from_secs(2);

/// What the nodes say of silent crowds, at the leader.
#[derive(Debug, Default)]
pub struct Crowd {
    alarms: BTreeMap<NodeId, Alarm>,
    /// Since when a quorum says so.
    began: Option<Instant>,
    /// Holds of this episode: the group, and its revision once it is seen.
    held: BTreeMap<GroupId, Option<Revision>>,
}

#[derive(Debug)]
struct Alarm {
    at: Instant,
    silent: u32,
    watched: u32,
}

impl Crowd {
    /// A node says that so many of the members it watches are silent.
    pub fn handle_alarm(&mut self, now: Instant, node: NodeId, silent: u32, watched: u32) {
        self.alarms.insert(node, Alarm { at: now, silent, watched });
    }

    /// The holds to set or to lift now, at most so many.
    pub fn wish(&mut self, now: Instant, state: &State, at_most: usize) -> Vec<Command> {
        self.alarms.retain(|node, alarm| {
            state.configuration().voters.contains(node)
                && now.saturating_duration_since(alarm.at) < ALARM_LASTS
        });
        if self.alarms.len() < state.configuration().quorum() {
            return self.lift(state, at_most);
        }
        let began = *self.began.get_or_insert(now);
        let left = SHUT_MAX.saturating_sub(now.saturating_duration_since(began));
        let (silent, watched) = self.alarms.values().fold((0, 0), |(silent, watched), alarm| {
            (silent + u64::from(alarm.silent), watched + u64::from(alarm.watched))
        });
        let reason = format!(
            "most members fell silent together ({}%): more likely the network than they",
            silent * 100 / watched.max(1)
        );
        let mut wishes = Vec::new();
        for (name, group) in state.groups() {
            let known = self.held.get(name);
            if let (Some(None), Some(hold)) = (known, &group.hold) {
                self.held.insert(name.clone(), Some(hold.since));
            } else if known.is_none()
                && group.hold.is_none()
                && !group.members.is_empty()
                && !left.is_zero()
                && wishes.len() < at_most
            {
                self.held.insert(name.clone(), None);
                let (group, lasts, reason) = (name.clone(), millis(left), reason.clone());
                wishes.push(Command::SetHold { group, lasts, reason });
            }
        }
        wishes
    }

    /// Ends the episode: lifts what was held in it, if it is still held.
    fn lift(&mut self, state: &State, at_most: usize) -> Vec<Command> {
        self.began = None;
        let mut wishes = Vec::new();
        while wishes.len() < at_most
            && let Some((group, since)) = self.held.pop_first()
        {
            let hold = state.group(&group).and_then(|group| group.hold.as_ref());
            let since = since.or(hold.map(|hold| hold.since));
            if hold.is_some() {
                wishes.push(Command::ClearHold { group, since, expired: true });
            }
        }
        wishes
    }
}

fn millis(time: Duration) -> Span {
    Span::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::clock::Clock,
        membership::command::{Entry, Join, Proposal},
    };

    fn apply(state: &mut State, commands: Vec<Command>) {
        let revision = Revision(state.revision().0 + 1);
        let proposals = commands
            .into_iter()
            .map(|command| Proposal { token: None, if_view: None, command })
            .collect();
        for answer in state.apply(revision, 1, &Entry { at_ms: 0, proposals }) {
            answer.unwrap();
        }
    }

    fn state() -> State {
        let mut state = State::default();
        let voters = (1..=3).map(NodeId).collect();
        state.apply_configuration(Revision(1), voters, Vec::new());
        for group in ["a", "b"] {
            let join = Join {
                group: group.parse().unwrap(),
                member: "m".parse().unwrap(),
                address: "h:1".parse().unwrap(),
                liveness: gms::liveness::Liveness::of(gms::liveness::Kind::Udp),
                tags: BTreeMap::default(),
                hold: None,
                instance: None,
                owner: String::new(),
                replaces: None,
            };
            apply(&mut state, vec![Command::Join(join)]);
        }
        state
    }

    fn held(state: &State) -> Vec<Option<Duration>> {
        let hold = |span: Span| Duration::from(span);
        state.groups().map(|(_, group)| group.hold.as_ref().map(|of| hold(of.lasts))).collect()
    }

    #[test]
    fn a_quorum_of_alarms_holds_each_group_once_and_the_end_of_them_lifts_it() {
        let start = Clock::system().now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (mut crowd, mut state) = (Crowd::default(), state());
        crowd.handle_alarm(at(0), NodeId(1), 90, 100);
        assert_eq!(crowd.wish(at(0), &state, 9), []);
        crowd.handle_alarm(at(0), NodeId(2), 70, 100);
        let wishes = crowd.wish(at(0), &state, 1);
        assert!(matches!(&wishes[..], [Command::SetHold { reason, .. }] if reason.contains("80%")));
        apply(&mut state, wishes);
        let wishes = crowd.wish(at(1), &state, 9);
        apply(&mut state, wishes);
        assert_eq!(held(&state), [30, 29].map(|left| Some(Duration::from_secs(left))));
        assert_eq!(crowd.wish(at(1), &state, 9), []);
        // An operator lifts one: it stays lifted.
        let group = "a".parse().unwrap();
        apply(&mut state, vec![Command::ClearHold { group, since: None, expired: false }]);
        assert_eq!(crowd.wish(at(1), &state, 9), []);
        let wishes = crowd.wish(at(4), &state, 9);
        apply(&mut state, wishes);
        assert_eq!(held(&state), [None, None]);
    }
}
