//! openraft's conformance suite over our log and state machine, and what a crash or a damaged
//! disk leaves behind.

use std::{collections::BTreeMap, path::Path};

use gms::id::NodeId;
use openraft::{
    StorageError,
    testing::log::{StoreBuilder, Suite},
};
use tempfile::TempDir;

use super::{data_dir::DataDir, log::LogStore};
use crate::{
    host::world::Host,
    raft::{identity::ClusterId, snapshot::Snapshots, state_machine::Machine, types::Types},
};

fn held(dir: &Path) -> DataDir {
    let cluster = ClusterId([1; 16]);
    DataDir::open(&Host::real(), dir, NodeId(1), cluster, &BTreeMap::new(), None).unwrap()
}

struct Fresh;

impl StoreBuilder<Types, LogStore, Machine, TempDir> for Fresh {
    async fn build(&self) -> Result<(TempDir, LogStore, Machine), StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        let log = LogStore::open(held(dir.path()), None).unwrap();
        let (snapshots, snapshot) = Snapshots::open(&Host::real(), dir.path()).unwrap();
        Ok((dir, log, Machine::new(snapshots, snapshot, None)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openrafts_suite_passes() {
    Suite::test_all(Fresh).await.unwrap();
}
