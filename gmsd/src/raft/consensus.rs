//! [`Consensus`]: the facade, all that the rest of gmsd sees of Raft. No type of openraft is in
//! its signatures.
//!
//! An entry that [`Consensus::propose`] answered is on the disks of a quorum and in this node's
//! published state. An error says whether nothing happened or whether that is not known. Nothing
//! waits for ever: a leader without its quorum refuses at once, or says "unknown" in time.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use gms::id::{NodeId, Revision};
use openraft::{
    BasicNode, Raft, ReadPolicy,
    errors::{
        ClientWriteError, ForwardReason, ForwardToLeader, InitializeError, LinearizableReadError,
        RaftError,
    },
    storage::RaftLogStorage,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    change::Changes,
    compaction::compact,
    config::openraft_config,
    error::{ChangeError, ProposeError, ReadError, StartError},
    options::Options,
    peer::{
        call::Peers, contact::Contact, dial::authority, directory::Directory, listen::listen,
        network::Networks, serve::Server,
    },
    recovery::Recovered,
    standing::{Role, Standing},
    state_machine::Machine,
    store::log::LogStore,
    types::{Encoded, Types, Vote},
    watching::Watching,
};
use crate::{
    host::world::Host,
    membership::{
        command::Entry,
        outcome::{Outcome, Rejection},
        state::State,
    },
};

/// The longest entry, in bytes: with what accompanies it, it fits into a frame between peers.
pub const ENTRY_LEN_MAX: usize = 8 << 20;
/// How long a proposal may wait for its quorum before its fate counts as unknown. The service
/// above promises an answer within 2 s.
pub const PROPOSE_TIME_MAX: Duration = Duration::from_millis(1500);
/// How many elections a shutdown waits for another node to lead.
const HAND_OVER_ELECTIONS: u32 = 2;

/// What became of a proposal that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The revision it got.
    pub revision: Revision,
    /// The term in which it was proposed.
    pub term: u64,
    /// The answers, in the order of the entry's proposals.
    pub outcomes: Vec<Result<Outcome, Rejection>>,
}

/// Consensus on this node. Cheap to clone. It runs until [`Consensus::shutdown`]; dropping it
/// stops nothing.
#[derive(Clone)]
pub struct Consensus {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Consensus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consensus").finish_non_exhaustive()
    }
}

struct Inner {
    lineage: String,
    raft: Raft<Types, Machine>,
    log: LogStore,
    host: Host,
    peers: Peers,
    changes: Changes,
    contact: Contact,
    state: watch::Receiver<Arc<State>>,
    standing: watch::Receiver<Standing>,
    failure: watch::Receiver<Option<String>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Consensus {
    /// Recovers what is on disk, joins the peers and begins to take part.
    ///
    /// It returns before this node has caught up: see [`Standing::recovered`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.check()?;
        let config = openraft_config(options.cluster, &options.timing)
            .map_err(|why| StartError::Options(format!("the timing: {why}")))?;
        let recovered = {
            let (host, dir) = (options.host.clone(), options.data_dir.clone());
            let (node, cluster, peers) = (options.node, options.cluster, options.peers.clone());
            let restored = options.restored.clone();
            let open =
                move || Recovered::open(&host, &dir, node, cluster, &peers, restored.as_ref());
            options.host.run_blocking(open).await?
        };
        let log = recovered.log.clone();
        let started = Self::run(options, Arc::new(config), recovered).await;
        if started.is_err() {
            // Lets go of the data directory.
            log.writer().close().await;
        }
        started
    }

    async fn run(
        options: Options,
        config: Arc<openraft::Config>,
        recovered: Recovered,
    ) -> Result<Self, StartError> {
        let Recovered { mut log, snapshots, machine, local, initial_peers } = recovered;
        // A log that begins with a snapshot of another cluster has no vote yet, and terms go on.
        let begun = machine.applied().map(|at| Vote::new(at.leader_id.term, at.leader_id.node_id));
        let voted = log.memory().vote;
        if let Some(begun) = begun
            && voted.is_none_or(|vote| vote.leader_id.term < begun.leader_id.term)
        {
            let saved = RaftLogStorage::save_vote(&mut log, &begun).await;
            saved.map_err(|error| StartError::Core(format!("the vote: {error}")))?;
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (state, growth) = (machine.published(), machine.growth());
        let tail = log.memory().last().map(|at| at.index);
        let host = options.host.clone();
        let directory = Directory::new(
            host.clone(),
            local,
            options.timing.patience(),
            state.clone(),
            stop.clone(),
            tasks.clone(),
        );
        directory.replace(&initial_peers);
        let core_error = |error: &dyn std::error::Error| StartError::Core(error.to_string());
        let networks = Networks(directory.clone());
        let raft = Raft::new(options.node.0, config, networks, log.clone(), machine)
            .await
            .map_err(|error| core_error(&error))?;
        let contact = Contact::default();
        let server = Server {
            raft: raft.clone(),
            snapshots,
            contact: contact.clone(),
            handler: options.handler,
            clock: host.clock,
        };
        let (standing_told, standing) = watch::channel(Standing::new(options.node));
        let (failure_told, failure) = watch::channel(None);
        let transfer_time_max = options.timing.election_max * HAND_OVER_ELECTIONS;
        let changes = Changes::new(raft.clone(), standing.clone(), transfer_time_max);
        let watching = Watching {
            raft: raft.clone(),
            log: log.clone(),
            directory: directory.clone(),
            changes: changes.clone(),
            host: host.clone(),
            tail,
            standing: standing_told,
            failure: failure_told,
        };
        tasks.spawn(watching.run(stop.clone(), tasks.clone()));
        tasks.spawn(listen(
            options.listener,
            server,
            directory.clone(),
            stop.clone(),
            tasks.clone(),
        ));
        tasks.spawn(compact(raft.clone(), log.clone(), growth, options.compaction, stop.clone()));
        let consensus = Self {
            inner: Arc::new(Inner {
                lineage: directory.local().lineage.clone(),
                raft,
                log,
                host,
                peers: Peers::new(directory),
                changes,
                contact,
                state,
                standing,
                failure,
                stop,
                tasks,
            }),
        };
        // A node that joined has nobody to begin a cluster with, whatever it is started with later.
        if options.bootstrap
            && !initial_peers.is_empty()
            && let Err(error) = consensus.bootstrap(initial_peers).await
        {
            consensus.stop().await;
            return Err(error);
        }
        Ok(consensus)
    }

    /// Pitfall 11: done once on a pristine node; on several with the same configuration it is the
    /// same as on one.
    async fn bootstrap(&self, peers: BTreeMap<NodeId, String>) -> Result<(), StartError> {
        let nodes: BTreeMap<u64, BasicNode> =
            peers.into_iter().map(|(node, url)| (node.0, BasicNode { addr: url })).collect();
        match self.inner.raft.initialize(nodes).await {
            Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Ok(()),
            Err(error) => Err(StartError::Core(error.to_string())),
        }
    }

    /// Has an entry decided on and applied. Only a leader may; it should ask only when
    /// [`Standing::leader_ready`].
    pub async fn propose(&self, entry: Entry) -> Result<Proposed, ProposeError> {
        let bytes = postcard::to_stdvec(&entry).expect("entries have no type postcard refuses");
        if bytes.len() > ENTRY_LEN_MAX {
            return Err(ProposeError::TooLong { len: bytes.len(), limit: ENTRY_LEN_MAX });
        }
        let write = self.inner.raft.client_write(Encoded(Bytes::from(bytes)));
        let Ok(written) = tokio::time::timeout(PROPOSE_TIME_MAX, write).await else {
            return Err(ProposeError::Unknown);
        };
        match written {
            Ok(done) => Ok(Proposed {
                revision: Revision(done.log_id.index),
                term: done.log_id.leader_id.term,
                outcomes: done.data.0,
            }),
            Err(RaftError::Fatal(error)) => Err(ProposeError::Fatal(error.to_string())),
            Err(RaftError::APIError(error)) => Err(match error {
                ClientWriteError::ForwardToLeader(forward) => match seen(&forward) {
                    Seen::Leader(leader) => ProposeError::NotLeader { leader },
                    Seen::NoQuorum => ProposeError::NoQuorum,
                },
                // Pitfall 16: another leader may have it in its log. The others are answers to
                // changes of the cluster.
                ClientWriteError::LogEntryDiscarded(_)
                | ClientWriteError::ChangeMembershipError(_)
                | ClientWriteError::PreconditionFailed(_) => ProposeError::Unknown,
            }),
        }
    }

    /// The revision up to which a state must be applied to show everything that was acknowledged
    /// before this call. Only a leader can tell; a quorum confirms that it still leads. No clock
    /// takes part in it (openraft's pitfall 18).
    pub async fn read_index(&self) -> Result<Revision, ReadError> {
        match self.inner.raft.get_read_linearizer(ReadPolicy::ReadIndex).await {
            Ok(read) => Ok(Revision(read.read_log_id().index())),
            Err(RaftError::Fatal(error)) => Err(ReadError::Fatal(error.to_string())),
            Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_))) => {
                Err(ReadError::NoQuorum)
            }
            Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward))) => {
                Err(match seen(&forward) {
                    Seen::Leader(leader) => ReadError::NotLeader { leader },
                    Seen::NoQuorum => ReadError::NoQuorum,
                })
            }
        }
    }

    /// The replicated state, newest first. Not to be served before [`Standing::recovered`].
    pub fn state(&self) -> watch::Receiver<Arc<State>> {
        self.inner.state.clone()
    }

    /// How this node stands in its cluster.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.inner.standing.clone()
    }

    /// When this node last knew itself connected to a quorum: a leader, when it sent the last
    /// request that a quorum answered; a follower, when it last heard the leader it follows.
    pub fn quorum_contact(&self) -> Option<Instant> {
        let standing = self.inner.standing.borrow();
        match standing.role {
            // It is its own quorum.
            Role::Leader if standing.voters.len() == 1 => Some(self.inner.host.clock.now()),
            Role::Leader => standing.quorum_acknowledged,
            Role::Follower | Role::Learner => self.inner.contact.last_heard(standing.leader?),
            Role::Candidate | Role::Stopped => None,
        }
    }

    /// The random mark of this node's data directory, which it tells the cluster when it starts
    /// (`Command::NodeStarted`).
    pub fn lineage(&self) -> &str {
        &self.inner.lineage
    }

    /// How long 99 of 100 of the last writes of its log took until they were durable.
    pub fn fsync_p99(&self) -> Option<Duration> {
        self.inner.log.writer().pace().p99()
    }

    /// This node's wall clock, for people: milliseconds since 1970.
    pub fn wall_ms(&self) -> u64 {
        self.inner.host.clock.wall_ms()
    }

    /// The way to the services of other nodes.
    pub fn peers(&self) -> Peers {
        self.inner.peers.clone()
    }

    /// Adds a node as a learner; see [`Changes::add_learner`]. Leader only.
    pub async fn add_learner(
        &self,
        node: NodeId,
        peer_url: &str,
        catch_up: Duration,
    ) -> Result<(), ChangeError> {
        if let Err(error) = authority(peer_url) {
            return Err(ChangeError::Refused(error.to_string()));
        }
        if self.inner.state.borrow().is_retired(node) {
            return Err(ChangeError::Refused(format!(
                "node {node} was removed for good; give the machine a new number"
            )));
        }
        self.inner.changes.add_learner(node, peer_url, catch_up).await
    }

    /// Makes a learner a voter; see [`Changes::promote`]. Leader only.
    pub async fn promote(&self, node: NodeId) -> Result<(), ChangeError> {
        self.inner.changes.promote(node).await
    }

    /// Takes a node out of the cluster; see [`Changes::remove`]. Leader only.
    pub async fn remove(&self, node: NodeId) -> Result<(), ChangeError> {
        self.inner.changes.remove(node).await
    }

    /// Hands the leadership over, and tells who leads then; see [`Changes::transfer`]. Leader only.
    pub async fn transfer(&self, to: Option<NodeId>) -> Result<NodeId, ChangeError> {
        self.inner.changes.transfer(to).await
    }

    /// Waits until consensus on this node has failed for ever, and says why. The process must then
    /// exit; a restart recovers what is on disk. Never resolves after a shutdown.
    pub async fn failed(&self) -> String {
        let mut failure = self.inner.failure.clone();
        let failed = failure.wait_for(Option::is_some).await;
        match failed.ok().and_then(|failure| failure.clone()) {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Stops: a leader first hands over (and does not insist), then the peer port is closed, the
    /// core stopped, and what waits for the disk is written. The data directory is free when it
    /// returns. What was under way is answered as unknown or refused.
    pub async fn shutdown(&self) {
        self.hand_over().await;
        self.stop().await;
        tracing::info!("consensus has stopped");
    }

    /// Lets another node lead, if this one does; it does not insist.
    pub async fn hand_over(&self) {
        let leads = self.inner.standing.borrow().role == Role::Leader;
        if leads && let Err(error) = self.transfer(None).await {
            tracing::info!("the leadership is not handed over: {error}");
        }
    }

    #[cfg(test)]
    pub(super) fn raft(&self) -> &Raft<Types, Machine> {
        &self.inner.raft
    }

    /// Stops without handing over.
    pub(super) async fn stop(&self) {
        // Pitfall 25: peers must not find a port that leads to a stopped core.
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!("the core did not stop in order: {error}");
        }
        self.inner.tasks.wait().await;
        self.inner.log.writer().close().await;
    }
}

enum Seen {
    Leader(Option<NodeId>),
    NoQuorum,
}

/// Pitfall 15: who is named may be nobody, and must not be taken for oneself.
fn seen(forward: &ForwardToLeader<Types>) -> Seen {
    match forward.reason {
        ForwardReason::LeaseExpired => Seen::NoQuorum,
        // Who shall lead does not lead yet.
        ForwardReason::LeadershipTransfer => Seen::Leader(None),
        ForwardReason::NotLeader => Seen::Leader(forward.leader_id.map(NodeId)),
    }
}
