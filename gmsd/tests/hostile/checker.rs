//! Holds what was seen against what was done. Pure.
//!
//! * G1: on every watcher views only move forward, and each change follows the one before it; it
//!   installs a view unless all it did was that static members went away or came back.
//! * G2: the same view has the same members in the same lives at the same revision, whoever shows it.
//! * G3: whoever died is gone from every node's view within the bound, or away in it.
//! * G4: nobody else is removed, or called away: the false removals.
//! * G5: nobody is let in while a life of the same name is in; nobody goes who is not in.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use gms::{
    api::WatchEvent,
    id::{GroupId, Incarnation, MemberId, Revision},
    view::{Change, Member, MemberState, Removed, View},
};

use super::record::{Death, Histories, Sight, Sighting};

/// What the checker found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Everything that must not be, in words.
    pub(crate) violations: Vec<String>,
    /// Removals of members that lived.
    pub(crate) false_removals: usize,
    /// Views of all groups that were installed, over all watchers.
    pub(crate) views: BTreeSet<(GroupId, Revision)>,
    /// For each death and each node that had to show it: how long that took.
    pub(crate) delays: Vec<Duration>,
    /// The views in which the dead went.
    pub(crate) death_views: BTreeSet<(GroupId, Revision)>,
    /// What each removal was for, and how often.
    pub(crate) causes: BTreeMap<&'static str, usize>,
}

/// A member in a view.
#[derive(Debug, Clone, PartialEq)]
struct Seat {
    incarnation: Incarnation,
    /// The life is over, and its place is kept.
    away: bool,
    /// The member without what is no part of a view's identity.
    identity: String,
}

type Members = BTreeMap<MemberId, Seat>;

/// One group at one watcher.
#[derive(Debug, Default)]
struct Held {
    view: Revision,
    revision: Revision,
    members: Members,
}

/// One watcher.
#[derive(Debug, Default)]
struct Watcher {
    groups: BTreeMap<GroupId, Held>,
    /// The stream began anew with snapshots and not where it was.
    anew: bool,
}

struct Checker<'a> {
    histories: &'a Histories,
    findings: Findings,
    watchers: BTreeMap<u64, Watcher>,
    /// The members of each group at each revision, as first seen, and by whom.
    seen: BTreeMap<(GroupId, Revision), (Members, u64)>,
    /// When each life was first absent from each node's view after it had been there.
    gone: BTreeMap<(u64, MemberId, Incarnation), Instant>,
    /// The removals already held against the deaths.
    judged: BTreeSet<(MemberId, Incarnation)>,
}

/// Checks both histories.
pub(crate) fn check(histories: &Histories) -> Findings {
    let mut checker = Checker {
        histories,
        findings: Findings::default(),
        watchers: BTreeMap::new(),
        seen: BTreeMap::new(),
        gone: BTreeMap::new(),
        judged: BTreeSet::new(),
    };
    for sighting in &histories.sightings {
        checker.take(sighting);
    }
    for death in &histories.deaths {
        checker.complete(death);
    }
    checker.agree_at_the_end();
    checker.findings
}

impl Checker<'_> {
    fn blame(&mut self, node: u64, what: &str) {
        self.findings.violations.push(format!("node {node}: {what}"));
    }

    fn take(&mut self, sighting: &Sighting) {
        let node = sighting.node;
        match &sighting.what {
            Sight::Opened { resumed } => {
                self.watchers.entry(node).or_default().anew = !resumed;
            }
            Sight::Lost | Sight::Event(WatchEvent::Event(_)) => {}
            Sight::Nonsense(what) => self.blame(node, what),
            Sight::Event(WatchEvent::Snapshot(view)) => self.snapshot(sighting, view),
            Sight::Event(WatchEvent::Change(change)) => self.change(sighting, change),
            Sight::Event(WatchEvent::Compacted(_)) => {
                self.watchers.entry(node).or_default().anew = true;
            }
            Sight::Event(WatchEvent::Bookmark(_)) => {
                self.watchers.entry(node).or_default().anew = false;
            }
        }
    }

    fn snapshot(&mut self, sighting: &Sighting, view: &View) {
        let node = sighting.node;
        let watcher = self.watchers.entry(node).or_default();
        let (anew, held) = (watcher.anew, watcher.groups.remove(&view.group).unwrap_or_default());
        if !anew {
            self.blame(node, &format!("G1: a snapshot of {} in the middle", view.group));
        }
        if view.view < held.view || view.revision < held.revision {
            let what = format!("G1: view {} of {} after {}", view.view, view.group, held.view);
            self.blame(node, &what);
        }
        let mut members = Members::new();
        for member in &view.members {
            if members.insert(member.id.clone(), seat(member)).is_some() {
                self.blame(node, &format!("G5: {} twice in view {}", member.id, view.view));
            }
        }
        for (id, former) in &held.members {
            let stays = |now: &Seat| now.incarnation == former.incarnation && !now.away;
            if !members.get(id).is_some_and(stays) {
                self.gone.entry((node, id.clone(), former.incarnation)).or_insert(sighting.at);
            }
        }
        self.install(node, &view.group, Held { view: view.view, revision: view.revision, members });
    }

    fn change(&mut self, sighting: &Sighting, change: &Change) {
        let node = sighting.node;
        let watcher = self.watchers.entry(node).or_default();
        let mut held = watcher.groups.remove(&change.group).unwrap_or_default();
        let Change { group, from, view, .. } = change;
        let (after, revision) = (change.after(), change.revision());
        if *from != held.view || after != held.revision || revision <= after {
            let what = format!(
                "G1: {group} went from {from}/{after} to {view}/{revision}, and was at {}/{}",
                held.view, held.revision
            );
            self.blame(node, &what);
        }
        let moves = change.joined.len() + change.left.len() + change.removed.len() > 0;
        if (*view > *from) != moves || view < from {
            let what =
                format!("G1: {group} at {revision}: from view {from} to {view} by {change:?}");
            self.blame(node, &what);
        }
        self.endings(sighting, change, &mut held);
        for member in &change.joined {
            if held.members.insert(member.id.clone(), seat(member)).is_some() {
                self.blame(node, &format!("G5: {} came and was in, view {view}", member.id));
            }
        }
        let ended = |member: &Member| change.away.iter().any(|away| away.id == member.id);
        for member in &change.updated {
            let present = held.members.insert(member.id.clone(), seat(member));
            let follows = |seat: &Seat| {
                let vacant = seat.away || ended(member);
                match (vacant, member.state) {
                    (true, MemberState::Away) | (false, MemberState::Active) => {
                        member.incarnation == seat.incarnation
                    }
                    (true, _) => member.incarnation > seat.incarnation,
                    (false, _) => false,
                }
            };
            if !present.as_ref().is_some_and(follows) {
                self.blame(node, &format!("G5: {} changed and was {present:?}", member.id));
            }
        }
        held.view = *view;
        held.revision = revision;
        self.install(node, group, held);
    }

    /// The lives that a change ends: those that leave the view, and those whose place is kept.
    fn endings(&mut self, sighting: &Sighting, change: &Change, held: &mut Held) {
        let node = sighting.node;
        let left = change.left.iter().map(|left| (&left.id, left.incarnation));
        let removed = change.removed.iter().map(|removed| (&removed.id, removed.incarnation));
        for (id, incarnation) in left.chain(removed) {
            match held.members.remove(id) {
                Some(present) if present.incarnation == incarnation => {
                    self.gone.entry((node, id.clone(), incarnation)).or_insert(sighting.at);
                }
                _ => self.blame(node, &format!("G5: {id}@{incarnation} went and was not in")),
            }
        }
        for Removed { id, incarnation, .. } in &change.away {
            let present = held.members.get(id);
            if present.is_none_or(|seat| seat.incarnation != *incarnation || seat.away) {
                self.blame(node, &format!("G5: {id}@{incarnation} went away and was {present:?}"));
            }
            self.gone.entry((node, id.clone(), *incarnation)).or_insert(sighting.at);
        }
        for removed in &change.removed {
            self.judge(sighting, removed, Some((change.group.clone(), change.view)));
        }
        for away in &change.away {
            self.judge(sighting, away, None);
        }
    }

    fn install(&mut self, node: u64, group: &GroupId, held: Held) {
        self.findings.views.insert((group.clone(), held.view));
        let key = (group.clone(), held.revision);
        match self.seen.get(&key) {
            None => {
                self.seen.insert(key, (held.members.clone(), node));
            }
            Some((members, other)) if *members != held.members => {
                let what = format!(
                    "G2: view {}/{} of {group} differs from node {other}'s",
                    held.view, held.revision
                );
                self.blame(node, &what);
            }
            Some(_) => {}
        }
        self.watchers.entry(node).or_default().groups.insert(group.clone(), held);
    }

    /// Was it right to remove this life, or to call it away? Asked once a life, when that is first
    /// seen; `view` is the one that it went in.
    fn judge(
        &mut self,
        sighting: &Sighting,
        Removed { id, incarnation, cause, .. }: &Removed,
        view: Option<(GroupId, Revision)>,
    ) {
        if !self.judged.insert((id.clone(), *incarnation)) {
            return;
        }
        let cause = cause.as_str();
        *self.findings.causes.entry(cause).or_default() += 1;
        let died = self.histories.deaths.iter().any(|death| {
            death.id == *id && death.incarnation == *incarnation && death.at <= sighting.at
        });
        let given_up = self
            .histories
            .given_up
            .iter()
            .any(|(other, since)| other == id && *since <= sighting.at);
        if died {
            self.findings.death_views.extend(view);
        } else if !given_up {
            self.findings.false_removals += 1;
            let what = format!("G4: {id}@{incarnation} lived and was removed for {cause}");
            self.blame(sighting.node, &what);
        }
    }

    fn complete(&mut self, death: &Death) {
        for node in &death.shown_by {
            let who = format!("{}@{}", death.id, death.incarnation);
            match self.gone.get(&(*node, death.id.clone(), death.incarnation)) {
                None => self.blame(*node, &format!("G3: {who} died and is still there")),
                Some(at) => {
                    let delay = at.saturating_duration_since(death.at);
                    self.findings.delays.push(delay);
                    if delay > death.bound {
                        let what = format!("G3: {who} went {delay:.1?} after its death");
                        self.blame(*node, &what);
                    }
                }
            }
        }
    }

    /// The scenario has waited for all nodes to show the same view.
    fn agree_at_the_end(&mut self) {
        let mut last: BTreeMap<GroupId, BTreeSet<(Revision, Revision)>> = BTreeMap::new();
        for watcher in self.watchers.values() {
            for (group, held) in &watcher.groups {
                last.entry(group.clone()).or_default().insert((held.view, held.revision));
            }
        }
        for (group, views) in last {
            if views.len() > 1 {
                let what = format!("G1: {group} ends in different views: {views:?}");
                self.findings.violations.push(what);
            }
        }
    }
}

/// Who watches a member is no part of the view.
fn seat(member: &Member) -> Seat {
    let bare = Member { monitor: None, witness: None, ..member.clone() };
    Seat {
        incarnation: member.incarnation,
        away: member.state == MemberState::Away,
        identity: serde_json::to_string(&bare).unwrap(),
    }
}
