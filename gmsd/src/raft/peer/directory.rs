//! [`Directory`]: the peers there are, and one link a lane to each, made when first needed.
//!
//! Who is no longer in the cluster configuration loses its links; whoever asks for it afterwards
//! is told that there is no such node.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gms::id::NodeId;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    dial::{DialError, Dialing},
    handshake::{AnswerError, Local},
    lane::Lane,
    link::{Dial, Link, LinkError},
};
use crate::{host::world::Host, membership::state::State};

/// The peers of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    host: Host,
    local: Local,
    /// How long a peer may leave a request of consensus unanswered.
    patience: Duration,
    known: watch::Receiver<Arc<State>>,
    disowned: watch::Sender<Option<Disowned>>,
    book: Mutex<Book>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Why a cluster does not know this node any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disowned {
    /// It knows the node's number by another data directory.
    LineageLost,
    /// It has removed the node.
    Removed,
}

#[derive(Debug, Default)]
struct Book {
    urls: BTreeMap<NodeId, String>,
    links: BTreeMap<(NodeId, Lane), Link>,
}

impl Directory {
    /// A directory that knows these peers so far.
    pub fn new(
        host: Host,
        local: Local,
        patience: Duration,
        known: watch::Receiver<Arc<State>>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Shared {
            host,
            local,
            patience,
            known,
            disowned: watch::Sender::new(None),
            book: Mutex::default(),
            stop,
            tasks,
        }))
    }

    /// The machine this node runs on.
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    /// What this node says of itself.
    pub fn local(&self) -> &Local {
        &self.0.local
    }

    /// How long a peer may leave a request of consensus unanswered.
    pub fn patience(&self) -> Duration {
        self.0.patience
    }

    /// The state by which peers are judged.
    pub fn known(&self) -> watch::Receiver<Arc<State>> {
        self.0.known.clone()
    }

    /// Why the cluster does not know this node any more, as soon as a peer has said so.
    pub fn disowned(&self) -> watch::Receiver<Option<Disowned>> {
        self.0.disowned.subscribe()
    }

    /// Where a peer is, if it is known.
    pub fn url(&self, node: NodeId) -> Option<String> {
        self.book().urls.get(&node).cloned()
    }

    /// Adds a peer, or notes where it is now.
    pub fn put(&self, node: NodeId, url: &str) {
        let mut book = self.book();
        if book.urls.get(&node).map(String::as_str) != Some(url) {
            book.urls.insert(node, url.to_owned());
            book.links.retain(|(other, _), _| *other != node);
        }
    }

    /// Makes these the peers there are.
    pub fn replace(&self, urls: &BTreeMap<NodeId, String>) {
        let mut book = self.book();
        let Book { urls: old, links } = &mut *book;
        links.retain(|(node, _), _| old.get(node) == urls.get(node));
        old.clone_from(urls);
    }

    /// The link of a lane to a peer.
    pub fn link(&self, to: NodeId, lane: Lane) -> Result<Link, LinkError> {
        let mut book = self.book();
        if let Some(link) = book.links.get(&(to, lane)) {
            return Ok(link.clone());
        }
        let link = self.open(&book, to, lane)?;
        book.links.insert((to, lane), link.clone());
        Ok(link)
    }

    /// A link that nobody else uses; it closes when it is dropped.
    pub fn own_link(&self, to: NodeId, lane: Lane) -> Result<Link, LinkError> {
        self.open(&self.book(), to, lane)
    }

    fn open(&self, book: &Book, to: NodeId, lane: Lane) -> Result<Link, LinkError> {
        // Pitfall 23: openraft must never talk to itself over the network.
        if to == self.0.local.node {
            return Err(LinkError::NotSent("it is this node itself".to_owned()));
        }
        let Some(url) = book.urls.get(&to) else {
            return Err(LinkError::NotSent(format!("node {to} is not in the cluster")));
        };
        if self.0.stop.is_cancelled() {
            return Err(LinkError::NotSent("this node is stopping".to_owned()));
        }
        let name = format!("node {to} at {url}, {lane}");
        let dial = self.dialer(to, url.clone(), lane);
        let stop = self.0.stop.clone();
        let (link, work) = Link::new(name, dial, self.0.host.clock, stop);
        self.0.tasks.spawn(work.run());
        Ok(link)
    }

    fn dialer(&self, to: NodeId, url: String, lane: Lane) -> Dial {
        let dialing = Dialing {
            host: self.0.host.clone(),
            local: self.0.local.clone(),
            known: self.0.known.clone(),
            to,
            url,
            lane,
        };
        let disowned = self.0.disowned.clone();
        Box::new(move || {
            let (dialing, disowned) = (dialing.clone(), disowned.clone());
            Box::pin(async move {
                let opened = dialing.open().await;
                opened.map_err(|error| {
                    match error {
                        DialError::Answer(AnswerError::LineageLost) => {
                            disowned.send_replace(Some(Disowned::LineageLost));
                        }
                        DialError::Answer(AnswerError::Removed) => {
                            disowned.send_replace(Some(Disowned::Removed));
                        }
                        _ => {}
                    }
                    error.to_string()
                })
            })
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
