//! Nodes in one process over real sockets on the loopback, for tests.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gms::{
    id::{NodeId, Revision},
    span::Span,
};
use tempfile::TempDir;

use super::{
    compaction::Compaction,
    config::Timing,
    consensus::{Consensus, Proposed},
    error::{ChangeError, ProposeError, StartError},
    identity::ClusterId,
    options::Options,
    peer::call::PeerHandler,
    standing::Standing,
};
use crate::{
    host::{net::Listener, world::Host},
    membership::{
        command::{Command, Entry, Join, Proposal},
        state::State,
    },
};

/// No fact that a test waits for takes as long as this, but on a machine that is stuck.
pub(super) const SOON: Duration = Duration::from_secs(20);
pub(super) const CLUSTER: ClusterId = ClusterId([3; 16]);

/// Answers with what it was asked, and by whom; to "nothing" it never answers.
struct Echo;

impl PeerHandler for Echo {
    fn handle(&self, from: NodeId, body: Bytes) -> BoxFuture<'_, Bytes> {
        if body == "nothing" {
            return Box::pin(std::future::pending());
        }
        let text = format!("{from}: {}", String::from_utf8_lossy(&body));
        Box::pin(async move { Bytes::from(text) })
    }
}

pub(super) struct Cluster {
    dir: TempDir,
    at: BTreeMap<NodeId, SocketAddr>,
    nodes: BTreeMap<NodeId, Consensus>,
    pub(super) timing: Timing,
    pub(super) compaction: Compaction,
}

pub(super) fn join(member: &str) -> Entry {
    let join = Join {
        group: "g".parse().unwrap(),
        member: member.parse().unwrap(),
        address: "127.0.0.1:9".parse().unwrap(),
        liveness: gms::liveness::Liveness::of(gms::liveness::Kind::Udp),
        tags: BTreeMap::new(),
        hold: None::<Span>,
        instance: Some(member.to_owned()),
        owner: String::new(),
        replaces: None,
    };
    proposing(Command::Join(join))
}

pub(super) fn proposing(command: Command) -> Entry {
    Entry { at_ms: 1, proposals: vec![Proposal { token: None, if_view: None, command }] }
}

pub(super) fn has(state: &State, member: &str) -> bool {
    state.life(&"g".parse().unwrap(), &member.parse().unwrap()).is_some()
}

impl Cluster {
    /// Nothing started yet.
    pub(super) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            at: BTreeMap::new(),
            nodes: BTreeMap::new(),
            // Slower than by default: tests run beside each other and beside builds, and an
            // election for want of a processor is not what they are about.
            timing: Timing {
                heartbeat: Duration::from_millis(100),
                election_min: Duration::from_millis(400),
                election_max: Duration::from_millis(800),
            },
            compaction: Compaction::default(),
        }
    }

    /// Nodes 1 to `count`, started together.
    pub(super) async fn start(count: u64) -> Self {
        let mut cluster = Self::new();
        cluster.found(count).await;
        cluster
    }

    pub(super) async fn found(&mut self, count: u64) {
        let mut listeners = BTreeMap::new();
        for node in (1..=count).map(NodeId) {
            listeners.insert(node, self.listen(node).await);
        }
        let peers = self.urls();
        for (node, listener) in listeners {
            let started = self.start_with(node, listener, peers.clone(), true).await;
            self.nodes.insert(node, started.unwrap());
        }
        self.settle().await;
    }

    /// Waits until all running nodes follow the same leader: while the first election is going on
    /// one leader may soon follow another.
    pub(super) async fn settle(&self) {
        let attempt = async {
            loop {
                let leader = self.leader().await;
                let follow = self.nodes.values().map(|consensus| {
                    let mut standing = consensus.standing();
                    async move {
                        let follows = |now: &Standing| now.leader == Some(leader);
                        standing.wait_for(follows).await.map(drop)
                    }
                });
                let follow = futures_util::future::join_all(follow);
                let in_time = tokio::time::timeout(self.timing.election_max, follow);
                if in_time.await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(SOON, attempt).await.expect("a leader of all in time");
    }

    pub(super) async fn listen(&mut self, node: NodeId) -> Box<dyn Listener> {
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let at = *self.at.get(&node).unwrap_or(&anywhere);
        let listener = Host::real().net.listen(at).await.unwrap();
        self.at.insert(node, listener.local_addr().unwrap());
        listener
    }

    pub(super) async fn start_with(
        &self,
        node: NodeId,
        listener: Box<dyn Listener>,
        peers: BTreeMap<NodeId, String>,
        bootstrap: bool,
    ) -> Result<Consensus, StartError> {
        let options = Options {
            node,
            cluster: CLUSTER,
            peers,
            bootstrap,
            restored: None,
            data_dir: self.data_dir(node),
            listener,
            timing: self.timing,
            compaction: self.compaction,
            handler: Arc::new(Echo),
            host: Host::real(),
        };
        Consensus::start(options).await
    }

    /// A node that waits to be added.
    pub(super) async fn start_joiner(&mut self, node: NodeId) {
        let listener = self.listen(node).await;
        let started = self.start_with(node, listener, BTreeMap::new(), false);
        let started = started.await.unwrap();
        self.nodes.insert(node, started);
    }

    pub(super) async fn restart(&mut self, node: NodeId) {
        let listener = self.listen(node).await;
        let started = self.start_with(node, listener, self.urls(), true).await;
        self.nodes.insert(node, started.unwrap());
    }

    /// Ends a node as a crash would, but for what the kernel has.
    pub(super) async fn kill(&mut self, node: NodeId) {
        self.nodes.remove(&node).unwrap().stop().await;
    }

    pub(super) fn take(&mut self, node: NodeId) -> Consensus {
        self.nodes.remove(&node).unwrap()
    }

    pub(super) async fn kill_all(&mut self) {
        for node in self.running() {
            self.kill(node).await;
        }
    }

    pub(super) fn node(&self, node: NodeId) -> &Consensus {
        &self.nodes[&node]
    }

    pub(super) fn running(&self) -> Vec<NodeId> {
        self.nodes.keys().copied().collect()
    }

    pub(super) fn url(&self, node: NodeId) -> String {
        format!("http://{}", self.at[&node])
    }

    pub(super) fn urls(&self) -> BTreeMap<NodeId, String> {
        self.at.keys().map(|node| (*node, self.url(*node))).collect()
    }

    pub(super) fn address(&self, node: NodeId) -> SocketAddr {
        self.at[&node]
    }

    /// The mark of a node's data directory.
    pub(super) fn lineage(&self, node: NodeId) -> String {
        self.node(node).lineage().to_owned()
    }

    pub(super) fn data_dir(&self, node: NodeId) -> PathBuf {
        self.dir.path().join(node.to_string())
    }

    /// Waits until a node's standing is so.
    pub(super) async fn stands(&self, node: NodeId, is_so: impl Fn(&Standing) -> bool) -> Standing {
        let mut standing = self.node(node).standing();
        let found = tokio::time::timeout(SOON, standing.wait_for(|now| is_so(now)));
        let Ok(found) = found.await else {
            let now = self.node(node).standing().borrow().clone();
            panic!("node {node} never stands so: {now:?}");
        };
        found.unwrap().clone()
    }

    /// Waits until a node's state is so.
    pub(super) async fn shows(&self, node: NodeId, is_so: impl Fn(&State) -> bool) -> Arc<State> {
        let mut state = self.node(node).state();
        let found = tokio::time::timeout(SOON, state.wait_for(|state| is_so(state)));
        let found = found.await.expect("the state in time").unwrap();
        Arc::clone(&found)
    }

    /// Waits until one of the running nodes leads and may propose.
    pub(super) async fn leader(&self) -> NodeId {
        let waits = self.nodes.iter().map(|(node, consensus)| {
            let mut standing = consensus.standing();
            Box::pin(async move {
                standing.wait_for(|now| now.leader_ready).await.unwrap();
                *node
            })
        });
        let first = futures_util::future::select_all(waits);
        tokio::time::timeout(SOON, first).await.expect("a leader in time").0
    }

    /// Proposes where it is possible, again while it certainly was not done.
    pub(super) async fn propose(&self, entry: Entry) -> Proposed {
        let attempt = async {
            loop {
                let leader = self.leader().await;
                match self.node(leader).propose(entry.clone()).await {
                    Ok(done) => return done,
                    Err(ProposeError::NotLeader { .. } | ProposeError::NoQuorum) => {
                        tokio::task::yield_now().await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        };
        tokio::time::timeout(SOON, attempt).await.expect("an answer in time")
    }

    /// Has the leader make a change, again while it was not made: leadership may move under it.
    pub(super) async fn change<F>(&self, change: impl Fn(Consensus) -> F)
    where
        F: Future<Output = Result<(), ChangeError>>,
    {
        let attempt = async {
            loop {
                let leader = self.leader().await;
                match change(self.node(leader).clone()).await {
                    Ok(()) => return,
                    Err(ChangeError::Refused(why) | ChangeError::Fatal(why)) => panic!("{why}"),
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(SOON, attempt).await.expect("a change in time");
    }

    /// Waits until all running nodes have applied the same, and this revision with it.
    pub(super) async fn agrees(&self, revision: Revision) {
        let mut target = revision;
        loop {
            let mut digests = BTreeMap::new();
            for node in self.running() {
                let state = self.shows(node, |state| state.revision() >= target).await;
                digests.insert(state.revision(), state.digest());
                assert_eq!(digests[&state.revision()], state.digest(), "node {node}");
            }
            // An election meanwhile is an entry that not all have applied yet.
            if digests.len() == 1 {
                return;
            }
            target = target.max(*digests.last_key_value().unwrap().0);
        }
    }
}
