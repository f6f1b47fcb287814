//! The course of a session: life after life, until it leaves, is sent away, or is dropped.
//!
//! One task owns a session's lives, its stream and its mirror. At most one life is current; it is
//! made invalid before anybody is told that it is over, and a new one is only begun after that.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use crate::{
    answer::{ClientError, Write},
    api::WatchEvent,
    calls::{Departure, Exit},
    client::Client,
    evidence::Cause,
    failover::backoff,
    heartbeat::Key,
    id::Revision,
    mirror::Mirror,
    problem::Code,
    random,
    session::{
        entry::{self, NewLife},
        event::{SessionEnd, SessionEvent, SessionEvents},
        fate::{self, Fate, Sign},
        hub::{Life, SessionHub},
        inquiry::{self, Subject},
        life::LifeState,
        options::{SessionOptions, SessionStream},
    },
    stream::WatchEnd,
    view::MemberState,
    watch::{Watch, WatchItem, WatchOptions},
};

/// The first pause before a life that lasted shortly is followed by another.
const REJOIN_MIN: Duration = Duration::from_millis(50);
/// The longest pause: a member that is removed again and again must not make a view every moment.
const REJOIN_MAX: Duration = Duration::from_secs(30);
/// A life that lasted longer is followed by another at once.
const LIFE_LONG: Duration = Duration::from_mins(1);

/// A process that was removed while it ran, because the service heard nothing of it, and that again
/// within [`PATH_LONG`], has a bad path; and so has one, at once, that was removed because many nodes
/// had found for most of a minute that it hears too little. It stays away for this long, and twice as
/// long each further time, so that views do not flap with it.
const BAD_PATH_MIN: Duration = Duration::from_mins(5);
/// The longest it stays away.
const BAD_PATH_MAX: Duration = Duration::from_hours(1);
/// A life that lasted longer shows that the path is good again.
const PATH_LONG: Duration = Duration::from_mins(10);

/// What the owner of a session asks of its task.
pub(crate) struct Leave {
    pub(crate) exit: Option<Exit>,
    pub(crate) done: oneshot::Sender<Result<(), ClientError>>,
}

/// What the task and its owner share.
#[derive(Debug)]
pub(crate) struct Shared {
    present: Mutex<Present>,
    pub(crate) mirror: Mutex<Mirror>,
    pub(crate) events: SessionEvents,
}

/// The current life, or the last.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) state: Arc<LifeState>,
    pub(crate) key: Key,
}

impl Shared {
    pub(crate) fn new(life: &Life) -> Self {
        Self {
            present: Mutex::new(Present { state: Arc::clone(&life.state), key: life.key }),
            mirror: Mutex::default(),
            events: SessionEvents::new(),
        }
    }

    pub(crate) fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mirror(&self) -> MutexGuard<'_, Mirror> {
        self.mirror.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of a session.
pub(crate) struct Task {
    pub(crate) client: Client,
    pub(crate) hub: SessionHub,
    pub(crate) options: SessionOptions,
    pub(crate) shared: Arc<Shared>,
    pub(crate) requests: mpsc::Receiver<Leave>,
}

/// How a life came to its end.
enum Outcome {
    Over(Fate),
    Leaving(Leave),
}

type Inquiry = Pin<Box<dyn Future<Output = Fate> + Send>>;

/// What is known of the current life while it lasts.
struct Course {
    subject: Subject,
    /// The last change of the group that the owner knows of.
    revision: Revision,
    watch: Option<Watch>,
    lease_lost: bool,
    draining: bool,
    inquiry: Option<Inquiry>,
}

impl Task {
    /// Runs until the session is over.
    pub(crate) async fn run(mut self, first: NewLife) {
        let end = self.lives(first).await;
        self.shared.events.push(SessionEvent::Ended(end));
        self.shared.events.close();
    }

    async fn lives(&mut self, first: NewLife) -> SessionEnd {
        self.shared.events.push(SessionEvent::Joined {
            incarnation: first.life.state.incarnation(),
            view: first.view,
        });
        let mut new = first;
        let mut short_lives = 0;
        let mut bad_paths = 0;
        loop {
            let NewLife { life, revision, .. } = new;
            let began = tokio::time::Instant::now();
            let subject = Subject {
                group: self.options.group.clone(),
                id: self.options.id.clone(),
                incarnation: life.state.incarnation(),
            };
            let fate = match self.live(&life, &subject, revision).await {
                Outcome::Leaving(leave) => {
                    let result = self.leave(&life, &subject, leave.exit).await;
                    drop(life);
                    let _ = leave.done.send(result);
                    return SessionEnd::Left;
                }
                Outcome::Over(fate) => fate,
            };
            drop(life);
            let (fate, evidence) = inquiry::evidence(&self.client, &subject, fate).await;
            self.shared.events.push(SessionEvent::Removed {
                incarnation: subject.incarnation,
                cause: fate.cause(),
                evidence,
            });
            if matches!(fate, Fate::Replaced { .. }) {
                return SessionEnd::Replaced;
            }
            if !self.options.rejoin || !fate.calls_for_rejoin() {
                return SessionEnd::Removed;
            }
            // The place is empty, or kept; whoever may have come into it is not to be driven out.
            self.options.key = None;
            self.options.replace = false;
            short_lives = if began.elapsed() > LIFE_LONG { 0 } else { short_lives + 1 };
            bad_paths = bad_paths_after(bad_paths, fate.cause(), began.elapsed());
            new = match self.rejoin(pause(short_lives, bad_paths)).await {
                Ok(new) => new,
                Err(end) => return end,
            };
        }
    }

    /// Lives one life.
    async fn live(&mut self, life: &Life, subject: &Subject, revision: Revision) -> Outcome {
        let mut course = Course {
            subject: subject.clone(),
            revision,
            watch: self.open_watch(subject, revision),
            lease_lost: false,
            draining: false,
            inquiry: None,
        };
        loop {
            let state = &life.state;
            let valid_for = state.valid_for();
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(leave) => return Outcome::Leaving(leave),
                    // The owner is gone, and this task is about to be.
                    None => std::future::pending().await,
                },
                item = next_item(&mut course.watch) => {
                    if let Some(fate) = self.watched(life, &mut course, item) {
                        return Outcome::Over(fate);
                    }
                }
                () = sleep(valid_for), if !course.lease_lost => {
                    if !state.is_valid() {
                        course.lease_lost = true;
                        let incarnation = subject.incarnation;
                        self.shared.events.push(SessionEvent::LeaseLost { incarnation });
                        let inquiry = inquiry::until_over(self.client.clone(), subject.clone());
                        course.inquiry = Some(Box::pin(inquiry));
                    }
                }
                () = state.extended(), if course.lease_lost => {
                    if state.is_valid() {
                        course.lease_lost = false;
                        course.inquiry = None;
                        let incarnation = subject.incarnation;
                        self.shared.events.push(SessionEvent::LeaseRegained { incarnation });
                    }
                }
                fate = answered(&mut course.inquiry) => return Outcome::Over(fate),
            }
        }
    }

    fn open_watch(&self, subject: &Subject, revision: Revision) -> Option<Watch> {
        let after = match self.options.stream {
            SessionStream::Without => return None,
            SessionStream::Held => Some(revision),
            SessionStream::Views => None,
        };
        let options = WatchOptions {
            after,
            events: false,
            at_least: revision,
            member: Some((subject.id.clone(), subject.incarnation)),
        };
        Some(Watch::of_group(&self.client, &subject.group, &options))
    }

    /// Takes an item of the session's stream in; the fate, if it tells that the life is over.
    fn watched(
        &self,
        life: &Life,
        course: &mut Course,
        item: Result<WatchItem, WatchEnd>,
    ) -> Option<Fate> {
        let events = &self.shared.events;
        let event = match item {
            Ok(WatchItem::Event(event)) => event,
            Ok(WatchItem::Connected { endpoint, node }) => {
                events.push(SessionEvent::Connected { endpoint, node });
                return None;
            }
            Ok(WatchItem::Disconnected { why }) => {
                events.push(SessionEvent::Disconnected { why });
                return None;
            }
            Err(end) => {
                if matches!(end.problem.code, Code::Fenced | Code::NotFound) {
                    let cause = crate::answer::evidence(&end.problem).map(|of| of.cause);
                    return Some(Fate::Removed { cause });
                }
                // Without its stream the session still has its lease.
                course.watch = None;
                let why = end.to_string();
                events.push(SessionEvent::Disconnected { why });
                return None;
            }
        };
        let told = match &event {
            WatchEvent::Snapshot(view) => Some((view.view, view.revision())),
            WatchEvent::Change(change) => Some((change.view, change.revision())),
            _ => None,
        };
        let sign = fate::sign(&event, &course.subject.id, course.subject.incarnation);
        if let Some((view, revision)) = told {
            life.state.acknowledge_view(view);
            if self.options.stream == SessionStream::Views {
                self.shared.mirror().apply(&event);
                if revision > course.revision || matches!(event, WatchEvent::Snapshot(_)) {
                    course.revision = revision;
                    events.push(SessionEvent::View(view));
                }
            }
        }
        match sign {
            Sign::Nothing => None,
            Sign::Over(fate) => Some(fate),
            Sign::Lives(state) => {
                let draining = state == MemberState::Draining;
                if draining != course.draining {
                    course.draining = draining;
                    events.push(SessionEvent::Draining(draining));
                }
                None
            }
        }
    }

    /// Joins as a new life, however long it takes.
    async fn rejoin(&mut self, mut pause: Duration) -> Result<NewLife, SessionEnd> {
        let mut failures = 0;
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                request = self.requests.recv() => return Err(no_life_to_leave(request).await),
            }
            match entry::join(&self.client, &self.hub, &self.options).await {
                Ok(new) => {
                    *self.shared.present() =
                        Present { state: Arc::clone(&new.life.state), key: new.life.key };
                    self.shared.events.push(SessionEvent::Rejoined {
                        incarnation: new.life.state.incarnation(),
                        view: new.view,
                    });
                    return Ok(new);
                }
                Err(error) if entry::is_passing(&error) => {
                    tracing::debug!(%error, "a member cannot come back yet");
                    pause = backoff(REJOIN_MIN, REJOIN_MAX, failures, random::number());
                    failures = failures.saturating_add(1);
                }
                Err(error) => {
                    let why = error.to_string();
                    return Err(SessionEnd::Refused { why });
                }
            }
        }
    }

    /// Leaves; `Ok` if the life is over, whoever ended it.
    async fn leave(
        &self,
        life: &Life,
        subject: &Subject,
        exit: Option<Exit>,
    ) -> Result<(), ClientError> {
        life.state.leave();
        let departure = Departure { incarnation: Some(subject.incarnation), reason: None, exit };
        let left =
            self.client.leave(&subject.group, &subject.id, &departure, &Write::default()).await;
        match left {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some(Code::Fenced | Code::NotFound)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// How many ends in a row speak of a bad path, after one of a life that lasted so long. Two do so for
/// sure; a removal for lost pings alone counts as both.
fn bad_paths_after(before: u32, cause: Option<Cause>, lasted: Duration) -> u32 {
    match cause {
        Some(Cause::Quality) => before.max(1) + 1,
        Some(Cause::Silence) if lasted < PATH_LONG => before + 1,
        _ => 0,
    }
}

/// How long to wait before the next life, after so many short ones and so many that ended because
/// too little was heard.
fn pause(short_lives: u32, bad_paths: u32) -> Duration {
    match (bad_paths, short_lives) {
        (2.., _) => BAD_PATH_MIN.saturating_mul(1 << (bad_paths - 2).min(8)).min(BAD_PATH_MAX),
        (_, 0) => Duration::ZERO,
        (_, many) => backoff(REJOIN_MIN, REJOIN_MAX, many - 1, random::number()),
    }
}

/// The next item of a stream; never ready without one.
async fn next_item(watch: &mut Option<Watch>) -> Result<WatchItem, WatchEnd> {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}

/// The answer to an inquiry; never ready without one.
async fn answered(inquiry: &mut Option<Inquiry>) -> Fate {
    match inquiry {
        Some(inquiry) => inquiry.await,
        None => std::future::pending().await,
    }
}

/// Between two lives there is nothing to leave.
async fn no_life_to_leave(request: Option<Leave>) -> SessionEnd {
    match request {
        Some(leave) => {
            let _ = leave.done.send(Ok(()));
            SessionEnd::Left
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_path_keeps_away_longer_and_longer_and_a_crash_loop_is_slowed() {
        assert_eq!(pause(0, 0), Duration::ZERO);
        assert_eq!(pause(0, 1), Duration::ZERO, "the first time it comes back at once");
        assert!(pause(3, 1) < REJOIN_MAX * 2);
        let minutes = [2, 3, 4, 5, 6, 40].map(|bad| pause(0, bad).as_secs() / 60);
        assert_eq!(minutes, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn silence_speaks_of_a_bad_path_the_second_time_and_lost_pings_at_once() {
        let (short, long) = (Duration::from_secs(40), PATH_LONG);
        for (before, cause, lasted, after) in [
            (0, Some(Cause::Silence), short, 1),
            (1, Some(Cause::Silence), short, 2),
            (1, Some(Cause::Silence), long, 0),
            (0, Some(Cause::Quality), short, 2),
            (0, Some(Cause::Quality), long, 2),
            (1, Some(Cause::Quality), short, 2),
            (2, Some(Cause::Quality), short, 3),
            (2, Some(Cause::Fin), short, 0),
            (2, None, short, 0),
        ] {
            assert_eq!(bad_paths_after(before, cause, lasted), after, "{before} {cause:?}");
        }
    }
}
