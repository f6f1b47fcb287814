//! Snapshots on disk and from peers: whole, or refused by name.

use std::path::Path;

use gms::id::Revision;

use super::{
    error::StartError,
    snapshot::{SnapshotError, Snapshots},
    test_cluster::{has, join},
    types::{LeaderId, LogId, Membership, SnapshotMeta, StoredMembership},
};
use crate::{
    host::{disk::Disk as _, real_disk::RealDisk, world::Host},
    membership::state::State,
};

fn meta(index: u64) -> SnapshotMeta {
    let at = |index| {
        let leader = LeaderId { term: 3, node_id: 2 };
        LogId::new(leader, index)
    };
    let nodes = [(1, "http://a:1"), (2, "http://b:2")];
    let nodes = nodes.map(|(node, url)| (node, openraft::BasicNode::new(url)));
    let voters = vec![[1].into()];
    SnapshotMeta {
        last_log_id: Some(at(index)),
        last_membership: StoredMembership::new(
            Some(at(1)),
            Membership::new(voters, std::collections::BTreeMap::from(nodes)).unwrap(),
        ),
    }
}

fn state(last: u64) -> State {
    let mut state = State::default();
    state.apply_blank(Revision(last - 2));
    state.apply(Revision(last - 1), 3, &join("a"));
    state.apply(Revision(last), 3, &join("b"));
    state
}

fn open(dir: &Path) -> Result<(Snapshots, Option<(SnapshotMeta, State)>), StartError> {
    Snapshots::open(&Host::real(), dir)
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, none) = open(dir.path()).unwrap();
    assert!(none.is_none());
    let before = state(10);
    snapshots.write(&meta(10), &before).unwrap();
    let (_, found) = open(dir.path()).unwrap();
    let (found_meta, found_state) = found.unwrap();
    assert_eq!(found_meta, meta(10));
    assert_eq!(found_state.digest(), before.digest());
    assert!(has(&found_state, "a") && has(&found_state, "b"));
}

#[test]
fn one_snapshot_is_kept_and_what_was_never_finished_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    snapshots.write(&meta(10), &state(10)).unwrap();
    snapshots.write(&meta(20), &state(20)).unwrap();
    RealDisk.create(&snapshots.incoming(&meta(30))).unwrap();
    drop(open(dir.path()).unwrap());
    assert_eq!(RealDisk.list(dir.path()).unwrap(), ["snapshot-20"]);
}

#[test]
fn a_snapshot_built_while_a_newer_one_came_does_not_replace_it() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    snapshots.write(&meta(20), &state(20)).unwrap();
    snapshots.write(&meta(10), &state(10)).unwrap();
    assert_eq!(snapshots.current().unwrap().meta, meta(20));
    assert_eq!(RealDisk.list(dir.path()).unwrap(), ["snapshot-20"]);
}

#[test]
fn no_flipped_bit_and_no_cut_of_a_snapshot_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    let path = snapshots.write(&meta(10), &state(10)).unwrap().path;
    let whole = RealDisk.read(&path).unwrap();
    let damaged = |bytes: &[u8]| {
        let bad = dir.path().join("bad");
        RealDisk.create(&bad).unwrap().write_at(0, bytes).unwrap();
        matches!(snapshots.load(&bad), Err(SnapshotError::Damaged { .. }))
    };
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(damaged(&bad), "byte {at}");
        assert!(damaged(&whole[..at]), "cut to {at}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(damaged(&longer));
}

#[test]
fn a_damaged_snapshot_is_named_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    let path = snapshots.write(&meta(10), &state(10)).unwrap().path;
    let file = RealDisk.open(&path).unwrap();
    file.set_len(file.len().unwrap() - 1).unwrap();
    let Err(StartError::Damaged { file, .. }) = open(dir.path()) else {
        panic!("it was believed");
    };
    assert_eq!(file, path);
    assert!(RealDisk.exists(&path).unwrap());
}

#[test]
fn a_snapshot_of_another_format_version_is_named_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    let path = snapshots.write(&meta(10), &state(10)).unwrap().path;
    let mut former = RealDisk.read(&path).unwrap();
    former[b"gmssnap".len()] = 1;
    let content = former.len() - 4;
    let sum = crc32c::crc32c(&former[..content - 8]).to_le_bytes();
    former[content..].copy_from_slice(&sum);
    RealDisk.create(&path).unwrap().write_at(0, &former).unwrap();
    let Err(StartError::Damaged { why, .. }) = open(dir.path()) else {
        panic!("it was believed");
    };
    assert!(why.contains("format version 1, and this gmsd reads version 7"), "{why}");
}

#[test]
fn a_snapshot_of_another_revision_than_it_says_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = open(dir.path()).unwrap();
    snapshots.write(&meta(11), &state(10)).unwrap();
    assert!(matches!(open(dir.path()), Err(StartError::Damaged { .. })));
}
