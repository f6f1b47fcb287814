//! openraft's network: its requests over our lanes, each with a deadline.
//!
//! A request that certainly did not go out is `Unreachable`, so openraft pauses before the next
//! one; anything else is a network error. Appends are pipelined in a window; the link tears down
//! a connection that leaves one unanswered (openraft bounds the time of a heartbeat and a vote,
//! but not of an append).

use std::{collections::VecDeque, future::Future};

use futures_util::{Stream, StreamExt as _};
use gms::id::NodeId;
use openraft::{
    BasicNode, RaftNetworkFactory, RaftNetworkV2,
    base::{BoxFuture, BoxStream},
    errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable},
    network::RPCOption,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult,
        TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
    },
};

use super::{
    super::{
        snapshot::SnapshotFile,
        types::{LeaderId, LogId, Types, Vote},
    },
    directory::Directory,
    lane::Lane,
    link::{Link, LinkError, Pending},
    message::{Answer, AnswerToTransfer, AppendAsk, Ask, VoteAsk},
    send_snapshot::send_snapshot,
};

/// How many appends to one peer may be unanswered. Enough to fill a LAN's round trip with
/// batches that a disk commits at once; more only queues at the follower.
const WINDOW: usize = 32;
/// How many bytes of appends to one peer may be unanswered.
const WINDOW_LEN: usize = 4 << 20;

/// Makes networks to peers.
#[derive(Debug, Clone)]
pub struct Networks(pub Directory);

/// openraft's way to one peer, on one lane.
#[derive(Debug)]
pub struct Network {
    directory: Directory,
    to: NodeId,
    lane: Lane,
}

impl RaftNetworkFactory<Types> for Networks {
    type Network = Network;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Network {
        self.to(target, node, Lane::Append)
    }

    async fn new_heartbeat_client(&mut self, target: u64, node: &BasicNode) -> Network {
        self.to(target, node, Lane::Control)
    }

    async fn new_snapshot_client(&mut self, target: u64, node: &BasicNode) -> Network {
        self.to(target, node, Lane::Snapshot)
    }
}

impl Networks {
    fn to(&self, target: u64, node: &BasicNode, lane: Lane) -> Network {
        let to = NodeId(target);
        // openraft knows a new learner before the configuration's watcher does.
        self.0.put(to, &node.addr);
        Network { directory: self.0.clone(), to, lane }
    }
}

impl Network {
    /// Asks on the lane for small and urgent requests, within the time openraft gives.
    async fn ask(&self, ask: &Ask, option: &RPCOption) -> Result<Answer, RPCError<Types>> {
        let link = self.directory.link(self.to, Lane::Control)?;
        let pending = link.ask(ask.encode(), self.directory.patience())?;
        let bytes = pending.answer_within(option.soft_ttl()).await?;
        Answer::decode(&bytes).map_err(network)
    }
}

impl RaftNetworkV2<Types> for Network {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let ask = Ask::Append(AppendAsk::from(&rpc));
        let answer = self.ask(&ask, &option).await?;
        AppendEntriesResponse::try_from(answer).map_err(network)
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        _option: RPCOption,
    ) -> BoxFuture<
        's,
        Result<BoxStream<'s, Result<StreamAppendResult<Types>, RPCError<Types>>>, RPCError<Types>>,
    >
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + Send + Unpin + 'static,
    {
        Box::pin(async move {
            let session = Session {
                link: self.directory.link(self.to, self.lane)?,
                patience: self.directory.patience(),
                input: Some(input),
                unanswered: VecDeque::new(),
                unanswered_len: 0,
            };
            let answers = futures_util::stream::unfold(Some(session), |session| async {
                let mut session = session?;
                let next = session.next().await?;
                // After anything but success openraft begins another session.
                let goes_on = matches!(next, Ok(Ok(_)));
                Some((next, goes_on.then_some(session)))
            });
            Ok(Box::pin(answers) as BoxStream<'s, _>)
        })
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let answer = self.ask(&Ask::Vote(VoteAsk::from(&rpc)), &option).await?;
        VoteResponse::try_from(answer).map_err(network)
    }

    /// Pitfall 19: openraft's own version grants without asking.
    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let ask = Ask::PreVote(VoteAsk::from(&rpc));
        let answer = self.ask(&ask, &option).await?;
        VoteResponse::try_from(answer).map_err(network)
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: openraft::Snapshot<LeaderId, u64, BasicNode, SnapshotFile>,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let sending =
            send_snapshot(&self.directory, self.to, vote, &snapshot.snapshot, option.soft_ttl());
        tokio::select! {
            biased;
            closed = cancel => Err(StreamingError::Closed(closed)),
            sent = sending => match sent {
                Ok(vote) => Ok(SnapshotResponse::new(vote)),
                Err(LinkError::NotSent(why)) => {
                    Err(StreamingError::Unreachable(Unreachable::from_string(why)))
                }
                Err(LinkError::Lost(why)) => {
                    Err(StreamingError::Network(NetworkError::from_string(why)))
                }
            },
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        let answer = self.ask(&Ask::from(&request), &option).await?;
        TransferLeaderResponse::try_from(AnswerToTransfer(answer)).map_err(network)
    }
}

/// One run of appends to one peer, answered in order.
struct Session<S> {
    link: Link,
    patience: std::time::Duration,
    input: Option<S>,
    unanswered: VecDeque<Unanswered>,
    unanswered_len: usize,
}

struct Unanswered {
    pending: Pending,
    previous: Option<LogId>,
    last: Option<LogId>,
    len: usize,
}

type Next = Result<StreamAppendResult<Types>, RPCError<Types>>;

impl<S> Session<S>
where
    S: Stream<Item = AppendEntriesRequest<Types>> + Send + Unpin + 'static,
{
    /// The next answer; sends requests as they come while waiting for it.
    async fn next(&mut self) -> Option<Next> {
        loop {
            if self.input.is_none() && self.unanswered.is_empty() {
                return None;
            }
            let has_room = self.unanswered.len() < WINDOW && self.unanswered_len < WINDOW_LEN;
            let front = self.unanswered.front_mut();
            let answered = async {
                match front {
                    Some(front) => front.pending.answer().await,
                    None => std::future::pending().await,
                }
            };
            let input = self.input.as_mut().filter(|_| has_room);
            let request = async {
                match input {
                    Some(input) => input.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                answer = answered => return Some(self.settle(answer)),
                request = request => match request {
                    Some(request) => {
                        if let Err(error) = self.send(&request) {
                            return Some(Err(error.into()));
                        }
                    }
                    None => self.input = None,
                },
            }
        }
    }

    fn send(&mut self, request: &AppendEntriesRequest<Types>) -> Result<(), LinkError> {
        let body = Ask::Append(AppendAsk::from(request)).encode();
        let len = body.len();
        let previous = request.prev_log_id;
        let last = request.entries.last().map(|entry| entry.log_id);
        self.unanswered.push_back(Unanswered {
            pending: self.link.ask(body, self.patience)?,
            previous,
            last: last.or(previous),
            len,
        });
        self.unanswered_len += len;
        Ok(())
    }

    fn settle(&mut self, answer: Result<bytes::Bytes, LinkError>) -> Next {
        let Some(asked) = self.unanswered.pop_front() else {
            return Err(network("an answer without a request"));
        };
        self.unanswered_len = self.unanswered_len.saturating_sub(asked.len);
        let answer = Answer::decode(&answer?).map_err(network)?;
        match AppendEntriesResponse::try_from(answer).map_err(network)? {
            // Nothing can conflict with the beginning of the log, nor be stored beyond what was
            // sent; openraft would trust either.
            AppendEntriesResponse::Conflict if asked.previous.is_none() => {
                Err(network("a conflict with the beginning of the log"))
            }
            AppendEntriesResponse::PartialSuccess(through) if through > asked.last => {
                Err(network("more entries stored than were sent"))
            }
            response => Ok(response.into_stream_result(asked.previous, asked.last)),
        }
    }
}

fn network(why: impl ToString) -> RPCError<Types> {
    RPCError::Network(NetworkError::from_string(why))
}

impl From<LinkError> for RPCError<Types> {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NotSent(why) => RPCError::Unreachable(Unreachable::from_string(why)),
            LinkError::Lost(why) => RPCError::Network(NetworkError::from_string(why)),
        }
    }
}
