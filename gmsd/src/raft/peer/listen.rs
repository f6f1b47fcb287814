//! The peer port: takes connections, lets each say who it is, and serves those that are believed.
//!
//! What a peer says of itself is checked, not proved: whoever reaches this port and knows the
//! cluster's number can pose as a node (openraft's pitfall 28). It belongs on a network of the
//! nodes' own until TLS and tokens exist.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    directory::Directory,
    handshake::{Greeting, judge, refuse, welcome},
    serve::Server,
};
use crate::host::net::{Listener, Stream};

/// How many connections the peer port holds. Every other node has four.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may take to say who it is.
const GREETING_TIME_MAX: Duration = Duration::from_secs(5);
/// The pause after a failed accept, so that a machine short of file descriptors is not made to
/// spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes connections until told to stop; then the listener is closed, and with it every
/// connection.
pub async fn listen(
    mut listener: Box<dyn Listener>,
    server: Server,
    directory: Directory,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the peer port cannot take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            tracing::warn!(%from, "the peer port is full; a connection is closed");
            continue;
        };
        let (server, directory, stop) = (server.clone(), directory.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = attend(stream, from, &server, &directory) => {}
            }
            drop(place);
        });
    }
}

/// Hears a greeting and serves who is believed.
async fn attend(stream: Box<dyn Stream>, at: SocketAddr, server: &Server, directory: &Directory) {
    let greeted = tokio::time::timeout(GREETING_TIME_MAX, greet(stream, at, directory)).await;
    let Ok(Some((greeting, stream))) = greeted else {
        return;
    };
    let Greeting { from, lane, .. } = greeting;
    tracing::debug!(%from, %lane, "a peer is connected");
    let mut known = directory.known();
    let why = tokio::select! {
        why = server.serve(stream, from, lane) => why,
        // Its next greeting is refused with the reason, and it stops.
        _ = known.wait_for(|state| state.is_retired(from)) => "it was removed".to_owned(),
    };
    tracing::debug!(%from, %lane, "a peer's connection has ended: {why}");
}

async fn greet(
    stream: Box<dyn Stream>,
    at: SocketAddr,
    directory: &Directory,
) -> Option<(Greeting, Box<dyn Stream>)> {
    let believed = Mutex::new(None);
    let answer = |mut request: Request<Incoming>| {
        let known = directory.known().borrow().clone();
        let judged = judge(&request, directory.local(), &known);
        let response: Response<String> = match judged {
            Ok(greeting) => {
                let upgrade = hyper::upgrade::on(&mut request);
                if let Ok(mut believed) = believed.lock() {
                    *believed = Some((greeting, upgrade));
                }
                welcome(directory.local())
            }
            Err(refusal) => {
                tracing::warn!(from = %at, "a connection to the peer port is refused: {refusal}");
                refuse(&refusal)
            }
        };
        std::future::ready(Ok::<_, Infallible>(response))
    };
    let mut http = http1::Builder::new();
    // hyper's own deadline needs a timer, else it has none.
    http.timer(TokioTimer::new()).header_read_timeout(GREETING_TIME_MAX).keep_alive(false);
    let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = connection.with_upgrades().await {
        tracing::debug!(from = %at, %error, "a connection to the peer port broke");
        return None;
    }
    let (greeting, upgrade) = believed.into_inner().ok()??;
    match upgrade.await {
        Ok(upgraded) => Some((greeting, Box::new(TokioIo::new(upgraded)))),
        Err(error) => {
            tracing::debug!(from = %at, %error, "a connection to the peer port broke");
            None
        }
    }
}
