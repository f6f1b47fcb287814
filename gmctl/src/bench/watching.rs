//! A watch of one group on every node, and what they told.

use std::collections::{BTreeMap, BTreeSet};

use gms::{
    api::WatchEvent,
    client::Client,
    id::{GroupId, MemberId, NodeId, Revision},
    view::Change,
    watch::{Watch, WatchItem, WatchOptions},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, Instant, timeout_at},
};

use crate::{error::Failure, exit::Exit};

/// Changes that may wait to be looked at; far more than one measurement makes between two looks.
const WAITING_MAX: usize = 65_536;

/// How many members a message names.
const NAMES_MAX: usize = 5;

/// A change as one node's watch told it.
#[derive(Debug)]
struct Told {
    node: NodeId,
    at: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The watch has been given the group as it is.
    Ready(Vec<MemberId>),
    Changed(Change),
}

/// When something was told.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// By which node when it was the first of all for the first member, and the last for the last.
    pub first: Option<Instant>,
    /// See `first`.
    pub last: Option<Instant>,
    /// The views that told it.
    pub views: BTreeSet<Revision>,
}

/// The watches. They end when this is dropped.
#[derive(Debug)]
pub struct Watching {
    told: mpsc::Receiver<Told>,
    tasks: Vec<JoinHandle<()>>,
    /// Who is in, by the word of each node.
    present: BTreeMap<NodeId, BTreeSet<MemberId>>,
    /// Everybody whose end was brought about; a node that was away tells of it late.
    ended: BTreeSet<MemberId>,
    /// Removals of anybody else.
    pub strays: usize,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Watching {
    /// Watches the group on each of these nodes.
    pub async fn open(
        clients: &BTreeMap<NodeId, Client>,
        group: &GroupId,
        within: Duration,
    ) -> Result<Self, Failure> {
        let (tell, told) = mpsc::channel(WAITING_MAX);
        let tasks = clients
            .iter()
            .map(|(node, client)| {
                let watch = Watch::of_group(client, group, &WatchOptions::default());
                tokio::spawn(follow(*node, watch, tell.clone()))
            })
            .collect();
        let mut watching =
            Self { told, tasks, present: BTreeMap::new(), ended: BTreeSet::new(), strays: 0 };
        let deadline = Instant::now() + within;
        while watching.present.len() < clients.len() {
            watching.next(deadline, "watches of all nodes").await?;
        }
        Ok(watching)
    }

    /// Waits until all these members are in, by the word of every node.
    pub async fn until_in(
        &mut self,
        ids: &BTreeSet<MemberId>,
        within: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        while !self.present.values().all(|present| ids.is_subset(present)) {
            let next = self.next(deadline, "members to join").await;
            next.map_err(|failure| self.absent(failure, ids))?;
        }
        Ok(())
    }

    /// Who is not in that should be, by the word of which nodes.
    fn absent(&self, failure: Failure, ids: &BTreeSet<MemberId>) -> Failure {
        let at = self.present.iter().filter_map(|(node, present)| {
            let absent: Vec<&str> = ids.difference(present).map(MemberId::as_str).collect();
            let names = absent.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(" ");
            (!absent.is_empty())
                .then(|| format!("{} are not in at node {node}: {names}", absent.len()))
        });
        let what = format!("{}: {}", failure.what, at.collect::<Vec<_>>().join("; "));
        Failure { what, ..failure }
    }

    /// Waits until anybody is in, by the word of any node.
    pub async fn until_any_in(&mut self, within: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        while self.present.values().all(BTreeSet::is_empty) {
            self.next(deadline, "a first member").await?;
        }
        Ok(())
    }

    /// Waits until all these members are gone, by the word of each of these nodes.
    pub async fn until_gone(
        &mut self,
        ids: &BTreeSet<MemberId>,
        nodes: &[NodeId],
        within: Duration,
    ) -> Result<Seen, Failure> {
        let deadline = Instant::now() + within;
        self.ended.extend(ids.iter().cloned());
        let mut seen = Seen::default();
        let is_over = |present: &BTreeMap<NodeId, BTreeSet<MemberId>>| {
            nodes.iter().all(|node| present.get(node).is_none_or(|of| of.is_disjoint(ids)))
        };
        while !is_over(&self.present) {
            let next = self.next(deadline, "removals").await;
            let Some((node, at, change)) = next.map_err(|failure| self.missing(failure, ids))?
            else {
                continue;
            };
            let tells = change.removed.iter().any(|removed| ids.contains(&removed.id));
            if tells && nodes.contains(&node) {
                seen.first.get_or_insert(at);
                seen.last = Some(at);
                seen.views.insert(change.view);
            }
        }
        Ok(seen)
    }

    /// Who is still in that should be gone.
    fn missing(&self, failure: Failure, ids: &BTreeSet<MemberId>) -> Failure {
        let still: BTreeSet<&str> = self
            .present
            .values()
            .flat_map(|of| of.intersection(ids))
            .map(MemberId::as_str)
            .collect();
        let names: Vec<&str> = still.iter().copied().take(NAMES_MAX).collect();
        let what =
            format!("{}: {} are still there: {}", failure.what, still.len(), names.join(" "));
        Failure { what, ..failure }
    }

    /// Takes in what comes next.
    async fn next(
        &mut self,
        deadline: Instant,
        what: &str,
    ) -> Result<Option<(NodeId, Instant, Change)>, Failure> {
        let Ok(Some(told)) = timeout_at(deadline, self.told.recv()).await else {
            return Err(Failure::new(Exit::Timeout, format!("waited in vain for {what}")));
        };
        let present = self.present.entry(told.node).or_default();
        match told.what {
            What::Ready(ids) => {
                *present = ids.into_iter().collect();
                Ok(None)
            }
            What::Changed(change) => {
                for left in &change.left {
                    present.remove(&left.id);
                }
                for removed in &change.removed {
                    present.remove(&removed.id);
                    self.strays += usize::from(!self.ended.contains(&removed.id));
                }
                present.extend(change.joined.iter().map(|member| member.id.clone()));
                Ok(Some((told.node, told.at, change)))
            }
        }
    }
}

/// Passes on what a watch tells, until nobody listens.
async fn follow(node: NodeId, mut watch: Watch, tell: mpsc::Sender<Told>) {
    while let Ok(item) = watch.next().await {
        let at = Instant::now();
        let what = match item {
            WatchItem::Event(WatchEvent::Snapshot(view)) => {
                What::Ready(view.members.into_iter().map(|member| member.id).collect())
            }
            WatchItem::Event(WatchEvent::Change(change)) => What::Changed(change),
            _ => continue,
        };
        if tell.send(Told { node, at, what }).await.is_err() {
            return;
        }
    }
}
