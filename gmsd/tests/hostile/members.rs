//! The members of a world: where they live, how they come, how they die.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use gms::{
    answer::Write,
    api::{JoinRequest, WatchEvent},
    id::{GroupId, Incarnation, MemberId},
};

use super::{
    manner::Manner,
    netns::Namespace,
    process::Process,
    record::{Death, Histories, Sight},
    roles,
    world::{GROUP, NODES, PATIENCE, World, api},
};

/// The port of a member without a session. Every namespace has its own ports, so it is taken by
/// nobody.
const SERVER_PORT: u16 = 7100;

/// Static members of each crowd, and members of it that are asked on streams.
const KEPT_IN_CROWD: usize = 5;
const STREAMS_IN_CROWD: usize = 5;
/// Longer than any scenario lasts: nobody of a crowd may ever be away, and who is stays so.
const CROWD_HOLD: Duration = Duration::from_mins(10);
/// Of the processes with one member each, every third one is asked on streams.
const STREAM_EVERY: usize = 3;

/// A namespace with members in it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) namespace: Namespace,
    pub(crate) address: Ipv4Addr,
}

impl Host {
    /// Its address, for a firewall's rule.
    pub(crate) fn peer(&self) -> String {
        self.address.to_string()
    }
}

/// Members in one process, all with a session.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) process: Process,
    pub(crate) ids: Vec<MemberId>,
}

impl World {
    /// A new namespace for members.
    pub(crate) fn host(&mut self) -> Host {
        self.hosts += 1;
        let address = Ipv4Addr::new(10, 77, 1, self.hosts);
        let namespace = self.network.attach(&format!("host{}", self.hosts), address);
        Host { namespace, address }
    }

    /// Starts a process with so many members, which need not have joined when this returns.
    pub(crate) fn spawn(&mut self, host: &Host, prefix: &str, count: usize, port: u16) -> Members {
        self.spawn_as(Manner::Plain, host, prefix, count, port)
    }

    /// The same with members of some kind.
    pub(crate) fn spawn_as(
        &mut self,
        manner: Manner,
        host: &Host,
        prefix: &str,
        count: usize,
        port: u16,
    ) -> Members {
        let nodes = NODES.map(|id| api(id).to_string()).join(",");
        let address = SocketAddr::from((host.address, port)).to_string();
        let count_text = count.to_string();
        let manner = manner.write();
        let arguments =
            [roles::FLAG, "members", &nodes, GROUP, prefix, &count_text, &address, &manner];
        let process = self.play(host, prefix, &arguments);
        let ids = match count {
            1 => vec![prefix.parse().unwrap()],
            _ => (0..count).map(|n| format!("{prefix}{n}").parse().unwrap()).collect(),
        };
        Members { process, ids }
    }

    /// Starts a process with so many members and waits until all have joined.
    pub(crate) async fn join(&mut self, host: &Host, prefix: &str, count: usize) -> Members {
        self.join_as(Manner::Plain, host, prefix, count).await
    }

    /// The same with members of some kind.
    pub(crate) async fn join_as(
        &mut self,
        manner: Manner,
        host: &Host,
        prefix: &str,
        count: usize,
    ) -> Members {
        let members = self.spawn_as(manner, host, prefix, count, 0);
        self.present += count;
        self.joined(&members).await;
        members
    }

    /// Starts members that no scenario ends, of each kind: a process each with plain ones, static
    /// ones and such on streams, and a server without a session.
    pub(crate) async fn crowd(&mut self, count: usize) -> Host {
        let host = self.host();
        for (manner, name, number) in [
            (Manner::Static(CROWD_HOLD), "kept", KEPT_IN_CROWD),
            (Manner::Stream, "stream", STREAMS_IN_CROWD),
            (Manner::Plain, "crowd", count - KEPT_IN_CROWD - STREAMS_IN_CROWD - 1),
        ] {
            let prefix = format!("{name}{}-", self.hosts);
            let members = self.join_as(manner, &host, &prefix, number).await;
            self.crowd.push(members);
        }
        self.server(&host).await;
        host
    }

    /// Starts so many processes with one member each.
    pub(crate) async fn solos(&mut self, host: &Host, prefix: &str, count: usize) -> Vec<Members> {
        let solos: Vec<Members> = (0..count).map(|n| self.solo(host, prefix, n)).collect();
        self.present += count;
        for solo in &solos {
            self.joined(solo).await;
        }
        solos
    }

    fn solo(&mut self, host: &Host, prefix: &str, number: usize) -> Members {
        let is_on_streams = number % STREAM_EVERY == STREAM_EVERY - 1;
        let manner = if is_on_streams { Manner::Stream } else { Manner::Plain };
        self.spawn_as(manner, host, &format!("{prefix}{number}"), 1, 0)
    }

    async fn joined(&self, members: &Members) {
        let Members { process, ids } = members;
        let line = format!("joined {}", ids.len());
        self.eventually("members to join", async || {
            process.log().lines().any(|other| other == line).then_some(())
        })
        .await;
    }

    /// A process that is a member by its open port alone, until the world ends.
    async fn server(&mut self, host: &Host) {
        let id = format!("server{}", self.hosts);
        let address = SocketAddr::from((host.address, SERVER_PORT)).to_string();
        let process = self.play(host, &id, &[roles::FLAG, "listener", &address]);
        self.eventually("a server to listen", async || {
            process.log().contains("listening").then_some(())
        })
        .await;
        self.keep.push(process);
        let request = JoinRequest {
            id: id.parse().unwrap(),
            address: address.parse().unwrap(),
            liveness: None,
            tags: gms::view::Tags::new(),
            hold: None,
            instance: None,
            key: None,
            replace: false,
        };
        let group: GroupId = GROUP.parse().unwrap();
        Self::client(&NODES).join(&group, &request, &Write::default()).await.unwrap();
        self.present += 1;
    }

    /// Somebody else takes a port of the host, until the world ends.
    pub(crate) async fn impostor(&mut self, host: &Host, port: u16) {
        let address = SocketAddr::from((host.address, port)).to_string();
        let process = self.play(host, "impostor", &[roles::FLAG, "impostor", &address]);
        self.eventually("an impostor to take the port", async || {
            process.log().contains("listening").then_some(())
        })
        .await;
        self.keep.push(process);
    }

    fn play(&mut self, host: &Host, name: &str, arguments: &[&str]) -> Process {
        let program = std::env::current_exe().unwrap();
        self.played += 1;
        let log = self.dir.path().join(format!("{name}-{}.log", self.played));
        Process::start(&host.namespace, &program, arguments, &self.environment, &log)
    }

    /// The life of a member that the watchers saw last.
    pub(crate) fn life(&self, id: &MemberId) -> Incarnation {
        self.record.look(|histories| last_life(histories, id)).expect("it was seen to join")
    }

    /// kill -9 of all these processes, one right after the other. Their members must be gone within
    /// the bound from the views of these nodes.
    pub(crate) fn kill(&mut self, victims: Vec<Members>, bound: Duration, shown_by: &[u64]) {
        for members in &victims {
            self.note_deaths(&members.ids, bound, shown_by);
        }
        // All die before the first is mourned.
        for members in &victims {
            members.process.strike();
        }
        drop(victims);
    }

    /// These lives end now, by what the scenario does next.
    pub(crate) fn note_deaths(&mut self, ids: &[MemberId], bound: Duration, shown_by: &[u64]) {
        for id in ids {
            let incarnation = self.life(id);
            let shown_by = shown_by.to_vec();
            let at = Instant::now();
            self.record.die(Death { id: id.clone(), incarnation, at, bound, shown_by });
        }
        self.present -= ids.len();
    }

    /// So many are in, or back in, that were not counted when they were started.
    pub(crate) fn note_returns(&mut self, count: usize) {
        self.present += count;
    }

    /// How many leases of the crowd are valid.
    pub(crate) async fn valid_leases(&mut self) -> usize {
        let mut valid = 0;
        let mut crowd = std::mem::take(&mut self.crowd);
        for members in &mut crowd {
            let before = members.process.log().lines().count();
            members.process.order(roles::COUNT);
            let process = &members.process;
            valid += self
                .eventually("a count of leases", async || {
                    let log = process.log();
                    let said = log.lines().skip(before).find_map(|l| l.strip_prefix("valid "))?;
                    said.parse::<usize>().ok()
                })
                .await;
        }
        self.crowd = crowd;
        valid
    }

    /// How many sessions the crowd has.
    pub(crate) fn sessions(&self) -> usize {
        self.crowd.iter().map(|members| members.ids.len()).sum()
    }

    /// Waits until every lease of the crowd is valid.
    pub(crate) async fn all_leases_valid(&mut self) {
        let all = self.sessions();
        let deadline = Instant::now() + PATIENCE;
        while self.valid_leases().await < all {
            assert!(Instant::now() < deadline, "not all {all} leases became valid again");
        }
    }
}

fn last_life(histories: &Histories, id: &MemberId) -> Option<Incarnation> {
    let lives = histories.sightings.iter().flat_map(|sighting| match &sighting.what {
        Sight::Event(WatchEvent::Snapshot(view)) => [view.members.as_slice(), &[]],
        Sight::Event(WatchEvent::Change(change)) => [&change.joined[..], &change.updated],
        _ => [&[][..], &[]],
    });
    lives.flatten().filter(|member| member.id == *id).map(|member| member.incarnation).max()
}
