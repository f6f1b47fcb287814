//! [`Follower`]: what a watch has been given, and what comes next. Pure.
//!
//! It gives every change after where it began, in order, each once, or says that history no longer
//! reaches back. It keeps its place by revision and takes what follows from whatever state it is
//! shown, so a slow reader costs no memory beyond one batch.
//!
//! A group that was forgotten while it stood empty goes on, when it is made anew, from another empty
//! view than the one its readers have. So they are given that empty view first.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use gms::{
    api::Compacted,
    id::{GroupId, Revision},
    view::View,
};

use super::{
    frames::{Frames, frame},
    present,
};
use crate::membership::{
    journal::{Happening, Record},
    life::Delta,
    state::State,
};

/// How many records are taken from the history at once: finding the place costs more than taking.
const BATCH: usize = 256;

/// What a watch follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// One group, or all.
    pub group: Option<GroupId>,
    /// Also what is no view.
    pub events: bool,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// This event.
    Give(Bytes),
    /// Nothing, for now.
    CaughtUp,
    /// Something that is no longer kept.
    Compacted(Compacted),
}

enum What {
    Change(Arc<Delta>),
    Event(Arc<Record>),
}

struct Item {
    what: What,
    revision: Revision,
    /// Whether nothing more of the same revision follows: a reader may resume behind it.
    is_last: bool,
}

/// The place of one watch in the history.
pub struct Follower {
    scope: Scope,
    /// Everything up to here has been given or is in `pending`.
    done: Revision,
    /// The last change given of the one group followed, if it is known.
    given: Option<Revision>,
    /// The beginning of a group of which the empty view has been given, and the change has not.
    begun: bool,
    pending: VecDeque<Item>,
}

impl Follower {
    /// Follows from after a revision that the reader has.
    pub fn after(scope: Scope, revision: Revision) -> Self {
        Self { scope, done: revision, given: None, begun: false, pending: VecDeque::new() }
    }

    /// Follows from this state, of which the reader is given snapshots.
    pub fn from(scope: Scope, state: &State) -> Self {
        let given = scope.group.as_ref().map(|group| present::last_change(state, group));
        Self { given, ..Self::after(scope, state.revision()) }
    }

    /// What is followed.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Up to where everything has been given, when [`Follower::next`] has said `CaughtUp`.
    pub fn done(&self) -> Revision {
        self.done
    }

    /// The next step, as far as this state reaches.
    pub fn next(&mut self, state: &State, frames: &Frames) -> Step {
        if self.pending.is_empty() {
            if let Some(step) = self.short_cut(state, frames) {
                return step;
            }
            if let Err(compacted) = self.refill(state) {
                return Step::Compacted(compacted);
            }
        }
        let Some(item) = self.pending.pop_front() else {
            self.done = self.done.max(state.revision());
            return Step::CaughtUp;
        };
        match &item.what {
            What::Change(delta) => {
                let delta = Arc::clone(delta);
                self.give(state, frames, &delta, item)
            }
            What::Event(record) => {
                let id = item.is_last.then_some(item.revision);
                // A record that is no view makes exactly one event.
                let event = present::events(record).pop();
                Step::Give(frame("event", id, &event))
            }
        }
    }

    /// Finds the next change of the one group followed without a search, if another reader needed
    /// it before.
    fn short_cut(&mut self, state: &State, frames: &Frames) -> Option<Step> {
        if self.scope.events {
            return None;
        }
        let group = self.scope.group.as_ref()?;
        let present = state.group(group)?.revision;
        if present <= self.done {
            return None;
        }
        let change = frames.change_after(group, self.given?)?;
        self.done = self.done.max(change.revision);
        self.given = Some(change.revision);
        Some(Step::Give(change.frame(true)))
    }

    fn give(&mut self, state: &State, frames: &Frames, delta: &Delta, item: Item) -> Step {
        let begins = delta.begins && delta.after != Revision(0) && !self.begun;
        let from_another = match (&self.scope.group, self.given) {
            (Some(_), Some(given)) => given != delta.after,
            // What a reader has who resumes, or of one group among all, is not known here.
            _ => begins,
        };
        self.begun = from_another;
        if from_another {
            let empty = View {
                group: delta.group.clone(),
                view: delta.from,
                revision: delta.after,
                members: Vec::new(),
            };
            self.given = self.scope.group.as_ref().map(|_| delta.after);
            self.pending.push_front(item);
            return Step::Give(frame("snapshot", None, &empty));
        }
        self.given = self.scope.group.as_ref().map(|_| delta.revision);
        Step::Give(frames.change(state, delta).frame(item.is_last))
    }

    /// Takes the next batch, of whole revisions.
    fn refill(&mut self, state: &State) -> Result<(), Compacted> {
        if state.revision() <= self.done {
            return Ok(());
        }
        match &self.scope {
            Scope { group: Some(group), events: false } => {
                let group = group.clone();
                self.refill_from_group(state, &group)
            }
            _ => self.refill_from_journal(state),
        }
    }

    fn refill_from_group(&mut self, state: &State, name: &GroupId) -> Result<(), Compacted> {
        let after = self.done;
        let Some(group) = state.group(name) else {
            // What a forgotten group was, nobody knows any more.
            let floor = state.empty_view();
            return if after < floor { Err(Compacted { after, floor }) } else { Ok(()) };
        };
        let Some(deltas) = group.deltas_after(after) else {
            let floor = group.floor();
            return Err(Compacted { after, floor });
        };
        for delta in deltas.take(BATCH) {
            self.done = delta.revision;
            self.push(delta.revision, What::Change(Arc::clone(delta)));
        }
        Ok(())
    }

    fn refill_from_journal(&mut self, state: &State) -> Result<(), Compacted> {
        let after = self.done;
        let Some(records) = state.journal().after(after) else {
            let floor = state.journal().floor();
            return Err(Compacted { after, floor });
        };
        for (taken, record) in records.enumerate() {
            if record.revision > self.done {
                if taken >= BATCH && !self.pending.is_empty() {
                    return Ok(());
                }
                self.done = record.revision;
            }
            self.take(record);
        }
        Ok(())
    }

    fn take(&mut self, record: &Arc<Record>) {
        let is_wanted = |of: &GroupId| self.scope.group.as_ref().is_none_or(|group| group == of);
        let what = match &record.what {
            Happening::View(delta) => {
                is_wanted(&delta.group).then(|| What::Change(Arc::clone(delta)))
            }
            Happening::HoldSet { group, .. }
            | Happening::HoldCleared { group, .. }
            | Happening::GroupCreated { group, .. }
            | Happening::GroupDeleted { group } => {
                let is_wanted = self.scope.events && is_wanted(group);
                is_wanted.then(|| What::Event(Arc::clone(record)))
            }
            Happening::Election { .. }
            | Happening::NodeStarted { .. }
            | Happening::Configuration { .. }
            | Happening::Monitors { .. }
            | Happening::Restored { .. } => {
                self.scope.events.then(|| What::Event(Arc::clone(record)))
            }
        };
        if let Some(what) = what {
            self.push(record.revision, what);
        }
    }

    fn push(&mut self, revision: Revision, what: What) {
        if let Some(last) = self.pending.back_mut()
            && last.revision == revision
        {
            last.is_last = false;
        }
        self.pending.push_back(Item { what, revision, is_last: true });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gms::{
        evidence::{Cause, Evidence},
        span::Span,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::{
        http::tests::fake::{Fake, join},
        membership::command::{Command, Removal},
    };

    /// One step of a history: in group `g` or `h`, member 0 to 3 joins (two of them are static),
    /// leaves, fails or changes.
    type Deed = (bool, u8, u8);

    fn command(state: &State, (in_g, member, what): Deed) -> Command {
        let group = if in_g { "g" } else { "h" };
        let mut wish = join(group, &format!("m{member}"), "a:1");
        wish.hold = (member > 1).then(|| Span::from_millis(1));
        let (group, member) = (wish.group.clone(), wish.member.clone());
        match what {
            5 | 6 => {
                let life = state.life(&group, &member);
                let incarnation = life.map(|life| life.incarnation).unwrap_or_default();
                let evidence = Evidence::stated(Cause::Exit, Some(1), Vec::new());
                let removals =
                    vec![Removal { group, member, incarnation, evidence, since: Revision(0) }];
                Command::Remove { epoch: 0, removals }
            }
            0 => Command::Join(wish),
            1 => Command::Leave { group, member, incarnation: None, reason: None },
            _ => Command::Change {
                group,
                member,
                incarnation: None,
                tags: BTreeMap::from([("k".to_owned(), Some(what.to_string()))]),
                drain: None,
            },
        }
    }

    fn deeds() -> impl Strategy<Value = Vec<Vec<Deed>>> {
        let deed = (any::<bool>(), 0..4u8, 0..7u8);
        prop::collection::vec(prop::collection::vec(deed, 1..4), 1..40)
    }

    /// What a reader makes of the frames: the changes it was given, and the last id.
    fn read(bytes: &Bytes, seen: &mut Vec<(String, u64, u64)>, last_id: &mut Option<u64>) {
        let text = std::str::from_utf8(bytes).unwrap();
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = line("id: ") {
            *last_id = id.parse().ok();
        }
        if line("event: ") == Some("change") {
            let data: serde_json::Value = serde_json::from_str(line("data: ").unwrap()).unwrap();
            let number = |name: &str| data[name].as_u64().unwrap();
            let group = data["group"].as_str().unwrap().to_owned();
            seen.push((group, number("after"), number("revision")));
        }
    }

    proptest! {
        #[test]
        fn whoever_stops_and_resumes_anywhere_is_given_every_change_in_order(
            history in deeds(),
            events in any::<bool>(),
            only in any::<bool>(),
            breaks in prop::collection::vec(0..6usize, 40),
        ) {
            let (fake, frames) = (Fake::new(), Frames::default());
            let group = only.then(|| "g".parse().unwrap());
            let scope = Scope { group, events };
            let begin = fake.state();
            let mut follower = Follower::from(scope.clone(), &begin);
            let (mut seen, mut last_id) = (Vec::new(), Some(begin.revision().0));
            for (entry, gives) in history.into_iter().zip(breaks) {
                let before = fake.state();
                fake.commit_all(entry.into_iter().map(|deed| command(&before, deed)).collect());
                let state = fake.state();
                for _ in 0..gives {
                    match follower.next(&state, &frames) {
                        Step::Give(bytes) => read(&bytes, &mut seen, &mut last_id),
                        Step::CaughtUp => last_id = Some(follower.done().0),
                        Step::Compacted(compacted) => panic!("{compacted:?}"),
                    }
                }
                if gives == 0 {
                    let after = Revision(last_id.unwrap_or_default());
                    follower = Follower::after(scope.clone(), after);
                    // What is given again is what came after the last id.
                    seen.retain(|(_, _, revision)| *revision <= after.0);
                }
            }
            let state = fake.state();
            while let Step::Give(bytes) = follower.next(&state, &frames) {
                read(&bytes, &mut seen, &mut last_id);
            }
            let wanted: Vec<(String, u64, u64)> = state
                .journal()
                .kept_after(begin.revision())
                .filter_map(|record| match &record.what {
                    Happening::View(delta) => {
                        Some((delta.group.to_string(), delta.after.0, delta.revision.0))
                    }
                    _ => None,
                })
                .filter(|(group, ..)| !only || group == "g")
                .collect();
            prop_assert_eq!(seen, wanted);
            prop_assert_eq!(follower.done(), state.revision());
        }
    }

    #[test]
    fn one_change_is_encoded_once_for_all() {
        let (fake, frames) = (Fake::new(), Frames::default());
        let scope = Scope { group: Some("g".parse().unwrap()), events: false };
        let begin = fake.state();
        fake.join_all("g", &["m"]);
        let state = fake.state();
        let frame = |mut follower: Follower| match follower.next(&state, &frames) {
            Step::Give(bytes) => bytes,
            other => panic!("{other:?}"),
        };
        let one = frame(Follower::from(scope.clone(), &begin));
        let other = frame(Follower::from(scope.clone(), &begin));
        let resumed = frame(Follower::after(scope, begin.revision()));
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert_eq!(one.as_ptr(), resumed.as_ptr());
    }
}
