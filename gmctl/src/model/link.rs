//! Whether what is shown can be trusted: which streams stand, and how old the last word is.

use std::time::{Duration, Instant};

use gms::{
    api::BOOKMARK_INTERVAL,
    id::{NodeId, Revision},
};

use super::moment::Moment;

/// Younger than this, what is shown counts as live. The service is asked once a second.
pub const LIVE_BELOW: Duration = Duration::from_secs(2);
/// Older than this, what is shown is called stale.
pub const STALE_FROM: Duration = Duration::from_secs(10);

/// A watch that has not told for this long what a node says there is, stands with a node that has
/// stopped: an entry that changes no view is told by the next bookmark.
pub const STUCK_FROM: Duration = BOOKMARK_INTERVAL.saturating_add(LIVE_BELOW);

/// How much the screen can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nobody has answered yet.
    Connecting,
    /// The streams stand and the last word is young.
    Live(Duration),
    /// The streams stand, but nothing came for a while.
    Late(Duration),
    /// A stream broke and is being opened again.
    Reconnecting(Duration),
    /// Nothing came for so long that the picture may be quite wrong.
    Stale(Duration),
}

impl Trust {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Trust::Connecting => "CONNECTING",
            Trust::Live(_) => "LIVE",
            Trust::Late(_) => "LATE",
            Trust::Reconnecting(_) => "RECONNECTING",
            Trust::Stale(_) => "STALE",
        }
    }

    /// How old the last word is.
    pub fn age(self) -> Option<Duration> {
        match self {
            Trust::Connecting => None,
            Trust::Live(age) | Trust::Late(age) | Trust::Reconnecting(age) | Trust::Stale(age) => {
                Some(age)
            }
        }
    }

    /// Whether the picture is current, so that nothing need be dimmed.
    pub fn is_current(self) -> bool {
        matches!(self, Trust::Live(_) | Trust::Late(_))
    }
}

/// The streams that feed the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Views and events of every group.
    Watch,
    /// Bands, ages and round trips.
    Liveness,
    /// Status and nodes, asked once a second.
    Poll,
}

impl Stream {
    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Stream::Watch => "watch",
            Stream::Liveness => "liveness feed",
            Stream::Poll => "status",
        }
    }
}

/// What a feed task says of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamNews {
    /// It stands.
    Up {
        /// The endpoint it stands with.
        endpoint: String,
        /// The node behind it, if it has told.
        node: Option<NodeId>,
    },
    /// It broke, or could not be opened; the task tries again by itself.
    Down {
        /// What went wrong.
        error: String,
    },
}

/// The state of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StreamState {
    /// Not opened yet.
    #[default]
    Opening,
    /// It stands.
    Up,
    /// It broke and is being opened again.
    Down,
}

/// How the model is connected to the service.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// The watch.
    pub watch: StreamState,
    /// The liveness feed.
    pub liveness: StreamState,
    /// The polls.
    pub poll: StreamState,
    /// When anything last came from the service.
    pub heard_at: Option<Instant>,
    /// When the watch last said anything.
    watch_heard_at: Option<Instant>,
    /// What the watch has told, and what a node says there is.
    told: Revision,
    known: Revision,
    /// Since when the watch is behind.
    behind_since: Option<Instant>,
    /// The endpoint the watch stands with.
    pub endpoint: Option<String>,
    /// The node that last answered.
    pub node: Option<NodeId>,
    /// Failed attempts in a row, over all streams.
    pub failures: u32,
    /// What last went wrong; none while all stands.
    pub error: Option<String>,
}

impl Link {
    /// Notes that something came.
    pub fn heard(&mut self, now: Moment) {
        self.heard_at = Some(now.at);
    }

    /// The watch has told everything up to this revision.
    pub fn told(&mut self, now: Moment, revision: Revision) {
        self.heard(now);
        self.watch_heard_at = Some(now.at);
        self.told = revision;
        self.compare(now);
    }

    /// A node says that this revision is there.
    pub fn known(&mut self, now: Moment, revision: Revision) {
        self.heard(now);
        self.known = revision;
        self.compare(now);
    }

    fn compare(&mut self, now: Moment) {
        if self.known <= self.told {
            self.behind_since = None;
        } else {
            self.behind_since.get_or_insert(now.at);
        }
    }

    /// For how long views and members may be other than what is shown: since the watch is behind, or
    /// silent although it says something every [`BOOKMARK_INTERVAL`].
    fn watch_age(&self, now: Moment) -> Duration {
        let rhythm = if self.watch == StreamState::Up { BOOKMARK_INTERVAL } else { Duration::ZERO };
        let silent = self.watch_heard_at.map(|at| now.since(at).saturating_sub(rhythm));
        let behind = self.behind_since.map(|at| now.since(at));
        silent.max(behind).unwrap_or_default()
    }

    /// Whether the watch stands with a node that has stopped, while another one answers.
    pub fn is_stuck(&self, now: Moment) -> bool {
        let answers = self.heard_at.is_some_and(|at| now.since(at) < LIVE_BELOW);
        let silent = self.watch_heard_at.is_some_and(|at| now.since(at) >= STUCK_FROM);
        let behind = self.behind_since.is_some_and(|at| now.since(at) >= STUCK_FROM);
        self.watch == StreamState::Up && answers && (silent || behind)
    }

    /// The watch is opened again because it is stuck: it has its time anew.
    pub fn reopens(&mut self, now: Moment) {
        self.watch_heard_at = Some(now.at);
        self.behind_since = None;
    }

    /// How old the last word of anybody is.
    pub fn age(&self, now: Moment) -> Option<Duration> {
        self.heard_at.map(|at| now.since(at))
    }

    /// Takes in what a feed task says of its stream.
    pub fn take(&mut self, now: Moment, stream: Stream, news: &StreamNews) {
        let state = match stream {
            Stream::Watch => &mut self.watch,
            Stream::Liveness => &mut self.liveness,
            Stream::Poll => &mut self.poll,
        };
        match news {
            StreamNews::Up { endpoint, node } => {
                *state = StreamState::Up;
                if stream == Stream::Watch || self.endpoint.is_none() {
                    self.endpoint = Some(endpoint.clone());
                    self.node = node.or(self.node);
                }
                self.heard(now);
                if stream == Stream::Watch {
                    // It says anew what there is.
                    self.watch_heard_at = Some(now.at);
                    self.behind_since = None;
                }
            }
            StreamNews::Down { error } => {
                *state = StreamState::Down;
                self.failures = self.failures.saturating_add(1);
                self.error = Some(error.clone());
            }
        }
        if self.broken().is_none() {
            self.failures = 0;
            self.error = None;
        }
    }

    /// The first stream that broke, if one did.
    pub fn broken(&self) -> Option<Stream> {
        [
            (&self.watch, Stream::Watch),
            (&self.liveness, Stream::Liveness),
            (&self.poll, Stream::Poll),
        ]
        .into_iter()
        .find_map(|(state, stream)| (*state == StreamState::Down).then_some(stream))
    }

    /// How much the screen can be trusted now.
    pub fn trust(&self, now: Moment) -> Trust {
        let Some(heard_at) = self.heard_at else {
            return Trust::Connecting;
        };
        let age = now.since(heard_at).max(self.watch_age(now));
        match self.broken() {
            _ if age >= STALE_FROM => Trust::Stale(age),
            Some(_) => Trust::Reconnecting(age),
            None if age < LIVE_BELOW => Trust::Live(age),
            None => Trust::Late(age),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment { at: Instant::now(), wall_ms: 0 }
    }

    #[test]
    fn a_watch_that_falls_behind_is_late_whoever_else_answers() {
        let start = now();
        let at = |ms| start.later(Duration::from_millis(ms));
        let mut link = Link::default();
        link.take(start, Stream::Watch, &StreamNews::Up { endpoint: "a".into(), node: None });
        link.told(start, Revision(5));
        for ms in [0, 1_000, 2_000, 3_000] {
            link.known(at(ms), Revision(5));
            assert_eq!(link.trust(at(ms)).word(), "LIVE", "after {ms} ms");
        }
        // Another node says that there is more; the watch does not.
        for (ms, word, stuck) in
            [(4_000, "LIVE", false), (6_000, "LATE", false), (11_000, "LATE", true)]
        {
            link.known(at(ms), Revision(6));
            assert_eq!(link.trust(at(ms)).word(), word, "after {ms} ms");
            assert_eq!(link.is_stuck(at(ms)), stuck, "after {ms} ms");
        }
        link.told(at(11_500), Revision(6));
        assert_eq!(link.trust(at(11_500)).word(), "LIVE");
        // Silent though nothing happens: a bookmark is due every five seconds.
        link.known(at(18_000), Revision(6));
        assert_eq!(link.trust(at(18_000)).word(), "LIVE");
        link.known(at(18_600), Revision(6));
        assert_eq!(link.trust(at(18_600)).word(), "LATE");
        assert!(link.is_stuck(at(18_600)));
    }

    #[test]
    fn trust_follows_the_age_of_the_last_word_and_the_streams() {
        let start = now();
        let mut link = Link::default();
        assert_eq!(link.trust(start), Trust::Connecting);
        link.take(start, Stream::Watch, &StreamNews::Up { endpoint: "a".into(), node: None });
        let at = |ms| start.later(Duration::from_millis(ms));
        for (ms, word) in [(0, "LIVE"), (1999, "LIVE"), (2000, "LATE"), (10_000, "STALE")] {
            assert_eq!(link.trust(at(ms)).word(), word, "after {ms} ms");
        }
        link.take(at(500), Stream::Poll, &StreamNews::Down { error: "refused".into() });
        assert_eq!(link.trust(at(600)).word(), "RECONNECTING");
        assert_eq!(link.trust(at(10_000)).word(), "STALE");
        link.take(at(700), Stream::Poll, &StreamNews::Up { endpoint: "b".into(), node: None });
        assert_eq!(link.trust(at(700)).word(), "LIVE");
        assert_eq!((link.failures, link.error), (0, None));
    }
}
