//! How a node comes into its cluster: as a founder, or by asking a node that is in.

use std::{collections::BTreeMap, time::Duration};

use gms::{
    answer::Write,
    api::AddNodeRequest,
    client::{Client, Options as ClientOptions},
    endpoint::Endpoint,
    id::NodeId,
};

use super::error::NodeError;
use crate::{
    config::{Config, Entrance},
    host::world::Host,
    raft::{identity::ClusterId, store::data_dir},
};

/// How long a running cluster may take to let a node in.
const ENTER_WAIT: Duration = Duration::from_secs(10);

/// Who a node is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) node: NodeId,
    pub(super) cluster: ClusterId,
    /// The peer URLs known so far, its own among them.
    pub(super) peers: BTreeMap<NodeId, String>,
    /// Whether it founds the cluster with these peers.
    pub(super) founds: bool,
}

/// Finds out who this node is. A data directory that knows it already is believed; a founder is
/// who it is told to be; any other asks the cluster to add it.
pub(super) async fn place(config: &Config, host: &Host) -> Result<Place, NodeError> {
    match &config.entrance {
        Entrance::Found { node, peers, cluster } => {
            Ok(Place { node: *node, cluster: *cluster, peers: peers.clone(), founds: true })
        }
        Entrance::Join { node, through, peer_url } => {
            if let Some(known) = data_dir::read_identity(host, &config.data_dir)? {
                let cluster = known.cluster.parse().map_err(|error| NodeError::Enter {
                    through: through.clone(),
                    why: format!("the data directory's cluster: {error}"),
                })?;
                let peers = BTreeMap::from([(known.node, peer_url.clone())]);
                return Ok(Place { node: known.node, cluster, peers, founds: false });
            }
            enter(*node, through, peer_url).await
        }
    }
}

async fn enter(id: Option<NodeId>, through: &str, peer_url: &str) -> Result<Place, NodeError> {
    let refuse = |why: String| NodeError::Enter { through: through.to_owned(), why };
    let endpoint: Endpoint = through.parse().map_err(|error| refuse(format!("{error}")))?;
    let options = ClientOptions { timeout: ENTER_WAIT, ..ClientOptions::default() };
    let client = Client::new(vec![endpoint], options).map_err(|error| refuse(error.to_string()))?;
    let request = AddNodeRequest { id, peer_url: peer_url.to_owned() };
    let added = client
        .add_node(&request, &Write::default())
        .await
        .map_err(|error| refuse(error.to_string()))?
        .value;
    let cluster = added.cluster.parse().map_err(|error| refuse(format!("{error}")))?;
    Ok(Place { node: added.node, cluster, peers: added.peers, founds: false })
}
