//! Whether what is shown can be trusted: which streams stand, and how old the last word of each is.
//!
//! The screen is as good as the worst of the streams that feed it: a young status says nothing of
//! members of whom a silent watch does not tell.

use std::time::{Duration, Instant};

use gms::{
    api::BOOKMARK_INTERVAL,
    id::{NodeId, Revision},
};

use super::moment::Moment;

/// Younger than this, a status counts as live. The service is asked once a second. It is also how
/// long the watch may take to tell of a revision that the status has, and the grace of a bookmark.
pub const LIVE_BELOW: Duration = Duration::from_secs(2);
/// A watch or a liveness feed that wrote nothing for so long is late: one with nothing to tell says
/// so every [`BOOKMARK_INTERVAL`].
pub const FEED_LIVE_BELOW: Duration = BOOKMARK_INTERVAL.saturating_add(LIVE_BELOW);
/// A watch or a liveness feed that was silent for so long is opened at another node.
pub const FEED_BROKEN_FROM: Duration = Duration::from_secs(9);
/// Older than this, what is shown is called stale.
pub const STALE_FROM: Duration = Duration::from_secs(10);

/// How much the screen can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nobody has answered yet.
    Connecting,
    /// The streams stand and the last word is young.
    Live(Duration),
    /// The streams stand, but one was silent for longer than it should be, or is behind.
    Late(Duration),
    /// A stream broke and is being opened again.
    Reconnecting(Duration),
    /// Of one stream nothing came for so long that the picture may be quite wrong.
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

    /// How old the last word is, of the stream that is worst off.
    pub fn age(self) -> Option<Duration> {
        match self {
            Trust::Connecting => None,
            Trust::Live(age) | Trust::Late(age) | Trust::Reconnecting(age) | Trust::Stale(age) => {
                Some(age)
            }
        }
    }

    /// What makes one worse than another: first what it is, then its age.
    fn badness(self) -> (u8, Option<Duration>) {
        let rank = match self {
            Trust::Connecting => 0,
            Trust::Live(_) => 1,
            Trust::Late(_) => 2,
            Trust::Reconnecting(_) => 3,
            Trust::Stale(_) => 4,
        };
        (rank, self.age())
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
    /// Every stream, those of most weight first.
    pub const ALL: [Stream; 3] = [Stream::Watch, Stream::Liveness, Stream::Poll];

    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Stream::Watch => "watch",
            Stream::Liveness => "liveness feed",
            Stream::Poll => "status",
        }
    }

    /// Its last word is younger than this while all is well.
    fn live_below(self) -> Duration {
        match self {
            Stream::Watch | Stream::Liveness => FEED_LIVE_BELOW,
            Stream::Poll => LIVE_BELOW,
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
    /// When anything first came from the service.
    since: Option<Instant>,
    /// When anything last came, by stream.
    heard_at: [Option<Instant>; Stream::ALL.len()],
    /// The first revision of a status that the watch has yet to reach, and since when.
    ahead: Option<(Revision, Instant)>,
    /// It is a recording that feeds the model. What a stream writes only to show that it stands is
    /// not on it, so its youngest word is what counts.
    pub is_recorded: bool,
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
    /// Notes that something came by a stream at that time.
    pub fn heard(&mut self, stream: Stream, at: Instant) {
        self.since.get_or_insert(at);
        let heard_at = &mut self.heard_at[stream as usize];
        *heard_at = (*heard_at).max(Some(at));
    }

    /// Notes how far the status is, and how far the watch.
    pub fn compare(&mut self, now: Moment, status: Revision, watch: Revision) {
        match self.ahead {
            Some((wanted, _)) if watch < wanted => {}
            _ => self.ahead = (watch < status).then_some((status, now.at)),
        }
    }

    /// How long ago anything came by a stream; none if nothing has come by any.
    pub fn silence(&self, now: Moment, stream: Stream) -> Option<Duration> {
        Some(now.since(self.heard_at[stream as usize].or(self.since)?))
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
                self.heard(stream, now.at);
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
        Stream::ALL.into_iter().find(|stream| *self.state(*stream) == StreamState::Down)
    }

    /// The state of a stream.
    pub fn state(&self, stream: Stream) -> &StreamState {
        match stream {
            Stream::Watch => &self.watch,
            Stream::Liveness => &self.liveness,
            Stream::Poll => &self.poll,
        }
    }

    /// How much the screen can be trusted now: as much as the stream that is worst off.
    pub fn trust(&self, now: Moment) -> Trust {
        self.worst(now, &Stream::ALL)
    }

    /// How much that can be trusted which is told of members: who they are and how they are.
    pub fn trust_in_members(&self, now: Moment) -> Trust {
        self.worst(now, &[Stream::Watch, Stream::Liveness])
    }

    fn worst(&self, now: Moment, streams: &[Stream]) -> Trust {
        if self.is_recorded {
            return self.trust_in_youngest(now);
        }
        let of = |stream: &Stream| Some(self.trust_in(now, *stream, self.silence(now, *stream)?));
        let worst = streams.iter().filter_map(of).max_by_key(|trust| trust.badness());
        match worst {
            // Within its own rhythm each is as young as can be; the youngest word shows that.
            Some(Trust::Live(_)) => Trust::Live(self.youngest(now).unwrap_or_default()),
            Some(trust) => trust,
            None => Trust::Connecting,
        }
    }

    fn trust_in(&self, now: Moment, stream: Stream, silence: Duration) -> Trust {
        let behind = match self.ahead {
            Some((_, since)) if stream == Stream::Watch => now.since(since),
            _ => Duration::ZERO,
        };
        let age = if behind < LIVE_BELOW { silence } else { silence.max(behind) };
        match self.state(stream) {
            _ if age >= STALE_FROM => Trust::Stale(age),
            StreamState::Down => Trust::Reconnecting(age),
            _ if silence >= stream.live_below() || behind >= LIVE_BELOW => Trust::Late(age),
            _ => Trust::Live(age),
        }
    }

    fn trust_in_youngest(&self, now: Moment) -> Trust {
        let Some(age) = self.youngest(now) else {
            return Trust::Connecting;
        };
        match self.broken() {
            _ if age >= STALE_FROM => Trust::Stale(age),
            Some(_) => Trust::Reconnecting(age),
            None if age < LIVE_BELOW => Trust::Live(age),
            None => Trust::Late(age),
        }
    }

    fn youngest(&self, now: Moment) -> Option<Duration> {
        self.heard_at.iter().flatten().max().map(|at| now.since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment { at: Instant::now(), wall_ms: 0 }
    }

    /// A link with every stream up, and the moment when they came up.
    fn standing() -> (Link, Moment) {
        let start = now();
        let mut link = Link::default();
        assert_eq!(link.trust(start), Trust::Connecting);
        for stream in Stream::ALL {
            link.take(start, stream, &up("a"));
        }
        (link, start)
    }

    fn up(endpoint: &str) -> StreamNews {
        StreamNews::Up { endpoint: endpoint.into(), node: None }
    }

    fn after(start: Moment, ms: u64) -> Moment {
        start.later(Duration::from_millis(ms))
    }

    /// What is said after so many milliseconds, if until then all but one stream tell something.
    fn said(but: Stream, ms: u64) -> Trust {
        let (mut link, start) = standing();
        let now = after(start, ms);
        for stream in Stream::ALL.into_iter().filter(|stream| *stream != but) {
            link.heard(stream, now.at);
        }
        link.trust(now)
    }

    #[test]
    fn one_silent_stream_is_enough_whatever_the_others_tell() {
        for (but, ms, word) in [
            (Stream::Poll, 1_999, "LIVE"),
            (Stream::Poll, 2_000, "LATE"),
            (Stream::Watch, 6_999, "LIVE"),
            (Stream::Watch, 7_000, "LATE"),
            (Stream::Liveness, 6_999, "LIVE"),
            (Stream::Liveness, 7_000, "LATE"),
            (Stream::Watch, 10_000, "STALE"),
            (Stream::Liveness, 10_000, "STALE"),
            (Stream::Poll, 10_000, "STALE"),
        ] {
            let trust = said(but, ms);
            assert_eq!(trust.word(), word, "{} silent for {ms} ms", but.as_str());
            let silent = Duration::from_millis(if word == "LIVE" { 0 } else { ms });
            assert_eq!(trust.age(), Some(silent), "{}", but.as_str());
        }
    }

    #[test]
    fn a_watch_behind_the_status_is_late() {
        let (mut link, start) = standing();
        let mut at = |ms, status, watch| {
            let now = after(start, ms);
            for stream in Stream::ALL {
                link.heard(stream, now.at);
            }
            link.compare(now, Revision(status), Revision(watch));
            link.trust(now)
        };
        assert_eq!(at(0, 7, 7).word(), "LIVE");
        assert_eq!(at(1_000, 9, 7).word(), "LIVE");
        assert_eq!(at(2_900, 12, 8).word(), "LIVE");
        assert_eq!(at(3_000, 12, 8), Trust::Late(Duration::from_secs(2)), "9 is 2 s old");
        assert_eq!(at(3_100, 12, 9).word(), "LIVE", "12 has only just been seen");
        assert_eq!(at(5_100, 12, 9).word(), "LATE");
        assert_eq!(at(11_100, 12, 11), Trust::Late(Duration::from_secs(8)));
        assert_eq!(at(13_200, 12, 11).word(), "STALE");
        assert_eq!(at(13_300, 12, 12).word(), "LIVE");
    }

    #[test]
    fn a_broken_stream_is_said_until_it_stands_again() {
        let (mut link, start) = standing();
        link.take(after(start, 500), Stream::Poll, &StreamNews::Down { error: "refused".into() });
        assert_eq!(link.trust(after(start, 600)).word(), "RECONNECTING");
        assert_eq!(link.trust(after(start, 10_000)).word(), "STALE");
        link.take(after(start, 700), Stream::Poll, &up("b"));
        assert_eq!(link.trust(after(start, 700)).word(), "LIVE");
        assert_eq!((link.failures, link.error), (0, None));
    }

    #[test]
    fn of_a_recording_the_youngest_word_counts() {
        let (mut link, start) = standing();
        link.is_recorded = true;
        link.heard(Stream::Poll, after(start, 60_000).at);
        assert_eq!(link.trust(after(start, 60_000)).word(), "LIVE");
        assert_eq!(link.trust(after(start, 62_000)).word(), "LATE");
    }
}
