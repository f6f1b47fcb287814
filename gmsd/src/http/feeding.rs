//! [`Feeding`]: one open liveness feed, as a stream of bytes.
//!
//! When it opens it tells of every member and every group; then of each change of a band, and once
//! a second of the groups whose counts changed. A member that stays as it is costs nothing. Who
//! reads too slowly to get every change is let go, and finds everything told anew when it returns.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use gms::{
    api::GroupLiveness,
    id::{GroupId, MemberId},
};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, Sleep, interval, sleep},
};

use super::{
    app::{App, Watcher},
    feed::{Feed, LivenessChange},
    frames::{COMMENT, frame},
    waist::Waist,
};

/// How often counts are told, and a member that somebody looks at.
const COUNTS_INTERVAL: Duration = Duration::from_secs(1);

/// What a feed tells of.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Only this group.
    pub group: Option<GroupId>,
    /// This member of it every second.
    pub member: Option<MemberId>,
}

/// One open liveness feed.
pub struct Feeding<W> {
    app: Arc<App<W>>,
    subject: Subject,
    numbers: watch::Receiver<u64>,
    /// The number of the last change told.
    number: u64,
    counts: BTreeMap<GroupId, GroupLiveness>,
    tick: Interval,
    /// Runs while nothing is told.
    quiet: Pin<Box<Sleep>>,
    ready: VecDeque<Bytes>,
    has_ended: bool,
    _watcher: Watcher,
}

impl<W: Waist> Feeding<W> {
    /// Opens a feed.
    pub fn open(app: Arc<App<W>>, subject: Subject, watcher: Watcher) -> Self {
        let feed = &app.parts.feed;
        let numbers = feed.numbers();
        let (number, members) = feed.members(subject.group.as_ref());
        let ready = members.iter().map(|member| frame("member", None, member)).collect();
        // The first tick comes at once, with all counts.
        let mut tick = interval(COUNTS_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let quiet = Box::pin(sleep(app.parts.bounds.bookmark));
        Self {
            app,
            subject,
            numbers,
            number,
            counts: BTreeMap::new(),
            tick,
            quiet,
            ready,
            has_ended: false,
            _watcher: watcher,
        }
    }

    /// The feed as a stream.
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
            tokio::select! {
                biased;
                () = self.app.stop.cancelled() => self.has_ended = true,
                changed = self.numbers.changed() => match changed {
                    Ok(()) => self.tell_changes(),
                    Err(_) => self.has_ended = true,
                },
                _ = self.tick.tick() => self.tell_counts(),
                () = &mut self.quiet => self.ready.push_back(COMMENT),
            }
        }
    }

    fn feed(&self) -> Arc<dyn Feed> {
        Arc::clone(&self.app.parts.feed)
    }

    fn tell_changes(&mut self) {
        let Some((number, changes)) = self.feed().changes_after(self.number) else {
            self.has_ended = true;
            return;
        };
        self.number = number;
        for change in changes {
            let (group, ..) = change.subject();
            if self.subject.group.as_ref().is_some_and(|only| only != group) {
                continue;
            }
            self.ready.push_back(match &change {
                LivenessChange::Member(member) => frame("member", None, member),
                LivenessChange::Gone(gone) => frame("gone", None, gone),
            });
        }
    }

    fn tell_counts(&mut self) {
        let feed = self.feed();
        let counts = feed.counts(self.subject.group.as_ref());
        for of in &counts {
            if self.counts.get(&of.group) != Some(of) {
                self.ready.push_back(frame("counts", None, of));
            }
        }
        self.counts = counts.into_iter().map(|of| (of.group.clone(), of)).collect();
        if let (Some(group), Some(member)) = (&self.subject.group, &self.subject.member)
            && let Some(member) = feed.member(group, member)
        {
            self.ready.push_back(frame("member", None, &member));
        }
    }
}
