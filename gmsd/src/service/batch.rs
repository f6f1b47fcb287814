//! Proposals on their way into the log: what waits together goes together.
//!
//! One task owns the queue. While an entry is being committed the next proposals gather, so the
//! busier the node, the larger its entries, and no timer delays a lone proposal. An entry touches
//! no member twice, since two lives of one member must not share a revision.

use std::collections::{BTreeSet, VecDeque};

use futures_util::{StreamExt, stream::FuturesUnordered};
use gms::id::{GroupId, MemberId, Revision};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::wire::{Refusal, Reply};
use crate::{
    host::world::Host,
    membership::{
        command::{Command, Entry, Proposal},
        limits::ENTRY_PROPOSALS_MAX,
    },
    raft::{consensus::Consensus, error::ProposeError},
};

/// Proposals that may wait. At the fastest rate measured this is a quarter of a second's work;
/// more would only wait for its deadline.
pub const QUEUE_MAX: usize = 8_192;
/// Entries that are being committed at the same time: one on the disk, one on the network, one
/// being made.
const IN_FLIGHT_MAX: usize = 3;
/// Bytes of one entry, roughly: what goes to a peer in one message within a heartbeat.
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// A proposal that waits for its turn.
#[derive(Debug)]
struct Waiting {
    proposal: Proposal,
    reply: oneshot::Sender<Reply>,
}

/// The entrance to the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Waiting>,
}

impl Batcher {
    /// The entrance, and the task that does the work until it is cancelled.
    pub fn new(
        host: Host,
        consensus: Consensus,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        (Self { queue }, run(host, consensus, waiting, stop))
    }

    /// Proposes at this node, which must lead. The reply is `Applied` or `Refused`.
    pub async fn propose(&self, proposal: Proposal) -> Reply {
        let (reply, answer) = oneshot::channel();
        if self.queue.try_send(Waiting { proposal, reply }).is_err() {
            return Reply::Refused(Refusal::Overloaded);
        }
        // The task drops a reply only when it is cancelled, with the proposal perhaps made.
        let stopped = || Reply::Refused(Refusal::Unknown("the node is stopping".to_owned()));
        answer.await.unwrap_or_else(|_| stopped())
    }
}

async fn run(
    host: Host,
    consensus: Consensus,
    mut queue: mpsc::Receiver<Waiting>,
    stop: CancellationToken,
) {
    let mut in_flight = FuturesUnordered::new();
    let mut carried = VecDeque::new();
    loop {
        let room = in_flight.len() < IN_FLIGHT_MAX;
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = in_flight.next(), if !in_flight.is_empty() => continue,
            // Proposals carried over wait only for room; `in_flight` makes it.
            Some(waiting) = queue.recv(), if room && carried.is_empty() => carried.push_back(waiting),
            () = std::future::ready(()), if room && !carried.is_empty() => {}
        }
        while carried.len() < ENTRY_PROPOSALS_MAX
            && let Ok(waiting) = queue.try_recv()
        {
            carried.push_back(waiting);
        }
        if in_flight.len() < IN_FLIGHT_MAX && !carried.is_empty() {
            let batch = take_batch(&mut carried);
            in_flight.push(commit(host.clone(), consensus.clone(), batch));
        }
    }
}

/// Takes what can go together, in order; a second wish for a member stays for the next entry.
fn take_batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut touched: BTreeSet<(GroupId, MemberId)> = BTreeSet::new();
    let mut batch = Vec::new();
    let mut rest = VecDeque::new();
    let mut bytes = 0;
    while let Some(next) = waiting.pop_front() {
        bytes += weight(&next.proposal.command);
        let over = bytes > ENTRY_BYTES_MAX && !batch.is_empty();
        if over || batch.len() == ENTRY_PROPOSALS_MAX {
            waiting.push_front(next);
            break;
        }
        let names = touches(&next.proposal.command);
        if names.iter().any(|name| touched.contains(name)) {
            // All that this member is to do keeps its order: what comes later waits behind it.
            touched.extend(names);
            rest.push_back(next);
            continue;
        }
        touched.extend(names);
        batch.push(next);
    }
    rest.append(waiting);
    *waiting = rest;
    batch
}

fn touches(command: &Command) -> Vec<(GroupId, MemberId)> {
    match command {
        Command::Remove { removals, .. } => {
            removals.iter().map(|removal| (removal.group.clone(), removal.member.clone())).collect()
        }
        other => {
            let member = other.member();
            member.map(|(group, member)| (group.clone(), member.clone())).into_iter().collect()
        }
    }
}

/// About how many bytes a command takes in the log.
fn weight(command: &Command) -> usize {
    /// Ids, numbers and the like of one member.
    const MEMBER: usize = 256;
    /// What a verdict says, by three observers.
    const EVIDENCE: usize = 512;
    match command {
        Command::Join(join) => {
            let tags: usize = join.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
            MEMBER + join.address.as_str().len() + tags
        }
        Command::Remove { removals, .. } => removals.len() * (MEMBER + EVIDENCE),
        Command::Heard { lives } => lives.len() * MEMBER,
        _ => MEMBER,
    }
}

async fn commit(host: Host, consensus: Consensus, batch: Vec<Waiting>) {
    let (mut proposals, replies): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|waiting| (waiting.proposal, waiting.reply)).unzip();
    let founds = consensus.state().borrow().secret().is_none();
    if founds {
        match found(&host) {
            Ok(found) => proposals.insert(0, found),
            Err(error) => {
                let why = format!("the machine gives no random bytes: {error}");
                return answer_all(replies, &Refusal::Failed(why));
            }
        }
    }
    let entry = Entry { at_ms: host.clock.wall_ms(), proposals };
    match consensus.propose(entry).await {
        Ok(proposed) => {
            let results = proposed.outcomes.into_iter().skip(usize::from(founds));
            let revision: Revision = proposed.revision;
            for (reply, result) in replies.into_iter().zip(results) {
                // Whoever asked may have given up; the log has it all the same.
                let _ = reply.send(Reply::Applied { revision, result });
            }
        }
        Err(error) => answer_all(replies, &refusal(error)),
    }
}

fn answer_all(replies: Vec<oneshot::Sender<Reply>>, refusal: &Refusal) {
    for reply in replies {
        let _ = reply.send(Reply::Refused(refusal.clone()));
    }
}

/// The secret from which members' keys are derived comes with the first entry.
fn found(host: &Host) -> std::io::Result<Proposal> {
    let mut secret = [0; 32];
    host.entropy.fill(&mut secret)?;
    Ok(Proposal { token: None, if_view: None, command: Command::Found { secret } })
}

fn refusal(error: ProposeError) -> Refusal {
    match error {
        ProposeError::NotLeader { leader } => Refusal::NotLeader(leader),
        ProposeError::NoQuorum => {
            Refusal::NoQuorum("the leader has lost touch with a quorum".to_owned())
        }
        ProposeError::Unknown => {
            Refusal::Unknown("leadership changed while it was being committed".to_owned())
        }
        ProposeError::TooLong { .. } => Refusal::Invalid(error.to_string()),
        // It may be in the log, and on other disks than the one that failed.
        ProposeError::Fatal(why) => {
            Refusal::Unknown(format!("the node has failed and is about to stop: {why}"))
        }
    }
}
