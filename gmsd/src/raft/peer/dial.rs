//! Opens one connection to one peer: connect, greet, be believed, upgrade.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gms::{address::Address, id::NodeId};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use super::{
    handshake::{AnswerError, Local, judge_answer, request},
    lane::Lane,
};
use crate::{
    host::{net::Stream, world::Host},
    membership::state::State,
};

/// How long a dial may take, name resolution and greeting included: several round trips between
/// the farthest sites.
pub const DIAL_TIME_MAX: Duration = Duration::from_secs(2);
/// How much of a refusal is read, in bytes.
const REFUSAL_LEN_MAX: usize = 1024;

/// Why there is no connection. The peer was told nothing but our greeting.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The URL cannot be dialed.
    #[error("{url} is no peer URL: {why}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection.
    #[error("{0}")]
    Connect(std::io::Error),
    /// What answers does not speak HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// One of both sides does not believe the other.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// It took longer than [`DIAL_TIME_MAX`].
    #[error("it does not answer")]
    Late,
}

/// Where a peer URL leads: `host:port`.
pub fn authority(url: &str) -> Result<String, DialError> {
    url.parse::<Address>()
        .map(|address| address.authority())
        .map_err(|error| DialError::Url { url: url.to_owned(), why: error.why.to_owned() })
}

/// One dial of one lane to one peer.
#[derive(Debug, Clone)]
pub struct Dialing {
    /// The machine this node runs on.
    pub host: Host,
    /// What this node says of itself.
    pub local: Local,
    /// The state by which the peer is judged.
    pub known: watch::Receiver<Arc<State>>,
    /// The peer.
    pub to: NodeId,
    /// Where it is.
    pub url: String,
    /// What the connection is for.
    pub lane: Lane,
}

impl Dialing {
    /// Opens the connection.
    pub async fn open(self) -> Result<Box<dyn Stream>, DialError> {
        tokio::time::timeout(DIAL_TIME_MAX, self.connect()).await.unwrap_or(Err(DialError::Late))
    }

    async fn connect(self) -> Result<Box<dyn Stream>, DialError> {
        let authority = authority(&self.url)?;
        let greeting = request(&self.local, self.to, self.lane, &authority).ok_or_else(|| {
            DialError::Url { url: self.url.clone(), why: "no HTTP header can carry it".to_owned() }
        })?;
        let connected = self.host.net.connect(&authority).await;
        let stream = TokioIo::new(connected.map_err(DialError::Connect)?);
        let (sender, connection) = http1::handshake(stream).await?;
        // The connection is driven here until it was upgraded; nothing is spawned.
        let driven: BoxFuture<'static, hyper::Result<()>> = Box::pin(connection.with_upgrades());
        let (ended, upgraded) = tokio::join!(driven, self.greet(sender, greeting));
        let upgraded = upgraded?;
        ended?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    async fn greet(
        &self,
        mut sender: SendRequest<Empty<Bytes>>,
        greeting: Request<Empty<Bytes>>,
    ) -> Result<Upgraded, DialError> {
        let mut response = sender.send_request(greeting).await?;
        let mut why = Vec::new();
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            while why.len() < REFUSAL_LEN_MAX
                && let Some(frame) = response.body_mut().frame().await
            {
                why.extend_from_slice(frame?.data_ref().map_or(&[], |data| &data[..]));
            }
        }
        let state = self.known.borrow().clone();
        let why = String::from_utf8_lossy(&why);
        judge_answer(response.status(), response.headers(), &why, self.to, &state)?;
        Ok(hyper::upgrade::on(response).await?)
    }
}
