//! `GET /v1/snapshot`: the one answer that may be too long to be held in memory.
//!
//! The nodes are asked in turn, once each; when one has begun to send, there is no going on at
//! another, since no two snapshots are the same bytes.

use bytes::Bytes;
use hyper::{Method, header::CONTENT_LENGTH};
use tokio::time::{Instant, timeout};

use crate::{
    answer::{Answer, ClientError, Meta},
    api::{Consistency, STREAM_IDLE_TIMEOUT},
    client::{Client, Course, Judged, Wanted, judge},
    endpoint::Endpoint,
    rpc::{Request, RpcError, Streaming},
};

/// A snapshot on its way.
#[derive(Debug)]
pub struct SnapshotBody {
    body: Streaming,
    endpoint: Endpoint,
    length: u64,
    read: u64,
}

impl SnapshotBody {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next piece; none at the end. A connection that breaks, that is silent for
    /// [`STREAM_IDLE_TIMEOUT`] or that ends too early is an error. Whether the bytes are what was
    /// written is for [`Verifier`](crate::snapshot::Verifier) to say.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        let broken = |what: String| ClientError::Protocol { endpoint: self.endpoint.clone(), what };
        let piece = timeout(STREAM_IDLE_TIMEOUT, self.body.chunk())
            .await
            .map_err(|_| broken(format!("nothing came for {STREAM_IDLE_TIMEOUT:?}")))?
            .map_err(|error| broken(error.to_string()))?;
        match piece {
            Some(piece) => {
                self.read += piece.len() as u64;
                Ok(Some(piece))
            }
            None if self.read == self.length => Ok(None),
            None => Err(broken(format!("{} of {} bytes came", self.read, self.length))),
        }
    }
}

impl Client {
    /// `GET /v1/snapshot`: the whole state as a file; see [`crate::snapshot`]. A node has the
    /// client's timeout to begin with it.
    pub async fn snapshot(
        &self,
        consistency: Consistency,
    ) -> Result<Answer<SnapshotBody>, ClientError> {
        let path = match consistency {
            Consistency::Linearizable => "/v1/snapshot",
            Consistency::Local => "/v1/snapshot?consistency=local",
        };
        let request = Request::new(Method::GET, path);
        let start = Instant::now();
        let mut course = Course::default();
        let count = self.endpoints().len();
        for turn in 0..count {
            let Some(endpoint) = self.endpoints().get((self.first() + turn) % count) else {
                continue;
            };
            let deadline = Instant::now() + self.options().timeout;
            let body = match self.rpc.open(endpoint, &request, deadline).await {
                Ok(body) => body,
                Err(error) => {
                    course.note(endpoint, error.to_string());
                    continue;
                }
            };
            let meta = Meta::read(endpoint, body.status, &body.headers, start.elapsed());
            if body.status == 200 && meta.node.is_none() {
                course.note(endpoint, "no answer of a gms node: it is not signed".to_owned());
                continue;
            }
            if body.status == 200 {
                return begun(meta, body);
            }
            match body.into_response(deadline).await {
                Ok(response) => match judge(endpoint, response, start.elapsed(), Wanted::Success) {
                    Judged::Final(Err(error)) => return Err(error),
                    Judged::Final(Ok(_)) => {}
                    Judged::Again(_, problem, meta) => course.refuse(endpoint, problem, meta),
                    Judged::Nonsense(what) => course.note(endpoint, what),
                },
                Err(error) => course.note(endpoint, RpcError::to_string(&error)),
            }
        }
        Err(course.nobody())
    }
}

fn begun(meta: Meta, body: Streaming) -> Result<Answer<SnapshotBody>, ClientError> {
    let endpoint = meta.endpoint.clone();
    let length = body.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let Some(length) = length.and_then(|length| length.parse().ok()) else {
        let what = "a snapshot without its length".to_owned();
        return Err(ClientError::Protocol { endpoint, what });
    };
    Ok(Answer { value: SnapshotBody { body, endpoint, length, read: 0 }, meta })
}
