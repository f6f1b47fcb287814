//! [`Recovered`]: what a data directory gives back, verified, before anything is done with it.

use std::{collections::BTreeMap, path::Path};

use gms::id::NodeId;

use super::{
    error::StartError,
    identity::ClusterId,
    peer::handshake::Local,
    snapshot::Snapshots,
    state_machine::Machine,
    store::{data_dir::DataDir, log::LogStore},
};
use crate::host::world::Host;

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
    /// Takes hold of the data directory and reads and verifies what is in it. Blocks on the disk.
    pub fn open(
        host: &Host,
        dir: &Path,
        node: NodeId,
        cluster: ClusterId,
        peers: &BTreeMap<NodeId, String>,
    ) -> Result<Self, StartError> {
        let held = DataDir::open(host, dir, node, cluster, peers)?;
        let local = Local::new(cluster, held.identity());
        let initial_peers = held.identity().initial_peers.clone();
        let (snapshots, newest) = Snapshots::open(host, dir)?;
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
