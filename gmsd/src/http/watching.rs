//! [`Watching`]: one open watch, as a stream of bytes.
//!
//! It is asked for the next bytes when the peer has taken the last, and writes something at least
//! every [`Bounds::bookmark`](super::limits::Bounds), so either side soon notices that the other is
//! gone. When the node stops it gives what is left, a bookmark, and ends.

use std::{collections::VecDeque, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use gms::{
    api::{Bookmark, Compacted},
    id::{GroupId, Revision},
};
use tokio::{
    sync::watch,
    time::{Sleep, sleep},
};

use super::{
    app::{App, Watcher},
    follow::{Follower, Scope, Step},
    frames::{frame, frame_parts},
    pulse::{Ending, Pulse},
    sessions::Session,
    waist::Waist,
};
use crate::membership::state::State;

/// Where a watch begins.
#[derive(Debug, Clone, Copy)]
pub enum Begin {
    /// With snapshots.
    Present,
    /// After a revision the reader has.
    After(Revision),
    /// After a revision that is none of this cluster: the reader is told, and given snapshots.
    Foreign(Revision),
}

/// Snapshots on their way, all of one state.
struct Snapshots {
    state: Arc<State>,
    /// Those still to be given, the next one last.
    groups: Vec<GroupId>,
}

/// One open watch.
pub struct Watching<W> {
    app: Arc<App<W>>,
    states: watch::Receiver<Arc<State>>,
    follower: Follower,
    snapshots: Option<Snapshots>,
    ready: VecDeque<Bytes>,
    /// Tells of changes of the one group followed; none where any new state may matter.
    signal: Option<watch::Receiver<Revision>>,
    /// Ends when nothing has been written for so long that a bookmark is due. What happens outside
    /// the scope does not put it off.
    quiet: Pin<Box<Sleep>>,
    /// Tell the reader up to where it has everything, as soon as it has.
    owes_bookmark: bool,
    /// That bookmark is the last.
    is_stopping: bool,
    has_ended: bool,
    session: Option<Session>,
    pulse: Arc<Pulse>,
    _watcher: Watcher,
}

impl<W: Waist> Watching<W> {
    /// Opens a watch on what this state tells, and later ones.
    pub fn open(
        app: Arc<App<W>>,
        state: &Arc<State>,
        scope: Scope,
        begin: Begin,
        session: Option<Session>,
        pulse: Arc<Pulse>,
        watcher: Watcher,
    ) -> Self {
        let states = app.parts.waist.state();
        let signal = match &scope {
            Scope { group: Some(group), events: false } => Some(app.wakes.subscribe(group)),
            _ => None,
        };
        let quiet = Box::pin(sleep(app.parts.bounds.bookmark));
        let mut watching = Self {
            app,
            states,
            follower: Follower::from(scope.clone(), state),
            snapshots: None,
            ready: VecDeque::new(),
            signal,
            quiet,
            owes_bookmark: false,
            is_stopping: false,
            has_ended: false,
            session,
            pulse,
            _watcher: watcher,
        };
        match begin {
            Begin::Present => watching.start_over(state),
            Begin::After(revision) => {
                watching.follower = Follower::after(scope, revision);
                // Nothing else would tell that it has caught up.
                watching.owes_bookmark = true;
            }
            Begin::Foreign(after) => {
                let floor = state.journal().floor();
                watching.compacted(state, &Compacted { after, floor });
            }
        }
        watching
    }

    /// The watch as a stream.
    pub fn into_stream(self) -> BoxStream<'static, Bytes> {
        stream::unfold(self, Self::next).boxed()
    }

    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                self.quiet.set(sleep(self.app.parts.bounds.bookmark));
                return Some((bytes, self));
            }
            if self.has_ended {
                return None;
            }
            if self.next_snapshot() {
                continue;
            }
            if let Some(signal) = &mut self.signal {
                // Before the state is read: what comes in between will wake this watch again.
                signal.borrow_and_update();
            }
            let state = self.states.borrow_and_update().clone();
            match self.follower.next(&state, &self.app.frames) {
                Step::Give(bytes) => self.ready.push_back(bytes),
                Step::Compacted(compacted) => self.compacted(&state, &compacted),
                Step::CaughtUp if std::mem::take(&mut self.owes_bookmark) => {
                    self.bookmark();
                    self.has_ended = self.is_stopping;
                }
                Step::CaughtUp => self.wait().await,
            }
        }
    }

    /// Waits for something new, for the time of a bookmark, or for the end.
    async fn wait(&mut self) {
        let states = &mut self.states;
        let news = async {
            match &mut self.signal {
                Some(signal) => signal.changed().await,
                None => states.changed().await,
            }
        };
        tokio::select! {
            biased;
            () = self.app.stop.cancelled() => {
                self.owes_bookmark = true;
                self.is_stopping = true;
            }
            () = &mut self.quiet => self.owes_bookmark = true,
            news = news => self.has_ended = news.is_err(),
        }
    }

    fn bookmark(&mut self) {
        let revision = self.follower.done();
        let bookmark = Bookmark { revision };
        self.ready.push_back(frame("bookmark", Some(revision), &bookmark));
    }

    fn compacted(&mut self, state: &Arc<State>, compacted: &Compacted) {
        self.ready.push_back(frame("compacted", None, compacted));
        self.start_over(state);
    }

    fn start_over(&mut self, state: &Arc<State>) {
        let scope = self.follower.scope().clone();
        let mut groups: Vec<GroupId> = match &scope.group {
            Some(group) => vec![group.clone()],
            None => state.groups().map(|(name, _)| name.clone()).collect(),
        };
        groups.reverse();
        self.follower = Follower::from(scope, state);
        self.snapshots = Some(Snapshots { state: Arc::clone(state), groups });
    }

    /// Makes the next snapshot ready. With all groups, only the bookmark behind the last snapshot
    /// has an id: whoever resumed between two snapshots would miss the groups that follow.
    fn next_snapshot(&mut self) -> bool {
        let Some(Snapshots { state, groups }) = &mut self.snapshots else {
            return false;
        };
        let is_one = self.follower.scope().group.is_some();
        if let Some(group) = groups.pop() {
            let view = self.app.frames.view(state, &group);
            let id = is_one.then_some(state.revision());
            self.ready.extend(frame_parts("snapshot", id, view));
        } else {
            self.snapshots = None;
            if !is_one {
                self.bookmark();
            }
        }
        true
    }
}

impl<W> Drop for Watching<W> {
    fn drop(&mut self) {
        let is_ours = self.has_ended || self.app.stop.is_cancelled();
        if let Some(session) = &mut self.session {
            session.ends(if is_ours { Ending::ByUs } else { self.pulse.ending() });
        }
    }
}
