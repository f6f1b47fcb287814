//! One scenario's world: a network, three nodes, members, a watcher on every node, and the record
//! of what was done to them. When it is dropped everything in it ends, processes first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gms::{
    api::{Status, WatchEvent},
    client::{Client, Options},
    endpoint::Endpoint,
    id::{GroupId, MemberId, Revision},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    view::{MemberState, View},
};
use tokio::{task::JoinHandle, time::timeout};

use super::{
    checker::{Findings, check},
    members::Members,
    netns::{Namespace, Network},
    process::Process,
    record::{Histories, Record, Sight},
    watcher,
};

/// The nodes of every scenario.
pub(crate) const NODES: [u64; 3] = [1, 2, 3];
/// All members of a scenario are in this group.
pub(crate) const GROUP: &str = "g";
/// Every namespace has its own ports, so these are taken by nobody.
const PEER_PORT: u16 = 7000;
const API_PORT: u16 = 7001;
/// Longer than anything here takes that has no bound of its own, on a machine that is busy with
/// other scenarios.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// A member that lost pings for a while counts as late until as many windows of ten seconds were
/// good as the rule of quality wants.
const WELL_PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at something awaited.
const LOOK: Duration = Duration::from_millis(5);
/// A local read of a node that is busy.
const CALL_PATIENCE: Duration = Duration::from_secs(2);

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    id: u64,
    pub(crate) namespace: Namespace,
    arguments: Vec<String>,
    log: PathBuf,
    process: Option<Process>,
}

impl Node {
    /// Its running process.
    pub(crate) fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the node runs")
    }
}

/// The world.
pub(crate) struct World {
    pub(crate) record: Record,
    // Before the namespaces, so that processes end before their network does.
    watchers: Vec<JoinHandle<()>>,
    nodes: BTreeMap<u64, Node>,
    /// Members that no test ends, and other processes to be kept.
    pub(crate) crowd: Vec<Members>,
    pub(super) keep: Vec<Process>,
    pub(super) hosts: u8,
    /// Child processes started so far: a restarted member is told apart from its former life.
    pub(super) played: usize,
    /// Who should be in at present.
    pub(super) present: usize,
    pub(super) network: Network,
    pub(super) dir: tempfile::TempDir,
    pub(super) environment: Vec<(String, String)>,
}

/// The client address of a node.
pub(crate) fn api(node: u64) -> SocketAddr {
    (node_address(node), API_PORT).into()
}

/// Where a node is, for a firewall's rule and for its peers.
pub(crate) fn node_address(node: u64) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, 10 + u8::try_from(node).unwrap())
}

/// All hosts of members, for a firewall's rule.
pub(crate) const ALL_HOSTS: &str = "10.77.1.0/24";

impl World {
    /// Starts three nodes and waits for their leader. The calling thread moves into the network.
    pub(crate) async fn start(network: Network, flags: &[&str]) -> Self {
        Self::start_in(network, flags, |_| Vec::new()).await
    }

    /// The same, with something in the environment of every process; it may use the directory.
    pub(crate) async fn start_in(
        network: Network,
        flags: &[&str],
        environment: impl FnOnce(&Path) -> Vec<(String, String)>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut world = Self {
            record: Record::default(),
            watchers: Vec::new(),
            nodes: BTreeMap::new(),
            crowd: Vec::new(),
            keep: Vec::new(),
            hosts: 0,
            played: 0,
            present: 0,
            network,
            environment: environment(dir.path()),
            dir,
        };
        for id in NODES {
            world.add_node(id, flags);
            world.start_node(id);
        }
        world.leader().await;
        for id in NODES {
            let record = world.record.clone();
            world.watchers.push(tokio::spawn(watcher::watch(id, api(id), record)));
        }
        world
    }

    fn add_node(&mut self, id: u64, flags: &[&str]) {
        let cluster =
            NODES.map(|node| format!("http://{}:{PEER_PORT}", node_address(node))).join(",");
        let data_dir = self.dir.path().join(format!("node-{id}"));
        let mut arguments: Vec<String> = [
            ("--id", id.to_string()),
            ("--cluster", cluster),
            ("--listen", node_address(id).to_string()),
            ("--port", API_PORT.to_string()),
            ("--data-dir", data_dir.to_str().unwrap().to_owned()),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value])
        .collect();
        arguments.extend(flags.iter().copied().map(str::to_owned));
        let namespace = self.network.attach(&format!("node{id}"), node_address(id));
        let log = self.dir.path().join(format!("node-{id}.log"));
        self.nodes.insert(id, Node { id, namespace, arguments, log, process: None });
    }

    // Nodes.

    /// Starts a node that does not run, with the files it left.
    pub(crate) fn start_node(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).unwrap();
        assert!(node.process.is_none(), "node {id} runs already");
        let program = Path::new(env!("CARGO_BIN_EXE_gmsd"));
        let Node { namespace, arguments, log, .. } = node;
        let process = Process::start(namespace, program, arguments, &self.environment, log);
        node.process = Some(process);
    }

    /// kill -9.
    pub(crate) fn kill_node(&mut self, id: u64) {
        self.nodes.get_mut(&id).unwrap().process.take().expect("the node runs").kill();
    }

    /// SIGTERM, and its end.
    pub(crate) fn terminate_node(&mut self, id: u64) {
        self.nodes.get_mut(&id).unwrap().process.take().expect("the node runs").terminate();
    }

    /// A node.
    pub(crate) fn node(&mut self, id: u64) -> &mut Node {
        self.nodes.get_mut(&id).unwrap()
    }

    /// The leader that a majority of the nodes, and no fewer, agree on.
    pub(crate) async fn leader(&self) -> u64 {
        self.eventually("a leader known to most", async || {
            let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
            for id in NODES {
                if let Some(status) = self.status(id).await
                    && status.quorum.ok
                    && let Some(leader) = status.leader
                {
                    *votes.entry(leader.0).or_default() += 1;
                }
            }
            votes.into_iter().find_map(|(id, votes)| (votes > NODES.len() / 2).then_some(id))
        })
        .await
    }

    /// A node that does not lead.
    pub(crate) async fn follower(&self) -> u64 {
        let leader = self.leader().await;
        NODES.into_iter().find(|id| *id != leader).unwrap()
    }

    /// What a node says of itself; none if it does not answer.
    pub(crate) async fn status(&self, id: u64) -> Option<Status> {
        Self::client(&[id]).status().await.ok().map(|answer| answer.value)
    }

    /// A client of these nodes.
    pub(crate) fn client(nodes: &[u64]) -> Client {
        let options = Options {
            timeout: CALL_PATIENCE,
            consistency: gms::api::Consistency::Local,
            ..Options::default()
        };
        let endpoints = nodes.iter().map(|id| api(*id).to_string().parse::<Endpoint>().unwrap());
        Client::new(endpoints, options).unwrap()
    }

    // Waiting.

    /// Looks again and again until there is an answer.
    pub(crate) async fn eventually<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets a fault last for so long, or until a removal that no death explains.
    pub(crate) async fn pass(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let histories = self.record.histories();
            let findings = check(&Histories { deaths: histories.deaths.clone(), ..histories });
            if findings.false_removals > 0 {
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(Duration::from_millis(250))).await;
        }
    }

    /// Waits until every death is shown, or its bound is over.
    pub(crate) async fn deaths_shown(&self) {
        let last = self
            .record
            .look(|histories| histories.deaths.iter().map(|death| death.at + death.bound).max());
        while last.is_some_and(|last| Instant::now() < last) {
            let findings = check(&self.record.histories());
            let waits = findings.violations.iter().any(|what| what.contains("is still there"));
            if !waits {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until these nodes' watchers all show the members that should be there, and no node
    /// doubts any of them.
    pub(crate) async fn settled(&self, nodes: &[u64]) {
        let expected = self.present;
        self.eventually(&format!("{expected} members on all watchers"), async || {
            let mut views: Vec<Option<(Revision, usize)>> = self
                .record
                .look(|histories| nodes.iter().map(|node| last_view(histories, *node)).collect());
            views.dedup();
            let [Some((_, members))] = views[..] else { return None };
            (members == expected).then_some(())
        })
        .await;
        for node in nodes {
            let mut last = None;
            let all_well = timeout(WELL_PATIENCE, Self::all_well(*node, expected, &mut last)).await;
            assert!(
                all_well.is_ok(),
                "node {node} did not find {expected} members well, but {last:?}"
            );
        }
    }

    /// Waits until a node tells that so many members answer, and that it knows of no others.
    async fn all_well(node: u64, expected: usize, last: &mut Option<LivenessItem>) {
        let mut feed = LivenessFeed::new(&Self::client(&[node]), &LivenessOptions::default());
        loop {
            // A feed that a node refuses never tells.
            let Ok(item) = feed.next().await else { return std::future::pending().await };
            if let LivenessItem::Counts(counts) = &item
                && counts.ok == expected
                && counts.late + counts.suspect + counts.unknown == 0
            {
                return;
            }
            if !matches!(item, LivenessItem::Member(_)) {
                *last = Some(item);
            }
        }
    }

    /// The group as a node shows it.
    pub(crate) async fn view(&self, node: u64) -> Option<View> {
        let group: GroupId = GROUP.parse().unwrap();
        Self::client(&[node]).group(&group).await.ok().map(|answer| answer.value)
    }

    /// Whether removals by silence are paused; none if nobody answers.
    pub(crate) async fn is_held(&self) -> Option<bool> {
        let groups = Self::client(&NODES).groups().await.ok()?.value.groups;
        Some(groups.iter().any(|group| group.name.as_str() == GROUP && group.hold.is_some()))
    }

    /// Checks everything that was seen.
    pub(crate) fn findings(&self) -> Findings {
        check(&self.record.histories())
    }

    /// The end of every log, for a scenario that failed.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for node in self.nodes.values() {
            let log = std::fs::read_to_string(&node.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(30)..].join("\n");
            let _ = writeln!(text, "--- log of node {}\n{tail}", node.id);
        }
        text
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.watchers.iter().for_each(JoinHandle::abort);
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}

/// The revision of the group that a watcher has now, and how many members live in it.
fn last_view(histories: &Histories, node: u64) -> Option<(Revision, usize)> {
    let mut last = None;
    let mut living: BTreeSet<&MemberId> = BTreeSet::new();
    for sighting in histories.sightings.iter().filter(|sighting| sighting.node == node) {
        let Sight::Event(event) = &sighting.what else { continue };
        let came = match event {
            WatchEvent::Snapshot(view) => {
                last = Some(view.revision);
                living.clear();
                [view.members.as_slice(), &[]]
            }
            WatchEvent::Change(change) => {
                last = Some(change.revision());
                let removed = change.removed.iter().chain(&change.away).map(|gone| &gone.id);
                for id in change.left.iter().map(|left| &left.id).chain(removed) {
                    living.remove(id);
                }
                [change.joined.as_slice(), change.updated.as_slice()]
            }
            _ => continue,
        };
        let came = came.into_iter().flatten().filter(|member| member.state != MemberState::Away);
        living.extend(came.map(|member| &member.id));
    }
    Some((last?, living.len()))
}
