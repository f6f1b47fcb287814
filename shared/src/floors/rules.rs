//! Checks that imports go down the floors that `lib.rs` and `session/mod.rs` list.

use std::{fs, path::Path};

use super::reading::{floors, imports};

fn check(folder: &Path, table: &str, prefix: &str) {
    let floors = floors(&folder.join(table));
    for (file, floor) in &floors {
        let path = folder.join(format!("{file}.rs"));
        let Ok(source) = fs::read_to_string(&path) else {
            assert!(folder.join(file).is_dir(), "{file} is listed and not there");
            continue;
        };
        for import in imports(&source, prefix) {
            let below = floors.get(&import);
            assert!(
                below.is_some_and(|below| below < floor),
                "{file} (floor {floor}) imports {import} (floor {below:?})"
            );
        }
    }
    let listed = |name: &str| {
        floors.contains_key(name)
            || name.ends_with("_tests")
            || name.starts_with("test_")
            || ["lib", "mod", "floors"].contains(&name)
    };
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(listed(&name), "{name} has no floor");
    }
}

#[test]
fn imports_go_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    check(&source, "lib.rs", "crate::");
    check(&source.join("session"), "mod.rs", "crate::session::");
}

#[test]
fn nested_imports_inside_a_session_are_seen() {
    let source = "use crate::{ a::{b, c}, session::{d::E, f::{G, H}}, i };";
    assert_eq!(imports(source, "crate::"), ["a", "session", "i"]);
    assert_eq!(imports("x = crate::k::l();", "crate::"), ["k"]);
}
