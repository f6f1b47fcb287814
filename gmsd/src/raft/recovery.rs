//! [`Recovered`]: what a data directory gives back, verified, before anything is done with it.

use std::{collections::BTreeMap, path::Path};

use gms::id::NodeId;

use super::{
    archive::Restored,
    error::StartError,
    identity::ClusterId,
    peer::handshake::Local,
    snapshot::{SnapshotError, Snapshots},
    state_machine::Machine,
    store::{
        data_dir::{DataDir, disk_error},
        log::LogStore,
    },
    types::SnapshotMeta,
};
use crate::{host::world::Host, membership::state::State};

/// Makes the state of a restored cluster this node's snapshot: its log goes on from there.
fn put_in(
    snapshots: &Snapshots,
    restored: &Restored,
    node: NodeId,
    peers: &BTreeMap<NodeId, String>,
) -> Result<(SnapshotMeta, State), StartError> {
    let meta = restored
        .meta(node, peers)
        .map_err(|error| StartError::Options(format!("the restored cluster: {error}")))?;
    match snapshots.write(&meta, &restored.state) {
        Ok(_) => Ok((meta, restored.state.clone())),
        Err(SnapshotError::Disk { path, source }) => Err(disk_error("write", &path, source)),
        Err(error @ SnapshotError::Damaged { .. }) => Err(StartError::Core(error.to_string())),
    }
}

/// What was found on disk.
pub struct Recovered {
    /// The log, the vote and the writer that holds the data directory.
    pub log: LogStore,
    /// The snapshot.
    pub snapshots: Snapshots,
    /// The state machine, as far as the snapshot goes.
    pub machine: Machine,
    /// Who this node is.
    pub local: Local,
    /// The nodes the cluster began with.
    pub initial_peers: BTreeMap<NodeId, String>,
}

impl Recovered {
    /// Takes hold of the data directory and reads and verifies what is in it; puts `restored` into
    /// one that is not founded yet. Blocks on the disk.
    pub fn open(
        host: &Host,
        dir: &Path,
        node: NodeId,
        cluster: ClusterId,
        peers: &BTreeMap<NodeId, String>,
        restored: Option<&Restored>,
    ) -> Result<Self, StartError> {
        let mark = restored.map(|restored| &*restored.mark);
        let held = DataDir::open(host, dir, node, cluster, peers, mark)?;
        let local = Local::new(cluster, held.identity());
        let initial_peers = held.identity().initial_peers.clone();
        let (snapshots, mut newest) = Snapshots::open(host, dir)?;
        if held.identity().restored.is_some() && !held.identity().founded {
            let Some(restored) = restored else {
                let why = "its restore was cut short; start it with --restore again";
                return Err(held.damaged(dir, why));
            };
            newest = Some(put_in(&snapshots, restored, node, &initial_peers)?);
        }
        let covered = newest.as_ref().and_then(|(meta, _)| meta.last_log_id);
        let log = LogStore::open(held, covered)?;
        Ok(Self {
            machine: Machine::new(snapshots.clone(), newest, Some(log.writer().progress())),
            log,
            snapshots,
            local,
            initial_peers,
        })
    }
}
