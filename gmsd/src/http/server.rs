//! [`serve`]: takes connections from a bound listener until the node stops.
//!
//! Every connection has a task, every task has an end: a peer that is too slow, or too many, is
//! told so and let go; when the node stops, requests in progress are finished, streams end with a
//! last bookmark, and what still runs after [`Bounds::drain`](super::limits::Bounds) is cut off.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use gms::problem::{Code, Problem};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::last_words,
    app::{App, Parts},
    dispatch,
    door::{Door, Writer},
    limits::{ACCEPT_REST, HEAD_MAX_LEN, HEADERS_MAX, REFUSALS_MAX},
    pulse::Pulse,
    waist::Waist,
};
use crate::host::net::Listener;

/// Serves until `stop` is cancelled and everything begun before has ended or been cut off.
pub async fn serve<W: Waist>(
    parts: Parts<W>,
    mut listener: Box<dyn Listener>,
    stop: CancellationToken,
) {
    let app = Arc::new(App::new(parts, stop.clone()));
    let tasks = Tasks::new(&app);
    let waking = Arc::clone(&app);
    tasks.spawn(async move {
        let states = waking.parts.waist.state();
        waking.wakes.run(states, &waking.stop).await;
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => tasks.take(&app, stream, from),
            Err(error) => {
                app.parts.metrics.accept_errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(ACCEPT_REST) => {}
                }
            }
        }
    }
    drop(listener);
    tasks.drain(&app).await;
}

/// The tasks of a server.
struct Tasks {
    tracker: TaskTracker,
    /// Cancelled when the time to drain is over.
    cut: CancellationToken,
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Tasks {
    fn new<W>(app: &App<W>) -> Self {
        Self {
            tracker: TaskTracker::new(),
            cut: CancellationToken::new(),
            connections: Arc::new(Semaphore::new(app.parts.bounds.connections)),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        }
    }

    fn take<W: Waist, S>(&self, app: &Arc<App<W>>, stream: S, from: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() {
            // Boxed, since every future around it would keep room for it twice.
            let work = Box::pin(connection(Arc::clone(app), stream, permit));
            self.spawn(work);
            return;
        }
        app.parts.metrics.refused.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(%from, "refused: too many connections");
        if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            self.spawn(Box::pin(refuse(Arc::clone(app), stream, permit)));
        }
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tracker.spawn(async move {
            cut.run_until_cancelled(work).await;
        });
    }

    async fn drain<W>(self, app: &App<W>) {
        self.tracker.close();
        if timeout(app.parts.bounds.drain, self.tracker.wait()).await.is_err() {
            tracing::warn!(left = self.tracker.len(), "connections cut off");
            self.cut.cancel();
            self.tracker.wait().await;
        }
    }
}

/// Serves one connection to its end.
async fn connection<W: Waist, S>(app: Arc<App<W>>, stream: S, permit: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let _open = Open::new(&app, permit);
    let bounds = &app.parts.bounds;
    let pulse = Arc::new(Pulse::default());
    let door = Door::new(stream, Arc::clone(&pulse), bounds.head, bounds.stall, writer(&app));
    let service = service_fn(|request| {
        let answer = dispatch::answer(Arc::clone(&app), Arc::clone(&pulse), request);
        // hyper keeps room for the future of a request as long as the connection lasts; a box is
        // there only while a request is being answered.
        let answer = Box::pin(answer);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.idle)
        .max_header_size(HEAD_MAX_LEN)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(door), service);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = app.stop.cancelled() => {
            std::pin::Pin::new(&mut serving).graceful_shutdown();
            (&mut serving).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
    let mut door = serving.into_parts().io.into_inner();
    if app.stop.is_cancelled() {
        // Who keeps idle connections open must not keep the node from stopping.
        door.discard();
    } else {
        door.linger(bounds.linger).await;
    }
}

fn writer<W: Waist>(app: &Arc<App<W>>) -> Writer {
    let app = Arc::clone(app);
    Arc::new(move |problem| {
        app.parts.metrics.count(None, problem.status);
        last_words(&problem, &app.parts.waist.standing())
    })
}

/// Tells a peer that there is no room for it.
async fn refuse<W: Waist, S>(app: Arc<App<W>>, mut stream: S, _permit: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let bounds = &app.parts.bounds;
    let limit = bounds.connections;
    let problem = Problem::new(
        Code::RateLimited,
        format!("{limit} connections are open here, which is the limit; ask another node"),
    )
    .with("limit", limit);
    let words = writer(&app)(problem);
    let tell = async {
        stream.write_all(&words).await?;
        stream.shutdown().await
    };
    if let Ok(Ok(())) = timeout(bounds.linger, tell).await {
        let pulse = Arc::new(Pulse::default());
        let mut door = Door::new(stream, pulse, bounds.head, bounds.stall, writer(&app));
        door.linger(bounds.linger).await;
    }
}

/// Counts an open connection.
struct Open<W> {
    app: Arc<App<W>>,
    _permit: OwnedSemaphorePermit,
}

impl<W> Open<W> {
    fn new(app: &Arc<App<W>>, permit: OwnedSemaphorePermit) -> Self {
        app.parts.metrics.connections.fetch_add(1, Ordering::Relaxed);
        Self { app: Arc::clone(app), _permit: permit }
    }
}

impl<W> Drop for Open<W> {
    fn drop(&mut self) {
        self.app.parts.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{limits::Bounds, tests::fake::parts};

    #[tokio::test]
    async fn an_open_connection_costs_little_besides_its_buffers() {
        let (parts, _) = parts(([127, 0, 0, 1], 1).into(), Bounds::default());
        let app = Arc::new(App::new(parts, CancellationToken::new()));
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let (near, _far) = tokio::io::duplex(1);
        let work = connection(Arc::clone(&app), near, permit);
        let len = std::mem::size_of_val(&work);
        assert!(len <= 2048, "{len} bytes, of which there may be {}", app.parts.bounds.connections);
    }
}
