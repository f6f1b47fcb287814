//! Where a measurement takes place: a cluster of its own, and the progress told on the terminal.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::File,
    net::Ipv4Addr,
    time::Duration,
};

use gms::{
    client::Client,
    endpoint::Endpoint,
    id::{GroupId, MemberId, NodeId, Revision},
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{
    bench::watching::Watching,
    cli::base::console::Console,
    demo::{child::Child, cluster::Cluster},
    error::Failure,
    exit::Exit,
};

/// The nodes of a measurement: three, as the peers had.
pub const NODES: u64 = 3;
/// Nothing that is waited for takes this long, unless it never comes.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// After a join, every watcher of a member has pinged it once; after a node is back, it watches
/// members again.
pub const SETTLE: Duration = Duration::from_millis(1_500);
/// Pings come every so often; the moments of the ends are spread over that.
const PING_PERIOD: Duration = Duration::from_millis(500);
/// Between two looks at something that no stream tells.
const LOOK_PERIOD: Duration = Duration::from_millis(10);

/// A running cluster.
pub struct Arena {
    /// Its processes.
    pub cluster: Cluster,
    /// A client of all nodes.
    pub client: Client,
    dir: TempDir,
    started: usize,
}

impl Arena {
    /// Starts a cluster and waits for its leader.
    pub async fn start(console: &Console) -> Result<Self, Failure> {
        Self::start_at(console, Ipv4Addr::LOCALHOST).await
    }

    /// The same at another address, which the calling thread can bind to.
    pub async fn start_at(console: &Console, host: Ipv4Addr) -> Result<Self, Failure> {
        let cluster = Cluster::start_at(NODES, host)?;
        let dir = tempfile::Builder::new().prefix("gms-bench-").tempdir().map_err(refused)?;
        let client = Client::new(endpoints(&cluster)?, console.options())?;
        let arena = Self { cluster, client, dir, started: 0 };
        arena.leader().await?;
        Ok(arena)
    }

    /// The URLs of the nodes.
    pub fn urls(&self) -> Vec<String> {
        self.client.endpoints().iter().map(Endpoint::to_string).collect()
    }

    /// Starts this program as something else; what it prints is kept until the arena is dropped.
    pub fn spawn(&mut self, role: &str, arguments: &[OsString]) -> Result<Child, Failure> {
        self.started += 1;
        let path = self.dir.path().join(format!("{}.log", self.started));
        let log = File::create(path).map_err(refused)?;
        Child::spawn(role, arguments, log).map_err(refused)
    }

    /// A file of this measurement.
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// A client of each node alone.
    pub fn clients(&self) -> Result<BTreeMap<NodeId, Client>, Failure> {
        let nodes = self.cluster.control().nodes();
        nodes
            .iter()
            .map(|node| {
                let endpoint: Endpoint = node.plan.api_url().parse()?;
                Ok((node.plan.id, self.client.only(&endpoint)))
            })
            .collect()
    }

    /// Every node's number.
    pub fn nodes(&self) -> Vec<NodeId> {
        self.cluster.control().nodes().iter().map(|node| node.plan.id).collect()
    }

    /// Watches a group on every node.
    pub async fn watch(&self, group: &GroupId) -> Result<Watching, Failure> {
        Watching::open(&self.clients()?, group, PATIENCE).await
    }

    /// The leader that every running node knows, once there is one.
    pub async fn leader(&self) -> Result<NodeId, Failure> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(leader) = self.agreed_leader().await? {
                return Ok(leader);
            }
            if let Some((node, log)) = self.cluster.control().failed_node() {
                return Err(Failure::new(Exit::Refused, format!("node {node} has ended: {log}")));
            }
            sleep(LOOK_PERIOD).await;
        }
        Err(Failure::new(Exit::NoQuorum, "the cluster found no leader"))
    }

    async fn agreed_leader(&self) -> Result<Option<NodeId>, Failure> {
        let mut leaders = BTreeSet::new();
        for client in self.clients()?.values() {
            let status = client.status().await.ok();
            leaders.insert(status.and_then(|answer| {
                answer.value.quorum.ok.then_some(answer.value.leader).flatten()
            }));
        }
        let leader = leaders.pop_first().flatten();
        Ok(leader.filter(|_| leaders.is_empty()))
    }

    /// The revision that the cluster has reached.
    pub async fn revision(&self) -> Result<Revision, Failure> {
        Ok(self.client.status().await?.value.revision)
    }

    /// kill -9 for a node.
    pub fn kill_node(&self, node: NodeId) -> Result<(), Failure> {
        self.cluster.control().kill_node(node)?;
        Ok(())
    }

    /// A killed node comes back, and watches members again.
    pub async fn bring_back(&self, node: NodeId) -> Result<(), Failure> {
        self.cluster.control().restart_node(node)?;
        self.leader().await?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let nodes = self.client.nodes().await?.value.nodes;
            if nodes.iter().all(|node| node.monitor) {
                return Ok(());
            }
            sleep(LOOK_PERIOD).await;
        }
        Err(Failure::new(Exit::Timeout, format!("node {node} does not watch members again")))
    }
}

fn endpoints(cluster: &Cluster) -> Result<Vec<Endpoint>, Failure> {
    let nodes = cluster.control().nodes();
    Ok(nodes.iter().map(|node| node.plan.api_url().parse()).collect::<Result<_, _>>()?)
}

/// The operating system refused.
pub fn refused(why: impl Into<std::io::Error>) -> Failure {
    Failure::new(Exit::Refused, why.into().to_string())
}

/// The name of a group of a measurement.
pub fn group(name: &str) -> GroupId {
    format!("bench-{name}").parse().expect("letters are a group id")
}

/// These names as a set.
pub fn set(ids: &[MemberId]) -> BTreeSet<MemberId> {
    ids.iter().cloned().collect()
}

/// Tells on a terminal what goes on, in one line that the next one takes the place of.
pub fn progress(console: &mut Console, text: &str) {
    if console.terminal.stderr && !console.globals.quiet {
        console.printer.prompt(&format!("\r\x1b[K{text}"));
    }
}

/// How long to wait before a trial, so that all of them are evenly spread over the time between two
/// pings, however many there are: each falls into the widest gap that the former ones left.
pub(super) fn phase(trial: usize) -> Duration {
    PING_PERIOD.mul_f64((trial as f64 * 0.618_033_988_749_895).fract())
}
