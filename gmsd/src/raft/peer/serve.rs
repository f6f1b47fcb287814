//! Answers one peer on one connection, after it was believed.
//!
//! Requests are taken in order and answered as they are done, a bounded number at a time; what is
//! beyond waits in the socket and slows the sender. The first thing that is no request of this
//! protocol ends the connection.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use gms::id::NodeId;
use openraft::raft::{AppendEntriesRequest, TransferLeaderRequest, VoteRequest};
use tokio::{io::AsyncWriteExt as _, sync::Mutex};

use super::{
    super::{
        snapshot::Snapshots,
        state_machine::Machine,
        types::{LogId, Types, Vote},
    },
    call::{PeerHandler, SERVICE_BODY_LEN_MAX},
    contact::Contact,
    frame::{BODY_LEN_MAX, FrameReader, Kind, encode},
    lane::Lane,
    message::{Answer, AnswerToTransfer, Ask},
    receive::Receiving,
};
use crate::host::{clock::Clock, net::Stream};

/// How long a peer may take to read what it asked for.
const WRITE_TIME_MAX: Duration = Duration::from_secs(5);
/// How many bytes of answers are gathered into one write.
const WRITE_LEN: usize = 64 << 10;
/// How many bytes of requests of one connection are worked on at a time; one is taken whatever its
/// length. The rest waits in the socket, like what is too many.
const WORK_LEN_MAX: usize = BODY_LEN_MAX;
/// The longest time the service may take for one request, whatever its asker says.
const SERVICE_TIME_MAX: Duration = Duration::from_mins(1);

/// What answers are made of. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    /// Consensus.
    pub raft: openraft::Raft<Types, Machine>,
    /// Where snapshots are gathered.
    pub snapshots: Snapshots,
    /// Where it is noted that a leader was heard.
    pub contact: Contact,
    /// The service above.
    pub handler: Arc<dyn PeerHandler>,
    /// The clock.
    pub clock: Clock,
}

impl Server {
    /// Answers `from` until the connection ends, and says why it did.
    pub async fn serve(&self, stream: Box<dyn Stream>, from: NodeId, lane: Lane) -> String {
        let receiving = (lane == Lane::Snapshot).then(|| {
            let receiving = Receiving::new(self.raft.clone(), self.snapshots.clone());
            Arc::new(Mutex::new(receiving))
        });
        let why = self.converse(stream, from, lane, receiving.as_ref()).await;
        if let Some(receiving) = receiving {
            receiving.lock().await.forget().await;
        }
        why
    }

    async fn converse(
        &self,
        stream: Box<dyn Stream>,
        from: NodeId,
        lane: Lane,
        receiving: Option<&Arc<Mutex<Receiving>>>,
    ) -> String {
        let (input, mut output) = tokio::io::split(stream);
        let mut frames = FrameReader::new(input);
        let mut at_work = FuturesUnordered::<BoxFuture<'static, (u64, usize, Answer)>>::new();
        let mut work_len = 0;
        let mut bytes = Vec::new();
        loop {
            tokio::select! {
                biased;
                Some((seq, len, answer)) = at_work.next(), if !at_work.is_empty() => {
                    bytes.clear();
                    work_len -= len;
                    encode(Kind::Answer, seq, &answer.encode(), &mut bytes);
                    while bytes.len() < WRITE_LEN
                        && let Some(Some((seq, len, answer))) = at_work.next().now_or_never()
                    {
                        work_len -= len;
                        encode(Kind::Answer, seq, &answer.encode(), &mut bytes);
                    }
                    let write = async {
                        output.write_all(&bytes).await?;
                        output.flush().await
                    };
                    match tokio::time::timeout(WRITE_TIME_MAX, write).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return error.to_string(),
                        Err(_) => return "it does not read its answers".to_owned(),
                    }
                    bytes.shrink_to(WRITE_LEN);
                }
                frame = frames.next(), if at_work.len() < lane.at_work_max()
                    && work_len < WORK_LEN_MAX => {
                    let frame = match frame {
                        Ok(frame) => frame,
                        Err(error) => return error.to_string(),
                    };
                    if frame.kind != Kind::Ask {
                        return "it answers where it should ask".to_owned();
                    }
                    let ask = match Ask::decode(&frame.body) {
                        Ok(ask) => ask,
                        Err(error) => return format!("no request of this protocol: {error}"),
                    };
                    let work = self.work(from, lane, ask, receiving);
                    let (seq, len) = (frame.seq, frame.body.len());
                    work_len += len;
                    at_work.push(work.map(move |answer| (seq, len, answer)).boxed());
                }
            }
        }
    }

    /// The work of one request.
    fn work(
        &self,
        from: NodeId,
        lane: Lane,
        ask: Ask,
        receiving: Option<&Arc<Mutex<Receiving>>>,
    ) -> BoxFuture<'static, Answer> {
        let server = self.clone();
        match (lane, ask, receiving) {
            (Lane::Append | Lane::Control, ask, _) => {
                Box::pin(async move { server.consent(ask).await.unwrap_or_else(Answer::Failed) })
            }
            (Lane::Snapshot, ask, Some(receiving)) => {
                let receiving = Arc::clone(receiving);
                Box::pin(async move { receiving.lock().await.take(ask).await })
            }
            (Lane::Service, Ask::Service { within_ms, body }, _) => {
                let within = Duration::from_millis(within_ms).min(SERVICE_TIME_MAX);
                Box::pin(async move { server.help(from, body, within).await })
            }
            _ => std::future::ready(Answer::Failed(format!("not on the {lane} lane"))).boxed(),
        }
    }

    /// Answers a request of consensus.
    async fn consent(&self, ask: Ask) -> Result<Answer, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        match ask {
            Ask::Append(ask) => {
                let heard = self.clock.now();
                let request = AppendEntriesRequest::<Types>::try_from(ask)
                    .map_err(|error| error.to_string())?;
                let leader = NodeId(request.vote.leader_id.node_id);
                let answer = Answer::from(
                    self.raft.append_entries(request).await.map_err(|error| told(&error))?,
                );
                if !matches!(answer, Answer::HigherVote(_)) {
                    self.contact.heard(leader, heard);
                }
                Ok(answer)
            }
            Ask::Vote(ask) => {
                let voted = self.raft.vote(VoteRequest::from(ask)).await;
                voted.map(Answer::from).map_err(|error| told(&error))
            }
            Ask::PreVote(ask) => {
                let voted = self.raft.pre_vote(VoteRequest::from(ask)).await;
                voted.map(Answer::from).map_err(|error| told(&error))
            }
            Ask::Transfer { vote, to, last } => {
                let request =
                    TransferLeaderRequest::new(Vote::from(vote), to, last.map(LogId::from));
                let answer = self.raft.handle_transfer_leader(request).await;
                let answer = answer.map_err(|error| told(&error))?;
                Ok(AnswerToTransfer::from(answer).0)
            }
            _ => Err("not on this lane".to_owned()),
        }
    }

    /// Answers a request of the service above.
    async fn help(&self, from: NodeId, body: Bytes, within: Duration) -> Answer {
        match tokio::time::timeout(within, self.handler.handle(from, body)).await {
            Ok(answer) if answer.len() <= SERVICE_BODY_LEN_MAX => Answer::Served(answer),
            Ok(answer) => Answer::Failed(format!(
                "the answer has {} bytes; at most {SERVICE_BODY_LEN_MAX} are allowed",
                answer.len()
            )),
            Err(_) => Answer::Failed(format!("it was not done within {within:?}")),
        }
    }
}
