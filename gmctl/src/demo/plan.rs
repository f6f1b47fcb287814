//! Who there is in a demo: a small company's services over three zones. Pure.

use std::net::Ipv4Addr;

use gms::{
    id::{GroupId, MemberId, NodeId},
    view::Tags,
};
use serde::{Deserialize, Serialize};

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    /// Its number, from 1.
    pub id: NodeId,
    /// The address it listens at.
    pub host: Ipv4Addr,
    /// Where the other nodes reach it.
    pub peer_port: u16,
    /// Where clients reach it.
    pub api_port: u16,
}

impl NodePlan {
    /// Its peer URL.
    pub fn peer_url(&self) -> String {
        format!("http://{}:{}", self.host, self.peer_port)
    }

    /// Its client URL.
    pub fn api_url(&self) -> String {
        format!("http://{}:{}", self.host, self.api_port)
    }
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPlan {
    /// Its group.
    pub group: GroupId,
    /// Its name.
    pub id: MemberId,
    /// What it tells about itself.
    pub tags: Tags,
}

/// The groups, with how many of every [`ROUND`] members they get and the role of these.
const GROUPS: [(&str, usize, &str); 4] = [
    ("payments", 3, "web"),
    ("orders", 2, "worker"),
    ("search", 2, "index"),
    ("sessions", 1, "cache"),
];
/// Members in a round over all groups.
const ROUND: usize = 8;
/// The zones, one after the other.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// So many members, always the same ones.
pub fn members(number: usize) -> Vec<MemberPlan> {
    let mut numbers = [0_usize; GROUPS.len()];
    (0..number)
        .map(|place| {
            let at = group_of(place);
            let (group, _, role) = GROUPS[at];
            numbers[at] += 1;
            // Every fifth runs the next version, as in the middle of a rollout.
            let version = if place % 5 == 4 { "1.5.0" } else { "1.4.2" };
            MemberPlan {
                group: parse(group),
                id: format!("{role}-{}", numbers[at])
                    .parse()
                    .expect("a role and a number are a member id"),
                tags: tags(ZONES[place % ZONES.len()], role, version),
            }
        })
        .collect()
}

fn group_of(place: usize) -> usize {
    let mut left = place % ROUND;
    for (at, (_, share, _)) in GROUPS.iter().enumerate() {
        if left < *share {
            return at;
        }
        left -= share;
    }
    0
}

/// The member of the story: it joins, is killed, comes back and leaves.
pub fn guest() -> MemberPlan {
    MemberPlan {
        group: parse(GROUPS[0].0),
        id: "guest".parse().expect("letters are a member id"),
        tags: tags("b", "guest", "1.4.2"),
    }
}

fn parse(group: &str) -> GroupId {
    group.parse().expect("letters are a group id")
}

fn tags(zone: &str, role: &str, version: &str) -> Tags {
    [("zone", zone), ("role", role), ("version", version)]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn members_differ_and_more_only_adds() {
        assert_eq!(ROUND, GROUPS.iter().map(|(_, share, _)| share).sum::<usize>());
        let all = members(100);
        let names: BTreeSet<_> = all.iter().map(|m| (m.group.clone(), m.id.clone())).collect();
        assert_eq!(names.len(), 100);
        let groups: BTreeSet<_> = all.iter().map(|m| m.group.clone()).collect();
        assert_eq!(groups.len(), GROUPS.len());
        assert_eq!(members(24), all[..24]);
        assert!(!names.contains(&(guest().group, guest().id)));
    }
}
