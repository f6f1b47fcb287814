//! How alive members look now: one look at the liveness feed, which tells of every member when it
//! opens. The node that answers sends one event a member of the groups asked for, and no more: the
//! feed is closed once all have been heard of, or after [`LOOK_MAX`].

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use gms::{
    api::{Band, MemberLiveness},
    client::Client,
    id::{GroupId, MemberId},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    view::Member,
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::{
    error::Failure,
    model::{heard::left_of_window, moment::whole_millis},
    output::style::Role,
};

/// A node tells of everybody within a round trip; this covers one that is just being restarted.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// How one member looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// Its band.
    pub state: Band,
    /// Milliseconds since its last round trip.
    pub age_ms: Option<u64>,
    /// Milliseconds until it can be removed for its silence, at the earliest; none of whom no removal
    /// is in sight.
    pub left_ms: Option<u64>,
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
    mut wanted: BTreeMap<Name, &Member>,
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
        if let Entry::Occupied(entry) = wanted.entry((report.group.clone(), report.id.clone()))
            && entry.get().incarnation == report.incarnation
        {
            let (name, member) = entry.remove_entry();
            beats.insert(name, Beat::of(member, &report));
        }
    }
    forget_held(client, &mut beats).await?;
    Ok(beats)
}

impl Beat {
    fn of(member: &Member, report: &MemberLiveness) -> Self {
        let age_ms = report.age_ms.filter(|_| report.state >= Band::Late);
        let left =
            age_ms.map(|age| left_of_window(member, report.period_ms, Duration::from_millis(age)));
        Self {
            state: report.state,
            age_ms: report.age_ms,
            left_ms: left.map(whole_millis),
            rtt_us: report.rtt_us,
            misses: report.misses,
        }
    }
}

/// Nobody is removed for silence while the group is held.
async fn forget_held(client: &Client, beats: &mut BTreeMap<Name, Beat>) -> Result<(), Failure> {
    if beats.values().all(|beat| beat.left_ms.is_none()) {
        return Ok(());
    }
    let groups = client.groups().await?.value.groups;
    let held: Vec<_> = groups.into_iter().filter(|group| group.hold.is_some()).collect();
    for ((group, _), beat) in beats.iter_mut() {
        if held.iter().any(|one| one.name == *group) {
            beat.left_ms = None;
        }
    }
    Ok(())
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
