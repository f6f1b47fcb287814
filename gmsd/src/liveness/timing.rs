//! How long everything about liveness takes: the defaults, and what a member may choose.

use std::time::Duration;

use gms::liveness::{Kind, Liveness};

/// The time by which a group is watched. The defaults suit a LAN.
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
            period: Duration::from_millis(500),
            misses: 3,
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
/// How long the accuser waits beyond the window for answers that are on their way.
pub const ANSWER_SLACK: Duration = Duration::from_millis(100);
/// A verdict that did not take effect is told to the leader again after this.
pub const RETELL_AFTER: Duration = Duration::from_millis(500);
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

    /// A round trip at most this old refutes a suspicion by silence without another ping.
    pub fn fresh(&self) -> Duration {
        self.period * 3 / 2
    }

    /// How long one connect or GET may take before it counts as a miss.
    pub fn probe_timeout(&self) -> Duration {
        self.period.min(PROBE_TIMEOUT_MAX)
    }
}
