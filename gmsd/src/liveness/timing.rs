//! How long everything about liveness takes: the defaults, and what a member may choose.

use std::time::Duration;

use gms::liveness::{Kind, Liveness, MISSES_DEFAULT, PERIOD_DEFAULT};

/// The time by which a member is watched. The defaults suit a LAN; a group and a member may choose
/// their own period and misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between two pings of one node to one member.
    pub period: Duration,
    /// Consecutive unanswered pings before a removal by silence.
    pub misses: u32,
    /// For how long a suspicion by silence is put to the test.
    pub confirmation: Duration,
    /// For how long affirmed evidence is put to the test.
    pub affirmed_confirmation: Duration,
    /// For how long a start is forgiven: after a start of this node, members that were there before
    /// are not removed by silence; after a join, a member that has not answered once is not removed
    /// for silence or for a refusing port.
    pub boot_grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            period: PERIOD_DEFAULT,
            misses: MISSES_DEFAULT,
            confirmation: Duration::from_millis(600),
            affirmed_confirmation: Duration::from_millis(150),
            boot_grace: Duration::from_secs(10),
        }
    }
}

/// While a suspicion by silence is put to the test, one ping each: six in the default window, so
/// that a path that loses half of everything still lets one of them through.
pub const PROBE_SPACING: Duration = Duration::from_millis(100);
/// While affirmed evidence is put to the test, one ping each: three in the default window.
pub const AFFIRMED_PROBE_SPACING: Duration = Duration::from_millis(40);
/// How long the accuser waits beyond the window for answers that are on their way: more than the
/// worst round trip between nodes that can still hold a quorum together.
pub const ANSWER_SLACK: Duration = Duration::from_millis(500);
/// Doubts by silence that one node opens within one [`PROBE_SPACING`]. Each costs every node six
/// extra pings; without a bound a node that is merely late would drown the others in them.
pub const DOUBTS_A_SPACING: u32 = 64;
/// A verdict that did not take effect is told to the leader again after this.
pub const RETELL_AFTER: Duration = Duration::from_millis(500);
/// For how long a verdict is told before it is dropped as stale: four times, and an election long.
/// A disk, say, keeps a verdict from taking effect for minutes; by then nobody may be removed for a
/// silence of long ago.
pub const VERDICT_LASTS: Duration = Duration::from_secs(2);
/// For how long a node that gave a life up does not count further doubts of it as open: as long as
/// its removal may take.
pub const GIVEN_UP_LASTS: Duration = Duration::from_millis(500);
/// The longest a connect or a GET of a probe may take.
pub const PROBE_TIMEOUT_MAX: Duration = Duration::from_secs(2);

impl Timing {
    /// The timing by which this member is watched.
    #[must_use]
    pub fn of(mut self, liveness: &Liveness) -> Self {
        if let Some(period) = liveness.period_ms {
            self.period = Duration::from_millis(u64::from(period));
        }
        if let Some(misses) = liveness.misses {
            self.misses = misses;
        }
        if matches!(liveness.kind, Kind::Tcp | Kind::Http) {
            // A refused connect says that nobody listens, not that nobody lives: a server that
            // listens again within a few probes was never gone.
            self.affirmed_confirmation *= self.misses;
        }
        self
    }

    /// The misses after which the others are asked: one less than allowed, so that the last ping
    /// and the confirmation wait for the member together and not one after the other.
    pub fn misses_to_suspect(&self) -> u32 {
        self.misses.saturating_sub(1).max(1)
    }

    /// Silence, counted from the first unanswered ping, before any removal for it.
    pub fn silence_window(&self) -> Duration {
        self.period * self.misses
    }

    /// How long a member that is asked for right now has time to answer.
    pub fn inquiry_window(&self) -> Duration {
        self.affirmed_confirmation.min(self.longest_window())
    }

    /// The longest time anybody may look into a doubt for.
    pub fn longest_window(&self) -> Duration {
        self.confirmation.max(self.silence_window())
    }

    /// A round trip at most this old refutes a suspicion by silence without another ping.
    pub fn fresh(&self) -> Duration {
        self.period * 3 / 2
    }

    /// The least time between the last round trip anybody in touch had with a member and its removal
    /// by silence. Each node that speaks of silence has heard nothing for so long, and leases are
    /// shorter (see [`gms::session::lease`]).
    pub fn silence_least(&self) -> Duration {
        self.silence_window().max(self.fresh() + self.confirmation)
    }

    /// How long one connect or GET may take before it counts as a miss.
    pub fn probe_timeout(&self) -> Duration {
        self.period.min(PROBE_TIMEOUT_MAX)
    }
}
