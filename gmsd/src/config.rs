//! What a node is told when it starts: flags, environment, file, defaults, in this order.
//!
//! A [`Config`] is valid: its URLs parse, its id has a place in the cluster, and nothing has been
//! written or bound yet when it is refused.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use gms::{address::Address, id::NodeId, span::Span};
use serde::Deserialize;

use crate::{host::disk::Disk, raft::identity::ClusterId};

/// Where clients reach a node that is told nothing else.
pub const PORT_DEFAULT: u16 = 12380;
/// Where the only node of a cluster listens for peers that may be added later.
const PEER_URL_DEFAULT: &str = "http://127.0.0.1:12379";
/// More nodes than this make every write slower and no failure rarer.
const NODES_MAX: usize = 9;

/// Why a node cannot start as told. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is wrong, or help was asked for; clap says it well.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// A value makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// One node of a gms cluster.
///
/// Three nodes agree by Raft on who is in which group, and watch that they live. Start each with
/// the same --cluster and its own --id; a first start founds the cluster, a later one resumes.
#[derive(Debug, Default, Parser, Deserialize)]
#[command(name = "gmsd", version, max_term_width = 100)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flags {
    /// This node's number: its place in --cluster, counted from 1
    #[arg(long, env = "GMSD_ID")]
    id: Option<u64>,
    /// The peer URLs of all nodes, the same list in the same order for each of them
    #[arg(long, env = "GMSD_CLUSTER", value_delimiter = ',', value_name = "URL,URL,URL")]
    cluster: Option<Vec<String>>,
    /// The port of the client API
    #[arg(long, env = "GMSD_PORT")]
    port: Option<u16>,
    /// The address the client API is bound to [default: 127.0.0.1]
    #[arg(long, env = "GMSD_LISTEN", value_name = "ADDR")]
    listen: Option<IpAddr>,
    /// Where clients reach this node, if that is not the address it is bound to
    #[arg(long, env = "GMSD_ADVERTISE", value_name = "URL")]
    advertise: Option<String>,
    /// Enter a running cluster as a new node: the API of any of its nodes
    #[arg(long, env = "GMSD_JOIN", value_name = "URL", conflicts_with = "cluster")]
    join: Option<String>,
    /// Found a new cluster of this node alone from a file of `GET /v1/snapshot` (gmctl snapshot
    /// save), in an empty data directory; the other nodes then enter with --join. Views and
    /// incarnations go on above all earlier ones. A node founded from this very file resumes
    #[arg(long, env = "GMSD_RESTORE", value_name = "FILE", conflicts_with = "join")]
    restore: Option<PathBuf>,
    /// With --join: where the other nodes reach this one
    #[arg(long, env = "GMSD_PEER_URL", value_name = "URL")]
    peer_url: Option<String>,
    /// Where this node keeps its data [default: the platform's data directory]
    #[arg(long, env = "GMSD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// After a start, for how long members that were there before are not removed by silence
    #[arg(long, env = "GMSD_BOOT_GRACE", value_name = "TIME")]
    boot_grace: Option<Span>,
    /// A TOML file with any of these flags, by their long names
    #[arg(long, env = "GMSD_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// How log lines look
    #[arg(long, env = "GMSD_LOG_FORMAT", value_enum)]
    log_format: Option<LogFormat>,
}

/// How a node comes into its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// It is one of the founders.
    Found {
        /// Its number.
        node: NodeId,
        /// Every founder's peer URL.
        peers: BTreeMap<NodeId, String>,
        /// What founding these peers gives.
        cluster: ClusterId,
    },
    /// It founds a new cluster, alone, with the state in a file.
    Restore {
        /// Its number.
        node: NodeId,
        /// Its peer URL.
        peers: BTreeMap<NodeId, String>,
        /// The file.
        file: PathBuf,
    },
    /// It enters a running cluster.
    Join {
        /// Its number, if it insists on one.
        node: Option<NodeId>,
        /// The API of a node that is in.
        through: String,
        /// Where the others reach it.
        peer_url: String,
    },
}

impl Entrance {
    /// Where the other nodes reach this one.
    pub fn own_url(&self) -> &str {
        match self {
            Self::Found { node, peers, .. } | Self::Restore { node, peers, .. } => {
                peers.get(node).map_or("", String::as_str)
            }
            Self::Join { peer_url, .. } => peer_url,
        }
    }
}

/// What a node is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// How it comes into its cluster.
    pub entrance: Entrance,
    /// Where the client API is bound.
    pub api: SocketAddr,
    /// Where clients reach it, if that is not where it is bound.
    pub advertise: Option<String>,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// How long members from before its start are not removed by silence.
    pub boot_grace: Option<Duration>,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl Config {
    /// Reads the command line (the program's name first), the environment and the file.
    pub fn read(arguments: Vec<OsString>, disk: &dyn Disk) -> Result<Self, ConfigError> {
        let flags = Flags::try_parse_from(arguments)?;
        let flags = match &flags.config {
            None => flags,
            Some(path) => {
                let file = read_file(path, disk)?;
                flags.or(file)
            }
        };
        flags.check()
    }

    /// The name of the machine part of the client API: what a `Host` header may say.
    pub fn api_url(&self, bound: SocketAddr) -> String {
        self.advertise.clone().unwrap_or_else(|| format!("http://{bound}"))
    }
}

fn read_file(path: &Path, disk: &dyn Disk) -> Result<Flags, ConfigError> {
    let invalid =
        |why: String| ConfigError::Invalid(format!("config file {}: {why}", path.display()));
    let bytes = disk.read(path).map_err(|error| invalid(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| invalid(error.to_string()))
}

impl Flags {
    /// These, and what they leave open from the others.
    fn or(self, file: Flags) -> Self {
        Self {
            id: self.id.or(file.id),
            // They exclude each other, so the command line's choice silences the file's.
            join: self
                .join
                .clone()
                .or(file.join.filter(|_| self.cluster.is_none() && self.restore.is_none())),
            cluster: self.cluster.or(file.cluster.filter(|_| self.join.is_none())),
            restore: self.restore.or(file.restore.filter(|_| self.join.is_none())),
            port: self.port.or(file.port),
            listen: self.listen.or(file.listen),
            advertise: self.advertise.or(file.advertise),
            peer_url: self.peer_url.or(file.peer_url),
            data_dir: self.data_dir.or(file.data_dir),
            boot_grace: self.boot_grace.or(file.boot_grace),
            config: self.config,
            log_format: self.log_format.or(file.log_format),
        }
    }

    fn check(self) -> Result<Config, ConfigError> {
        let listen = self.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = self.port.unwrap_or(PORT_DEFAULT);
        let advertise = match &self.advertise {
            Some(url) => Some(peer_url(url).map_err(|why| invalid("advertise", &why))?),
            None => None,
        };
        let entrance = self.entrance(listen, port)?;
        let data_dir = match self.data_dir {
            Some(dir) => dir,
            None => default_data_dir(&entrance, port)?,
        };
        Ok(Config {
            entrance,
            api: SocketAddr::new(listen, port),
            advertise,
            data_dir,
            boot_grace: self.boot_grace.map(Duration::from),
            log_format: self.log_format.unwrap_or_default(),
        })
    }

    fn entrance(&self, listen: IpAddr, port: u16) -> Result<Entrance, ConfigError> {
        if let Some(through) = &self.join {
            let through = peer_url(through).map_err(|why| invalid("join", &why))?;
            let peer_url = match &self.peer_url {
                Some(url) => peer_url(url).map_err(|why| invalid("peer-url", &why))?,
                None if port > 1 => format!("http://{}", SocketAddr::new(listen, port - 1)),
                None => {
                    return Err(invalid(
                        "peer-url",
                        "give it: where do the others reach this node?",
                    ));
                }
            };
            let node = self.id.map(NodeId);
            return Ok(Entrance::Join { node, through, peer_url });
        }
        if self.peer_url.is_some() {
            return Err(invalid("peer-url", "it goes with --join; --cluster says it already"));
        }
        let urls = self.cluster.clone().unwrap_or_else(|| vec![PEER_URL_DEFAULT.to_owned()]);
        if urls.len() > NODES_MAX {
            let why =
                format!("{} nodes; at most {NODES_MAX} are allowed, 3 or 5 are best", urls.len());
            return Err(invalid("cluster", &why));
        }
        let mut peers = BTreeMap::new();
        for (number, url) in (1..).zip(&urls) {
            let url = peer_url(url).map_err(|why| invalid("cluster", &why))?;
            if peers.values().any(|known| *known == url) {
                return Err(invalid("cluster", &format!("{url} is listed twice")));
            }
            peers.insert(NodeId(number), url);
        }
        let node = match self.id {
            Some(id) => NodeId(id),
            None if peers.len() == 1 => NodeId(1),
            None => {
                return Err(invalid("id", "which of the nodes in --cluster is this one?"));
            }
        };
        if !peers.contains_key(&node) {
            let why = format!("{node} has no place in --cluster, which lists {}", peers.len());
            return Err(invalid("id", &why));
        }
        match &self.restore {
            Some(_) if peers.len() > 1 => Err(invalid(
                "restore",
                "a restored cluster begins with one node; give --cluster this node's URL alone, \
                 and let the others enter with --join",
            )),
            Some(file) => Ok(Entrance::Restore { node, peers, file: file.clone() }),
            None => Ok(Entrance::Found { node, cluster: cluster_of(&peers), peers }),
        }
    }
}

fn invalid(flag: &str, why: &str) -> ConfigError {
    ConfigError::Invalid(format!("--{flag}: {why}"))
}

/// Two clusters of the same founders are the same cluster; any other list is another one.
fn cluster_of(peers: &BTreeMap<NodeId, String>) -> ClusterId {
    let mut hasher = blake3::Hasher::new_derive_key("gms 2026 the founders of a cluster");
    for url in peers.values() {
        hasher.update(url.as_bytes()).update(b"\n");
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    ClusterId(id)
}

fn default_data_dir(entrance: &Entrance, port: u16) -> Result<PathBuf, ConfigError> {
    let dirs = directories::ProjectDirs::from("", "", "gms")
        .ok_or_else(|| invalid("data-dir", "this user has no home directory; give one"))?;
    let own = match entrance {
        Entrance::Found { node, cluster, .. } => {
            PathBuf::from(cluster.to_string()).join(format!("node-{node}"))
        }
        Entrance::Restore { node, peers, .. } => {
            PathBuf::from(cluster_of(peers).to_string()).join(format!("node-{node}"))
        }
        Entrance::Join { .. } => PathBuf::from(format!("joined-{port}")),
    };
    Ok(dirs.data_local_dir().join(own))
}

/// A URL by which a node can be reached: `http://host:port`, brought to its one form.
pub fn peer_url(text: &str) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches('/');
    let rest = trimmed
        .strip_prefix("http://")
        .ok_or_else(|| format!("{text:?} is no URL of the form http://host:port"))?;
    let address: Address =
        rest.parse().map_err(|_| format!("{text:?} is no URL of the form http://host:port"))?;
    Ok(format!("http://{}", address.authority().to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{disk::replace_file, real_disk::RealDisk};

    const THREE: &str = "http://127.0.0.1:12379,http://127.0.0.1:22379,http://127.0.0.1:32379";

    fn read(arguments: &[&str]) -> Result<Config, ConfigError> {
        let all = std::iter::once("gmsd").chain(arguments.iter().copied());
        Config::read(all.map(OsString::from).collect(), &RealDisk)
    }

    #[test]
    fn the_predecessors_command_line_is_understood() {
        let config = read(&["--id", "2", "--cluster", THREE, "--port", "22380"]).unwrap();
        let Entrance::Found { node, peers, cluster } = &config.entrance else { panic!() };
        assert_eq!((*node, peers.len()), (NodeId(2), 3));
        assert_eq!(config.api, "127.0.0.1:22380".parse().unwrap());
        assert!(config.data_dir.ends_with(format!("{cluster}/node-2")));
        let other = read(&["--id", "1", "--cluster", THREE]).unwrap();
        let Entrance::Found { cluster: same, .. } = &other.entrance else { panic!() };
        assert_eq!(cluster, same);
    }

    #[test]
    fn a_cluster_of_one_needs_no_flags() {
        let config = read(&[]).unwrap();
        let Entrance::Found { node, peers, .. } = config.entrance else { panic!() };
        assert_eq!((node, peers.len()), (NodeId(1), 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_one_line() {
        for (arguments, why) in [
            (vec!["--cluster", THREE], "--id"),
            (vec!["--id", "4", "--cluster", THREE], "no place in --cluster"),
            (vec!["--id", "0", "--cluster", THREE], "no place in --cluster"),
            (vec!["--id", "1", "--cluster", "http://a:1,http://a:1/"], "listed twice"),
            (vec!["--id", "1", "--cluster", "127.0.0.1:12379"], "no URL of the form"),
            (vec!["--id", "1", "--cluster", "http://127.0.0.1"], "no URL of the form"),
            (vec!["--id", "1", "--cluster", ""], "no URL of the form"),
            (vec!["--join", "ftp://x:1"], "--join"),
            (vec!["--peer-url", "http://a:1"], "goes with --join"),
            (vec!["--config", "/nonexistent/gms.toml"], "config file"),
            (vec!["--id", "1", "--cluster", THREE, "--restore", "f"], "begins with one node"),
        ] {
            let error = read(&arguments).unwrap_err();
            let ConfigError::Invalid(text) = &error else { panic!("{error}") };
            assert!(text.contains(why) && !text.contains('\n'), "{arguments:?}: {text}");
        }
        assert!(matches!(read(&["--port", "99999"]), Err(ConfigError::Usage(_))));
    }

    #[test]
    fn a_file_says_what_the_flags_leave_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gms.toml");
        let text = format!(
            "id = 3\nport = 4000\nboot-grace = \"1s\"\ncluster = [\"{}\"]\n",
            THREE.replace(',', "\",\"")
        );
        replace_file(&RealDisk, &path, text.as_bytes()).unwrap();
        let path = path.to_str().unwrap();
        let config = read(&["--config", path, "--port", "5000"]).unwrap();
        assert_eq!(config.api.port(), 5000);
        assert_eq!(config.boot_grace, Some(Duration::from_secs(1)));
        assert!(matches!(config.entrance, Entrance::Found { node: NodeId(3), .. }));
    }

    #[test]
    fn what_is_typed_silences_the_file_s_other_way_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gms.toml");
        replace_file(&RealDisk, &path, b"join = \"http://127.0.0.1:1\"\n").unwrap();
        let path = path.to_str().unwrap();
        let config = read(&["--config", path, "--id", "2", "--cluster", THREE]).unwrap();
        assert!(matches!(config.entrance, Entrance::Found { node: NodeId(2), .. }));
        let config = read(&["--config", path]).unwrap();
        assert!(matches!(config.entrance, Entrance::Join { .. }));
    }
}
