//! How each message changes the model.
//!
//! A change is applied only to the view it follows; one that follows another view is a gap, which
//! is told, never papered over. Liveness is kept apart from views, so the two feeds may come in
//! any order.

use std::sync::Arc;

use gms::{
    api::{
        Band, Event, Events, GroupLiveness, Groups, MemberLiveness, Nodes, Status, WatchEvent, What,
    },
    id::{GroupId, Revision},
    view::{Change, View},
};
use imbl::OrdMap;

use super::{
    cluster::Model,
    evidence::EVIDENCE_MAX,
    group::{Gone, Group, RECENT, drop_where},
    happening::{Happening, Who, happening_of},
    heard::Heard,
    link::{Stream, StreamNews, StreamState},
    moment::Moment,
    opinion::Opinion,
};

/// What became of a message of the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is in the model.
    Done,
    /// It follows a view that we do not have: the watch must be opened anew.
    Gap,
}

impl Model {
    /// Takes in the state of a stream.
    pub fn apply_link(&mut self, now: Moment, stream: Stream, news: &StreamNews) {
        let before = self.link.state(stream).clone();
        self.link.take(now, stream, news);
        match (before, self.link.state(stream).clone(), news) {
            (StreamState::Up, StreamState::Down, StreamNews::Down { error }) => {
                let text = format!("{}: {error}", stream.as_str());
                self.timeline.observe(now, Happening::LinkLost(text));
            }
            (StreamState::Down, StreamState::Up, StreamNews::Up { endpoint, .. }) => {
                let text = format!("{} from {endpoint}", stream.as_str());
                self.timeline.observe(now, Happening::LinkBack(text));
            }
            _ => {}
        }
        match (stream, news) {
            (Stream::Liveness, StreamNews::Up { .. }) => self.forget_heard(),
            (Stream::Watch, StreamNews::Up { .. }) => self.reopening = Some(imbl::OrdSet::new()),
            _ => {}
        }
    }

    /// A feed that opens tells of every member anew; until then nothing is known.
    fn forget_heard(&mut self) {
        let ids: Vec<_> = self.groups.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id) {
                group.forget_all_heard();
            }
        }
        self.beats.clear();
        self.stamp.bands += 1;
    }

    /// Takes in one message of the watch of all groups.
    pub fn apply_watch(&mut self, now: Moment, event: WatchEvent) -> Applied {
        self.link.heard(Stream::Watch, now.at);
        let applied = self.apply_watch_event(now, event);
        self.compare(now);
        applied
    }

    /// Whether the watch tells of what the status already has.
    fn compare(&mut self, now: Moment) {
        let status = self.status.as_ref().map_or(Revision(0), |status| status.revision);
        self.link.compare(now, status, self.revision);
    }

    fn apply_watch_event(&mut self, now: Moment, event: WatchEvent) -> Applied {
        match event {
            WatchEvent::Snapshot(view) => self.apply_snapshot(now, view),
            WatchEvent::Change(change) => return self.apply_change(now, &change),
            WatchEvent::Bookmark(bookmark) => {
                self.revision = self.revision.max(bookmark.revision);
                self.told = true;
                if let Some(told) = self.reopening.take()
                    && !told.is_empty()
                {
                    drop_where(&mut self.groups, |id, _| !told.contains(id));
                    self.stamp.shape += 1;
                }
            }
            WatchEvent::Compacted(compacted) => {
                let text = format!(
                    "revisions {} to {} are no longer kept",
                    compacted.after, compacted.floor
                );
                self.timeline.observe(now, Happening::Gap(text));
                self.reopening = Some(imbl::OrdSet::new());
            }
            WatchEvent::Event(event) => self.apply_event(&event),
        }
        Applied::Done
    }

    fn apply_snapshot(&mut self, now: Moment, view: View) {
        if let Some(told) = &mut self.reopening {
            told.insert(view.group.clone());
        }
        let revision = view.revision();
        let group = self.group(view.group.clone());
        if group.revision > revision {
            return;
        }
        let first_look = group.view == Revision(0) && group.members.is_empty();
        let mut members = OrdMap::new();
        for member in view.members {
            let known = group.members.get(&member.id);
            let is_new = known.is_none_or(|m| m.incarnation != member.incarnation);
            if is_new && !first_look {
                group.arrived.insert(member.id.clone(), now.at);
            }
            group.gone.remove(&member.id);
            members.insert(member.id.clone(), Arc::new(member));
        }
        group.replace_members(members);
        group.is_told = true;
        group.view = view.view;
        group.revision = revision;
        self.stamp.shape += 1;
        self.revision = self.revision.max(revision);
        if first_look {
            self.mark_recent(now, &view.group);
        }
    }

    fn apply_change(&mut self, now: Moment, change: &Change) -> Applied {
        let group = self.group(change.group.clone());
        if change.revision() <= group.revision {
            return Applied::Done;
        }
        if change.from != group.view || change.after() != group.revision {
            return Applied::Gap;
        }
        follow(group, now, change);
        group.is_told = true;
        self.stamp.shape += 1;
        self.revision = self.revision.max(change.revision());
        self.timeline.record_change(change);
        Applied::Done
    }

    fn apply_event(&mut self, event: &Event) {
        match &event.what {
            What::GroupCreated { group, timing } => {
                let group = self.group(group.clone());
                (group.timing, group.is_told) = (Some(*timing), true);
                self.stamp.shape += 1;
            }
            What::GroupDeleted { group }
                if self.groups.get(group).is_some_and(|group| group.members.is_empty()) =>
            {
                self.groups.remove(group);
                self.stamp.shape += 1;
            }
            What::HoldSet { group, hold } => {
                self.group(group.clone()).hold = Some(hold.clone());
            }
            What::HoldCleared { group, .. } => {
                if let Some(group) = self.groups.get_mut(group) {
                    group.hold = None;
                }
            }
            _ => {}
        }
        self.revision = self.revision.max(event.revision);
        self.timeline.record_event(event);
        self.evidence.keep_event(event, self.term_of(event.revision));
    }

    /// Takes in what the liveness feed says of one member.
    pub fn apply_liveness(&mut self, now: Moment, report: &MemberLiveness) {
        self.link.heard(Stream::Liveness, now.at);
        self.apply_report(now, report);
    }

    /// Takes in what is said of one member by another stream than that of all.
    pub fn apply_report(&mut self, now: Moment, report: &MemberLiveness) {
        let group = self.group(report.group.clone());
        let newer_known =
            group.members.get(&report.id).is_some_and(|m| m.incarnation > report.incarnation);
        if newer_known {
            return;
        }
        let before = group
            .heard
            .get(&report.id)
            .filter(|heard| heard.incarnation == report.incarnation)
            .map(|heard| heard.band);
        group.hear(&report.id, Heard::of(now, report));
        let is_watched_by_another = watched_by_another(group, report);
        self.stamp.reports += 1;
        if is_watched_by_another {
            self.stamp.shape += 1;
        }
        if before != Some(report.state) {
            self.stamp.bands += 1;
        }
        self.beats.note(now, report);
        let doubted = |band: Band| band >= Band::Suspect;
        let who = Who { first: report.id.clone(), count: 1 };
        match before {
            Some(before) if !doubted(before) && doubted(report.state) => {
                self.timeline.observe(now, Happening::Suspected(report.group.clone(), who));
            }
            Some(before) if doubted(before) && matches!(report.state, Band::Ok | Band::Late) => {
                self.timeline.observe(now, Happening::Refuted(report.group.clone(), who));
            }
            _ => {}
        }
    }

    /// Takes in the counts of one group.
    pub fn apply_counts(&mut self, now: Moment, counts: GroupLiveness) {
        self.link.heard(Stream::Liveness, now.at);
        let group = self.group(counts.group.clone());
        group.counts = Some(counts);
    }

    /// Takes in the status of the node that answers.
    pub fn apply_status(&mut self, now: Moment, status: Status) {
        self.link.heard(Stream::Poll, now.at);
        self.link.node = Some(status.node);
        if status.quorum.ok && status.leader.is_some() {
            self.adrift = None;
        } else {
            self.adrift.get_or_insert(now.at);
        }
        self.status = Some(Arc::new(status));
        self.compare(now);
    }

    /// Takes in the list of groups: the holds and timings, which no snapshot carries.
    pub fn apply_groups(&mut self, now: Moment, groups: Groups) {
        self.link.heard(Stream::Poll, now.at);
        for summary in groups.groups {
            let group = self.group(summary.name);
            group.hold = summary.hold;
            group.timing = summary.timing;
            group.is_told |= summary.members == 0;
        }
    }

    /// Takes in what a node says of all nodes.
    pub fn apply_nodes(&mut self, now: Moment, nodes: Nodes) {
        self.link.heard(Stream::Poll, now.at);
        for status in &nodes.nodes {
            let Some(before) = self.nodes.get(&status.id).map(|node| node.status.reachable) else {
                continue;
            };
            let what = match (before, status.reachable) {
                (true, false) => {
                    let why = status.error.clone().unwrap_or_else(|| "out of reach".to_owned());
                    Happening::NodeLost(status.id, why)
                }
                (false, true) => Happening::NodeBack(status.id),
                _ => continue,
            };
            self.timeline.observe(now, what);
        }
        self.take_nodes(now, nodes);
    }

    /// Takes in what one node said of itself when it was asked directly.
    pub fn apply_opinion(&mut self, opinion: Opinion) {
        self.opinions.insert(opinion.node, Arc::new(opinion));
    }

    /// Takes in the recorded past.
    pub fn apply_history(&mut self, now: Moment, history: &Events) {
        self.link.heard(Stream::Poll, now.at);
        self.timeline.load_history(history);
        for event in history.events.iter().rev().take(EVIDENCE_MAX).rev() {
            self.evidence.keep_event(event, self.term_of(event.revision));
        }
        self.just_before.clear();
        for event in history.events.iter().filter(|event| now.since_wall(event.at_ms) < RECENT) {
            if let Some(group) = happening_of(&event.what).group() {
                let of_group = self.just_before.entry(group.clone()).or_default();
                of_group.push_back(Arc::new(event.clone()));
            }
        }
        let groups: Vec<GroupId> = self.just_before.keys().cloned().collect();
        for group in groups {
            self.mark_recent(now, &group);
        }
    }

    /// Marks who came to a group or went from it just before we came.
    fn mark_recent(&mut self, now: Moment, of: &GroupId) {
        let Some(events) = self.just_before.get(of) else {
            return;
        };
        let Some(group) = self.groups.get_mut(of) else {
            return;
        };
        for event in events {
            let began = now.at.checked_sub(now.since_wall(event.at_ms));
            if let Some(at) = began
                && group.mark_recent(of, &event.what, at)
            {
                self.stamp.shape += 1;
            }
        }
    }

    /// The term in which a revision was proposed, as far as that is known; else the present one.
    fn term_of(&self, revision: Revision) -> u64 {
        let elected = self.timeline.term_at(revision);
        elected.unwrap_or_else(|| self.status.as_ref().map_or(0, |status| status.term))
    }

    /// Forgets what is no longer shown. Called about once a second.
    pub fn tidy(&mut self, now: Moment) {
        let is_recent = |event: &Arc<Event>| now.since_wall(event.at_ms) < RECENT;
        if !self.just_before.values().flatten().any(is_recent) {
            self.just_before.clear();
        }
        let untidy = |group: &Group| {
            !group.gone.is_empty()
                || !group.arrived.is_empty()
                || group.is_settling()
                || group.heard.len() > group.members.len()
        };
        let ids: Vec<_> =
            self.groups.iter().filter(|(_, g)| untidy(g)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id)
                && group.tidy(now)
            {
                self.stamp.shape += 1;
            }
        }
    }
}

/// Takes out who is gone, then puts in who came.
fn follow(group: &mut Group, now: Moment, change: &Change) {
    let left = change.left.iter().map(|left| (&left.id, left.incarnation, None));
    let removed = change
        .removed
        .iter()
        .map(|removed| (&removed.id, removed.incarnation, Some(removed.cause)));
    for (id, incarnation, cause) in left.chain(removed) {
        let member = group.take(id);
        group.forget(id, incarnation);
        group.arrived.remove(id);
        group.gone.insert(id.clone(), Gone { incarnation, at: now.at, cause, member });
    }
    for member in &change.joined {
        group.gone.remove(&member.id);
        group.arrived.insert(member.id.clone(), now.at);
        group.put(member.clone());
    }
    for gone in &change.away {
        group.forget(&gone.id, gone.incarnation);
        group.arrived.remove(&gone.id);
    }
    for member in &change.updated {
        if change.is_new(member) {
            group.arrived.insert(member.id.clone(), now.at);
        }
        group.put(member.clone());
    }
    group.view = change.view;
    group.revision = change.revision();
}
/// Takes over who watches a member from whoever reports of it; true if that is another node than the
/// view said. When the monitors change no view does, so no watch tells of it.
fn watched_by_another(group: &mut Group, report: &MemberLiveness) -> bool {
    let Some(member) = group.members.get_mut(&report.id) else {
        return false;
    };
    let is_same = member.monitor == Some(report.monitor);
    if is_same || member.incarnation != report.incarnation {
        return false;
    }
    let member = Arc::make_mut(member);
    member.monitor = Some(report.monitor);
    // Who is asked in doubt follows from the same change; the next view tells.
    member.witness = member.witness.filter(|witness| *witness != report.monitor);
    true
}
