//! The data directory: locked, and known to be this node's, before anything in it is used.
//!
//! The identity is the first thing written into an empty directory, aside and then renamed, so a
//! crash leaves either none or a whole one. A directory that is another node's, another
//! cluster's or in use is refused without a change.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use gms::id::NodeId;

use super::super::{
    error::StartError,
    identity::{ClusterId, Identity, hex},
};
use crate::host::{
    disk::{DiskLock, replace_file},
    world::Host,
};

const IDENTITY: &str = "identity.json";
/// The file whose lock says that the directory is in use.
pub const LOCK: &str = "lock";
const LOG: &str = "log.redb";
const LOG_SUMS: &str = "log.sums";

/// A data directory that this process holds.
#[derive(Debug)]
pub struct DataDir {
    dir: PathBuf,
    host: Host,
    identity: Identity,
    _lock: Box<dyn DiskLock>,
}

impl DataDir {
    /// Takes hold of a data directory, making it this node's where it is nobody's yet. Blocks on
    /// the disk.
    pub fn open(
        host: &Host,
        dir: &Path,
        node: NodeId,
        cluster: ClusterId,
        initial_peers: &BTreeMap<NodeId, String>,
        restored: Option<&str>,
    ) -> Result<Self, StartError> {
        // Before the lock's file is made: a foreign directory stays as it is.
        if let Some(identity) = read_identity(host, dir)? {
            check(dir, &identity, node, cluster)?;
        }
        let lock = take_hold(host, dir)?;
        let identity = match read_identity(host, dir)? {
            Some(identity) => {
                check(dir, &identity, node, cluster)?;
                identity
            }
            None => create_identity(host, dir, node, cluster, initial_peers, restored)?,
        };
        Ok(Self { dir: dir.to_owned(), host: host.clone(), identity, _lock: lock })
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The machine it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where the log is.
    pub fn log_path(&self) -> PathBuf {
        self.dir.join(LOG)
    }

    /// Where the checksums of the log's file are.
    pub fn log_sums_path(&self) -> PathBuf {
        self.dir.join(LOG_SUMS)
    }

    /// Notes durably that the log's file exists. From now on it must not be missing.
    pub fn set_founded(&mut self) -> Result<(), StartError> {
        self.identity.founded = true;
        write_identity(&self.host, &self.dir, &self.identity)
    }

    /// The error for a file in this directory that is not what was written to it.
    pub fn damaged(&self, file: &Path, why: impl Into<String>) -> StartError {
        damaged(&self.dir, file, why)
    }
}

fn damaged(dir: &Path, file: &Path, why: impl Into<String>) -> StartError {
    StartError::Damaged { dir: dir.to_owned(), file: file.to_owned(), why: why.into() }
}

/// The error for a disk that failed.
pub fn disk_error(doing: &'static str, path: &Path, source: io::Error) -> StartError {
    StartError::Disk { doing, path: path.to_owned(), source }
}

fn check(
    dir: &Path,
    identity: &Identity,
    node: NodeId,
    cluster: ClusterId,
) -> Result<(), StartError> {
    if identity.cluster != cluster.to_string() {
        return Err(StartError::ForeignCluster {
            dir: dir.to_owned(),
            found: identity.cluster.clone(),
            given: cluster.to_string(),
        });
    }
    if identity.node != node {
        return Err(StartError::ForeignNode {
            dir: dir.to_owned(),
            found: identity.node,
            given: node,
        });
    }
    Ok(())
}

fn create_identity(
    host: &Host,
    dir: &Path,
    node: NodeId,
    cluster: ClusterId,
    initial_peers: &BTreeMap<NodeId, String>,
    restored: Option<&str>,
) -> Result<Identity, StartError> {
    check_nobodys(host, dir)?;
    let mut mark = [0; 16];
    host.entropy
        .fill(&mut mark)
        .map_err(|source| disk_error("draw random bytes for", dir, source))?;
    let identity = Identity {
        cluster: cluster.to_string(),
        node,
        lineage: hex(&mark),
        initial_peers: initial_peers.clone(),
        founded: false,
        restored: restored.map(str::to_owned),
    };
    write_identity(host, dir, &identity)?;
    Ok(identity)
}

/// One line of JSON for people, one line with its checksum.
fn write_identity(host: &Host, dir: &Path, identity: &Identity) -> Result<(), StartError> {
    let json = serde_json::to_string(identity).expect("an identity has only texts and numbers");
    let content = format!("{json}\n{:08x}\n", crc32c::crc32c(json.as_bytes()));
    let path = dir.join(IDENTITY);
    replace_file(&*host.disk, &path, content.as_bytes())
        .map_err(|source| disk_error("write", &path, source))
}

/// Whether a node that has no data yet can keep it there: the directory is or can be made, can be
/// written to, nobody uses it, and no other node's data is in it. Blocks on the disk.
pub fn check_usable(host: &Host, dir: &Path) -> Result<(), StartError> {
    take_hold(host, dir)?;
    check_nobodys(host, dir)
}

fn take_hold(host: &Host, dir: &Path) -> Result<Box<dyn DiskLock>, StartError> {
    host.disk.create_dir_all(dir).map_err(|source| disk_error("create", dir, source))?;
    let path = dir.join(LOCK);
    host.disk.lock(&path).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => StartError::Locked { dir: dir.to_owned() },
        _ => disk_error("lock", &path, source),
    })
}

/// Where there is no identity, there must be no data.
fn check_nobodys(host: &Host, dir: &Path) -> Result<(), StartError> {
    let names = host.disk.list(dir).map_err(|source| disk_error("list", dir, source))?;
    if names.iter().any(|name| name == LOG || name.starts_with("snapshot-")) {
        let why = "it is missing, yet the directory holds a node's data";
        return Err(damaged(dir, &dir.join(IDENTITY), why));
    }
    Ok(())
}

/// Whose a data directory is, if it is anybody's yet. Changes nothing.
pub fn read_identity(host: &Host, dir: &Path) -> Result<Option<Identity>, StartError> {
    let path = dir.join(IDENTITY);
    let content = match host.disk.read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(disk_error("read", &path, source)),
    };
    parse_identity(&content).map(Some).map_err(|why| damaged(dir, &path, why))
}

fn parse_identity(content: &[u8]) -> Result<Identity, String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    let (json, sum) =
        text.split_once('\n').ok_or("it is not one line of JSON and one of checksum")?;
    if sum != format!("{:08x}\n", crc32c::crc32c(json.as_bytes())) {
        return Err("its checksum does not match its content".to_owned());
    }
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::disk::Disk as _;
    use crate::host::real_disk::RealDisk;

    const CLUSTER: ClusterId = ClusterId([7; 16]);

    fn open(dir: &Path, node: u64, cluster: ClusterId) -> Result<DataDir, StartError> {
        let peers = BTreeMap::from([(NodeId(node), "http://127.0.0.1:1".to_owned())]);
        DataDir::open(&Host::real(), dir, NodeId(node), cluster, &peers, None)
    }

    #[test]
    fn an_identity_is_told_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("deep/er");
        let first = open(&dir, 1, CLUSTER).unwrap().identity().clone();
        let again = open(&dir, 1, CLUSTER).unwrap().identity().clone();
        assert_eq!(first, again);
        assert_eq!(first.lineage.len(), 32);
        let other = tempfile::tempdir().unwrap();
        let other = open(other.path(), 1, CLUSTER).unwrap();
        assert_ne!(first.lineage, other.identity().lineage);
    }

    #[test]
    fn a_foreign_directory_is_refused_and_stays_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), 1, CLUSTER).unwrap());
        RealDisk.remove(&dir.path().join(LOCK)).unwrap();
        let before = RealDisk.read(&dir.path().join(IDENTITY)).unwrap();
        let node = open(dir.path(), 2, CLUSTER).unwrap_err();
        assert!(matches!(node, StartError::ForeignNode { .. }), "{node}");
        let cluster = open(dir.path(), 1, ClusterId([8; 16])).unwrap_err();
        assert!(matches!(cluster, StartError::ForeignCluster { .. }), "{cluster}");
        assert_eq!(RealDisk.read(&dir.path().join(IDENTITY)).unwrap(), before);
        assert_eq!(RealDisk.list(dir.path()).unwrap(), [IDENTITY]);
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let held = open(dir.path(), 1, CLUSTER).unwrap();
        let refused = open(dir.path(), 1, CLUSTER).unwrap_err();
        assert!(matches!(refused, StartError::Locked { .. }), "{refused}");
        drop(held);
        open(dir.path(), 1, CLUSTER).unwrap();
    }

    #[test]
    fn no_flipped_bit_and_no_cut_of_an_identity_is_believed() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), 1, CLUSTER).unwrap());
        let whole = RealDisk.read(&dir.path().join(IDENTITY)).unwrap();
        let identity = parse_identity(&whole).unwrap();
        for at in 0..whole.len() * 8 {
            let mut bad = whole.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert_ne!(parse_identity(&bad).ok().as_ref(), Some(&identity), "bit {at}");
            assert!(parse_identity(&bad).is_err(), "bit {at}");
        }
        for len in 0..whole.len() {
            assert!(parse_identity(&whole[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn a_directory_with_data_but_no_identity_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        RealDisk.create(&dir.path().join("snapshot-5")).unwrap();
        let refused = open(dir.path(), 1, CLUSTER).unwrap_err();
        assert!(matches!(refused, StartError::Damaged { .. }), "{refused}");
    }
}
