//! Whether the next event of a watch follows the last.
//!
//! What is admitted is gapless for each group and never goes back: every admitted change follows
//! the view admitted before it, and no snapshot is older than that view. What was admitted before
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
    held: BTreeMap<GroupId, Revision>,
    /// Everything up to here has been admitted. None until the snapshots are complete.
    complete: Option<Revision>,
    /// Where the watch was told to begin; views of groups before it are not known.
    begin: Option<Revision>,
    /// Events admitted since `complete`, to know them again.
    recent: Vec<Event>,
}

impl Sequence {
    /// A watch of all groups or of one, from the present state or from after a revision.
    pub(crate) fn new(all: bool, after: Option<Revision>) -> Self {
        Self {
            all,
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
        self.recent.clear();
    }

    /// Judges the next event, and takes note of it if it is next.
    pub(crate) fn admit(&mut self, event: &WatchEvent) -> Admission {
        match event {
            WatchEvent::Snapshot(view) => {
                if let Some(held) = self.held.get(&view.group)
                    && view.view < *held
                {
                    return Admission::Broken(format!(
                        "the node is behind: it has view {} of group {}, this watch already had {held}",
                        view.view, view.group
                    ));
                }
                self.held.insert(view.group.clone(), view.view);
                if !self.all {
                    self.advance(view.view);
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
                let done = self.complete.unwrap_or_default();
                if event.revision <= done || self.recent.contains(event) {
                    return Admission::Repeated;
                }
                self.recent.push(event.clone());
                Admission::Next
            }
        }
    }

    fn admit_change(&mut self, change: &Change) -> Admission {
        let Change {
            group, from, view, ..
        } = change;
        if from >= view {
            return Admission::Broken(format!(
                "a change of group {group} from view {from} to {view}"
            ));
        }
        match (self.held.get(group), self.begin) {
            (Some(held), _) if view <= held => return Admission::Repeated,
            (Some(held), _) if from == held => {}
            (None, Some(begin)) if *view <= begin => return Admission::Repeated,
            (None, Some(begin)) if *from <= begin => {}
            (None, None) if from.0 == 0 => {}
            (held, _) => {
                let held = held.copied().unwrap_or_default();
                return Admission::Broken(format!(
                    "a gap: view {view} of group {group} follows {from}, this watch has {held}"
                ));
            }
        }
        self.held.insert(group.clone(), *view);
        if self.complete.is_some() {
            // The same revision may bring something else yet: another group's change, an event.
            self.advance(Revision(view.0 - 1));
        }
        Admission::Next
    }

    fn advance(&mut self, to: Revision) {
        if self.complete.is_none_or(|done| done < to) {
            self.complete = Some(to);
            self.recent.retain(|event| event.revision > to);
        }
    }
}
