//! Whether what is shown can be trusted: which streams stand, and how old the last word is.

use std::time::{Duration, Instant};

use gms::id::NodeId;

use super::moment::Moment;

/// Younger than this, what is shown counts as live. The service is asked once a second.
pub const LIVE_BELOW: Duration = Duration::from_secs(2);
/// Older than this, what is shown is called stale.
pub const STALE_FROM: Duration = Duration::from_secs(10);

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
        let age = now.since(heard_at);
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
