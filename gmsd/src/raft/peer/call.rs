//! The service's requests to other nodes: [`Peers::call`], and [`PeerHandler`] for those that
//! come in.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gms::id::NodeId;
use tokio::sync::Semaphore;

use super::{
    directory::Directory,
    lane::Lane,
    link::LinkError,
    message::{Answer, Ask},
};

/// The longest body of a request or an answer of the service, in bytes.
pub const SERVICE_BODY_LEN_MAX: usize = 8 << 20;
/// How many requests of this node may be under way at a time, to all peers together. One more is
/// refused: a peer that is slow must not gather the whole node's work.
pub const CALLS_MAX: usize = 1024;
/// How long after a caller's deadline its answer may come before the connection counts as dead.
const GRACE: Duration = Duration::from_secs(1);

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The peer certainly never got it. Nothing happened.
    #[error("the call did not go out: {0}")]
    NotDelivered(String),
    /// The peer got it or may have got it: it may take effect.
    #[error("the call has no answer: {0}")]
    PerhapsDelivered(String),
}

/// Answers what other nodes' services ask. The body is whatever both services agree on.
pub trait PeerHandler: Send + Sync {
    /// Answers one request. The future is dropped when the asker's deadline has passed. An answer
    /// longer than [`SERVICE_BODY_LEN_MAX`] becomes a failure at the asker.
    fn handle(&self, from: NodeId, body: Bytes) -> BoxFuture<'_, Bytes>;
}

/// Calls other nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Peers {
    directory: Directory,
    room: Arc<Semaphore>,
}

impl Peers {
    /// Calls the nodes of a directory.
    pub fn new(directory: Directory) -> Self {
        Self { directory, room: Arc::new(Semaphore::new(CALLS_MAX)) }
    }

    /// Asks node `to` and waits until `deadline` has passed. Nothing is retried.
    pub async fn call(
        &self,
        to: NodeId,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, CallError> {
        let stays = |why: &str| CallError::NotDelivered(why.to_owned());
        if body.len() > SERVICE_BODY_LEN_MAX {
            return Err(stays("it is longer than a call may be"));
        }
        let _room = self.room.try_acquire().map_err(|_| stays("too many calls are under way"))?;
        let ask = Ask::Service {
            within_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            body,
        };
        let link = self.directory.link(to, Lane::Service)?;
        let pending = link.ask(ask.encode(), deadline.saturating_add(GRACE))?;
        let bytes = pending.answer_within(deadline).await?;
        match Answer::decode(&bytes) {
            Ok(Answer::Served(body)) => Ok(body),
            Ok(other) => Err(CallError::PerhapsDelivered(other.unfit())),
            Err(error) => Err(CallError::PerhapsDelivered(error.to_string())),
        }
    }

    /// Where a node's peer port is, if the node is in the cluster.
    pub fn url(&self, node: NodeId) -> Option<String> {
        self.directory.url(node)
    }
}

impl From<LinkError> for CallError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NotSent(why) => Self::NotDelivered(why),
            LinkError::Lost(why) => Self::PerhapsDelivered(why),
        }
    }
}

impl fmt::Debug for dyn PeerHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerHandler")
    }
}
