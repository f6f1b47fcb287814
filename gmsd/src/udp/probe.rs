//! Asking members that have no session library: a connect, or a GET that must answer 2xx.
//!
//! No redirect is followed, no more than [`ANSWER_MAX`] bytes are read, and nothing of the answer
//! but its status is looked at.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;

use crate::{
    host::{net::Stream, world::Host},
    liveness::output::{Probe, Probed},
};

/// Bytes of an answer's head that are read at most; its body is not read at all.
pub const ANSWER_MAX: usize = 16 * 1024;

/// Asks once.
pub async fn probe(host: &Host, to: SocketAddr, what: Probe, timeout: Duration) -> Probed {
    let asking = async {
        let stream = match host.net.connect(&to.to_string()).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                return Probed::Refused;
            }
            Err(_) => return Probed::Failed,
        };
        match what {
            Probe::Connect => Probed::Answered,
            Probe::Get { host, path } => get(stream, &host, &path).await,
        }
    };
    tokio::time::timeout(timeout, asking).await.unwrap_or(Probed::Failed)
}

async fn get(stream: Box<dyn Stream>, host: &str, path: &str) -> Probed {
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("gmsd/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else {
        return Probed::Failed;
    };
    let handshake = http1::Builder::new()
        .max_buf_size(ANSWER_MAX)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await;
    let Ok((mut sender, connection)) = handshake else {
        return Probed::Failed;
    };
    // The connection is driven here and ends here. When it ends by itself, the sender still gets
    // what had arrived, or an error.
    let driving = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = sender.send_request(request) => match answer {
            Ok(answer) if answer.status().is_success() => Probed::Answered,
            _ => Probed::Failed,
        },
        () = driving => Probed::Failed,
    }
}
