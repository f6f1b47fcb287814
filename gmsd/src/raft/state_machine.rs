//! [`Machine`]: applies the log to the replicated state and publishes it after each batch.
//!
//! The state lives in memory; a restart reads the newest snapshot and applies the log after it. A
//! proposer is answered after the state with its entry was published, so it reads what it wrote. A
//! state is published only when its entries are on this node's own disk: what was shown once is
//! there after a crash, so a node never shows less than before.
//! An entry this gmsd cannot read stops the node: to skip it would be to disagree with the others.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{Stream, StreamExt as _};
use gms::id::NodeId;
use openraft::{
    RaftSnapshotBuilder, Snapshot,
    storage::{EntryResponder, RaftStateMachine},
};
use tokio::sync::watch;

use super::{
    snapshot::{SnapshotFile, Snapshots},
    store::{memory::cost, writer::Progress},
    types::{
        Applied, LeaderId, LogEntry, LogId, Membership, Payload, SnapshotMeta, StoredMembership,
        Types, revision,
    },
};
use crate::membership::{command::Entry, state::State};

/// How many bytes of entries were applied since the last snapshot. Shared with who decides when
/// the next one is due.
pub type Growth = Arc<AtomicU64>;

/// The state machine as openraft drives it.
#[derive(Debug)]
pub struct Machine {
    state: State,
    applied: Option<LogId>,
    membership: StoredMembership,
    snapshots: Snapshots,
    published: watch::Sender<Arc<State>>,
    growth: Growth,
    disk: Option<watch::Receiver<Progress>>,
}

impl Machine {
    /// Begins with what the newest snapshot says, or with nothing. `disk` tells how far the log's
    /// disk is; without it every entry counts as durable.
    pub fn new(
        snapshots: Snapshots,
        begins_with: Option<(SnapshotMeta, State)>,
        disk: Option<watch::Receiver<Progress>>,
    ) -> Self {
        let (meta, state) = begins_with.unwrap_or_default();
        Self {
            published: watch::Sender::new(Arc::new(state.clone())),
            state,
            applied: meta.last_log_id,
            membership: meta.last_membership,
            snapshots,
            growth: Growth::default(),
            disk,
        }
    }

    /// The state after each batch.
    pub fn published(&self) -> watch::Receiver<Arc<State>> {
        self.published.subscribe()
    }

    /// What was applied since the last snapshot, in bytes.
    pub fn growth(&self) -> Growth {
        Arc::clone(&self.growth)
    }

    /// The position of the last applied entry.
    pub fn applied(&self) -> Option<LogId> {
        self.applied
    }

    fn apply_entry(&mut self, entry: &LogEntry) -> io::Result<Applied> {
        let at = entry.log_id;
        let answer = match &entry.payload {
            Payload::Blank => {
                self.state.apply_blank(revision(&at));
                Applied::default()
            }
            Payload::Normal(encoded) => {
                let entry: Entry = super::record::read(&encoded.0).map_err(|error| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!(
                            "entry {} of the log: {error}; is this gmsd older than the leader's?",
                            at.index
                        ),
                    )
                })?;
                Applied(self.state.apply(revision(&at), at.leader_id.term, &entry))
            }
            Payload::Membership(membership) => {
                let (voters, learners) = nodes_of(membership);
                self.state.apply_configuration(revision(&at), voters, learners);
                self.membership = StoredMembership::new(Some(at), membership.clone());
                Applied::default()
            }
        };
        self.applied = Some(at);
        self.growth.fetch_add(cost(entry) as u64, Ordering::Relaxed);
        Ok(answer)
    }

    /// Waits until what was applied is on this node's own disk: openraft applies what a quorum
    /// has, which need not include this node.
    async fn durable(&mut self) -> io::Result<()> {
        let applied = self.applied.map(|at| at.index);
        let Some(disk) = &mut self.disk else {
            return Ok(());
        };
        let progress = disk
            .wait_for(|disk| disk.durable >= applied || disk.failure.is_some())
            .await
            .map_err(io::Error::other)?;
        match &progress.failure {
            Some(why) if progress.durable < applied => Err(io::Error::other(why.clone())),
            _ => Ok(()),
        }
    }

    fn publish(&self) {
        self.published.send_replace(Arc::new(self.state.clone()));
    }

    /// Pitfall 7: the configuration as of the last applied entry, not as of the last one known.
    fn meta(&self) -> SnapshotMeta {
        SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() }
    }
}

/// Voters and learners, ordered.
pub fn nodes_of(membership: &Membership) -> (Vec<NodeId>, Vec<NodeId>) {
    (membership.voter_ids().map(NodeId).collect(), membership.learner_ids().map(NodeId).collect())
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + Send,
    {
        let mut answers = Vec::new();
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let answer = self.apply_entry(&entry)?;
            // Pitfall 6: whoever waits is answered, or waits for ever.
            if let Some(responder) = responder {
                answers.push((responder, answer));
            }
        }
        self.durable().await?;
        self.publish();
        for (responder, answer) in answers {
            responder.send(answer);
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, _force: bool) -> Option<Builder> {
        Some(self.get_snapshot_builder().await)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            state: self.state.clone(),
            meta: self.meta(),
            snapshots: self.snapshots.clone(),
            covered: self.growth.load(Ordering::Relaxed),
            growth: Arc::clone(&self.growth),
        }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: SnapshotFile,
    ) -> io::Result<()> {
        let snapshots = self.snapshots.clone();
        let work = {
            let meta = meta.clone();
            move || {
                let state = match snapshot.state {
                    Some(state) => state,
                    None => snapshots.load(&snapshot.path)?.1,
                };
                snapshots.put_in_place(&snapshot.path, &meta)?;
                Ok::<_, super::snapshot::SnapshotError>(state)
            }
        };
        let state = self.snapshots.host().run_blocking(work).await;
        self.state = state.map_err(io::Error::other)?;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.growth.store(0, Ordering::Relaxed);
        self.publish();
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> io::Result<Option<Snapshot<LeaderId, u64, openraft::BasicNode, SnapshotFile>>> {
        Ok(self.snapshots.current().map(offer))
    }
}

fn offer(file: SnapshotFile) -> Snapshot<LeaderId, u64, openraft::BasicNode, SnapshotFile> {
    Snapshot { meta: file.meta.clone(), snapshot: file }
}

/// Writes the state as it was when the builder was made, while the machine goes on.
#[derive(Debug)]
pub struct Builder {
    state: State,
    meta: SnapshotMeta,
    snapshots: Snapshots,
    covered: u64,
    growth: Growth,
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(
        &mut self,
    ) -> io::Result<Snapshot<LeaderId, u64, openraft::BasicNode, SnapshotFile>> {
        let (snapshots, meta, state) =
            (self.snapshots.clone(), self.meta.clone(), self.state.clone());
        let host = self.snapshots.host().clone();
        let file = host.run_blocking(move || snapshots.write(&meta, &state)).await;
        let file = file.map_err(io::Error::other)?;
        let _ = self.growth.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |grown| {
            Some(grown.saturating_sub(self.covered))
        });
        Ok(offer(file))
    }
}
