//! The timing of consensus, and openraft's settings, each with its reason.

use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

use super::identity::ClusterId;

/// How fast a lost leader is noticed.
///
/// After the last heartbeat a follower waits `election_max` and then a random time between
/// `election_min` and `election_max`: with the defaults another node leads within about half a
/// second. An election timeout should be ten times what an append takes, disk included (openraft's
/// pitfall 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How often a leader is heard.
    pub heartbeat: Duration,
    /// The shortest election timeout. More than `heartbeat`.
    pub election_min: Duration,
    /// The longest election timeout, and the length of a leader's lease. More than `election_min`.
    pub election_max: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(50),
            election_min: Duration::from_millis(150),
            election_max: Duration::from_millis(300),
        }
    }
}

impl Timing {
    /// How long a peer may leave a request unanswered before its connection counts as dead: two
    /// elections, so that a slow disk does not look like a dead network.
    pub fn patience(&self) -> Duration {
        self.election_max * 2
    }
}

/// How many entries go into one message; the log store bounds its bytes.
const MESSAGE_ENTRIES_MAX: u64 = 4096;
/// How long a peer may take to install a snapshot: openraft's default of 200 ms cannot move
/// 40 MB (its pitfall 21).
const INSTALL_TIME_MAX: Duration = Duration::from_mins(1);
/// How much longer than two elections a leader without a quorum stays silent.
const PROBE_MARGIN: Duration = Duration::from_millis(100);

/// openraft's settings, or what is wrong with the timing.
pub fn openraft_config(cluster: ClusterId, timing: &Timing) -> Result<Config, String> {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let config = Config {
        cluster_name: cluster.to_string(),
        heartbeat_interval: ms(timing.heartbeat),
        election_timeout_min: ms(timing.election_min),
        election_timeout_max: ms(timing.election_max),
        install_snapshot_timeout: ms(INSTALL_TIME_MAX),
        max_payload_entries: MESSAGE_ENTRIES_MAX,
        // Snapshots and purges are due by bytes, not by entries: see `compaction`. openraft must
        // therefore do neither by itself (its pitfall 26: a purge right after a snapshot turns
        // every short outage into a transfer of the whole state).
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        // A node that comes back asks before it disturbs a healthy leader.
        enable_pre_vote: Some(true),
        // Pitfall 3: a restarted leader would lead on with the state of its last snapshot.
        enable_leader_restore: Some(false),
        // Without it a leader that lost its quorum can keep one node from joining an election
        // for ever (openraft issue 2080).
        quorum_loss_probe_interval: Some(ms(timing.election_max * 2 + PROBE_MARGIN)),
        // Entries go to the followers while the leader's own disk still writes them.
        broadcast_submitted_on_append: Some(true),
        // Pitfall 13: a follower whose log went backwards has lost its disk; it must not vote.
        allow_log_reversion: None,
        backoff: "20ms 50ms 100ms ...500ms".to_owned(),
        ..Config::default()
    };
    config.validate().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_timing_is_valid_and_nonsense_is_not() {
        let cluster = ClusterId([0; 16]);
        openraft_config(cluster, &Timing::default()).unwrap();
        let slow = Timing { heartbeat: Duration::from_secs(1), ..Timing::default() };
        assert!(openraft_config(cluster, &slow).is_err());
    }
}
