//! How a node comes into its cluster: as a founder, with a snapshot or without, or by asking a node
//! that is in.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use gms::{
    answer::Write,
    api::AddNodeRequest,
    client::{Client, Options as ClientOptions},
    endpoint::Endpoint,
    id::NodeId,
};

use super::error::{NodeError, machine};
use crate::{
    config::{Config, Entrance},
    host::world::Host,
    raft::{
        archive::Restored,
        identity::{ClusterId, Identity},
        store::data_dir,
    },
};

/// How long a running cluster may take to let a node in.
const ENTER_WAIT: Duration = Duration::from_secs(10);

/// How long it may take to say that it is the cluster in which a node was before.
const RETURN_WAIT: Duration = Duration::from_secs(2);

/// Who a node is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) node: NodeId,
    pub(super) cluster: ClusterId,
    /// The peer URLs known so far, its own among them.
    pub(super) peers: BTreeMap<NodeId, String>,
    /// Whether it founds the cluster with these peers.
    pub(super) founds: bool,
    /// The state it founds it with.
    pub(super) restored: Option<Restored>,
}

/// Finds out who this node is. A data directory that knows it already is believed; a founder is
/// who it is told to be; any other asks the cluster to add it.
pub(super) async fn place(config: &Config, host: &Host) -> Result<Place, NodeError> {
    match &config.entrance {
        Entrance::Found { node, peers, cluster } => {
            let known = data_dir::read_identity(host, &config.data_dir)?;
            let cluster =
                known.map_or(Ok(*cluster), |known| resumed(&known, *node, peers, *cluster));
            let (peers, restored) = (peers.clone(), None);
            Ok(Place { node: *node, cluster: cluster?, peers, founds: true, restored })
        }
        Entrance::Restore { node, peers, file } => restore(config, host, *node, peers, file).await,
        Entrance::Join { node, through, peer_url } => {
            if let Some(known) = data_dir::read_identity(host, &config.data_dir)? {
                let cluster = returns(&known, &config.data_dir, through).await?;
                let peers = BTreeMap::from([(known.node, peer_url.clone())]);
                return Ok(Place {
                    node: known.node,
                    cluster,
                    peers,
                    founds: false,
                    restored: None,
                });
            }
            // A node that could not live here must not be let in: the others would wait for it.
            data_dir::check_usable(host, &config.data_dir)?;
            enter(*node, through, peer_url).await
        }
    }
}

/// The cluster of a founder that was founded before. A restored cluster has a number of its own,
/// which its node is not told again on the command line.
fn resumed(
    known: &Identity,
    node: NodeId,
    peers: &BTreeMap<NodeId, String>,
    told: ClusterId,
) -> Result<ClusterId, NodeError> {
    let is_it = known.node == node && known.initial_peers == *peers;
    if known.restored.is_none() || !is_it {
        return Ok(told);
    }
    known.cluster.parse().map_err(|error| NodeError::Restore(format!("its cluster: {error}")))
}

/// A founder with a state, or one that was founded so and goes on.
async fn restore(
    config: &Config,
    host: &Host,
    node: NodeId,
    peers: &BTreeMap<NodeId, String>,
    file: &Path,
) -> Result<Place, NodeError> {
    let dir = &config.data_dir;
    let known = data_dir::read_identity(host, dir)?;
    let place =
        |cluster, restored| Place { node, cluster, peers: peers.clone(), founds: true, restored };
    let bytes = {
        let (disk, file) = (Arc::clone(&host.disk), file.to_owned());
        host.run_blocking(move || disk.read(&file)).await
    };
    let foreign =
        |why: &str| NodeError::Restore(format!("data directory {}: {why}", dir.display()));
    let own_cluster = |known: &Identity| {
        known.cluster.parse().map_err(|_| foreign("its identity names no cluster"))
    };
    if let (Some(known), Err(_)) = (&known, &bytes)
        && known.restored.is_some()
        && known.founded
    {
        tracing::warn!(file = %file.display(), "the file of --restore is gone; this node resumes");
        return Ok(place(own_cluster(known)?, None));
    }
    let unfit = |why: String| NodeError::Restore(format!("{}: {why}", file.display()));
    let bytes = bytes.map_err(|error| unfit(error.to_string()))?;
    let now_ms = host.clock.wall_ms();
    let reading = move || Restored::from_file(&bytes, node, now_ms);
    let restored = host.run_blocking(reading).await.map_err(|error| unfit(error.to_string()))?;
    let Some(known) = known else {
        let names = match host.disk.list(dir) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(foreign(&error.to_string())),
        };
        // A start that failed before may have left its lock.
        if names.iter().any(|name| name != data_dir::LOCK) {
            return Err(foreign("it is not empty; a new cluster is founded in an empty one"));
        }
        let mut number = [0; 16];
        host.entropy.fill(&mut number).map_err(machine("drawing a number for the cluster"))?;
        return Ok(place(ClusterId(number), Some(restored)));
    };
    if known.restored.as_ref() != Some(&restored.mark) {
        return Err(foreign(
            "it is a node's already, and not of a cluster founded from this file; give an empty one",
        ));
    }
    // Founded already, it resumes; cut short, it begins again.
    let cluster = own_cluster(&known)?;
    Ok(place(cluster, (!known.founded).then_some(restored)))
}

/// The cluster of a node that entered it before and starts with the same flags again. Should the
/// node that it names now be of another one, that is no return. One that gives no answer is no
/// hindrance: the cluster may be without it.
async fn returns(known: &Identity, dir: &Path, through: &str) -> Result<ClusterId, NodeError> {
    let refuse = |why: String| NodeError::Enter {
        through: through.to_owned(),
        why: format!(
            "data directory {} is of node {} of cluster {}{why}",
            dir.display(),
            known.node,
            known.cluster
        ),
    };
    if !known.initial_peers.is_empty() || known.restored.is_some() {
        let why = ", which it founded; start it with --cluster, or give an empty directory";
        return Err(refuse(why.to_owned()));
    }
    let endpoint: Endpoint = through.parse().map_err(|error| refuse(format!("; {error}")))?;
    let options = ClientOptions { timeout: RETURN_WAIT, ..ClientOptions::default() };
    let client =
        Client::new(vec![endpoint], options).map_err(|error| refuse(format!("; {error}")))?;
    match client.status().await {
        Ok(status) if status.value.cluster != known.cluster => Err(refuse(format!(
            ", and that node is of cluster {}; give an empty directory",
            status.value.cluster
        ))),
        _ => known.cluster.parse().map_err(|error| refuse(format!("; {error}"))),
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
    let (peers, restored) = (added.peers, None);
    Ok(Place { node: added.node, cluster, peers, founds: false, restored })
}
