//! Imports go down the floors that each room's `mod.rs` lists, and every file has its floor.

use std::{collections::BTreeSet, fs, path::Path};

#[path = "../../../shared/src/floors/reading.rs"]
mod reading;

use reading::{floors, imports};

/// Rooms with a table of floors, by their folders.
const ROOMS: [&str; 11] = [
    "cli",
    "cli/base",
    "cli/own",
    "cli/look",
    "cli/files",
    "cli/follow",
    "cli/act",
    "output",
    "config",
    "filter",
    "tape",
];

#[test]
fn imports_go_down() {
    for room in ROOMS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        let floors = floors(&folder.join("mod.rs"));
        let mut there = BTreeSet::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if name == "mod" {
                continue;
            }
            let floor = floors.get(&name).unwrap_or_else(|| panic!("{room}/{name} has no floor"));
            for import in all_imports(room, &path).iter().filter(|import| **import != name) {
                // What is no part of the room is an item or another room.
                if let Some(below) = floors.get(import) {
                    assert!(
                        below < floor,
                        "{room}/{name} (floor {floor}) imports {import} (floor {below})"
                    );
                }
            }
            there.insert(name);
        }
        assert_eq!(there, floors.into_keys().collect(), "in {room}");
    }
}

/// What a file of a room, or a room within it, imports from the room.
fn all_imports(room: &str, path: &Path) -> Vec<String> {
    let name = room.rsplit('/').next().unwrap();
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|path| imports_of(&path, &[&format!("{name}::")])).collect();
    }
    let within = format!("{}::", room.replace('/', "::"));
    imports_of(path, &[&format!("{name}::"), &within, "super::"])
}

fn imports_of(file: &Path, prefixes: &[&str]) -> Vec<String> {
    let source = fs::read_to_string(file).unwrap();
    prefixes.iter().flat_map(|prefix| imports(&source, prefix)).collect()
}

#[test]
fn imports_in_lists_are_seen() {
    let source =
        "use crate::{ cli::{a, b::{C, D}}, filter::{ast::Filter} }; x = crate::cli::e::f();";
    assert_eq!(imports(source, "cli::"), ["a", "b", "e"]);
    assert_eq!(imports(source, "filter::"), ["ast"]);
}
