//! [`Options`]: what a node starts with.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use gms::id::NodeId;

use super::{
    archive::Restored,
    compaction::Compaction,
    config::Timing,
    error::StartError,
    identity::ClusterId,
    peer::{call::PeerHandler, dial::authority},
};
use crate::host::{net::Listener, world::Host};

/// What a node starts with.
#[derive(Debug)]
pub struct Options {
    /// This node.
    pub node: NodeId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// The peer URL of every node the cluster begins with, this one's too; empty for a node that
    /// joins later. Ignored once the data directory has a configuration.
    pub peers: BTreeMap<NodeId, String>,
    /// Whether a pristine node begins the cluster with `peers`. All of them may, with the same
    /// `peers`. Without it a pristine node waits to be added.
    pub bootstrap: bool,
    /// The state to found the cluster with, on this node alone and in an empty data directory.
    pub restored: Option<Restored>,
    /// Where its data is.
    pub data_dir: PathBuf,
    /// Its peer port, bound.
    pub listener: Box<dyn Listener>,
    /// How fast a lost leader is noticed.
    pub timing: Timing,
    /// When the log is shortened.
    pub compaction: Compaction,
    /// Who answers other nodes' calls.
    pub handler: Arc<dyn PeerHandler>,
    /// The machine it runs on.
    pub host: Host,
}

impl Options {
    /// Finds what contradicts itself.
    pub fn check(&self) -> Result<(), StartError> {
        if self.bootstrap && !self.peers.contains_key(&self.node) {
            return Err(StartError::Options(format!(
                "node {} is not among the nodes the cluster begins with",
                self.node
            )));
        }
        for url in self.peers.values() {
            authority(url).map_err(|error| StartError::Options(error.to_string()))?;
        }
        Ok(())
    }
}
