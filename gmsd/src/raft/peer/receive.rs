//! Takes a snapshot from a peer: gathered aside, verified, and only then given to consensus.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use openraft::Snapshot;

use super::super::{
    record::{CoverRecord, VoteRecord},
    snapshot::{SnapshotFile, Snapshots},
    state_machine::Machine,
    types::{SnapshotMeta, Types, Vote},
};
use super::message::{Answer, Ask};
use crate::host::disk::DiskFile;

/// The longest snapshot taken from a peer, in bytes: a hundred times what a million members need.
const SNAPSHOT_LEN_MAX: u64 = 4 << 30;

/// One connection's snapshot, if one is under way.
pub struct Receiving {
    raft: openraft::Raft<Types, Machine>,
    snapshots: Snapshots,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    vote: Vote,
    meta: SnapshotMeta,
    len: u64,
    received: u64,
}

impl Receiving {
    /// Nothing under way yet.
    pub fn new(raft: openraft::Raft<Types, Machine>, snapshots: Snapshots) -> Self {
        Self { raft, snapshots, under_way: None }
    }

    /// Takes the next request of the connection.
    pub async fn take(&mut self, ask: Ask) -> Answer {
        let done = match ask {
            Ask::SnapshotBegin { vote, cover, len } => self.begin(vote, cover, len).await,
            Ask::SnapshotPart { offset, bytes } => self.part(offset, bytes).await,
            Ask::SnapshotEnd => self.end().await,
            _ => Err("this connection is for a snapshot".to_owned()),
        };
        match done {
            Ok(answer) => answer,
            Err(why) => {
                self.forget().await;
                tracing::warn!("a snapshot from a peer is not taken: {why}");
                Answer::Failed(why)
            }
        }
    }

    /// Removes what was not finished.
    pub async fn forget(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            let disk = Arc::clone(&self.snapshots.host().disk);
            let remove = move || {
                drop(under_way.file);
                // What was installed has another name by now.
                let _ = disk.remove(&under_way.path);
            };
            self.snapshots.host().run_blocking(remove).await;
        }
    }

    async fn begin(
        &mut self,
        vote: VoteRecord,
        cover: CoverRecord,
        len: u64,
    ) -> Result<Answer, String> {
        self.forget().await;
        if len > SNAPSHOT_LEN_MAX {
            return Err(format!("it has {len} bytes; at most {SNAPSHOT_LEN_MAX} are taken"));
        }
        let meta = SnapshotMeta::try_from(cover).map_err(|error| error.to_string())?;
        let path = self.snapshots.incoming(&meta);
        let disk = Arc::clone(&self.snapshots.host().disk);
        let create = {
            let path = path.clone();
            move || disk.create(&path).map(Arc::<dyn DiskFile>::from)
        };
        let file = self.snapshots.host().run_blocking(create).await;
        self.under_way = Some(UnderWay {
            path,
            file: file.map_err(|error| error.to_string())?,
            vote: Vote::from(vote),
            meta,
            len,
            received: 0,
        });
        Ok(Answer::SnapshotGoOn)
    }

    async fn part(&mut self, offset: u64, bytes: Bytes) -> Result<Answer, String> {
        let under_way = self.under_way.as_mut().ok_or("no snapshot is under way")?;
        let end = offset.saturating_add(bytes.len() as u64);
        if offset != under_way.received || end > under_way.len {
            return Err(format!("a part at {offset} where {} belongs", under_way.received));
        }
        let file = Arc::clone(&under_way.file);
        let write = move || file.write_at(offset, &bytes);
        let written = self.snapshots.host().run_blocking(write).await;
        written.map_err(|error| error.to_string())?;
        under_way.received = end;
        Ok(Answer::SnapshotGoOn)
    }

    async fn end(&mut self) -> Result<Answer, String> {
        let under_way = self.under_way.as_ref().ok_or("no snapshot is under way")?;
        if under_way.received != under_way.len {
            return Err(format!("it ends after {} of {} bytes", under_way.received, under_way.len));
        }
        let (file, path) = (Arc::clone(&under_way.file), under_way.path.clone());
        let snapshots = self.snapshots.clone();
        let verify = move || {
            file.sync().map_err(|error| error.to_string())?;
            snapshots.load(&path).map_err(|error| error.to_string())
        };
        let (meta, state) = self.snapshots.host().run_blocking(verify).await?;
        if meta != under_way.meta {
            return Err("it covers something else than was announced".to_owned());
        }
        let snapshot = Snapshot {
            meta: meta.clone(),
            snapshot: SnapshotFile { path: under_way.path.clone(), meta, state: Some(state) },
        };
        let installed = self
            .raft
            .install_full_snapshot(under_way.vote, snapshot)
            .await
            .map_err(|error| error.to_string())?;
        self.forget().await;
        Ok(Answer::SnapshotDone { vote: VoteRecord::from(&installed.vote) })
    }
}
