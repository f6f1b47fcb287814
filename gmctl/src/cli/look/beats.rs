//! How alive members look now: one look at the liveness feed, which tells of every member when it
//! opens. The node that answers sends one event a member of the groups asked for, and no more: the
//! feed is closed once all have been heard of, or after [`LOOK_MAX`].

use std::{collections::BTreeMap, time::Duration};

use gms::{
    api::Band,
    client::Client,
    id::{GroupId, Incarnation, MemberId},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::{error::Failure, output::style::Role};

/// A node tells of everybody within a round trip; this covers one that is just being restarted.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// How one member looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// Its band.
    pub state: Band,
    /// Milliseconds since its last round trip.
    pub age_ms: Option<u64>,
    /// How long that took, in microseconds.
    pub rtt_us: Option<u64>,
    /// Consecutive unanswered pings.
    pub misses: u32,
}

/// A member of a group.
pub type Name = (GroupId, MemberId);

/// How these lives look; those that nobody told of in time are missing.
pub async fn look(
    client: &Client,
    group: Option<&GroupId>,
    mut wanted: BTreeMap<Name, Incarnation>,
) -> Result<BTreeMap<Name, Beat>, Failure> {
    let options = LivenessOptions { group: group.cloned(), member: None };
    let mut feed = LivenessFeed::new(client, &options);
    let deadline = Instant::now() + LOOK_MAX.min(client.options().timeout);
    let mut beats = BTreeMap::new();
    while !wanted.is_empty() {
        let Ok(item) = timeout_at(deadline, feed.next()).await else {
            break;
        };
        let LivenessItem::Member(report) = item? else {
            continue;
        };
        let name = (report.group, report.id);
        if wanted.get(&name) == Some(&report.incarnation) {
            wanted.remove(&name);
            let (state, age_ms) = (report.state, report.age_ms);
            beats
                .insert(name, Beat { state, age_ms, rtt_us: report.rtt_us, misses: report.misses });
        }
    }
    Ok(beats)
}

/// How a band should strike the eye.
pub fn role(band: Band) -> Role {
    match band {
        Band::Ok => Role::Good,
        Band::Unknown => Role::Faint,
        Band::Late => Role::Warn,
        Band::Suspect | Band::Condemned => Role::Bad,
    }
}
