//! `gmctl snapshot`: a file is there whole or not at all, and is believed only when it is sound.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::{fake::Fake, program::run};

#[test]
fn a_snapshot_is_saved_whole_for_its_owner_alone() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.snapshot");
    let file = path.to_str().unwrap();
    let url = fake.url();
    let ran = run(&["-e", &url, "snapshot", "save", file, "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stderr, "");
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&facts["revision"], &facts["members"]), (&918.into(), &4.into()), "{facts}");
    assert_eq!(facts["bytes"], fs::metadata(&path).unwrap().len());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
    let again = run(&["-e", &url, "snapshot", "save", file]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(run(&["-e", &url, "snapshot", "save", file, "--force"]).code, Some(0));

    let show = run(&["snapshot", "show", file, "-o", "csv"]);
    assert_eq!(show.code, Some(0), "{show:?}");
    assert!(show.stdout.lines().nth(1).unwrap().contains(",918,3,"), "{show:?}");
    let restore = run(&["snapshot", "restore", file]);
    assert_eq!(restore.code, Some(0), "{restore:?}");
    let command = format!("gmsd --restore '{file}' --data-dir NEW");
    assert!(restore.stdout.contains(&command), "{restore:?}");
}

#[test]
fn a_damaged_snapshot_is_refused_and_not_kept() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.snapshot");
    let file = path.to_str().unwrap();
    // By a name with a meaning to the fake node: local reads are damaged.
    let local = ["-e", &fake.url(), "--consistency", "local", "snapshot", "save", file];
    let ran = run(&local);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("what the node sent is no snapshot"), "{ran:?}");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "nothing is left");

    assert_eq!(run(&["-e", &fake.url(), "snapshot", "save", file]).code, Some(0));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    for verb in ["show", "restore"] {
        let ran = run(&["snapshot", verb, file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{verb}: {ran:?}");
        assert!(ran.stderr.contains("cannot be used"), "{verb}: {ran:?}");
    }
    assert_eq!(run(&["snapshot", "show", "/nonexistent/file"]).code, Some(3));
}
