//! One node, from its first bound port to its last task.
//!
//! The order of starting is: both ports (so that a port in use is known before anything is
//! written, and before a cluster takes the node in), its place in the cluster, the log, the service,
//! the liveness, the HTTP API. The order of stopping is the reverse, and a leader hands over before it
//! goes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use gms::id::NodeId;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    entering::{Place, place},
    error::{NodeError, machine},
    feed::BoardFeed,
    surroundings::Around,
};
use crate::{
    config::Config,
    host::{net::Listener, world::Host},
    http::{
        app::Parts as HttpParts,
        hosts::Hosts,
        limits::Bounds,
        metrics::Metrics,
        pulse::Ending,
        server::serve,
        sessions::{SessionEvent, SessionOf, Sessions},
    },
    liveness::{message::Subject, timing::Timing},
    membership::{
        command::{Command, NodeFacts, Proposal},
        outcome::Rejection,
    },
    raft::{
        compaction::Compaction, config::Timing as RaftTiming, consensus::Consensus,
        options::Options,
    },
    service::{
        batch::Batcher,
        board::Board,
        duties,
        executor::{Executor, WORDS_QUEUE_MAX},
        following,
        leader::Leader,
        peer::PeerDesk,
        reading::ReadGate,
        waist::{Parts, Service},
        wire::{Reply, Request},
    },
    udp::{
        handle::{Input, Liveness},
        shell::Shell,
    },
};

/// How long a node that stops waits for its tasks after they were told to end.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How long one attempt to tell the cluster where this node is may take.
const TELL_WAIT: Duration = Duration::from_secs(2);
/// Between two attempts.
const TELL_AGAIN: Duration = Duration::from_millis(250);

/// A node at work.
#[derive(Debug)]
pub struct Node {
    consensus: Consensus,
    service: Service,
    api: SocketAddr,
    stop_http: CancellationToken,
    stop: CancellationToken,
    http: TaskTracker,
    tasks: TaskTracker,
    lost: mpsc::Receiver<String>,
}

impl Node {
    /// Starts a node on this host.
    pub async fn start(config: Config, host: Host) -> Result<Self, NodeError> {
        let started = host.clock.now();
        let own_url = config.entrance.own_url();
        let peer_at = peer_addr(&host, own_url).await?;
        let peer_port = listen(&host, peer_at, "the other nodes").await?;
        let api_port = listen(&host, config.api, "clients").await?;
        let api = api_port.local_addr().map_err(machine("reading the bound address"))?;
        let place = place(&config, &host).await?;
        let api_url = config.api_url(api);

        let desk = PeerDesk::default();
        let consensus = start_consensus(&config, &host, &place, peer_port, &desk).await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (batcher, batching) = Batcher::new(host.clone(), consensus.clone(), stop.clone());
        let (words, words_in) = mpsc::channel(WORDS_QUEUE_MAX);
        let name = place.cluster.to_string();
        let executor = Executor::new(host.clock, consensus.clone(), batcher.clone(), name, words);
        let leader = Leader::new(host.clone(), consensus.clone(), executor.clone());
        let (reads, reading) = ReadGate::new(host.clone(), leader.clone(), stop.clone());
        let (liveness, inbox) = Liveness::channel();
        let board = Board::default();
        let service = Service::new(Parts {
            host: host.clone(),
            consensus: consensus.clone(),
            leader: leader.clone(),
            reads,
            liveness: liveness.clone(),
            board: board.clone(),
            cluster: place.cluster,
            started,
            last_contact: Mutex::default(),
            applied: Mutex::default(),
        });
        desk.open(consensus.clone(), executor, liveness.clone());

        let mut timing = Timing::default();
        timing.boot_grace = config.boot_grace.unwrap_or(timing.boot_grace);
        let around =
            Around { host: host.clone(), consensus: consensus.clone(), leader: leader.clone() };
        let mut states = consensus.state();
        let first = states.borrow_and_update().clone();
        let shell = Shell::bind(host.clone(), around, place.node, timing, first)
            .await
            .map_err(machine("opening the sockets for pings"))?;
        tasks.spawn(batching);
        tasks.spawn(reading);
        let flux = shell.flux();
        tasks.spawn(duties::run(
            host.clone(),
            consensus.clone(),
            batcher,
            words_in,
            flux,
            stop.clone(),
        ));
        tasks.spawn(shell.run(states, inbox, stop.clone()));
        tasks.spawn(following::follow(
            host.clone(),
            board.clone(),
            service.clone(),
            liveness.clone(),
            place.node,
            stop.clone(),
        ));

        let sessions = Arc::new(Sessions::default());
        tasks.spawn(report_sessions(Arc::clone(&sessions), liveness.clone(), stop.clone()));
        let (losing, lost) = mpsc::channel(1);
        let facts = NodeFacts {
            node: place.node,
            api_url: api_url.clone(),
            lineage: consensus.lineage().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        tasks.spawn(tell_where(
            host.clone(),
            leader,
            liveness.clone(),
            facts,
            losing,
            stop.clone(),
        ));

        let (stop_http, http) = (CancellationToken::new(), TaskTracker::new());
        let parts = HttpParts {
            waist: service.clone(),
            feed: Arc::new(BoardFeed(board)),
            sessions,
            liveness,
            metrics: Arc::new(Metrics::default()),
            hosts: Hosts::new(api, [api_url]),
            clock: host.clock,
            bounds: Bounds::default(),
        };
        http.spawn(serve(parts, api_port, stop_http.clone()));
        tracing::info!(node = %place.node, %api, peers = %own_url, cluster = %place.cluster, "serving");
        if !api.ip().is_loopback() {
            tracing::warn!(%api, "the API is open to everybody who can reach it: there are no \
                tokens and no TLS yet");
        }
        Ok(Self { consensus, service, api, stop_http, stop, http, tasks, lost })
    }

    /// Where clients reach it.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Its service.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until it has failed for good, and says why. It must then be stopped.
    pub async fn failed(&mut self) -> String {
        tokio::select! {
            why = self.consensus.failed() => why,
            Some(why) = self.lost.recv() => why,
        }
    }

    /// Stops it: requests in progress are finished, a leader hands over, everything that was
    /// acknowledged is on disk anyway.
    pub async fn stop(self) {
        self.stop_http.cancel();
        self.http.close();
        // Hands over while requests are still being finished.
        let drained = async {
            self.http.wait().await;
        };
        tokio::join!(drained, self.consensus.hand_over());
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_WAIT, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "tasks did not end in time");
        }
        self.consensus.shutdown().await;
    }
}

async fn listen(
    host: &Host,
    at: SocketAddr,
    what: &'static str,
) -> Result<Box<dyn Listener>, NodeError> {
    host.net.listen(at).await.map_err(|source| NodeError::Bind { what, at, source })
}

/// Where to listen for peers: the address in this node's own peer URL, its name resolved.
async fn peer_addr(host: &Host, own_url: &str) -> Result<SocketAddr, NodeError> {
    let authority = own_url.strip_prefix("http://").unwrap_or(own_url);
    if let Ok(at) = authority.parse() {
        return Ok(at);
    }
    let (name, port) = authority.rsplit_once(':').unwrap_or((authority, "0"));
    let port = port.parse().unwrap_or_default();
    let found =
        host.net.resolve(name, port).await.map_err(machine("resolving this node's peer URL"))?;
    Ok(found[0])
}

async fn start_consensus(
    config: &Config,
    host: &Host,
    place: &Place,
    listener: Box<dyn Listener>,
    desk: &PeerDesk,
) -> Result<Consensus, NodeError> {
    let options = Options {
        node: place.node,
        cluster: place.cluster,
        peers: place.peers.clone(),
        bootstrap: place.founds,
        restored: place.restored.clone(),
        data_dir: config.data_dir.clone(),
        listener,
        timing: RaftTiming::default(),
        compaction: Compaction::default(),
        handler: Arc::new(desk.clone()),
        host: host.clone(),
    };
    Ok(Consensus::start(options).await?)
}

/// Tells the cluster where this node is, once it can be told, and then the liveness that the log
/// knows. A node that the cluster does not know by this data directory has lost its promises and must
/// not go on.
async fn tell_where(
    host: Host,
    leader: Leader,
    liveness: Liveness,
    facts: NodeFacts,
    losing: mpsc::Sender<String>,
    stop: CancellationToken,
) {
    let node: NodeId = facts.node;
    let proposal = Proposal { token: None, if_view: None, command: Command::NodeStarted(facts) };
    let telling = async {
        loop {
            let request = Request::Propose(Box::new(proposal.clone()));
            match leader.ask(request, host.clock.now() + TELL_WAIT).await {
                Ok(Reply::Applied { result: Err(Rejection::LineageLost { known }), .. }) => {
                    let why = format!(
                        "the cluster knows node {node} by another data directory ({known}); what \
                         it promised there is lost. Remove node {node} and let this machine enter \
                         as a new node (--join)"
                    );
                    let _ = losing.send(why).await;
                    return;
                }
                Ok(reply) => {
                    if let Reply::Applied { revision, .. } = reply {
                        liveness.tell_surely(Input::Started(revision)).await;
                    }
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "the cluster cannot be told where this node is yet");
                }
            }
            tokio::time::sleep(TELL_AGAIN).await;
        }
    };
    stop.run_until_cancelled(telling).await;
}

/// Tells the liveness which session streams open and end here.
async fn report_sessions(sessions: Arc<Sessions>, liveness: Liveness, stop: CancellationToken) {
    let reporting = async {
        loop {
            for event in sessions.events().await {
                liveness.tell_surely(input(event)).await;
            }
        }
    };
    stop.run_until_cancelled(reporting).await;
}

fn input(event: SessionEvent) -> Input {
    let subject =
        |of: SessionOf| Subject { group: of.group, member: of.member, incarnation: of.incarnation };
    match event {
        SessionEvent::Opened(of) => Input::SessionOpened(subject(of)),
        SessionEvent::Ended { of, how } => {
            Input::SessionClosed { subject: subject(of), by_member: how == Ending::ByPeer }
        }
    }
}
