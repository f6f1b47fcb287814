//! What the leader does when asked, by this node or by another.

use std::time::Duration;

use gms::{
    api::{Configuration, LeaderAnswer},
    id::NodeId,
};
use tokio::sync::mpsc;

use super::{
    batch::Batcher,
    configuring::{self, change_refusal},
    contact,
    wire::{Refusal, Reply, Request},
};
use crate::{
    host::clock::Clock,
    liveness::message::{Message, Subject},
    membership::command::{Command, Proposal, Removal},
    raft::{
        consensus::Consensus,
        error::{ChangeError, ReadError},
        standing::{Role, Standing},
    },
};

/// Words of the liveness of all nodes that may wait for the leader's duties; more will be said
/// again.
pub const WORDS_QUEUE_MAX: usize = 256;

/// How long a node that is to lead is waited for: some heartbeats.
const REACH_WAIT: Duration = Duration::from_millis(500);

/// What the liveness of a node tells the leader.
#[derive(Debug)]
pub enum Word {
    /// Verdicts, on their way to the cut.
    Verdicts {
        /// The epoch in which they were given.
        epoch: u64,
        /// Who, and why.
        removals: Vec<Removal>,
    },
    /// Lives that an accuser heard after its verdict.
    Pardon(Vec<Subject>),
    /// Most members are silent at that node.
    Alarm {
        /// Which node.
        node: NodeId,
        /// How many are silent.
        silent: u32,
        /// Of how many.
        watched: u32,
    },
}

/// Does what only the leader can do. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Executor {
    clock: Clock,
    consensus: Consensus,
    batcher: Batcher,
    cluster: String,
    words: mpsc::Sender<Word>,
}

impl Executor {
    /// The executor of this node; what liveness tells the leader goes to `words`.
    pub fn new(
        clock: Clock,
        consensus: Consensus,
        batcher: Batcher,
        cluster: String,
        words: mpsc::Sender<Word>,
    ) -> Self {
        Self { clock, consensus, batcher, cluster, words }
    }

    /// Does it, or says why not.
    pub async fn execute(&self, request: Request) -> Reply {
        match request {
            Request::Propose(proposal) => self.batcher.propose(*proposal).await,
            Request::ReadIndex => match self.consensus.read_index().await {
                Ok(revision) => Reply::ReadFrom(revision),
                Err(error) => Reply::Refused(read_refusal(error)),
            },
            Request::Liveness(Message::Condemn { epoch, removals }) => {
                // A full queue loses the word; the accuser will say it again.
                let _ = self.words.try_send(Word::Verdicts { epoch, removals });
                Reply::Noted
            }
            Request::Liveness(Message::Pardon(subjects)) => {
                let _ = self.words.try_send(Word::Pardon(subjects));
                Reply::Noted
            }
            Request::Liveness(Message::Alarm { node, silent, watched }) => {
                let _ = self.words.try_send(Word::Alarm { node, silent, watched });
                Reply::Noted
            }
            Request::AddNode { id, peer_url, dry_run } => {
                answer(self.add_node(id, peer_url, dry_run).await, |done| {
                    Reply::Configuration(Box::new(done))
                })
            }
            Request::RemoveNode { node, dry_run } => {
                answer(self.remove_node(node, dry_run).await, |done| {
                    Reply::Configuration(Box::new(done))
                })
            }
            Request::Transfer { to, dry_run } => {
                answer(self.transfer(to, dry_run).await, Reply::Leader)
            }
            Request::Liveness(_)
            | Request::Inquire(_)
            | Request::Suspicion(_)
            | Request::Report
            | Request::Bands { .. } => {
                Reply::Refused(Refusal::Failed("no work for a leader".to_owned()))
            }
        }
    }

    async fn add_node(
        &self,
        id: Option<NodeId>,
        peer_url: String,
        dry_run: bool,
    ) -> Result<Configuration, Refusal> {
        let standing = self.leading(dry_run).await?;
        let state = self.consensus.state().borrow().clone();
        let node = configuring::number_for(&standing, &state, id, &peer_url)?;
        if dry_run {
            return Ok(configuring::added(&standing, &self.cluster, node, &peer_url));
        }
        // It may not run yet. Once it has caught up, the leader's duties make it a voter.
        match self.consensus.add_learner(node, &peer_url, Duration::ZERO).await {
            Ok(()) | Err(ChangeError::NotCaughtUp(_)) => Ok(self.configuration(node)),
            Err(error) => Err(change_refusal(error)),
        }
    }

    async fn remove_node(&self, node: NodeId, dry_run: bool) -> Result<Configuration, Refusal> {
        let standing = self.leading(dry_run).await?;
        configuring::check_removal(&standing, node)?;
        if dry_run {
            return configuring::removed(&standing, &self.cluster, node);
        }
        self.consensus.remove(node).await.map_err(change_refusal)?;
        let retire = Command::NodeRemoved { node };
        let proposal = Proposal { token: None, if_view: None, command: retire };
        match self.batcher.propose(proposal).await {
            Reply::Refused(refusal) => Err(refusal),
            _ => Ok(self.configuration(node)),
        }
    }

    async fn transfer(&self, to: Option<NodeId>, dry_run: bool) -> Result<LeaderAnswer, Refusal> {
        let standing = self.leading(dry_run).await?;
        let mut chosen = to;
        if standing.role == Role::Leader {
            let answer = configuring::transferred(&self.preferred(standing, to), to)?;
            self.reach(answer.leader).await?;
            if dry_run {
                return Ok(answer);
            }
            chosen = Some(answer.leader);
        }
        let leader = self.consensus.transfer(chosen).await.map_err(change_refusal)?;
        Ok(LeaderAnswer { leader, term: self.consensus.standing().borrow().term })
    }

    /// The voters to choose from: those in touch, if nobody was named and there are others.
    fn preferred(&self, mut standing: Standing, to: Option<NodeId>) -> Standing {
        let now = self.clock.now();
        let mut in_touch = standing.voters.clone();
        in_touch
            .retain(|node| *node == standing.node || contact::is_in_touch(now, &standing, *node));
        if to.is_none() && in_touch.len() > 1 {
            standing.voters = in_touch;
        }
        standing
    }

    /// Waits until this node answers what the leader sends it from now on, for as long as a sound one
    /// takes: leadership that was handed to one which does not answer is lost in an election.
    async fn reach(&self, to: NodeId) -> Result<(), Refusal> {
        let mut standing = self.consensus.standing();
        let asked = self.clock.now();
        let answers = standing.wait_for(|it| {
            let contact = it.followers.get(&to).and_then(|follower| follower.contact);
            let answers = contact.is_some_and(|sent| sent >= asked)
                && contact::is_in_touch(self.clock.now(), it, to);
            it.role != Role::Leader || it.node == to || answers
        });
        match tokio::time::timeout(REACH_WAIT, answers).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::Conflict(format!(
                "node {to} is out of touch with the leader or far behind it, so it cannot take over"
            ))),
        }
    }

    /// What this node knows. What is only rehearsed asks the quorum first whether this node leads;
    /// what is done finds out by doing it.
    async fn leading(&self, dry_run: bool) -> Result<Standing, Refusal> {
        if dry_run {
            self.consensus.read_index().await.map_err(read_refusal)?;
        }
        Ok(self.consensus.standing().borrow().clone())
    }

    fn configuration(&self, node: NodeId) -> Configuration {
        configuring::present(&self.consensus.standing().borrow(), &self.cluster, node)
    }
}

fn answer<T>(done: Result<T, Refusal>, reply: impl FnOnce(T) -> Reply) -> Reply {
    done.map_or_else(Reply::Refused, reply)
}

fn read_refusal(error: ReadError) -> Refusal {
    match error {
        ReadError::NotLeader { leader } => Refusal::NotLeader(leader),
        ReadError::NoQuorum => Refusal::NoQuorum(error.to_string()),
        ReadError::Fatal(why) => Refusal::Failed(why),
    }
}
