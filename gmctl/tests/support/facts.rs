//! A small cluster in good health, as its nodes tell of it: what the tests of the dashboard, the played
//! nodes and the benchmark begin with. They change what they are about (`Status { term: 3, ..status() }`).

use gms::{
    api::{Band, Counts, MemberLiveness, NodeStatus, Quorum, Role, Status},
    id::{Incarnation, NodeId, Revision},
    liveness::{Kind, Liveness},
    view::{Member, MemberState, Tags},
};

/// Three nodes, of which node 1 leads; node 2 answers.
pub(crate) fn status() -> Status {
    Status {
        cluster: "0".repeat(32),
        node: NodeId(2),
        leader: Some(NodeId(1)),
        term: 1,
        role: Role::Follower,
        revision: Revision(100),
        quorum: Quorum { voters: (1..=3).map(NodeId).collect(), needed: 2, reachable: 3, ok: true },
        counts: Counts { nodes: 3, ..Counts::default() },
        version: "0.1.0".to_owned(),
        uptime_ms: 1_000,
        age_ms: Some(100),
    }
}

/// One of them.
pub(crate) fn node(id: u64) -> NodeStatus {
    NodeStatus {
        id: NodeId(id),
        role: Some(if id == 1 { Role::Leader } else { Role::Follower }),
        voter: true,
        peer_url: format!("http://127.0.0.1:{id}2379"),
        api_url: Some(format!("http://127.0.0.1:{id}2380")),
        reachable: true,
        monitor: true,
        term: Some(1),
        leader: Some(NodeId(1)),
        matched: Some(Revision(100)),
        applied: Some(Revision(100)),
        lag: Some(0),
        monitored: Some(8),
        pings_per_s: Some(33),
        rtt_p50_us: Some(400),
        rtt_p99_us: Some(1_900),
        fsync_p99_us: Some(2_100),
        snapshot: None,
        log_entries: Some(101),
        clock_offset_ms: Some(0),
        health: Some(0),
        version: Some("0.1.0".to_owned()),
        error: None,
    }
}

/// A member that a node watches and another one is asked about.
pub(crate) fn member(id: &str, address: &str, incarnation: u64, watched_by: u64) -> Member {
    Member {
        id: id.parse().unwrap(),
        address: address.parse().unwrap(),
        incarnation: Incarnation(incarnation),
        monitor: Some(NodeId(watched_by)),
        witness: Some(NodeId(watched_by % 3 + 1)),
        liveness: Liveness::of(Kind::Udp),
        tags: Tags::new(),
        state: MemberState::Active,
        instance: None,
        hold: None,
    }
}

/// How a member looks.
pub(crate) fn looks(group: &str, member: &Member, state: Band) -> MemberLiveness {
    MemberLiveness {
        group: group.parse().unwrap(),
        id: member.id.clone(),
        incarnation: member.incarnation,
        state,
        age_ms: Some(300),
        rtt_us: Some(420),
        misses: match state {
            Band::Unknown | Band::Ok => 0,
            Band::Late => 1,
            Band::Suspect => 3,
            Band::Condemned => 4,
        },
        monitor: member.monitor.unwrap_or(NodeId(1)),
        period_ms: 500,
    }
}
