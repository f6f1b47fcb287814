//! How much and how long one client may ask for. Every bound of the HTTP shell, with its reason.
//!
//! [`Bounds`] holds those that a test wants smaller; a node runs with [`Bounds::default`].

use std::time::Duration;

use gms::api::BOOKMARK_INTERVAL;

/// Open connections. Each costs about 20 KiB, most of it hyper's two buffers, and a file descriptor;
/// a request being answered takes 40 KiB more.
pub const CONNECTIONS_MAX: usize = 16_384;
/// Connections over [`CONNECTIONS_MAX`] that are told so at the same time; more are closed unheard.
pub const REFUSALS_MAX: usize = 64;
/// Open streams, watches and liveness feeds together.
pub const WATCHERS_MAX: usize = 8_192;
/// Bytes of a request's line and headers: four times what any client of ours sends.
pub const HEAD_MAX_LEN: usize = 32_768;
/// Headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Bytes of a request's body: the largest join, with all tags at their limits, has a third of it.
pub const BODY_MAX_LEN: usize = 65_536;

/// From the first byte of a request to the end of its headers.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// From the end of an answer to the end of the next request's headers: how long a connection may
/// lie idle in a client's pool.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// From the end of the headers to the end of the body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the peer may take nothing of what is ready for it.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection that we end is still read, so that the peer gets the last answer: closing
/// a socket with unread bytes makes the kernel discard what the peer has not read yet.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long requests in progress and streams may take to end when the node stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The rest after a failed accept: a shortage of file descriptors does not pass sooner.
pub const ACCEPT_REST: Duration = Duration::from_millis(100);

/// By when a write is answered, be it by `no_quorum` or `outcome_unknown`.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(2);
/// By when a read is answered.
pub const READ_DEADLINE: Duration = Duration::from_secs(2);
/// By when a change of the cluster configuration is answered: a new node must catch up first.
pub const CONFIGURATION_DEADLINE: Duration = Duration::from_secs(30);
/// The time beyond its deadline after which a call is given up: the waist keeps deadlines itself,
/// so this is reached only if that fails.
pub const DEADLINE_SLACK: Duration = Duration::from_secs(3);
/// The longest `wait` of a long poll. A greater one is answered after this.
pub const WAIT_MAX: Duration = Duration::from_mins(1);
/// The `wait` of a long poll that names none.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(30);
/// How long a local read waits for a revision that this node has not applied yet.
pub const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(2);

/// Snapshots being sent at the same time: each holds the encoded state, tens of megabytes.
pub const SNAPSHOTS_MAX: usize = 2;

/// Events in one answer where no `limit` is given.
pub const EVENTS_DEFAULT: usize = 1_000;
/// The greatest `limit` of events: about 3 MiB.
pub const EVENTS_MAX: usize = 10_000;
/// The shortest hold.
pub const HOLD_MIN: Duration = Duration::from_secs(1);
/// The longest hold, of a group or of a static member's place.
pub const HOLD_MAX: Duration = Duration::from_hours(24);

/// Bytes of encoded changes and views kept to be sent to several readers.
pub const SHARED_FRAMES_MAX_LEN: usize = 64 << 20;
/// Ends of sessions kept until the layer above takes them. Beyond it the oldest are forgotten, and
/// those members are found silent instead.
pub const SESSION_ENDS_MAX: usize = 65_536;

/// The bounds of a running server.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// See [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// See [`WATCHERS_MAX`].
    pub watchers: usize,
    /// See [`HEAD_TIMEOUT`].
    pub head: Duration,
    /// See [`IDLE_TIMEOUT`].
    pub idle: Duration,
    /// See [`BODY_TIMEOUT`].
    pub body: Duration,
    /// See [`STALL_TIMEOUT`].
    pub stall: Duration,
    /// See [`LINGER_TIMEOUT`].
    pub linger: Duration,
    /// See [`DRAIN_TIMEOUT`].
    pub drain: Duration,
    /// See [`CATCH_UP_TIMEOUT`].
    pub catch_up: Duration,
    /// See [`BOOKMARK_INTERVAL`].
    pub bookmark: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            watchers: WATCHERS_MAX,
            head: HEAD_TIMEOUT,
            idle: IDLE_TIMEOUT,
            body: BODY_TIMEOUT,
            stall: STALL_TIMEOUT,
            linger: LINGER_TIMEOUT,
            drain: DRAIN_TIMEOUT,
            catch_up: CATCH_UP_TIMEOUT,
            bookmark: BOOKMARK_INTERVAL,
        }
    }
}
