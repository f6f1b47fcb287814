//! Whether the next event of a watch follows the last.
//!
//! What is admitted is gapless for each group and never goes back: every admitted change follows
//! the revision admitted before it, and no snapshot is older than that revision. What was admitted before
//! is dropped when a resumed stream repeats it. A break asks for fresh snapshots, from which the
//! sequence goes on.
//!
//! Pure. It keeps one revision a group, not the members; [`Mirror`](crate::mirror::Mirror) does.

use std::collections::BTreeMap;

use crate::{
    api::{Event, WatchEvent},
    id::{GroupId, Revision},
    view::Change,
};

/// What to do with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is next: pass it on.
    Next,
    /// It was passed on before.
    Repeated,
    /// Something is missing or goes back: read everything anew. Says what is wrong.
    Broken(String),
}

/// The state of one watch.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// All groups are watched, so that one revision may bring several changes.
    all: bool,
    at_least: Revision,
    /// The last change of each group that was admitted.
    held: BTreeMap<GroupId, Revision>,
    /// Everything up to here has been admitted. None until the snapshots are complete.
    complete: Option<Revision>,
    /// Where the watch was told to begin; what groups were before it is not known.
    begin: Option<Revision>,
    /// The events of the greatest revision that brought any, to know them again.
    recent: Vec<Event>,
}

impl Sequence {
    /// A watch of all groups or of one, from the present state or from after a revision. A
    /// snapshot of that one group must be of `at_least` this revision.
    pub(crate) fn new(all: bool, after: Option<Revision>, at_least: Revision) -> Self {
        Self {
            all,
            at_least: if all { Revision(0) } else { at_least },
            held: BTreeMap::new(),
            complete: after,
            begin: after,
            recent: Vec::new(),
        }
    }

    /// After which revision a new stream shall go on; none if it shall begin with snapshots.
    pub(crate) fn resume_after(&self) -> Option<Revision> {
        self.complete
    }

    /// The next stream shall begin with snapshots.
    pub(crate) fn start_over(&mut self) {
        self.complete = None;
        self.begin = None;
    }

    /// Judges the next event, and takes note of it if it is next.
    pub(crate) fn admit(&mut self, event: &WatchEvent) -> Admission {
        match event {
            WatchEvent::Snapshot(view) => {
                let held = self.held.get(&view.group).copied();
                let held = held.unwrap_or_default().max(self.at_least);
                let revision = view.revision();
                if revision < held {
                    return Admission::Broken(format!(
                        "the node is behind: it has revision {revision} of group {}, this watch \
                         already had {held}",
                        view.group
                    ));
                }
                self.held.insert(view.group.clone(), revision);
                if !self.all {
                    self.advance(revision);
                }
                Admission::Next
            }
            WatchEvent::Change(change) => self.admit_change(change),
            WatchEvent::Bookmark(bookmark) => {
                if self.complete.is_some_and(|done| done > bookmark.revision) {
                    return Admission::Repeated;
                }
                self.advance(bookmark.revision);
                Admission::Next
            }
            WatchEvent::Compacted(_) => {
                self.start_over();
                Admission::Next
            }
            WatchEvent::Event(event) => {
                let newest = self.recent.first().map_or(Revision(0), |seen| seen.revision);
                if event.revision < newest || self.recent.contains(event) {
                    return Admission::Repeated;
                }
                if event.revision > newest {
                    self.recent.clear();
                }
                self.recent.push(event.clone());
                Admission::Next
            }
        }
    }

    fn admit_change(&mut self, change: &Change) -> Admission {
        let (group, after, revision) = (&change.group, change.after(), change.revision());
        if after >= revision || change.from > change.view {
            return Admission::Broken(format!(
                "a change of group {group} from view {} to {}, from revision {after} to {revision}",
                change.from, change.view
            ));
        }
        match (self.held.get(group), self.begin) {
            (Some(held), _) if revision <= *held => return Admission::Repeated,
            (Some(held), _) if after == *held => {}
            (None, Some(begin)) if revision <= begin => return Admission::Repeated,
            (None, Some(begin)) if after <= begin => {}
            (None, None) if after.0 == 0 => {}
            (held, _) => {
                let held = held.copied().unwrap_or_default();
                return Admission::Broken(format!(
                    "a gap: revision {revision} of group {group} follows {after}, this watch has \
                     {held}"
                ));
            }
        }
        self.held.insert(group.clone(), revision);
        if self.complete.is_some() {
            // The same revision may bring something else yet: another group's change, an event.
            self.advance(Revision(revision.0 - 1));
        }
        Admission::Next
    }

    fn advance(&mut self, to: Revision) {
        if self.complete.is_none_or(|done| done < to) {
            self.complete = Some(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mirror::{Applied, Mirror},
        test_history::{group, histories},
    };
    use proptest::prelude::*;

    /// One stream of a watch: how far the node has applied, from where it keeps the history (from
    /// the beginning where absent), after how many events the stream breaks, and which event it
    /// loses, if any.
    type Served = (
        prop::sample::Index,
        Option<prop::sample::Index>,
        prop::sample::Index,
        Option<prop::sample::Index>,
    );

    fn served() -> impl Strategy<Value = Served> {
        let index = any::<prop::sample::Index>;
        let floor = proptest::option::of(index());
        // Rarely, since a loss keeps the end from being checked.
        let loses = proptest::option::weighted(0.05, index());
        (index(), floor, index(), loses)
    }

    proptest! {
        #[test]
        fn however_streams_break_what_is_admitted_is_gapless_and_ends_up_whole(
            history in histories(),
            one: bool,
            from_the_beginning: bool,
            streams in proptest::collection::vec(served(), 0..12),
        ) {
            let last = history.last;
            let lossy = streams.iter().any(|served| served.3.is_some());
            let only = one.then(|| group(0));
            let begin = from_the_beginning.then_some(Revision(0));
            let mut sequence = Sequence::new(!one, begin, Revision(0));
            let mut mirror = Mirror::new();
            let mut happened = Vec::new();
            let pick = |index: &prop::sample::Index| Revision(index.get(&(0..=last.0).collect::<Vec<_>>()).to_owned());
            let whole = (Revision(0), last, usize::MAX, None);
            let mut served: Vec<_> = streams
                .iter()
                .map(|(applied, floor, breaks, loses)| {
                    let applied = pick(applied);
                    (floor.as_ref().map_or(Revision(0), pick).min(applied), applied, breaks.index(20), loses.as_ref())
                })
                .collect();
            // Twice to the end: once to find a loss, once to mend it.
            served.extend([whole, whole]);
            for (floor, applied, breaks, loses) in served {
                let mut events = history.stream(only.as_ref(), sequence.resume_after(), floor, applied);
                if let Some(loses) = loses
                    && let index = loses.index(events.len())
                    && matches!(events[index], WatchEvent::Change(_))
                {
                    events.remove(index);
                }
                for event in events.into_iter().take(breaks) {
                    match sequence.admit(&event) {
                        Admission::Next => {}
                        Admission::Repeated => continue,
                        Admission::Broken(why) => {
                            // Where no node loses anything, only one that is behind is left.
                            prop_assert!(lossy || why.contains("behind"), "{}", why);
                            sequence.start_over();
                            break;
                        }
                    }
                    if let WatchEvent::Event(event) = &event {
                        prop_assert!(!happened.contains(event), "twice: {event:?}");
                        happened.push(event.clone());
                    }
                    let before = mirror.clone();
                    let applied = mirror.apply(&event);
                    let gap = matches!(applied, Applied::Gap { .. });
                    prop_assert!(!gap, "{event:?} {applied:?}");
                    for (group, held) in before.groups() {
                        prop_assert!(mirror.group(group).unwrap().revision() >= held.revision());
                    }
                    if let WatchEvent::Snapshot(view) = &event {
                        prop_assert_eq!(mirror.group(&view.group).unwrap().revision(), view.revision);
                    }
                }
            }
            for (group, held) in mirror.groups() {
                let held = held.to_view(group);
                prop_assert_eq!(&held, &history.view(group, held.revision));
            }
            // A change that a node lost is noticed with the group's next one only.
            if lossy {
                return Ok(());
            }
            for group in history.views.keys() {
                if only.as_ref().is_none_or(|only| only == group) {
                    let held = mirror.group(group).map(|held| held.to_view(group));
                    prop_assert_eq!(held.unwrap(), history.view(group, last));
                }
            }
        }

        #[test]
        fn a_watch_from_a_revision_gets_what_came_after_it(history in histories(), after: prop::sample::Index) {
            let after = Revision(after.index(usize::try_from(history.last.0).unwrap() + 1) as u64);
            let mut sequence = Sequence::new(true, Some(after), Revision(0));
            let mut admitted = Vec::new();
            for event in history.stream(None, Some(after), Revision(0), history.last) {
                prop_assert_eq!(sequence.admit(&event), Admission::Next);
                admitted.push(event);
            }
            let expected = history.events.iter().filter(|(revision, _)| *revision > after);
            prop_assert_eq!(admitted.len(), expected.count() + 1);
        }
    }
}
