//! What can happen: what the cluster records, and what only this dashboard observes, in the words
//! of the screen.
//!
//! Many members of one change, and observations alike, are one happening with a count.

use std::collections::BTreeMap;

use gms::{
    api::What,
    evidence::Cause,
    id::{GroupId, MemberId, NodeId},
    liveness::GroupTiming,
    view::{Change, MemberState, Removed},
};

/// How an entry should strike the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// It is as it should be.
    Calm,
    /// Something came, or came back.
    Good,
    /// Somebody should know.
    Notice,
    /// Something may go wrong.
    Warn,
    /// Something went wrong.
    Bad,
}

/// One or many members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The first of them.
    pub first: MemberId,
    /// How many in all, at least one.
    pub count: usize,
}

impl Who {
    fn text(&self) -> String {
        match self.count {
            0 | 1 => self.first.to_string(),
            n => format!("{} +{} more", self.first, n - 1),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Members joined.
    Joined(GroupId, Who, String),
    /// Members left; the reason if an operator gave one.
    Left(GroupId, Who, Option<String>),
    /// Members were removed.
    Removed(GroupId, Who, Cause, Option<i32>),
    /// Static members are gone and their places are kept.
    Away(GroupId, Who, Cause, Option<i32>),
    /// Static members that were away are back as new lives.
    Returned(GroupId, Who),
    /// Members came back as new lives.
    Replaced(GroupId, Who),
    /// Members have other tags or another state.
    Updated(GroupId, Who, String),
    /// A group was created with a timing.
    GroupCreated(GroupId, GroupTiming),
    /// A group is kept no longer.
    GroupDeleted(GroupId),
    /// Removals by silence are paused.
    HoldSet(GroupId, String),
    /// Removals by silence go on; true if the hold ran out.
    HoldCleared(GroupId, bool),
    /// A leader took over in a term.
    Election(NodeId, u64),
    /// A node started: its address and version.
    NodeStarted(NodeId, String),
    /// The cluster configuration changed.
    Configuration(String),
    /// Other nodes are fit to watch members.
    Monitors(String),
    /// Members came under suspicion, as the liveness feed says.
    Suspected(GroupId, Who),
    /// Suspected members answer again.
    Refuted(GroupId, Who),
    /// A node went out of reach of the node that answers us.
    NodeLost(NodeId, String),
    /// It is back.
    NodeBack(NodeId),
    /// We lost a stream.
    LinkLost(String),
    /// We have it back.
    LinkBack(String),
    /// The cluster was founded anew from a snapshot.
    Restored(String),
    /// A gap in the history: what happened in between is not shown.
    Gap(String),
    /// What became of a command of ours; true if it was done.
    Command(String, bool),
    /// A note that somebody left.
    Note(String),
}

impl Happening {
    /// The word for it, at most 10 characters.
    pub fn word(&self) -> &'static str {
        match self {
            Happening::Joined(..) => "joined",
            Happening::Left(..) => "left",
            Happening::Removed(..) => "removed",
            Happening::Away(..) => "away",
            Happening::Returned(..) => "returned",
            Happening::Replaced(..) => "restarted",
            Happening::Updated(..) => "updated",
            Happening::GroupCreated(..) => "created",
            Happening::GroupDeleted(..) => "deleted",
            Happening::HoldSet(..) => "hold on",
            Happening::HoldCleared(..) => "hold off",
            Happening::Election(..) => "election",
            Happening::NodeStarted(..) => "node start",
            Happening::Configuration(..) => "voters",
            Happening::Monitors(..) => "monitors",
            Happening::Suspected(..) => "suspect",
            Happening::Refuted(..) => "answers",
            Happening::NodeLost(..) => "node lost",
            Happening::NodeBack(..) => "node back",
            Happening::LinkLost(..) => "link lost",
            Happening::LinkBack(..) => "link back",
            Happening::Restored(..) => "restored",
            Happening::Gap(..) => "gap",
            Happening::Note(_) => "note",
            Happening::Command(_, true) => "done",
            Happening::Command(_, false) => "failed",
        }
    }

    /// The same as filters name it: in the API's word where it is an event.
    pub fn kind(&self) -> &'static str {
        match self {
            Happening::Replaced(..) => "joined",
            Happening::GroupCreated(..) => "group_created",
            Happening::GroupDeleted(..) => "group_deleted",
            Happening::HoldSet(..) => "hold_set",
            Happening::HoldCleared(..) => "hold_cleared",
            Happening::NodeStarted(..) => "node_started",
            Happening::Configuration(..) => "configuration",
            Happening::NodeLost(..) => "node_lost",
            Happening::NodeBack(..) => "node_back",
            Happening::LinkLost(..) => "link_lost",
            Happening::LinkBack(..) => "link_back",
            Happening::Command(..) => "command",
            other => other.word(),
        }
    }

    /// The group it is about, if it is about one.
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Happening::Joined(group, ..)
            | Happening::Left(group, ..)
            | Happening::Removed(group, ..)
            | Happening::Away(group, ..)
            | Happening::Returned(group, ..)
            | Happening::Replaced(group, ..)
            | Happening::Updated(group, ..)
            | Happening::GroupCreated(group, ..)
            | Happening::GroupDeleted(group)
            | Happening::HoldSet(group, ..)
            | Happening::HoldCleared(group, ..)
            | Happening::Suspected(group, ..)
            | Happening::Refuted(group, ..) => Some(group),
            _ => None,
        }
    }

    /// How many members or other things it is about.
    pub fn count(&self) -> usize {
        self.who().map_or(1, |who| who.count.max(1))
    }

    /// The first member it is about, if it is about members.
    pub fn member(&self) -> Option<&MemberId> {
        self.who().map(|who| &who.first)
    }

    fn who(&self) -> Option<&Who> {
        match self {
            Happening::Joined(_, who, _)
            | Happening::Left(_, who, _)
            | Happening::Removed(_, who, ..)
            | Happening::Away(_, who, ..)
            | Happening::Returned(_, who)
            | Happening::Replaced(_, who)
            | Happening::Updated(_, who, _)
            | Happening::Suspected(_, who)
            | Happening::Refuted(_, who) => Some(who),
            _ => None,
        }
    }

    /// How it should strike the eye.
    pub fn tone(&self) -> Tone {
        match self {
            Happening::Joined(..)
            | Happening::Replaced(..)
            | Happening::Returned(..)
            | Happening::NodeBack(..)
            | Happening::LinkBack(..)
            | Happening::NodeStarted(..)
            | Happening::Command(_, true)
            | Happening::Refuted(..) => Tone::Good,
            Happening::Left(..)
            | Happening::Updated(..)
            | Happening::GroupCreated(..)
            | Happening::GroupDeleted(_)
            | Happening::HoldCleared(..) => Tone::Calm,
            Happening::Monitors(..)
            | Happening::Note(_)
            | Happening::Configuration(..)
            | Happening::Election(..)
            | Happening::HoldSet(..) => Tone::Notice,
            Happening::Suspected(..)
            | Happening::Away(..)
            | Happening::Command(_, false)
            | Happening::LinkLost(..)
            | Happening::Restored(..)
            | Happening::Gap(..) => Tone::Warn,
            Happening::Removed(..) | Happening::NodeLost(..) => Tone::Bad,
        }
    }

    /// What there is to say besides the word and the group.
    pub fn text(&self) -> String {
        match self {
            Happening::Joined(_, who, more) | Happening::Updated(_, who, more) => {
                [who.text(), more.clone()].join(" ").trim_end().to_owned()
            }
            Happening::Left(_, who, None)
            | Happening::Replaced(_, who)
            | Happening::Returned(_, who)
            | Happening::Suspected(_, who)
            | Happening::Refuted(_, who) => who.text(),
            Happening::Left(_, who, Some(reason)) => format!("{}: {reason}", who.text()),
            Happening::Removed(_, who, cause, number) | Happening::Away(_, who, cause, number) => {
                let number = number.map(|n| format!(" {n}")).unwrap_or_default();
                format!("{}: {}{number}", who.text(), cause.as_str())
            }
            Happening::GroupCreated(_, timing) => format!("pings {timing}"),
            Happening::GroupDeleted(_) => "kept no longer".to_owned(),
            Happening::HoldCleared(_, true) => "it ran out".to_owned(),
            Happening::HoldCleared(_, false) => "lifted".to_owned(),
            Happening::Election(leader, term) => format!("node {leader} leads term {term}"),
            Happening::NodeStarted(node, text) => format!("node {node} {text}"),
            Happening::NodeLost(node, text) => format!("node {node}: {text}"),
            Happening::NodeBack(node) => format!("node {node} answers again"),
            Happening::HoldSet(_, text)
            | Happening::Configuration(text)
            | Happening::Monitors(text)
            | Happening::LinkLost(text)
            | Happening::LinkBack(text)
            | Happening::Restored(text)
            | Happening::Gap(text)
            | Happening::Note(text)
            | Happening::Command(text, _) => text.clone(),
        }
    }

    /// One more of the same kind, if both are observations that may be counted together.
    pub(super) fn coalesced(&self, other: &Happening) -> Option<Happening> {
        let both = |a: &Who, b: &Who| Who {
            first: a.first.clone(),
            count: a.count.saturating_add(b.count),
        };
        match (self, other) {
            (Happening::Suspected(g, a), Happening::Suspected(h, b)) if g == h => {
                Some(Happening::Suspected(g.clone(), both(a, b)))
            }
            (Happening::Refuted(g, a), Happening::Refuted(h, b)) if g == h => {
                Some(Happening::Refuted(g.clone(), both(a, b)))
            }
            _ => None,
        }
    }
}

/// One entry a kind, however many members a change is about.
pub(super) fn happenings_of(change: &Change) -> Vec<Happening> {
    let group = || change.group.clone();
    let who = |first: &MemberId, count| Who { first: first.clone(), count };
    let mut list = Vec::new();
    for ((cause, number), who) in by_cause(&change.removed) {
        list.push(Happening::Removed(group(), who, cause, number));
    }
    for ((cause, number), who) in by_cause(&change.away) {
        list.push(Happening::Away(group(), who, cause, number));
    }
    let is_back = |id: &MemberId| {
        change.removed.iter().chain(&change.away).any(|gone| gone.id == *id)
            || change.left.iter().any(|gone| gone.id == *id)
    };
    let (mut back, fresh): (Vec<_>, Vec<_>) =
        change.joined.iter().partition(|member| is_back(&member.id));
    let (placed, updated): (Vec<_>, Vec<_>) = change
        .updated
        .iter()
        .filter(|member| member.state != MemberState::Away)
        .partition(|member| change.is_new(member));
    let (restarted, returned): (Vec<_>, Vec<_>) =
        placed.into_iter().partition(|member| is_back(&member.id));
    back.extend(restarted);
    let mut left = change.left.iter().filter(|left| back.iter().all(|m| m.id != left.id));
    if let Some(first) = left.next() {
        let count = 1 + left.count();
        list.push(Happening::Left(group(), who(&first.id, count), first.reason.clone()));
    }
    if let Some(first) = back.first() {
        list.push(Happening::Replaced(group(), who(&first.id, back.len())));
    }
    if let Some(first) = fresh.first() {
        let address = if fresh.len() == 1 { first.address.to_string() } else { String::new() };
        list.push(Happening::Joined(group(), who(&first.id, fresh.len()), address));
    }
    if let Some(first) = returned.first() {
        list.push(Happening::Returned(group(), who(&first.id, returned.len())));
    }
    if let Some(first) = updated.first() {
        let state = first.state.as_str().to_owned();
        list.push(Happening::Updated(group(), who(&first.id, updated.len()), state));
    }
    list
}

/// How many lives ended for which cause; not those that another life of the member replaced.
fn by_cause(ended: &[Removed]) -> BTreeMap<(Cause, Option<i32>), Who> {
    let mut by_cause: BTreeMap<(Cause, Option<i32>), Who> = BTreeMap::new();
    for one in ended.iter().filter(|one| one.cause != Cause::Replaced) {
        by_cause
            .entry((one.cause, one.number))
            .and_modify(|who| who.count += 1)
            .or_insert_with(|| Who { first: one.id.clone(), count: 1 });
    }
    by_cause
}

/// What a recorded event says, in our words.
pub(super) fn happening_of(what: &What) -> Happening {
    let one = |member: &MemberId| Who { first: member.clone(), count: 1 };
    match what {
        What::Joined { group, member, address, .. } => {
            Happening::Joined(group.clone(), one(member), address.to_string())
        }
        What::Left { group, member, reason, .. } => {
            Happening::Left(group.clone(), one(member), reason.clone())
        }
        What::Removed { group, member, evidence, .. } if evidence.cause == Cause::Replaced => {
            Happening::Replaced(group.clone(), one(member))
        }
        What::Removed { group, member, evidence, .. } => {
            Happening::Removed(group.clone(), one(member), evidence.cause, evidence.number)
        }
        What::Away { group, member, evidence, .. } if evidence.cause == Cause::Replaced => {
            Happening::Replaced(group.clone(), one(member))
        }
        What::Away { group, member, evidence, .. } => {
            Happening::Away(group.clone(), one(member), evidence.cause, evidence.number)
        }
        What::Returned { group, member, .. } => Happening::Returned(group.clone(), one(member)),
        What::Updated { group, member, state, .. } => {
            Happening::Updated(group.clone(), one(member), state.as_str().to_owned())
        }
        What::GroupCreated { group, timing } => Happening::GroupCreated(group.clone(), *timing),
        What::GroupDeleted { group } => Happening::GroupDeleted(group.clone()),
        What::HoldSet { group, hold } => {
            Happening::HoldSet(group.clone(), format!("for {}: {}", hold.lasts, hold.reason))
        }
        What::HoldCleared { group, expired } => Happening::HoldCleared(group.clone(), *expired),
        What::Election { leader, term } => Happening::Election(*leader, *term),
        What::NodeStarted { node, api_url, version } => {
            Happening::NodeStarted(*node, format!("at {api_url}, version {version}"))
        }
        What::Restored { from, .. } => {
            Happening::Restored(format!("founded anew from a snapshot of revision {from}"))
        }
        What::Configuration { voters, learners } => {
            let learners = match learners.as_slice() {
                [] => String::new(),
                some => format!(", learners {}", numbers(some)),
            };
            Happening::Configuration(format!("voters {}{learners}", numbers(voters)))
        }
        What::Monitors { epoch, nodes } => {
            Happening::Monitors(format!("nodes {} watch members, epoch {epoch}", numbers(nodes)))
        }
    }
}

fn numbers(nodes: &[NodeId]) -> String {
    if nodes.is_empty() {
        return "none".to_owned();
    }
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{parser::parse_for, subject::kind, vocabulary::TIMELINE};

    #[test]
    fn an_event_has_the_kind_that_the_command_line_knows_it_by() {
        let group: GroupId = "g".parse().unwrap();
        let member: MemberId = "m".parse().unwrap();
        let (node, nodes) = (NodeId(1), vec![NodeId(1)]);
        for what in [
            What::Left {
                group: group.clone(),
                member,
                incarnation: gms::id::Incarnation(1),
                reason: None,
            },
            What::GroupCreated { group: group.clone(), timing: GroupTiming::default() },
            What::GroupDeleted { group: group.clone() },
            What::HoldCleared { group, expired: true },
            What::Election { leader: node, term: 1 },
            What::NodeStarted { node, api_url: String::new(), version: String::new() },
            What::Restored { cluster: String::new(), from: gms::id::Revision(1) },
            What::Configuration { voters: nodes.clone(), learners: Vec::new() },
            What::Monitors { epoch: 1, nodes },
        ] {
            let ours = happening_of(&what).kind();
            assert_eq!(ours, kind(&what));
            assert!(parse_for(&TIMELINE, &format!("kind:{ours}")).is_ok(), "{ours}");
        }
    }
}
