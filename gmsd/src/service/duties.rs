//! What the leader does unasked: it says that it leads and which nodes are fit to watch members,
//! carries out verdicts, holds groups whose members fall silent together, and ends what has run out.
//!
//! Every duty is level-triggered: it compares what should be with what is, and proposes the
//! difference. So a proposal that is lost is made again, and a new leader takes over by looking.

use std::time::{Duration, Instant};

use gms::id::NodeId;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    batch::Batcher,
    contact::{Contact, is_in_touch, lag},
    crowd::Crowd,
    cut::Cut,
    executor::Word,
    expiry::Expiry,
    wire::Reply,
};
use crate::{
    host::world::Host,
    liveness::flux::Flux,
    membership::command::{Command, Proposal, Token},
    raft::{consensus::Consensus, standing::Standing},
};

/// How often the leader looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A learner this close to the end of the log votes without holding anybody up.
const RIPE_LAG: u64 = 100;
/// A leader that did not get to look for this long was stopped: what it had collected before is
/// stale, and the accusers will say again what is still true. (etcd's issue 15247 is a leader that
/// woke up and carried out what it had decided long ago.)
const STALE_AFTER: Duration = Duration::from_millis(250);
/// Proposals of the leader's own that may be under way: a cut each, and the rest.
const PROPOSALS_MAX: usize = 16;

/// Runs until cancelled.
pub async fn run(
    host: Host,
    consensus: Consensus,
    batcher: Batcher,
    mut words: mpsc::Receiver<Word>,
    mut flux: watch::Receiver<Flux>,
    stop: CancellationToken,
) {
    let mut cut = Cut::default();
    let mut crowd = Crowd::default();
    let mut contact = Contact::default();
    let mut expiry = Expiry::default();
    // The term that is in the history as this node's, or on its way there.
    let mut begun: Option<u64> = None;
    // The history is being told of the configuration.
    let mut telling = false;
    let mut proposals: JoinSet<Done> = JoinSet::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut awake = host.clock.now();
    loop {
        let complete = cut.poll_timeout();
        let mut looks = false;
        tokio::select! {
            () = stop.cancelled() => return,
            Some(word) = words.recv() => match word {
                Word::Verdicts { epoch, removals } => {
                    let present = consensus.state().borrow().monitors().epoch;
                    cut.handle_verdicts(host.clock.now(), present, epoch, removals);
                }
                Word::Pardon(subjects) => cut.handle_pardon(&subjects),
                Word::Alarm { node, silent, watched } => {
                    crowd.handle_alarm(host.clock.now(), node, silent, watched);
                }
            },
            Ok(()) = flux.changed() => {}
            () = until(complete) => {}
            _ = look.tick() => looks = true,
            Some(done) = proposals.join_next() => match done {
                Ok(Done::NotBegun) => begun = None,
                Ok(Done::Told) => telling = false,
                _ => {}
            },
        }
        cut.handle_flux(host.clock.now(), *flux.borrow_and_update());
        let standing = consensus.standing().borrow().clone();
        if standing.leader != Some(standing.node) {
            cut.clear();
            contact = Contact::default();
            expiry.clear();
            crowd = Crowd::default();
            awake = host.clock.now();
            begun = None;
            continue;
        }
        if looks && standing.leader_ready && begun != Some(standing.term) {
            begun = Some(standing.term);
            proposals.spawn(begin(batcher.clone(), standing.node, standing.term));
        }
        let now = host.clock.now();
        if now.saturating_duration_since(std::mem::replace(&mut awake, now)) > STALE_AFTER {
            cut.clear();
            while words.try_recv().is_ok() {}
        }
        let mut wishes: Vec<Command> = cut.poll_output(now).into_iter().collect();
        if looks && proposals.len() < PROPOSALS_MAX {
            let state = consensus.state().borrow().clone();
            if standing.leader_ready && !state.is_configuration_told() && !telling {
                telling = true;
                proposals.spawn(tell_configuration(batcher.clone()));
            }
            wishes.extend(contact.wish(now, &standing, &state));
            wishes.extend(expiry.wish(now, &state));
            wishes.extend(crowd.wish(now, &state, PROPOSALS_MAX - proposals.len()));
            if let Some(node) = ripe_learner(now, &standing) {
                let consensus = consensus.clone();
                proposals.spawn(async move {
                    if let Err(error) = consensus.promote(node).await {
                        tracing::debug!(%node, %error, "not a voter yet");
                    }
                    Done::Whatever
                });
            }
        }
        for command in wishes {
            let batcher = batcher.clone();
            let proposal = Proposal { token: None, if_view: None, command };
            proposals.spawn(async move {
                // Whatever came of it, the next look sees what is still to be done.
                let _ = batcher.propose(proposal).await;
                Done::Whatever
            });
        }
    }
}

/// What came of a proposal of the leader's own.
enum Done {
    /// The next look sees it.
    Whatever,
    /// The history does not tell, as far as is known, that this leader began its term.
    NotBegun,
    /// The history was told of the configuration, or perhaps not; the next look sees.
    Told,
}

/// Tells the history who leads since when. The token makes it count once, however often it takes;
/// no client's key has a space.
async fn begin(batcher: Batcher, leader: NodeId, term: u64) -> Done {
    let token = Token { key: format!("election {term}"), request: [0; 16] };
    let command = Command::LeaderBegan { leader, term };
    let proposal = Proposal { token: Some(token), if_view: None, command };
    match batcher.propose(proposal).await {
        Reply::Applied { .. } => Done::Whatever,
        _ => Done::NotBegun,
    }
}

/// Tells the history of the configuration. Once known it is not told again, so no token is needed.
async fn tell_configuration(batcher: Batcher) -> Done {
    let proposal = Proposal { token: None, if_view: None, command: Command::Configured };
    let _ = batcher.propose(proposal).await;
    Done::Told
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// A learner that has caught up, and is to be a voter.
fn ripe_learner(now: Instant, standing: &Standing) -> Option<NodeId> {
    standing.learners.iter().copied().find(|node| {
        let matched = standing.followers.get(node).and_then(|follower| follower.matched);
        is_in_touch(now, standing, *node) && matched.is_some() && lag(standing, matched) <= RIPE_LAG
    })
}
