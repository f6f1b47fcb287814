//! A watcher of one node: it writes down every event of every group with the moment it came.
//!
//! Not the client's own watch, which would mend what it is to find. When its stream is lost it goes
//! on at the same node from the last view it saw, so a node that forgets something is found out.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use gms::{
    api::{WatchEvent, header},
    id::Revision,
    sse::{Decoder, SseEvent},
};
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::record::{Record, Sight};

/// Between two tries to reach a node that may be down.
const PAUSE: Duration = Duration::from_millis(50);
/// A node that does not answer for so long is tried anew. Longer than a node is stopped in most
/// scenarios, so that a stopped node is watched through its stop.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

/// Watches a node until the task is aborted.
pub(crate) async fn watch(node: u64, api: SocketAddr, record: Record) {
    let mut after = None;
    loop {
        // Whatever ends the stream, the watcher goes on.
        let _ = follow(node, api, &record, &mut after).await;
        record.see(node, Sight::Lost);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow(
    node: u64,
    api: SocketAddr,
    record: &Record,
    after: &mut Option<Revision>,
) -> Option<()> {
    let stream = timeout(CONNECT_PATIENCE, TcpStream::connect(api)).await.ok()?.ok()?;
    let (mut sender, connection) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let mut request = Request::get("/v1/watch")
        .header("host", api.to_string())
        .header("accept", "text/event-stream");
    if let Some(after) = after {
        request = request.header(header::LAST_EVENT_ID, after.to_string());
    }
    let request = request.body(Empty::new()).unwrap();
    let answer = timeout(PATIENCE, sender.send_request(request)).await.ok()?.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    record.see(node, Sight::Opened { resumed: after.is_some() });
    let mut body = answer.into_body();
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    while let Some(frame) = timeout(PATIENCE, body.frame()).await.ok()? {
        let Ok(frame) = frame else { break };
        let Some(bytes) = frame.data_ref() else { continue };
        decoder.push(bytes, &mut events).ok()?;
        for event in events.drain(..) {
            if !event.id.is_empty() {
                *after = event.id.parse().ok().or(*after);
            }
            record.see(node, read(&event));
        }
    }
    connection.abort();
    None
}

fn read(event: &SseEvent) -> Sight {
    let data = event.data.as_str();
    let read = match event.name.as_str() {
        "snapshot" => serde_json::from_str(data).map(WatchEvent::Snapshot),
        "change" => serde_json::from_str(data).map(WatchEvent::Change),
        "bookmark" => serde_json::from_str(data).map(WatchEvent::Bookmark),
        "compacted" => serde_json::from_str(data).map(WatchEvent::Compacted),
        other => return Sight::Nonsense(format!("an event named {other:?}")),
    };
    match read {
        Ok(event) => Sight::Event(event),
        Err(error) => Sight::Nonsense(format!("{:?} that cannot be read: {error}", event.name)),
    }
}
